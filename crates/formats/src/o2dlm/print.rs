//! Prints records as the kernel does: for tests, fuzz targets and made-up dumps.

use super::{DlmState, Lock, NO_NODE, Queue, Resource, Sending, node_list};
use crate::mode::Mode;
use std::io::Write as _;

/// A block of `locking_state` with the empty line after it; without that line if the block is cut.
pub fn resource(resource: &Resource) -> Vec<u8> {
    let mut text = b"NAME:".to_vec();
    text.extend_from_slice(resource.name.bytes());
    text.push(b'\n');
    if let Some(version) = resource.version {
        let numbers = [
            i64::from(version),
            i64::from(resource.owner.unwrap_or(NO_NODE)),
            i64::from(resource.state.0),
            resource.last_used.unwrap_or_default(),
            i64::from(resource.on_purge),
            i64::from(resource.on_dirty),
            i64::from(resource.on_recovering),
            i64::from(resource.inflight.unwrap_or_default()),
            i64::from(resource.migration_pending),
            i64::from(resource.asts_reserved.unwrap_or_default()),
            i64::from(resource.refs.unwrap_or_default()),
        ];
        text.extend_from_slice(b"LRES:");
        for (at, number) in numbers.iter().enumerate() {
            put(&mut text, format_args!("{}{number}", if at > 0 { "," } else { "" }));
        }
        end_line(&mut text, &resource.rest);
    }
    text.extend_from_slice(format!("RMAP:{}\n", node_list::print(&resource.referenced_by)).as_bytes());
    if let Some(lvb) = &resource.lvb {
        text.extend_from_slice(b"LVBX:");
        for byte in lvb {
            put(&mut text, format_args!("{byte:02x}"));
        }
        text.push(b'\n');
    }
    for one in &resource.locks {
        put_lock(&mut text, one);
    }
    for line in &resource.unknown_lines {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    if !resource.cut {
        text.push(b'\n');
    }
    text
}

/// A `LOCK:` line with its newline.
pub fn lock(lock: &Lock) -> Vec<u8> {
    let mut text = Vec::new();
    put_lock(&mut text, lock);
    text
}

fn put_lock(text: &mut Vec<u8>, lock: &Lock) {
    let requested = lock.requested.unwrap_or(Mode::IV);
    let (queue, kind, convert) = match lock.queue {
        Queue::Granted => (0, lock.granted, requested),
        Queue::Converting => (1, lock.granted, requested),
        Queue::Blocked => (2, requested, Mode::IV),
    };
    let flags = [
        lock.in_ast_list,
        lock.in_bast_list,
        lock.ast_pending,
        lock.bast_pending,
        lock.convert_pending,
        lock.lock_pending,
        lock.cancel_pending,
        lock.unlock_pending,
    ];
    put(text, format_args!("LOCK:{},{queue},{},{},{}", lock.version, kind.0, convert.0, lock.node));
    put(text, format_args!(",{}:{}", lock.cookie_node, lock.cookie_seq));
    for flag in flags {
        put(text, format_args!(",{}", u8::from(flag)));
    }
    put(text, format_args!(",{}", lock.refs.unwrap_or_default()));
    end_line(text, &lock.rest);
}

fn put(text: &mut Vec<u8>, what: std::fmt::Arguments<'_>) {
    // Writing into a Vec cannot fail.
    let _ = text.write_fmt(what);
}

fn end_line(text: &mut Vec<u8>, rest: &[u8]) {
    if !rest.is_empty() {
        text.push(b',');
        text.extend_from_slice(rest);
    }
    text.push(b'\n');
}

/// A whole `dlm_state`. A number that is not known is printed as 0, a node as 255.
pub fn dlm_state(state: &DlmState) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let number = |number: Option<u32>| number.unwrap_or_default();
    let node = |node: Option<u32>| node.unwrap_or(NO_NODE);
    let count = |count: Option<(u64, u64)>| count.map(|(now, total)| format!("{now} ({total})")).unwrap_or_default();
    let lists: Vec<String> =
        state.lists.iter().map(|(name, in_use)| format!("{name}={}", if *in_use { "InUse" } else { "Empty" })).collect();
    let mut lines = vec![
        format!("Domain: {}  Key: {:#010x}  Protocol: {}", text(&state.domain), number(state.key), text(&state.protocol)),
        format!("Thread Pid: {}  Node: {}  State: {}", number(state.thread_pid), number(state.node), state.state),
        format!("Number of Joins: {}  Joining Node: {}", number(state.joins), node(state.joining_node)),
        format!("Domain Map: {}", node_list::print(&state.domain_map)),
        format!("Exit Domain Map: {}", node_list::print(&state.exit_domain_map)),
        format!("Live Map: {}", node_list::print(&state.live_map)),
        format!("Lock Resources: {}", count(state.resources)),
        format!("MLEs: {}", count(state.mles)),
        format!("  Blocking: {}", count(state.mles_blocking)),
        format!("  Mastery: {}", count(state.mles_mastery)),
        format!("  Migration: {}", count(state.mles_migration)),
        format!("Lists: {}", lists.join("  ")),
        format!("Purge Count: {}  Refs: {}", number(state.purge_count), number(state.refs)),
        format!("Dead Node: {}", node(state.dead_node)),
        format!(
            "Recovery Pid: {}  Master: {}  State: {}",
            number(state.recovery_pid),
            node(state.recovery_master),
            if state.recovery_active { "ACTIVE" } else { "INACTIVE" }
        ),
        format!("Recovery Map: {}", node_list::print(&state.recovery_map)),
    ];
    if !state.cut {
        lines.push("Recovery Node State:".to_owned());
        lines.extend(state.recovery_nodes.iter().map(|(node, state)| format!("\t{node} - {state}")));
    }
    lines.extend(state.unknown_lines.iter().cloned());
    lines.join("\n") + "\n"
}

/// A block of `send_tracking`. What is not known is left out; the connection's address is made up.
pub fn sending(sending: &Sending) -> String {
    let mut text = format!("00000000887e7767:\n  pid:          {}\n", sending.pid);
    if let Some(tgid) = sending.tgid {
        text += &format!("  tgid:         {tgid}\n");
    }
    text += &format!("  process name: {}\n  node:         {}\n  sc:           00000000a54f93de\n", sending.process, sending.node);
    if let Some(id) = sending.message_id {
        text += &format!("  message id:   {id}\n");
    }
    text += &format!("  message type: {}\n", sending.message_type);
    if let Some(key) = sending.message_key {
        text += &format!("  message key:  {key:#010x}\n");
    }
    let times = [("sock acquiry: ", sending.acquiring_us), ("send start:   ", sending.send_us), ("wait start:   ", sending.wait_us)];
    for (label, time) in times {
        if let Some(us) = time {
            text += &format!("  {label}{us} usecs ago\n");
        }
    }
    text
}
