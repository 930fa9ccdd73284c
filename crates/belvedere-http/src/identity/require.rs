use std::sync::Arc;

use axum::extract::Request;
use belvedere_core::{Identity, RequestContext, config::ConfigError};
use tower_layer::Layer;

use super::{
    AuthConfig, Jwks, headers,
    refusal::Refusal,
    token::{Checked, Tokens, bearer},
};
use crate::gate::{Entry, Gate, Gatekeeper};

/// How callers are known, as [`AuthConfig`] says.
#[derive(Debug, Clone)]
pub struct Callers(How);

#[derive(Debug, Clone)]
enum How {
    Headers,
    Tokens(Arc<Tokens>),
}

impl Callers {
    /// By the headers `x-tenant-id` and `x-user-id`: only behind a proxy that sets them itself.
    pub const fn by_headers() -> Self {
        Self(How::Headers)
    }

    /// As it is set.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the section, at once.
    pub fn new(config: &AuthConfig, environment: &str) -> Result<Self, ConfigError> {
        let tokens = config.tokens(environment)?;
        let how = tokens.map_or(How::Headers, |tokens| How::Tokens(Arc::new(tokens)));
        Ok(Self(how))
    }

    pub(crate) const fn have_tokens(&self) -> bool {
        matches!(self.0, How::Tokens(_))
    }

    /// The issuer's keys, where they are fetched: somebody has to keep them fresh.
    pub fn jwks(&self) -> Option<Jwks> {
        match &self.0 {
            How::Headers => None,
            How::Tokens(tokens) => tokens.jwks().cloned(),
        }
    }

    fn identify(&self, request: &Request) -> Checked {
        match &self.0 {
            How::Headers => Checked::Now(headers::identity(request.headers())),
            How::Tokens(tokens) => match bearer(request.headers()) {
                Ok(token) => tokens.check(token),
                Err(refusal) => Checked::Now(Err(refusal)),
            },
        }
    }
}

/// Layer for routes that need a caller: binds tenant and user to the request's context, or answers 401.
#[derive(Debug, Clone)]
pub struct RequireCaller(Callers);

impl RequireCaller {
    /// Asks for callers that are known that way.
    pub const fn new(callers: Callers) -> Self {
        Self(callers)
    }
}

impl<S> Layer<S> for RequireCaller {
    type Service = Gate<Self, S>;

    fn layer(&self, inner: S) -> Gate<Self, S> {
        Gate::new(self.clone(), inner)
    }
}

impl Gatekeeper for RequireCaller {
    fn ask(&self, request: &Request) -> Entry {
        match self.0.identify(request) {
            Checked::Now(Ok(identity)) => {
                bind(identity);
                Entry::Open
            }
            Checked::Now(Err(refusal)) => Entry::Shut(refusal.answer()),
            Checked::Later(checked) => Entry::Waiting(Box::pin(async {
                let outcome: Result<Identity, Refusal> = checked.await;
                outcome.map(bind).err().map(Refusal::answer)
            })),
        }
    }
}

fn bind(identity: Identity) {
    RequestContext::with(|context| context.bind_identity(identity));
}
