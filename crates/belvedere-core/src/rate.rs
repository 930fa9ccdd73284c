//! How often somebody may come: what a limit asks, in this process or wherever replicas share what they know.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

use crate::{BoxFuture, Identity};

/// An IPv6 caller has that many bits at its disposal: a /64 is one customer's (RFC 6177).
const IPV6_HOST_BITS: u32 = 64;

/// So many a second, and so many at once for who has been quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How fast it fills up again.
    pub per_second: NonZeroU32,
    /// How much it holds.
    pub burst: NonZeroU32,
}

/// Whose quota it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RateKey<'k> {
    /// An address, or the network that it is one of. See [`RateKey::of_address`].
    Address(IpAddr),
    /// Somebody who is known.
    Principal(&'k Identity),
}

impl RateKey<'_> {
    /// IPv4 by the address, IPv6 by the /64, and IPv4 written as IPv6 by the former.
    pub fn of_address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => {
                let network = address.to_bits() >> IPV6_HOST_BITS << IPV6_HOST_BITS;
                Ipv6Addr::from_bits(network).into()
            }
        })
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rated {
    /// Whether there was enough left. If not, nothing was taken.
    pub is_allowed: bool,
    /// How much is left.
    pub remaining: u32,
    /// When all of it is there again; for who is not allowed, when it is worth trying again.
    pub reset: Duration,
}

/// An answer that is there, or one that has to travel.
pub enum Taken {
    /// In process: without a box.
    Now(Rated),
    /// Shared by replicas. Whoever cannot be asked allows: a limit is no reason to serve nobody.
    Later(BoxFuture<'static, Rated>),
}

impl fmt::Debug for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(rated) => f.debug_tuple("Now").field(rated).finish(),
            Self::Later(_) => f.debug_tuple("Later").finish_non_exhaustive(),
        }
    }
}

/// Keeps what is left of everybody's quota.
pub trait RateStore: fmt::Debug + Send + Sync + 'static {
    /// What everybody has.
    fn quota(&self) -> Quota;

    /// Takes `cost` of what `key` has left, if there is as much.
    fn take(&self, key: RateKey<'_>, cost: NonZeroU32) -> Taken;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(address: &str) -> RateKey<'static> {
        RateKey::of_address(address.parse().unwrap())
    }

    #[test]
    fn an_ipv6_caller_is_its_network_and_an_ipv4_caller_its_address() {
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }
}
