//! Where a change comes from: the request in whose course it is made.
//!
//! The edge says it once a request; whoever writes the audit log reads it. Work that goes on by
//! itself (timers, tasks beside a request) has no origin.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use aitk_shared::event::Actor;
use axum::http::HeaderMap;

tokio::task_local! {
    static CURRENT: Origin;
}

/// Names a request.
pub const REQUEST_ID_HEADER: &str = "x-request-id";
/// Names what a client does, in one request or several.
pub const CORRELATION_ID_HEADER: &str = "x-correlation-id";
/// The longest of such names that is kept, in bytes: a UUID, and a proxy's name before it.
const REQUEST_ID_BYTES: usize = 64;

/// The name that a header gives; one that is too long or could not be shown is none.
pub fn named<'a>(headers: &'a HeaderMap, header: &str) -> Option<&'a str> {
    let name = headers.get(header).and_then(|value| value.to_str().ok())?;
    let fits = (1..=REQUEST_ID_BYTES).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
    fits.then_some(name)
}

/// A request, as the audit log tells of it.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The client's address.
    pub address: IpAddr,
    /// What the client, a proxy or this server calls the request.
    pub request_id: Option<String>,
    /// What the client calls what it does; events that the request causes carry it.
    pub correlation_id: Option<String>,
    /// Who asks, as soon as that is known.
    actor: Arc<OnceLock<Actor>>,
}

impl Origin {
    /// The origin of a request that came from `peer`, through `proxies` proxies of ours.
    pub fn of(headers: &HeaderMap, peer: SocketAddr, proxies: usize) -> Self {
        let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let forwarded: Vec<&str> = forwarded.flat_map(|list| list.split(',')).map(str::trim).collect();
        Origin {
            address: client(peer.ip(), &forwarded, proxies),
            request_id: named(headers, REQUEST_ID_HEADER).map(str::to_owned),
            correlation_id: None,
            actor: Arc::default(),
        }
    }

    /// What is counted as one: an IPv4 address, or the /64 of an IPv6 address, of which one
    /// customer has all.
    pub fn network(&self) -> IpAddr {
        match self.address {
            IpAddr::V4(_) => self.address,
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
        }
    }

    /// The request in whose course this runs.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// What the client calls what is being done, if it said so.
    pub fn current_correlation() -> Option<String> {
        CURRENT.try_with(|origin| origin.correlation_id.clone()).ok().flatten()
    }

    /// Its network; work without an origin counts as one network of its own.
    pub fn current_network() -> IpAddr {
        Origin::current().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |origin| origin.network())
    }

    /// Runs `work` in the course of this request.
    pub async fn scope<T>(self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }

    /// Notes who asks.
    pub fn identify(actor: &Actor) {
        let _ = CURRENT.try_with(|origin| origin.actor.set(actor.clone()));
    }

    /// Who asks.
    pub fn actor(&self) -> Option<&Actor> {
        self.actor.get()
    }
}

/// The client's address. Each proxy adds the address that it was asked from at the end of
/// `forwarded`, so of a list only what our own proxies wrote is believed; the rest anybody can send.
/// A shorter list came past them.
fn client(peer: IpAddr, forwarded: &[&str], proxies: usize) -> IpAddr {
    let first = forwarded.len().checked_sub(proxies);
    first.and_then(|first| forwarded.get(first)).and_then(|text| address(text)).unwrap_or(peer).to_canonical()
}

/// An address, also with a port, as some proxies write it.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_our_own_proxies_wrote_of_an_address_is_believed() {
        let peer: IpAddr = "10.0.0.1".parse().unwrap();
        for (forwarded, proxies, expected) in [
            (&[][..], 0, "10.0.0.1"),
            (&["6.6.6.6"], 0, "10.0.0.1"),
            (&["6.6.6.6", "1.2.3.4"], 1, "1.2.3.4"),
            (&["6.6.6.6", "1.2.3.4", "10.0.0.2"], 2, "1.2.3.4"),
            (&["1.2.3.4"], 3, "10.0.0.1"),
            (&[], 1, "10.0.0.1"),
            (&["1.2.3.4:5678"], 1, "1.2.3.4"),
            (&["[2001:db8::1]:5678"], 1, "2001:db8::1"),
            (&["[2001:db8::1]"], 1, "2001:db8::1"),
            (&["2001:db8::1"], 1, "2001:db8::1"),
            (&["::ffff:1.2.3.4"], 1, "1.2.3.4"),
            (&["unknown"], 1, "10.0.0.1"),
        ] {
            assert_eq!(client(peer, forwarded, proxies).to_string(), expected, "{forwarded:?} {proxies}");
        }
    }

    #[test]
    fn a_customer_with_many_addresses_counts_as_one() {
        for (address, network) in [("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"), ("1.2.3.4", "1.2.3.4")] {
            let peer = SocketAddr::new(address.parse().unwrap(), 1);
            assert_eq!(Origin::of(&HeaderMap::new(), peer, 0).network().to_string(), network);
        }
    }

    #[test]
    fn a_request_id_is_kept_where_it_is_one_word() {
        let id = |value: &str| {
            let headers = HeaderMap::from_iter([("x-request-id".parse().unwrap(), value.parse().unwrap())]);
            Origin::of(&headers, SocketAddr::from(([127, 0, 0, 1], 1)), 0).request_id
        };
        assert_eq!(id("4bf9-a").as_deref(), Some("4bf9-a"));
        assert_eq!((id("two words"), id(""), id(&"x".repeat(65))), (None, None, None));
    }
}
