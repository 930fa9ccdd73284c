use std::net::IpAddr;

use axum::extract::Request;
use belvedere_core::TrustedPeers;
use http::{HeaderMap, HeaderName};

use crate::Peer;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Who has sent a request: the peer, or who that peer says, if it is a proxy that is trusted to say so.
///
/// Proxies append, so the list is read from its right end, and the first that is no proxy of ours is the caller: what stands
/// left of it anybody may have written. `None` where there is no socket (a test).
pub(super) fn caller(request: &Request, proxies: &TrustedPeers) -> Option<IpAddr> {
    let peer = request.extensions().get::<Peer>()?.0.ip();
    if !proxies.trusts(peer) {
        return Some(peer);
    }
    Some(forwarded(request.headers(), peer, proxies))
}

fn forwarded(headers: &HeaderMap, peer: IpAddr, proxies: &TrustedPeers) -> IpAddr {
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let texts = lines.map(|line| line.to_str().unwrap_or_default());
    let mut nearest = peer;
    for item in texts.flat_map(|line| line.rsplit(',')) {
        let Some(address) = parse(item.trim()) else {
            // Whoever wrote that is not known; who handed it on is.
            break;
        };
        nearest = address;
        if !proxies.trusts(address) {
            break;
        }
    }
    nearest
}

/// Some proxies add the port.
fn parse(item: &str) -> Option<IpAddr> {
    let with_port = || item.parse().map(|socket: std::net::SocketAddr| socket.ip());
    item.parse().or_else(|_| with_port()).ok()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn caller_of(peer: &str, lines: &[&str]) -> String {
        let mut request = Request::builder().extension(Peer((parse(peer).unwrap(), 1).into()));
        for line in lines {
            request = request.header(FORWARDED_FOR, *line);
        }
        let request = request.body(Body::empty()).unwrap();
        let proxies = "10.0.0.0/8,fd00::/8".parse().unwrap();
        caller(&request, &proxies).unwrap().to_string()
    }

    #[test]
    fn a_peer_that_is_no_proxy_of_ours_speaks_for_itself_alone() {
        assert_eq!(caller_of("192.0.2.1", &["1.1.1.1"]), "192.0.2.1");
        assert_eq!(caller_of("192.0.2.1", &[]), "192.0.2.1");
    }

    #[test]
    fn the_right_most_address_that_is_no_proxy_of_ours_is_the_caller() {
        for (lines, caller) in [
            (&["1.1.1.1, 2.2.2.2"][..], "2.2.2.2"),
            (&["1.1.1.1, 2.2.2.2, 10.9.9.9"], "2.2.2.2"),
            (&["1.1.1.1", "2.2.2.2,10.9.9.9"], "2.2.2.2"),
            (&["2001:db8::1, fd00::7"], "2001:db8::1"),
            (&["[2001:db8::1]:443"], "2001:db8::1"),
            (&["2.2.2.2:5000"], "2.2.2.2"),
        ] {
            assert_eq!(caller_of("10.0.0.1", lines), caller, "{lines:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_ends_at_the_proxy_that_handed_it_on() {
        for (lines, caller) in [
            (&[][..], "10.0.0.1"),
            (&[""], "10.0.0.1"),
            (&["1.1.1.1, unknown"], "10.0.0.1"),
            (&["1.1.1.1, unknown, 10.2.2.2"], "10.2.2.2"),
            (&["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
        ] {
            assert_eq!(caller_of("10.0.0.1", lines), caller, "{lines:?}");
        }
    }
}
