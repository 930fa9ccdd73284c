//! Requests as Sentry's transactions, made of the spans that they left: docs/adr/0008.

mod held;
mod payload;
mod request;
#[cfg(test)]
mod samples;
mod words;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use belvedere_core::{
    Redactor,
    trace::{FinishedSpan, SpanReader},
};

use crate::transport::{Courier, Kind, Parcel, count_dropped};
use held::Held;
use request::Request;

/// What every transaction says of its service.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) release: String,
    pub(crate) environment: String,
    pub(crate) redactor: Redactor,
}

/// One more back end of traces.
#[derive(Debug)]
pub(crate) struct Transactions {
    ratio: f64,
    service: Service,
    held: Mutex<Held>,
    courier: Arc<Courier>,
}

impl Transactions {
    pub(crate) fn new(ratio: f64, service: Service, courier: Arc<Courier>) -> Self {
        Self {
            ratio,
            service,
            held: Mutex::default(),
            courier,
        }
    }

    /// One thread comes here: nobody waits for it.
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, request: &Request) {
        if request.cut > 0 {
            count_dropped(Kind::Transaction, "transaction_full", request.cut);
        }
        self.courier.push(Parcel {
            kind: Kind::Transaction,
            envelope: payload::envelope(request, &self.service),
            records: request.spans.len() as u64 + 1,
        });
    }
}

impl SpanReader for Transactions {
    fn ratio(&self) -> f64 {
        self.ratio
    }

    fn read(&self, spans: Vec<FinishedSpan>) {
        let (mut held, now) = (self.held(), Instant::now());
        let mut refused = 0;
        for span in spans {
            refused += u64::from(!held.take(span, now));
        }
        held.ended(now)
            .iter()
            .for_each(|request| self.send(request));
        let orphans = held.give_up(now);
        drop(held);
        count(refused, "queue_full");
        count(orphans, "orphaned");
    }

    fn close(&self) {
        let (rest, orphans) = self.held().close();
        rest.iter().for_each(|request| self.send(request));
        count(orphans, "orphaned");
    }
}

fn count(spans: u64, reason: &'static str) {
    if spans > 0 {
        count_dropped(Kind::Transaction, reason, spans);
    }
}
