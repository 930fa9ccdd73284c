use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
};

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Networks that are private or local by definition (RFC 1122, RFC 1918, RFC 4193, RFC 4291).
const PRIVATE: [&str; 7] = [
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
];

/// The peers whose trace context is continued; that of all others is only linked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedPeers(Vec<IpNet>);

impl TrustedPeers {
    /// Nobody.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Whether the peer at `address` may steer sampling here.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl Default for TrustedPeers {
    fn default() -> Self {
        Self(
            PRIVATE
                .iter()
                .filter_map(|network| network.parse().ok())
                .collect(),
        )
    }
}

impl fmt::Display for TrustedPeers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let networks: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&networks.join(","))
    }
}

/// A comma-separated list of addresses and networks in CIDR notation (RFC 4632).
impl FromStr for TrustedPeers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(parse_network)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn parse_network(item: &str) -> Result<IpNet, String> {
    item.parse::<IpNet>()
        .or_else(|_| item.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| {
            format!(
                "`{item}` is no address or network, e.g. `{}/8`",
                Ipv4Addr::new(10, 0, 0, 0)
            )
        })
}

impl<'de> Deserialize<'de> for TrustedPeers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl Serialize for TrustedPeers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_and_private_peers_are_trusted_by_default_and_public_ones_are_not() {
        let peers = TrustedPeers::default();
        for private in [
            "127.0.0.1",
            "10.9.8.7",
            "::1",
            "::ffff:192.168.1.1",
            "fd00::1",
        ] {
            assert!(peers.trusts(private.parse().unwrap()), "{private}");
        }
        for public in ["8.8.8.8", "172.32.0.1", "2001:db8::1"] {
            assert!(!peers.trusts(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn a_list_survives_its_own_text_and_a_bad_item_is_named() {
        let peers: TrustedPeers = "10.0.0.0/8, 1.2.3.4".parse().unwrap();
        assert_eq!(peers.to_string().parse::<TrustedPeers>().unwrap(), peers);
        assert!(
            "10.0.0.0/99"
                .parse::<TrustedPeers>()
                .unwrap_err()
                .contains("10.0.0.0/99")
        );
    }
}
