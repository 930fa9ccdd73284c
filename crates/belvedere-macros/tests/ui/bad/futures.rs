use std::{future::Future, pin::Pin};

use belvedere_macros::capture_span;
use futures_util::future::{BoxFuture, Ready, ready};

#[capture_span]
fn opaque() -> impl Future<Output = ()> {
    async {}
}

#[capture_span]
fn boxed() -> BoxFuture<'static, ()> {
    Box::pin(async move {})
}

#[capture_span]
fn pinned_after_work() -> Pin<Box<dyn Future<Output = ()>>> {
    let number = 7;
    Box::pin(async move { drop(number) })
}

#[capture_span]
fn named() -> Ready<u8> {
    ready(7)
}

#[capture_span]
fn perhaps() -> Option<Ready<u8>> {
    Some(ready(7))
}

#[capture_span]
fn tried() -> Result<impl Future<Output = ()>, std::fmt::Error> {
    Ok(async {})
}

#[capture_span]
async fn twice() -> Ready<u8> {
    ready(7)
}

#[capture_span]
fn pinned_twice() -> Pin<Box<dyn Future<Output = Option<Ready<u8>>>>> {
    Box::pin(async move { Some(ready(7)) })
}

struct Memory;

#[async_trait::async_trait]
trait Store {
    async fn find(&self) -> Result<Ready<u8>, std::fmt::Error>;
}

#[async_trait::async_trait]
impl Store for Memory {
    #[capture_span]
    async fn find(&self) -> Result<Ready<u8>, std::fmt::Error> {
        Ok(ready(7))
    }
}

fn main() {}
