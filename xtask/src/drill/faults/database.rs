//! PostgreSQL: gone, hanging, locked, full, slow.

use std::time::Duration;

use anyhow::Result;

use super::{burst, done};
use crate::drill::service::Terms;
use crate::drill::stack::Site;
use crate::drill::table::Fault;

/// More callers than the pool has connections.
const MANY: usize = 16;
const PAUSE: Duration = Duration::from_millis(150);

pub(in crate::drill) fn gone(site: &Site) -> Result<Fault> {
    site.postgres.kill()?;
    done()
}

/// It takes connections and does nothing, until `start-database`.
pub(in crate::drill) fn hangs(site: &Site) -> Result<Fault> {
    site.strike(site.postgres.stop_dead()?);
    done()
}

/// The service's user may not come in any more.
pub(in crate::drill) fn refused(site: &Site) -> Result<Fault> {
    site.postgres.run("ALTER ROLE shop NOLOGIN")?;
    site.postgres.end_sessions_of("shop")?;
    done()
}

/// Whoever guards its disk lets nobody write any more.
pub(in crate::drill) fn read_only(site: &Site) -> Result<Fault> {
    site.postgres
        .run("ALTER DATABASE shop SET default_transaction_read_only = on")?;
    site.postgres.end_sessions_of("shop")?;
    done()
}

/// Somebody left a transaction open that has every product locked; many want one.
pub(in crate::drill) fn forgotten_transaction(site: &Site) -> Result<Fault> {
    let session = site
        .postgres
        .session("shop", "BEGIN; UPDATE products SET stock = stock;")?;
    site.load.set(MANY, PAUSE);
    Ok(Box::new(session))
}

/// A report that has the orders locked, at work.
pub(in crate::drill) fn locking_report(site: &Site) -> Result<Fault> {
    let statements = "BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3600);";
    Ok(Box::new(site.postgres.session("shop", statements)?))
}

/// A migration that was left alone with its lock.
pub(in crate::drill) fn forgotten_lock(site: &Site) -> Result<Fault> {
    let statements = "BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE;";
    Ok(Box::new(site.postgres.session("shop", statements)?))
}

/// Handlers that do something else inside of a transaction.
pub(in crate::drill) fn long_transactions(site: &Site) -> Result<Fault> {
    burst(site, 10, "transaction");
    done()
}

/// Handlers whose statements take minutes.
pub(in crate::drill) fn long_statements(site: &Site) -> Result<Fault> {
    let unlimited = Terms {
        env: vec![("DATABASE__REQUEST_LIMIT_SECONDS", "0".to_owned())],
        ..Terms::default()
    };
    site.service.restart_with(&unlimited)?;
    burst(site, 10, "report");
    done()
}

/// Somebody else has all connections of the server.
pub(in crate::drill) fn crowded(site: &Site) -> Result<Fault> {
    // Kept out until the others are in.
    site.postgres.run("ALTER ROLE shop CONNECTION LIMIT 0")?;
    site.postgres.end_sessions_of("shop")?;
    let sessions = (0..40).map(|_| site.postgres.session("report", "SELECT 1;"));
    let sessions = sessions.collect::<Result<Vec<_>>>()?;
    site.postgres.run("ALTER ROLE shop CONNECTION LIMIT -1")?;
    site.load.set(MANY, PAUSE);
    Ok(Box::new(sessions))
}

/// One connection for everybody.
pub(in crate::drill) fn small_pool(site: &Site) -> Result<Fault> {
    let small = Terms {
        env: vec![("DATABASE_POOL_SIZE", "1".to_owned())],
        ..Terms::default()
    };
    site.service.restart_with(&small)?;
    // Fewer than the usual pool has connections.
    site.load.set(4, Duration::from_millis(1));
    done()
}
