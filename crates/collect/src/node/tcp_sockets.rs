//! This machine's TCP sockets, asked of the kernel by netlink.

use formats::sock_diag::{End, Socket, parse, request};
use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with, sockopt};
use std::io;
use std::time::Duration;

/// The kernel answers at once; it never did not.
const PATIENCE: Duration = Duration::from_secs(1);
/// Datagrams of an answer: 32 KiB each, some 150 sockets.
const MOST_DATAGRAMS: usize = 4096;

/// Those that are established or being connected, over IPv4.
pub fn ask() -> io::Result<Vec<Socket>> {
    let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, SocketFlags::CLOEXEC, Some(SOCK_DIAG))?;
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(PATIENCE))?;
    sendto(&socket, &request(), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut sockets = Vec::new();
    let mut datagram = vec![0u8; 64 << 10];
    for _ in 0..MOST_DATAGRAMS {
        let (length, _) = recv(&socket, datagram.as_mut_slice(), RecvFlags::empty())?;
        match parse(datagram.get(..length).unwrap_or_default(), &mut sockets) {
            End::More => {}
            End::Done => return Ok(sockets),
            End::Refused(errno) => return Err(io::Error::from_raw_os_error(errno)),
        }
    }
    Err(io::Error::other("the answer does not end"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_connection_is_found_with_its_idle_time() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let _accepted = listener.accept().unwrap();
        stream.write_all(b"x").unwrap();
        // A kernel without it, or a sandbox that forbids it, refuses; what it answers must hold the connection.
        let Ok(sockets) = ask() else { return };
        let port = stream.local_addr().unwrap().port();
        let found = sockets.iter().find(|socket| socket.local.1 == port).unwrap();
        assert!(found.established && found.sent_ms.is_some_and(|ms| ms < 60_000), "{found:?}");
    }
}
