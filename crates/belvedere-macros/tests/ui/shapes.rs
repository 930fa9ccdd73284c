//! Every shape of a function that can be captured.

use std::{fmt::Display, future::Future, pin::Pin};

use belvedere_macros::{capture_span, capture_transaction};

#[derive(Debug)]
struct Refused;

struct Order {
    id: u64,
    note: Option<String>,
}

#[capture_span]
fn plain() {}

#[capture_transaction(name = "named", op = "task", description = "Does it.")]
fn borrows<'o>(order: &'o mut Order, _: u8) -> &'o mut u64 {
    &mut order.id
}

#[capture_span(fields(order.id, note = order.note, total = %total, debugged = ?order.note, doubled = order.id * 2))]
fn fallible<T: Display>(order: Order, total: T) -> Result<String, Refused> {
    if order.id == 0 {
        return Err(Refused);
    }
    Ok(format!("{total}{}", order.note.ok_or(Refused)?))
}

#[capture_span]
fn opaque(words: impl Iterator<Item = u8>) -> Result<impl Iterator<Item = u8>, Refused> {
    Err(Refused)?;
    Ok(words.map(|word| word + 1))
}

#[capture_span]
async fn awaits(order: &Order) -> Result<u64, Refused> {
    inner(order.id).await?;
    Ok(order.id)
}

#[capture_transaction(fields(id))]
async fn inner(id: u64) -> Result<(), Refused> {
    if id == 0 {
        return Err(Refused);
    }
    Ok(())
}

#[capture_span]
async fn opaque_later<T>(value: T) -> impl Iterator<Item = T> {
    std::iter::once(value)
}

#[capture_span]
fn boxed(id: u64) -> Pin<Box<dyn Future<Output = Result<(), Refused>> + Send>> {
    Box::pin(async move { inner(id).await })
}

#[capture_span]
fn boxed_at_once() -> Pin<Box<dyn Future<Output = Result<(), Refused>> + Send>> {
    Box::pin(async move { Ok(()) })
}

#[async_trait::async_trait]
trait Store {
    async fn find(&self, id: u64) -> Result<u64, Refused>;

    #[capture_span]
    async fn name<'s, T: Display + Send + Sync>(&'s self, value: &'s T) -> Option<&'s T> {
        Some(value)
    }

    #[capture_span]
    async fn has(&mut self, id: u64) -> bool {
        self.find(id).await.is_ok()
    }
}

struct Memory(u64);

#[async_trait::async_trait]
impl Store for Memory {
    #[capture_span(fields(id, most = self.0))]
    async fn find(&self, id: u64) -> Result<u64, Refused> {
        inner(id).await?;
        Ok(self.0)
    }
}

impl Memory {
    #[capture_span(fields(before = self.0))]
    fn add(&mut self, more: u64) -> &mut Self {
        self.0 += more;
        self
    }

    #[capture_span]
    async fn consume(self) -> u64 {
        self.0
    }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

fn main() {
    plain();
    let mut order = Order { id: 7, note: None };
    *borrows(&mut order, 0) += 1;
    assert!(fallible(Order { id: 1, note: Some("a".into()) }, 3).is_ok());
    assert!(fallible(Order { id: 0, note: None }, "x").is_err());
    assert!(opaque([1].into_iter()).is_err());
    futures_util::future::FutureExt::now_or_never(is_send(async {
        assert_eq!(awaits(&order).await.unwrap(), 8);
        assert_eq!(opaque_later(1).await.count(), 1);
        assert!(boxed(0).await.is_err());
        assert!(boxed_at_once().await.is_ok());
        let mut memory = Memory(5);
        memory.add(1).add(1);
        assert_eq!(memory.name(&7).await, Some(&7));
        assert!(memory.has(1).await && !memory.has(0).await);
        assert_eq!(memory.consume().await, 7);
    }))
    .unwrap();
}
