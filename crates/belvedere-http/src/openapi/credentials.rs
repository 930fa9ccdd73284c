use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};

use crate::Callers;

const TENANT: &str = "tenant";
const USER: &str = "user";
const TOKEN: &str = "token";

/// How callers say who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// The headers of a proxy that has checked them: `x-tenant-id`, and `x-user-id` where there is a user.
    Headers,
    /// A token: `authorization: Bearer ..`.
    Bearer,
}

impl From<&Callers> for Credentials {
    fn from(callers: &Callers) -> Self {
        if callers.have_tokens() {
            Self::Bearer
        } else {
            Self::Headers
        }
    }
}

impl Credentials {
    pub(super) fn schemes(self) -> Vec<(&'static str, SecurityScheme)> {
        match self {
            Self::Headers => vec![
                (
                    TENANT,
                    header("x-tenant-id", "The tenant that is asked for."),
                ),
                (
                    USER,
                    header("x-user-id", "The user who asks, if there is one."),
                ),
            ],
            Self::Bearer => vec![(TOKEN, bearer())],
        }
    }

    /// Any one of these is enough.
    pub(super) fn requirements(self) -> Vec<SecurityRequirement> {
        let none = Vec::<String>::new;
        match self {
            Self::Headers => {
                let tenant = SecurityRequirement::new(TENANT, none());
                vec![tenant.clone(), tenant.add(USER, none())]
            }
            Self::Bearer => vec![SecurityRequirement::new(TOKEN, none())],
        }
    }
}

fn header(name: &str, description: &str) -> SecurityScheme {
    SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
        name,
        description,
    )))
}

fn bearer() -> SecurityScheme {
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
    SecurityScheme::Http(scheme.bearer_format("JWT").build())
}
