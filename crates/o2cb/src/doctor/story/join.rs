//! Mounts and domains that were refused.

use super::{Boot, Kind, Line, Story, nodes};
use formats::kernel_log::Event;

/// All of them.
pub fn tell(boot: &Boot<'_>) -> Vec<Story> {
    let own = boot.own_words();
    let story = |message: &&formats::kernel_log::Message| {
        let cause = match message.event.as_ref()? {
            Event::CannotConnect { nodes: lost } => {
                format!("{} beat and were not connected for 60 s: a firewall, a wrong address, or timeouts that differ", nodes(lost))
            }
            Event::NotConfigured => "no node of the cluster is this machine".to_owned(),
            Event::NotStarted { global: true } => "the global heartbeat had not been started".to_owned(),
            Event::NotStarted { global: false } => {
                "no heartbeat ran: a domain of dlmfs needs a mounted volume, or a region that was started".to_owned()
            }
            _ => return None,
        };
        let lines: Vec<Line> = vec![Boot::line(message)];
        Some(boot.story(Kind::JoinFailed, boot.own, format!("a mount or domain of {own} was refused"), cause, lines))
    };
    boot.messages.iter().filter_map(story).collect()
}
