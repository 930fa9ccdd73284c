//! `GET /v1/hello/{name}` from loco, with the layers and the log that its lightweight starter has in production: a span and an
//! id for each request, but no trace that leaves, no metrics and no line. `HTTP__ADDR` names the socket.

use std::net::SocketAddr;

use axum::extract::Path;
use axum::routing::get;
use loco_rs::Result;
use loco_rs::app::{AppContext, Hooks};
use loco_rs::bgworker::Queue;
use loco_rs::boot::{BootResult, StartMode, create_app};
use loco_rs::config::Config;
use loco_rs::controller::{AppRoutes, Routes, format};
use loco_rs::environment::Environment;
use loco_rs::prelude::{Error, Response, async_trait};
use loco_rs::task::Tasks;
use serde_json::json;

async fn hello(Path(name): Path<String>) -> Result<Response> {
    format::json(json!({ "hello": name }))
}

struct App;

#[async_trait]
impl Hooks for App {
    fn app_name() -> &'static str {
        env!("CARGO_CRATE_NAME")
    }

    async fn load_config(environment: &Environment) -> Result<Config> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/config");
        let mut config = environment.load_from_folder(folder.as_ref())?;
        if let Ok(address) = std::env::var("HTTP__ADDR") {
            let address: SocketAddr = address.parse().map_err(Error::msg)?;
            config.server.binding = address.ip().to_string();
            config.server.port = address.port().into();
        }
        Ok(config)
    }

    async fn boot(
        mode: StartMode,
        environment: &Environment,
        config: Config,
    ) -> Result<BootResult> {
        create_app::<Self>(mode, environment, config).await
    }

    fn routes(_: &AppContext) -> AppRoutes {
        let hello = Routes::new().prefix("/v1/hello").add("/{name}", get(hello));
        AppRoutes::with_default_routes().add_route(hello)
    }

    async fn connect_workers(_: &AppContext, _: &Queue) -> Result<()> {
        Ok(())
    }

    fn register_tasks(_: &mut Tasks) {}
}

#[tokio::main]
async fn main() -> Result<()> {
    loco_rs::cli::main::<App>().await
}
