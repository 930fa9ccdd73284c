use belvedere::Identity;
use garde::Validate;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a caller sends.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    #[garde(email, length(max = 254))]
    #[schema(format = "email", max_length = 254)]
    pub email: String,
    /// Where the user came from.
    #[garde(inner(length(chars, min = 1, max = 32)))]
    #[schema(min_length = 1, max_length = 32)]
    pub source: Option<String>,
}

/// What is stored and told.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct User {
    pub id: String,
    #[serde(skip)]
    pub tenant_id: String,
    pub email: String,
    pub source: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

impl User {
    pub fn new(caller: &Identity, new: NewUser) -> Self {
        Self {
            id: Uuid::now_v7().to_string(),
            tenant_id: caller.tenant_id.to_string(),
            email: new.email,
            source: new.source.unwrap_or_else(|| "unknown".to_owned()),
            // As precise as the database keeps it.
            created_at: OffsetDateTime::now_utc().truncate_to_microsecond(),
        }
    }
}
