//! Composition root: everything the service is made of, in the order in which it starts.

use std::{process::ExitCode, time::Duration};

use belvedere::{Boot, BootError, Cache, Stopped, about};

use {{crate_name}}::{
    MIGRATIONS,
    config::Settings,
{%- if grpc and jobs %}
    orders::{Gateway, jobs, services},
{%- elsif grpc %}
    orders::{Gateway, services},
{%- elsif jobs %}
    orders::{Gateway, jobs},
{%- else %}
    orders::Gateway,
{%- endif %}
    router,
    state::{AppState, Database},
};

fn main() -> ExitCode {
    belvedere::main(about!(), compose)
}

async fn compose(boot: Boot<Settings>) -> Result<Stopped, BootError> {
    let database: Database = boot.database(&MIGRATIONS).await?;
    let redis = boot.redis().await?;
    let state = AppState {
        database: database.clone(),
        orders: Cache::shared(redis.as_ref(), "orders", 10_000, Duration::from_secs(60)),
        payments: Gateway::connect(&boot)?,
{%- if grpc %}
        shutdown: boot.shutdown().clone(),
{%- endif %}
    };
    boot.service()
        .health_check(database.health_check())
        .redis(redis.as_ref())
{%- if jobs %}
        .jobs(jobs(&database))
{%- endif %}
{%- if grpc %}
        .grpc(services(state.clone()))
{%- endif %}
        .routes(router(state))
        .at_stop(move || async move { database.close().await })
        .run()
        .await
}
