//! `/proc/net/route`: the IPv4 routes of the main table (`net/ipv4/fib_trie.c`, `fib_route_seq_show`). Addresses are printed as
//! hexadecimal numbers of the machine's byte order.

use std::net::Ipv4Addr;

/// One route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The interface; `*` where there is none.
    pub interface: String,
    /// What it leads to.
    pub destination: Ipv4Addr,
    /// Which bits of an address it compares.
    pub mask: Ipv4Addr,
    /// The lower one wins among equals.
    pub metric: u32,
}

const UP: u32 = 1;
const REJECT: u32 = 0x200;

/// The routes that are up, in the file's order. Lines that are not understood are left out.
pub fn parse(text: &[u8]) -> Vec<Route> {
    String::from_utf8_lossy(text).lines().skip(1).filter_map(route).collect()
}

fn route(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [interface, destination, _gateway, flags, _references, _use, metric, mask, ..] = fields.as_slice() else { return None };
    let address = |hex: &str| u32::from_str_radix(hex, 16).ok().map(|number| Ipv4Addr::from(number.to_ne_bytes()));
    let flags = u32::from_str_radix(flags, 16).ok()?;
    (flags & UP != 0 && flags & REJECT == 0).then_some(())?;
    Some(Route {
        interface: (*interface).to_owned(),
        destination: address(destination)?,
        mask: address(mask)?,
        metric: metric.parse().ok()?,
    })
}

/// The interface that leads to an address: of the routes with the longest mask the one with the lowest metric.
pub fn interface_to(routes: &[Route], address: Ipv4Addr) -> Option<&str> {
    let fits = |route: &&Route| u32::from(address) & u32::from(route.mask) == u32::from(route.destination);
    let best = routes.iter().filter(fits).min_by_key(|route| (std::cmp::Reverse(u32::from(route.mask)), route.metric))?;
    Some(best.interface.as_str()).filter(|interface| *interface != "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a little-endian machine prints it.
    fn text() -> Vec<u8> {
        let hex = |a, b, c, d| format!("{:08X}", u32::from_ne_bytes([a, b, c, d]));
        let (none, cluster, mask, gateway) = (hex(0, 0, 0, 0), hex(10, 9, 0, 0), hex(255, 255, 255, 0), hex(192, 168, 1, 1));
        format!(
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
             eth0\t{none}\t{gateway}\t0003\t0\t0\t100\t{none}\t0\t0\t0\n\
             eth1\t{cluster}\t{none}\t0001\t0\t0\t101\t{mask}\t0\t0\t0\n\
             eth2\t{cluster}\t{none}\t0001\t0\t0\t50\t{mask}\t0\t0\t0\n\
             *\t{}\t{none}\t0201\t0\t0\t0\t{}\t0\t0\t0\n",
            hex(10, 9, 0, 7),
            hex(255, 255, 255, 255)
        )
        .into_bytes()
    }

    #[test]
    fn the_longest_mask_and_then_the_lowest_metric_lead() {
        let routes = parse(&text());
        assert_eq!(routes.len(), 3, "the reject route is none: {routes:?}");
        assert_eq!(interface_to(&routes, Ipv4Addr::new(10, 9, 0, 2)), Some("eth2"));
        assert_eq!(interface_to(&routes, Ipv4Addr::new(8, 8, 8, 8)), Some("eth0"));
        assert_eq!(interface_to(&routes[1..], Ipv4Addr::new(8, 8, 8, 8)), None);
        assert_eq!(parse(b"Iface\nshort line\n\xff\n"), []);
    }
}
