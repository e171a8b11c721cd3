//! One connection from its first line to its end: which collector the node gets, the best first.
//!
//! ```text
//! viewer                         node's shell
//! 5b1e…            →             (a login may print anything before)
//!                                @5b1e… ready Linux x86_64
//! probe            →             @5b1e… probe dlmtop-protocol 5
//! run installed    →             @5b1e… run
//! frames           ↔             frames
//! ```
//! Without an installed collector: `upload BYTES`, the program, `run uploaded`. Where that cannot be: [`super::shell`].

use super::connection::{Connection, Ended};
use super::node::Node;
use super::stage::Stage;
use super::{frames, shell, upload};
use sample::{Fault, FaultKind, Way};

/// Leads `connection` until it ends.
pub(super) fn run(mut connection: Connection, node: &Node) -> Ended {
    let ended = match choose(&mut connection, node) {
        Ok(way @ Way::Shell(_)) => return shell::follow(connection, node, way),
        Ok(way) => match start(&mut connection, &way, node) {
            Ok(()) => or_next_way(frames::follow(&mut connection, node, &way), &connection, node, &way),
            Err(ended) => or_next_way(ended, &connection, node, &way),
        },
        Err(ended) => ended,
    };
    connection.close(&ended, node.timeouts().end);
    ended
}

/// A collector that answered the test but does not collect: the next way may work.
fn or_next_way(ended: Ended, connection: &Connection, node: &Node, way: &Way) -> Ended {
    match ended {
        Ended::Fault(fault) if connection.stage == Stage::Starting && matches!(fault.kind, FaultKind::Protocol | FaultKind::CannotRun) => {
            if *way == Way::Installed {
                node.rule_out_installed(format!("the installed one failed: {}", fault.detail));
            } else {
                node.rule_out_upload(format!("the uploaded one failed: {}", fault.detail));
            }
            Ended::Again
        }
        ended => ended,
    }
}

/// The best way that works.
fn choose(connection: &mut Connection, node: &Node) -> Result<Way, Ended> {
    let ready = connection.answer(node.timeouts().login)?;
    connection.stage = Stage::Starting;
    let mut words = ready.split(' ');
    let (Some("ready"), Some(system), Some(machine)) = (words.next(), words.next(), words.next()) else {
        return Err(unexpected(&ready));
    };
    let not_installed = match installed(connection, node)? {
        Ok(()) => return Ok(Way::Installed),
        Err(why) => why,
    };
    let not_uploaded = match node.upload_ruled_out() {
        Some(why) => why,
        None => match upload::send(connection, node, system, machine)? {
            Ok(()) => return Ok(Way::Uploaded),
            Err(why) => why,
        },
    };
    Ok(Way::Shell(format!("{not_installed}; {not_uploaded}")))
}

/// Whether a collector of this protocol is installed; else why it cannot be used.
fn installed(connection: &mut Connection, node: &Node) -> Result<Result<(), String>, Ended> {
    if let Some(why) = node.installed_ruled_out() {
        return Ok(Err(why));
    }
    connection.send("probe");
    let answer = connection.answer(node.timeouts().answer)?;
    match answer.strip_prefix("probe").map(str::trim) {
        Some(protocol) if protocol == upload::protocol_line() => Ok(Ok(())),
        Some("") => Ok(Err("not installed".to_owned())),
        Some(protocol) => Ok(Err(format!("another one is installed ({})", super::classify::evidence(protocol)))),
        None => Err(unexpected(&answer)),
    }
}

/// Hands the connection over to the collector.
fn start(connection: &mut Connection, way: &Way, node: &Node) -> Result<(), Ended> {
    connection.send(if *way == Way::Installed { "run installed" } else { "run uploaded" });
    match connection.answer(node.timeouts().answer)?.as_str() {
        "run" => Ok(()),
        other => Err(unexpected(other)),
    }
}

/// The node's shell says what it never should.
pub(super) fn unexpected(answer: &str) -> Ended {
    Ended::Fault(Fault::new(FaultKind::Protocol, format!("unexpected answer of the node's shell: {}", super::classify::evidence(answer))))
}
