//! Two services that speak gRPC, one of which calls the other, and a caller who is told no.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use super::scene::example;
use crate::checkout::Checkout;
use crate::drill::free_address;
use crate::run::command;
use crate::run::http::Call;
use crate::run::service::Service;

/// A message without compression, of so many bytes.
const FIND_NOTHING: &[u8] = b"\x00\x00\x00\x00\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
const WATCH_SEVEN: &[u8] = b"\x00\x00\x00\x00\x02\x08\x07";

/// All of it ends when this is dropped.
pub(super) struct Shelves {
    front: Service,
    back: Option<Service>,
    back_admin: SocketAddr,
    back_grpc: SocketAddr,
    _watcher: Watcher,
}

/// Somebody who waits for more.
struct Watcher(Child);

impl Shelves {
    pub(super) fn start(checkout: &Checkout, folder: &Path) -> Result<Self> {
        let back_grpc = free_address()?;
        let back = example(checkout, "shelf", folder)?
            .env("DATABASE_URL", "sqlite::memory:")
            .env("GRPC__ADDR", back_grpc.to_string());
        let front = back
            .clone()
            .env("GRPC__ADDR", free_address()?.to_string())
            .env("NEXT__URL", format!("http://{back_grpc}"));
        let (front, back) = (front.start()?, back.start()?);
        let watch = folder.join("watch");
        fs::write(&watch, WATCH_SEVEN)?;
        fs::write(folder.join("find"), FIND_NOTHING)?;
        let watcher = grpc(back_grpc, "Watch", &watch)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Ok(Self {
            front,
            back_admin: back.admin,
            back: Some(back),
            back_grpc,
            _watcher: Watcher(watcher.context("could not run curl")?),
        })
    }

    pub(super) const fn admin(&self) -> [SocketAddr; 2] {
        [self.front.admin, self.back_admin]
    }

    /// A call that succeeds, through both; and one that does not.
    pub(super) fn call(&self, folder: &Path) -> Result<()> {
        Call::get("/found").send(self.front.http)?;
        command::capture(&mut grpc(self.back_grpc, "Find", &folder.join("find"))).map(drop)
    }

    /// Calls what is gone: each time again, and in vain.
    pub(super) fn call_in_vain(&mut self) -> Result<()> {
        if let Some(back) = self.back.take() {
            back.running.stop()?;
        }
        for _ in 0..10 {
            Call::get("/found").send(self.front.http)?;
        }
        Ok(())
    }
}

fn grpc(address: SocketAddr, method: &str, message: &Path) -> Command {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--http2-prior-knowledge"])
        .args(["--header", "content-type: application/grpc"])
        .args(["--header", "te: trailers", "--header", "x-tenant-id: acme"])
        .args(["--output", "/dev/null", "--data-binary"])
        .arg(format!("@{}", message.display()))
        .arg(format!("http://{address}/shelf.v1.Shelf/{method}"));
    curl
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
