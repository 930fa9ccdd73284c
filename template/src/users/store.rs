use belvedere::sql::{QueryError, QueryResultExt};

use super::User;
use crate::state::Database;

pub async fn insert(database: &Database, user: &User) -> Result<(), QueryError> {
    sqlx::query(
        "INSERT INTO users (id, tenant_id, email, source, created_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(&user.id)
    .bind(&user.tenant_id)
    .bind(&user.email)
    .bind(&user.source)
    .bind(user.created_at)
    .execute(database)
    .await
    .conflict_on("users_tenant_email", "email_taken")
    .map(drop)
}
