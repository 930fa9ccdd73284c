//! Requests that go wrong, do not end, or do not come.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use anyhow::Result;

use super::{call, done, fault};
use crate::drill::service::Terms;
use crate::drill::stack::Site;
use crate::drill::table::Fault;

/// Callers who send a head and hardly any body.
const SLOW: usize = 12;
const HALF: &str = "POST /v1/orders HTTP/1.1\r\nhost: shop\r\nx-tenant-id: acme\r\nx-user-id: ada\r\n\
                    content-type: application/json\r\ncontent-length: 60\r\n\r\n{\"product\"";

/// Callers found a route that panics.
pub(in crate::drill) fn panic(site: &Site) -> Result<Fault> {
    site.load.also(vec![fault("panic")]);
    done()
}

/// Handlers wait for a lock that is not given back.
pub(in crate::drill) fn jam(site: &Site) -> Result<Fault> {
    let impatient = Terms {
        env: vec![("HTTP__TIMEOUT_SECONDS", "2".to_owned())],
        ..Terms::default()
    };
    site.service.restart_with(&impatient)?;
    call(site, "jam")?;
    site.load.also(vec![fault("stuck")]);
    done()
}

/// One route takes its time.
pub(in crate::drill) fn slow_route(site: &Site) -> Result<Fault> {
    site.load.also(vec![fault("nap/1700")]);
    done()
}

pub(in crate::drill) fn nobody_asks(site: &Site) -> Result<Fault> {
    site.load.set(0, Duration::from_millis(100));
    done()
}

/// Bodies that do not arrive, and nothing else to do.
pub(in crate::drill) fn slow_callers(site: &Site) -> Result<Fault> {
    let mut open = Vec::new();
    for _ in 0..SLOW {
        let mut stream = TcpStream::connect(site.service.http)?;
        stream.write_all(HALF.as_bytes())?;
        open.push(stream);
    }
    site.load.set(0, Duration::from_millis(100));
    site.strike(open);
    done()
}
