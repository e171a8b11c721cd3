//! The kernel's `NETLINK_SOCK_DIAG` for TCP over IPv4 (`include/uapi/linux/{netlink,sock_diag,inet_diag,tcp}.h`): the question for all
//! sockets, and its answers. `ss` asks the same.
//!
//! Numbers are of the machine's byte order, addresses and ports of the network's.

use std::net::Ipv4Addr;

/// `SOCK_DIAG_BY_FAMILY`.
const BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST | NLM_F_DUMP`.
const DUMP: u16 = 0x301;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const AF_INET: u8 = 2;
const IPPROTO_TCP: u8 = 6;
/// `INET_DIAG_INFO`: the attribute that holds `struct tcp_info`.
const INFO: u16 = 2;
/// `TCP_ESTABLISHED` and `TCP_SYN_SENT`, of which a request names those it wants by bit.
const ESTABLISHED: u8 = 1;
const SYN_SENT: u8 = 2;
/// Bytes of `struct nlmsghdr`, and of a request and an answer behind it.
const HEADER: usize = 16;
const REQUEST: usize = 56;
const ANSWER: usize = 72;

/// A TCP socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Its own address and port.
    pub local: (Ipv4Addr, u16),
    /// The other side's.
    pub remote: (Ipv4Addr, u16),
    /// Established; else still being connected.
    pub established: bool,
    /// Bytes that were sent, or are to be sent, and are not acknowledged.
    pub unacknowledged: u32,
    /// How often the oldest of these was sent again in vain (`tcpi_retransmits`).
    pub retransmits: u32,
    /// ms since data was sent last; `None`: the kernel did not tell.
    pub sent_ms: Option<u32>,
    /// ms since data came last.
    pub received_ms: Option<u32>,
}

/// What came of one piece of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// More follows.
    More,
    /// That was all.
    Done,
    /// The kernel refuses, with this errno.
    Refused(i32),
}

/// The question for all sockets that are established or being connected.
pub fn request() -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + REQUEST);
    bytes.extend(((HEADER + REQUEST) as u32).to_ne_bytes());
    bytes.extend(BY_FAMILY.to_ne_bytes());
    bytes.extend(DUMP.to_ne_bytes());
    // Sequence and sender: the kernel fills in the latter.
    bytes.extend([0; 8]);
    bytes.extend([AF_INET, IPPROTO_TCP, 1 << (INFO - 1), 0]);
    bytes.extend((1u32 << ESTABLISHED | 1 << SYN_SENT).to_ne_bytes());
    bytes.resize(HEADER + REQUEST, 0);
    bytes
}

/// Adds the sockets of one datagram of the answer. What is cut or not understood is passed over.
pub fn parse(mut datagram: &[u8], sockets: &mut Vec<Socket>) -> End {
    while let (Some(length), Some(kind)) = (u32_at(datagram, 0), u16_at(datagram, 4)) {
        let Some(message) = datagram.get(HEADER..length as usize) else { return End::More };
        match kind {
            NLMSG_DONE => return End::Done,
            NLMSG_ERROR => return End::Refused(u32_at(message, 0).map_or(0, |errno| errno.cast_signed().wrapping_neg())),
            BY_FAMILY => sockets.extend(socket(message)),
            _ => {}
        }
        datagram = datagram.get((length as usize).next_multiple_of(4)..).unwrap_or_default();
    }
    End::More
}

/// `struct inet_diag_msg` and its attributes.
fn socket(message: &[u8]) -> Option<Socket> {
    if *message.first()? != AF_INET {
        return None;
    }
    let address = |at: usize| message.get(at..)?.first_chunk::<4>().map(|bytes| Ipv4Addr::from(*bytes));
    let port = |at: usize| message.get(at..)?.first_chunk::<2>().map(|bytes| u16::from_be_bytes(*bytes));
    let mut socket = Socket {
        established: *message.get(1)? == ESTABLISHED,
        retransmits: u32::from(*message.get(3)?),
        local: (address(8)?, port(4)?),
        remote: (address(24)?, port(6)?),
        unacknowledged: u32_at(message, 60)?,
        sent_ms: None,
        received_ms: None,
    };
    let mut attributes = message.get(ANSWER..)?;
    while let (Some(length), Some(kind)) = (u16_at(attributes, 0), u16_at(attributes, 2)) {
        let Some(value) = attributes.get(4..usize::from(length)) else { break };
        if kind == INFO {
            socket.retransmits = value.get(2).copied().map_or(socket.retransmits, u32::from);
            // `tcpi_last_data_sent`, `tcpi_last_data_recv`.
            (socket.sent_ms, socket.received_ms) = (u32_at(value, 44), u32_at(value, 52));
        }
        attributes = attributes.get(usize::from(length).next_multiple_of(4)..).unwrap_or_default();
    }
    Some(socket)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_ne_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One message as Linux 6.1 sends it: node2's connection to node1, silent for 9.5 s.
    fn answer() -> Vec<u8> {
        let mut info = vec![0u8; 104];
        info[2] = 5;
        info[44..48].copy_from_slice(&1500u32.to_ne_bytes());
        info[52..56].copy_from_slice(&9500u32.to_ne_bytes());
        let mut message = vec![AF_INET, ESTABLISHED, 1, 5];
        message.extend(40170u16.to_be_bytes());
        message.extend(7777u16.to_be_bytes());
        message.extend([10, 9, 0, 2].into_iter().chain([0; 12]).chain([10, 9, 0, 1]).chain([0; 12]));
        message.resize(60, 0);
        message.extend(48u32.to_ne_bytes());
        message.resize(ANSWER, 0);
        // An attribute that is not asked for comes first: `INET_DIAG_SHUTDOWN`, one byte and its padding.
        message.extend(5u16.to_ne_bytes().into_iter().chain(8u16.to_ne_bytes()).chain([0; 4]));
        message.extend((4 + info.len() as u16).to_ne_bytes().into_iter().chain(INFO.to_ne_bytes()).chain(info));
        let mut bytes = ((HEADER + message.len()) as u32).to_ne_bytes().to_vec();
        bytes.extend(BY_FAMILY.to_ne_bytes().into_iter().chain([2, 0]).chain([0; 8]).chain(message));
        bytes
    }

    fn end(kind: u16, errno: i32) -> Vec<u8> {
        let mut bytes = 20u32.to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes().into_iter().chain([0; 10]).chain(errno.to_ne_bytes()));
        bytes
    }

    #[test]
    fn a_socket_is_read_and_the_end_is_told() {
        let mut sockets = Vec::new();
        let datagram = [answer(), answer(), end(NLMSG_DONE, 0)].concat();
        assert_eq!(parse(&datagram, &mut sockets), End::Done);
        let expected = Socket {
            local: (Ipv4Addr::new(10, 9, 0, 2), 40170),
            remote: (Ipv4Addr::new(10, 9, 0, 1), 7777),
            established: true,
            unacknowledged: 48,
            retransmits: 5,
            sent_ms: Some(1500),
            received_ms: Some(9500),
        };
        assert_eq!(sockets, [expected.clone(), expected]);
        assert_eq!(parse(&answer(), &mut sockets), End::More);
        assert_eq!(parse(&end(NLMSG_ERROR, -2), &mut sockets), End::Refused(2));
    }

    #[test]
    fn the_question_has_the_lengths_that_it_names() {
        assert_eq!(request().len(), 72);
        assert_eq!(u32_at(&request(), 0), Some(72));
        assert_eq!(request().get(16..20), Some(&[2, 6, 2, 0][..]));
    }

    proptest! {
        #[test]
        fn what_is_cut_or_damaged_does_no_harm(cut in 0usize..300, at in 0usize..260, byte: u8, noise: Vec<u8>) {
            let mut bytes = answer();
            bytes.truncate(cut);
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            let mut sockets = Vec::new();
            parse(&bytes, &mut sockets);
            parse(&noise, &mut sockets);
        }
    }
}
