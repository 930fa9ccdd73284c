use axum::{extract::State, http::StatusCode};
use belvedere::{
    Caller, Problem,
    extract::{Json, Valid},
};

use super::{NewUser, User, store};
use crate::{
    metrics::{self, Endpoint, Source},
    state::AppState,
};

/// Signs a user up; 409 when the address is taken.
#[utoipa::path(post, path = "/", request_body = NewUser, responses((status = 201, body = User), (status = 409)))]
pub async fn sign_up(
    State(state): State<AppState>,
    Caller(caller): Caller,
    Valid(Json(new)): Valid<Json<NewUser>>,
) -> Result<(StatusCode, Json<User>), Problem> {
    metrics::api_calls_total(&caller.tenant_id, Endpoint::SignUp).increment(1);
    let user = User::new(&caller, new);
    store::insert(&state.database, &user).await?;
    metrics::user_signups_total(&user.tenant_id, Source::of(&user.source)).increment(1);
    tracing::info!(
        new_user_id = user.id,
        source = user.source,
        "user_signed_up"
    );
    Ok((StatusCode::CREATED, Json(user)))
}
