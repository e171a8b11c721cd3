//! O2CB's connections: which are handshaken (debugfs), what is unanswered (`send_tracking`), and how long each has been silent.
//!
//! `o2net/sock_containers` tells idle times too, but each pass over it makes kernels of 6.1 log a "buggy .next function" line, so TCP
//! itself is asked, through `sock_diag`: `last_data_recv`. That is done only where it loads no module (`tcp_diag` may be one, which the
//! kernel would load for the question); else `/proc/net/tcp` tells what is not acknowledged, and no idle times.

use super::discover::described;
use super::files::NodeFiles;
use super::o2cb_reader::{Files, is_absent};
use formats::o2dlm::send_tracking;
use formats::proc::net_tcp;
use formats::sock_diag::Socket;
use sample::o2cb::{Cluster, Connection, Member, Sending};
use std::io;

const CONNECTED: &str = "/sys/kernel/debug/o2net/connected_nodes";
const SEND_TRACKING: &str = "/sys/kernel/debug/o2net/send_tracking";
const NET_TCP: &str = "/proc/net/tcp";

/// Fills in what the node's files tell of its connections; nodes and domains are known already.
pub(super) fn read(node: &mut Files<'_>, cluster: &mut Cluster) {
    cluster.connected = node.numbers(CONNECTED);
    cluster.sending = node.bytes(SEND_TRACKING).map(|text| sending(&text, cluster));
    let sockets = match asked(node) {
        Ok(sockets) => sockets,
        Err(why) => {
            cluster.idle_unknown = Some(why);
            let Some(text) = node.bytes(NET_TCP) else { return };
            let open = net_tcp::parse(&text).into_iter().filter(|socket| matches!(socket.state, 1 | 2));
            let without_times = |socket: net_tcp::TcpSocket| Socket {
                local: socket.local,
                remote: socket.remote,
                established: socket.state == 1,
                unacknowledged: socket.unacknowledged,
                retransmits: socket.retransmits,
                sent_ms: None,
                received_ms: None,
            };
            open.map(without_times).collect()
        }
    };
    cluster.connections = connections(&sockets, &cluster.nodes);
}

/// What TCP tells now of the connections of the local one of `nodes` to the others, with idle times; else why it is not asked.
pub fn of_nodes(files: &dyn NodeFiles, nodes: &[Member]) -> Result<Vec<Connection>, String> {
    // What is not read is a reason not to ask, and told as that.
    let sockets = asked(&mut Files { files, unread: Vec::new() })?;
    Ok(connections(&sockets, nodes))
}

/// What TCP tells, or why it is not asked.
fn asked(node: &mut Files<'_>) -> Result<Vec<Socket>, String> {
    if !loads_nothing(node) {
        return Err("the kernel's module tcp_diag is not loaded, and a monitor loads none (`modprobe tcp_diag` does)".to_owned());
    }
    node.files.tcp_sockets().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "the kernel has no tcp_diag (CONFIG_INET_TCP_DIAG)".to_owned(),
        _ => described("sock_diag", &error),
    })
}

/// Whether asking makes the kernel load no module: it is loaded, built in, or the kernel has no modules.
fn loads_nothing(node: &mut Files<'_>) -> bool {
    if node.files.list("/sys/module/tcp_diag").is_ok() {
        return true;
    }
    if node.files.list("/sys/module/inet_diag").is_err() && node.files.read("/proc/modules", 64).is_err_and(|error| is_absent(&error)) {
        return true;
    }
    let Some(release) = node.text("/proc/sys/kernel/osrelease") else { return false };
    let built_in = node.files.read(&format!("/lib/modules/{release}/modules.builtin"), 4 << 20);
    built_in.is_ok_and(|text| text.split(|&byte| byte == b'\n').any(|line| line.ends_with(b"/tcp_diag.ko")))
}

/// Those to other nodes: the higher numbered node connects to the port of the lower one (`o2net_start_connect`).
fn connections(sockets: &[Socket], nodes: &[Member]) -> Vec<Connection> {
    let own = nodes.iter().find(|member| member.local == Some(true));
    let (Some(address), Some(port), Some(own_number)) =
        (own.and_then(|own| own.address), own.and_then(|own| own.port), own.and_then(|own| own.number))
    else {
        return Vec::new();
    };
    let mut connections = Vec::new();
    for socket in sockets.iter().filter(|socket| socket.local.0 == address) {
        let peer = nodes.iter().find(|member| member.address == Some(socket.remote.0) && member.local != Some(true));
        let Some((number, peer_port)) = peer.and_then(|peer| Some((peer.number?, peer.port))) else { continue };
        let is_ours = if number < own_number { peer_port == Some(socket.remote.1) } else { socket.local.1 == port };
        if is_ours {
            connections.push(Connection {
                node: number,
                established: socket.established,
                received_ms: socket.received_ms.map(u64::from),
                sent_ms: socket.sent_ms.map(u64::from),
                unacknowledged: Some(socket.unacknowledged),
                retransmits: Some(socket.retransmits),
            });
        }
    }
    connections.sort_by_key(|connection| connection.node);
    connections
}

fn sending(text: &[u8], cluster: &Cluster) -> Vec<Sending> {
    let (messages, _) = send_tracking::parse(text);
    let domain_of = |key: Option<u32>| {
        let key = key?;
        let mut domains = cluster.domains.iter().flatten();
        domains.find(|domain| domain.state.as_ref().and_then(|state| state.key) == Some(key)).map(|domain| domain.name.clone())
    };
    let told = messages.into_iter().map(|message| Sending {
        node: message.node,
        message: send_tracking::message_word(message.message_type)
            .map_or_else(|| format!("message type {}", message.message_type), str::to_owned),
        domain: domain_of(message.message_key),
        pid: message.pid,
        process: message.process,
        for_us: message.acquiring_us.or(message.send_us).or(message.wait_us),
    });
    told.collect()
}
