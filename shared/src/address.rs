//! Which network addresses a server may be sent to by somebody who only names a host.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What lies behind an address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reach {
    /// The internet.
    Public,
    /// This machine or a network of the operator's own.
    Private,
    /// Nothing that holds a repository: a cloud's metadata service, a link, a group, nobody.
    Never,
}

/// Metadata services of clouds outside the link-local range, where tokens of the machine are given out:
/// Azure, Oracle, Alibaba.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(192, 0, 0, 192), Ipv4Addr::new(100, 100, 100, 200)];

/// The same in IPv6: AWS, Google.
const METADATA_V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

/// Judges an address by the special-purpose registries of IANA; an address that carries another is judged
/// by both.
pub fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        _ if METADATA_V4.contains(&address) => Reach::Never,
        // "This network", link-local, documentation, 6to4 relays, groups, reserved, broadcast.
        (0, ..) | (169, 254, _) | (192, 0, 2) | (198, 51, 100) | (203, 0, 113) | (192, 88, 99) => {
            Reach::Never
        }
        (224..=255, ..) => Reach::Never,
        (127 | 10, ..) | (192, 168, _) | (192, 0, 0) => Reach::Private,
        (172, 16..=31, _) | (100, 64..=127, _) | (198, 18..=19, _) => Reach::Private,
        _ => Reach::Public,
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    let s = address.segments();
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        reach_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        _ if METADATA_V6.contains(&address) => Reach::Never,
        [0, 0, 0, 0, 0, 0, 0, 0] => Reach::Never,
        [0, 0, 0, 0, 0, 0, 0, 1] => Reach::Private,
        // An IPv4 address mapped, compatible, translated, behind NAT64, or behind a 6to4 router.
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => inner(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => inner(high, low),
        [0x64, 0xff9b, 1, _, _, _, high, low] => inner(high, low).max(Reach::Private),
        [0x2002, high, low, ..] => inner(high, low),
        // Teredo hides its IPv4 address; documentation and discard are nobody's.
        [0x2001, 0, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] | [0x100, 0, 0, 0, ..] => {
            Reach::Never
        }
        // ISATAP.
        [.., 0 | 0x200, 0x5efe, high, low] => inner(high, low).max(prefix_v6(s[0])),
        _ => prefix_v6(s[0]),
    }
}

fn prefix_v6(first: u16) -> Reach {
    match first {
        0xfe80..=0xfebf | 0xff00..=0xffff => Reach::Never,
        0xfc00..=0xfdff | 0xfec0..=0xfeff => Reach::Private,
        0x2000..=0x3fff => Reach::Public,
        _ => Reach::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_judged_by_what_lies_behind_them() {
        use Reach::*;
        for (text, expected) in [
            ("140.82.121.3", Public),
            ("1.1.1.1", Public),
            ("172.15.0.1", Public),
            ("172.32.0.1", Public),
            ("100.63.0.1", Public),
            ("2606:50c0:8000::153", Public),
            ("127.0.0.1", Private),
            ("127.255.0.1", Private),
            ("10.1.2.3", Private),
            ("172.16.0.1", Private),
            ("172.31.255.255", Private),
            ("192.168.0.1", Private),
            ("100.64.0.1", Private),
            ("100.127.1.1", Private),
            ("198.18.0.1", Private),
            ("::1", Private),
            ("fc00::1", Private),
            ("fd12:3456::1", Private),
            ("fec0::1", Private),
            ("0.0.0.0", Never),
            ("0.1.2.3", Never),
            ("169.254.169.254", Never),
            ("169.254.0.1", Never),
            ("100.100.100.200", Never),
            ("168.63.129.16", Never),
            ("192.0.0.192", Never),
            ("192.0.2.1", Never),
            ("224.0.0.1", Never),
            ("240.0.0.1", Never),
            ("255.255.255.255", Never),
            ("::", Never),
            ("fe80::1", Never),
            ("febf::1", Never),
            ("ff02::1", Never),
            ("fd00:ec2::254", Never),
            ("fd20:ce::254", Never),
            ("2001:db8::1", Never),
            ("2001::1", Never),
            ("100::1", Never),
            ("4000::1", Never),
            // Addresses that carry another.
            ("::ffff:140.82.121.3", Public),
            ("::ffff:127.0.0.1", Private),
            ("::ffff:169.254.169.254", Never),
            ("::127.0.0.1", Private),
            ("::169.254.169.254", Never),
            ("::ffff:0:10.0.0.1", Private),
            ("64:ff9b::140.82.121.3", Public),
            ("64:ff9b::10.0.0.1", Private),
            ("64:ff9b::169.254.169.254", Never),
            ("64:ff9b:1::140.82.121.3", Private),
            ("64:ff9b:1::169.254.169.254", Never),
            ("2002:7f00:1::", Private),
            ("2002:a9fe:a9fe::1", Never),
            ("2606:4700::5efe:127.0.0.1", Private),
            ("2606:4700::200:5efe:169.254.169.254", Never),
        ] {
            assert_eq!(reach(text.parse().unwrap()), expected, "{text}");
        }
    }
}
