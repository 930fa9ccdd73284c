use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tonic::transport::{Channel, Endpoint};

/// The connection to an upstream.
#[derive(Debug)]
pub(super) enum Transport {
    /// For as long as it works.
    Lasting(Channel),
    /// Not for longer than it may.
    Aging(Box<Aging>),
}

/// A connection that is replaced once it is too old. The calls on it end there; it is closed after the last of them.
#[derive(Debug)]
pub(super) struct Aging {
    endpoint: Endpoint,
    max_age: Duration,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    channel: Channel,
    until: Instant,
}

impl Transport {
    /// Nothing is connected before the first call.
    pub(super) fn new(endpoint: Endpoint, max_age: Option<Duration>) -> Self {
        match max_age {
            None => Self::Lasting(endpoint.connect_lazy()),
            Some(max_age) => Self::Aging(Box::new(Aging {
                current: Mutex::new(Current::begin(&endpoint, max_age)),
                endpoint,
                max_age,
            })),
        }
    }

    /// What a call that begins now is sent by.
    pub(super) fn channel(&self) -> Channel {
        match self {
            Self::Lasting(channel) => channel.clone(),
            Self::Aging(aging) => aging.channel(),
        }
    }
}

impl Aging {
    fn channel(&self) -> Channel {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.until <= Instant::now() {
            *current = Current::begin(&self.endpoint, self.max_age);
        }
        current.channel.clone()
    }
}

impl Current {
    /// Give or take a tenth: what has started together does not connect anew together.
    fn begin(endpoint: &Endpoint, max_age: Duration) -> Self {
        Self {
            channel: endpoint.connect_lazy(),
            until: Instant::now() + max_age.mul_f64(0.9 + 0.2 * fastrand::f64()),
        }
    }
}
