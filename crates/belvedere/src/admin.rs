use std::net::SocketAddr;

use axum::Router;
use belvedere_core::{Shutdown, names::event};
use belvedere_http::{Server, admin::Guard, server::Limits};
use tokio::runtime::Handle;

use crate::{BootError, service::taken};

/// What an operator will need one night is missed by day.
pub(crate) fn warn_if_nobody_may(guard: &Guard, addr: SocketAddr) {
    if guard.refuses_all() {
        let detail =
            "levels and sampling cannot be changed: set ADMIN__TOKEN, or listen on 127.0.0.1";
        tracing::warn!(message = event::ADMIN_WITHOUT_TOKEN, admin = %addr, detail);
    }
}

/// The admin listener on a thread and runtime of its own: it answers when every worker of the main one is blocked.
#[derive(Debug)]
pub(crate) struct AdminListener {
    addr: SocketAddr,
    shutdown: Shutdown,
    runtime: Handle,
}

impl AdminListener {
    pub(crate) fn start(addr: SocketAddr, routes: Router) -> Result<Self, BootError> {
        let shutdown = Shutdown::default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listening = std::thread::scope(|scope| {
            // A runtime cannot be entered from within another one's thread.
            let bound = scope.spawn(|| {
                runtime.block_on(Server::bind(
                    addr,
                    routes,
                    Limits::default(),
                    shutdown.clone(),
                ))
            });
            bound
                .join()
                .unwrap_or_else(|_| Err(std::io::Error::other("the admin thread panicked")))
        });
        let server = listening.map_err(taken("admin", addr, "ADMIN__ADDR"))?;
        let addr = server.local_addr()?;
        let handle = runtime.handle().clone();
        let work = move || runtime.block_on(server.run());
        std::thread::Builder::new()
            .name("admin".to_owned())
            .spawn(work)?;
        Ok(Self {
            addr,
            shutdown,
            runtime: handle,
        })
    }

    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where time passes whatever handlers do to the main runtime.
    pub(crate) const fn runtime(&self) -> &Handle {
        &self.runtime
    }
}

impl Drop for AdminListener {
    fn drop(&mut self) {
        self.shutdown.abort();
    }
}
