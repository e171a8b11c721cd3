//! `/proc/net/tcp` (`get_tcp4_sock`, `net/ipv4/tcp_ipv4.c`): TCP sockets over IPv4. It tells no idle times, but what is not acknowledged.
//!
//! ```text
//!   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
//!    1: 0200090A:9CEA 0100090A:1E61 01 00000030:00000000 01:00000A10 00000005     0        0 12345 …
//! ```

use std::net::Ipv4Addr;

/// A TCP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpSocket {
    /// Its own address and port.
    pub local: (Ipv4Addr, u16),
    /// The other side's.
    pub remote: (Ipv4Addr, u16),
    /// State by number: 1 established, 2 being connected, 10 listening, …
    pub state: u8,
    /// Bytes that were sent, or are to be sent, and are not acknowledged.
    pub unacknowledged: u32,
    /// How often the oldest of these was sent again in vain.
    pub retransmits: u32,
}

/// Reads the whole file. Lines that are no sockets are passed over.
pub fn parse(text: &[u8]) -> Vec<TcpSocket> {
    String::from_utf8_lossy(text).lines().skip(1).filter_map(socket).collect()
}

fn socket(line: &str) -> Option<TcpSocket> {
    let mut fields = line.split_whitespace().skip(1);
    let hex = |text: &str| u32::from_str_radix(text, 16).ok();
    let (local, remote) = (address(fields.next()?)?, address(fields.next()?)?);
    let state = u8::from_str_radix(fields.next()?, 16).ok()?;
    let unacknowledged = hex(fields.next()?.split_once(':')?.0)?;
    let retransmits = hex(fields.nth(1)?)?;
    Some(TcpSocket { local, remote, state, unacknowledged, retransmits })
}

/// The address is printed as a number of the machine's byte order.
fn address(text: &str) -> Option<(Ipv4Addr, u16)> {
    let (address, port) = text.split_once(':')?;
    let address = u32::from_str_radix(address, 16).ok()?.to_ne_bytes();
    Some((Ipv4Addr::from(address), u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_not_acknowledged_and_how_often_it_was_sent_again() {
        let own = u32::from_ne_bytes([10, 9, 0, 2]);
        let text = format!(
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
             1: {own:08X}:9CEA {own:08X}:1E61 01 00000030:00000000 01:00000A10 00000005     0        0 12345 2 0 20 4 30 10 -1\nodd\n"
        );
        let address = Ipv4Addr::new(10, 9, 0, 2);
        let socket = TcpSocket { local: (address, 40170), remote: (address, 7777), state: 1, unacknowledged: 0x30, retransmits: 5 };
        assert_eq!(parse(text.as_bytes()), [socket]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text: Vec<u8>) {
            parse(&text);
        }
    }
}
