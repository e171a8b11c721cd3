//! Follows a collector that speaks frames: an installed or an uploaded one.

use super::connection::{Connection, Ended, Step};
use super::node::Node;
use super::stage::Stage;
use sample::message::{PROTOCOL, VIEWER_SPEAKS_EVERY};
use sample::wire::{Decoder, WireError, encode};
use sample::{Fault, FaultKind, FromNode, ToNode, Way};
use std::time::{Duration, Instant};

/// Hands out what the collector says until the connection ends.
pub(super) fn follow(connection: &mut Connection, node: &Node, way: &Way) -> Ended {
    match followed(connection, node, way) {
        Err(ended) => ended,
        Ok(never) => match never {},
    }
}

fn followed(connection: &mut Connection, node: &Node, way: &Way) -> Result<std::convert::Infallible, Ended> {
    connection.inbox.forget_told();
    let mut decoder = Decoder::default();
    let mut longest_dump = Duration::ZERO;
    let mut spoken = Instant::now();
    loop {
        decoder.push(&std::mem::take(&mut connection.output));
        while let Some(message) = decoder.message::<FromNode>().map_err(|error| broken(&error))? {
            if connection.stage != Stage::Up {
                greeted(&message)?;
                connection.stage = Stage::Up;
                node.is_up(way.clone())?;
            }
            if let FromNode::Sample(sample) = &message {
                longest_dump = Duration::from_micros(sample.pace.wall_us);
                node.has_sampled();
            }
            node.message(message)?;
        }
        let mut messages = connection.inbox.untold();
        if messages.is_empty() && spoken.elapsed() >= VIEWER_SPEAKS_EVERY {
            messages.push(ToNode::Alive);
        }
        for message in messages {
            connection.ssh.write(encode(&message).map_err(|error| broken(&error))?);
            spoken = Instant::now();
        }
        let patience = match connection.stage {
            Stage::Up => node.patience(&connection.inbox.configuration(), longest_dump),
            _ => node.timeouts().answer,
        };
        // Commands do not count as a sign of life.
        let deadline = connection.heard + patience;
        if connection.step(deadline.min(spoken + VIEWER_SPEAKS_EVERY))? == Step::Late && Instant::now() >= deadline {
            return Err(Ended::Fault(connection.silent(patience)));
        }
    }
}

fn greeted(message: &FromNode) -> Result<(), Ended> {
    let detail = match message {
        FromNode::Hello(hello) if hello.protocol == PROTOCOL => return Ok(()),
        FromNode::Hello(hello) => format!("the collector speaks protocol {}, this program {PROTOCOL}", hello.protocol),
        _ => "the collector did not say hello first".to_owned(),
    };
    Err(Ended::Fault(Fault::new(FaultKind::Protocol, detail)))
}

fn broken(error: &WireError) -> Ended {
    Ended::Fault(Fault::new(FaultKind::Protocol, super::classify::evidence(&error.to_string())))
}
