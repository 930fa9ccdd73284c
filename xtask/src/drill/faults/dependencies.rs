//! Redis and the payment gateway.

use std::time::Duration;

use anyhow::Result;

use super::{done, grpc};
use crate::drill::gateway::Mood;
use crate::drill::service::Terms;
use crate::drill::stack::Site;
use crate::drill::table::Fault;

pub(in crate::drill) fn redis_gone(site: &Site) -> Result<Fault> {
    site.redis().kill();
    done()
}

pub(in crate::drill) fn redis_paused(site: &Site) -> Result<Fault> {
    site.redis().pause(Duration::from_secs(3600))?;
    done()
}

/// A service that does not work without it.
pub(in crate::drill) fn required_redis_gone(site: &Site) -> Result<Fault> {
    let required = Terms {
        env: vec![("REDIS__REQUIRED", "true".to_owned())],
        ..Terms::default()
    };
    site.service.restart_with(&required)?;
    site.redis().kill();
    done()
}

pub(in crate::drill) fn gateway_fails(site: &Site) -> Result<Fault> {
    site.gateway.is(Mood::Answers(503));
    done()
}

/// A gRPC method fails, and there is nothing else.
pub(in crate::drill) fn grpc_fails(site: &Site) -> Result<Fault> {
    grpc::orders_alone(site);
    gateway_fails(site)
}

/// A gRPC method is slow, and there is nothing else.
pub(in crate::drill) fn grpc_late(site: &Site) -> Result<Fault> {
    grpc::orders_alone(site);
    gateway_late(site)
}

pub(in crate::drill) fn gateway_late(site: &Site) -> Result<Fault> {
    site.gateway.is(Mood::Late(Duration::from_millis(1700)));
    done()
}

/// The card is refused, whoever pays.
pub(in crate::drill) fn gateway_refuses(site: &Site) -> Result<Fault> {
    site.gateway.is(Mood::Answers(402));
    done()
}

/// Our key is not the right one any more.
pub(in crate::drill) fn gateway_locked(site: &Site) -> Result<Fault> {
    site.gateway.is(Mood::Answers(401));
    done()
}

/// A call is given up after half a second and not after five: windows of five minutes, of which these are, last five seconds here.
pub(in crate::drill) fn gateway_silent(site: &Site) -> Result<Fault> {
    let impatient = Terms {
        env: vec![("PAYMENTS__TIMEOUT_SECONDS", "0.5".to_owned())],
        ..Terms::default()
    };
    site.service.restart_with(&impatient)?;
    site.gateway.is(Mood::Silent);
    done()
}

pub(in crate::drill) fn gateway_gone(site: &Site) -> Result<Fault> {
    site.gateway.close();
    done()
}
