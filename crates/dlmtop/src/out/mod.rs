//! Faces without a terminal: text, CSV and JSON. Data goes to stdout, words to stderr.

pub mod csv;
pub mod glock_text;
pub mod json;
pub mod text;

use crate::engine::{Engine, Update};
use crate::settings::Settings;
use model::{NodeState, Snapshot};
use std::io::{self, Write};

/// How a batch run went, for the exit status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchEnd {
    /// Snapshots that were written.
    pub written: u64,
    /// Some node gave samples.
    pub collected: bool,
    /// Some node failed, or some line was not understood.
    pub troubled: bool,
    /// The reader closed the pipe: it has seen enough, and nothing is wrong.
    pub closed: bool,
    /// The nodes that gave nothing in the last snapshot, and what to do.
    pub last_troubles: Vec<String>,
}

/// One format.
pub trait Face {
    /// Writes one snapshot.
    fn write(&mut self, snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()>;
}

/// Writes snapshots until `count` of them, the recording's end, or a closed pipe.
pub fn run(engine: &Engine, face: &mut dyn Face, count: Option<u64>, out: &mut dyn Write) -> io::Result<BatchEnd> {
    let mut end = BatchEnd::default();
    while count.is_none_or(|count| end.written < count) {
        let Ok(Update::Snapshot(snapshot)) = engine.updates.recv() else { break };
        match face.write(&snapshot, out).and_then(|()| out.flush()) {
            Ok(()) => {}
            // The reader has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                end.closed = true;
                break;
            }
            Err(error) => return Err(error),
        }
        end.written += 1;
        end.note(&snapshot);
    }
    Ok(end)
}

impl BatchEnd {
    fn note(&mut self, snapshot: &Snapshot) {
        self.last_troubles.clear();
        for node in snapshot.file_systems.iter().flat_map(|view| &view.nodes).chain(&snapshot.elsewhere) {
            match &node.state {
                NodeState::Live => self.collected = true,
                NodeState::Down(fault) => {
                    self.troubled = true;
                    self.last_troubles.push(format!("{}: {fault}; {}", terminal::clean(&node.name), fault.kind.remedy()));
                }
                NodeState::Late(_) => {
                    self.troubled = true;
                    self.last_troubles.push(format!("{}: no sample in time", terminal::clean(&node.name)));
                }
                NodeState::Connecting(_) | NodeState::Waiting => {}
            }
            self.troubled |= node.last.as_ref().is_some_and(|head| !head.dump.problems.is_empty());
        }
    }

    /// The exit status: 0, 1 nothing collected, 3 something failed.
    pub fn status(&self) -> u8 {
        if self.closed {
            return 0;
        }
        match (self.collected, self.troubled) {
            (false, _) => 1,
            (true, true) => 3,
            (true, false) => 0,
        }
    }
}

/// Whether rows without activity are written too: a recording of one moment has no interval.
pub fn shows_all(snapshot: &Snapshot) -> bool {
    snapshot.file_systems.iter().all(|view| view.lifetime) && snapshot.number == 1
}

/// As many rows as asked for.
pub fn most(settings: &Settings) -> usize {
    settings.top.unwrap_or(usize::MAX)
}
