//! What runs a node: its command line, and how its disks are stalled from outside.

use crate::image::Root;
use crate::kernel;
use crate::place::Place;
use crate::plan::{Disk, Engine, Series};
use std::ffi::OsString;
use std::path::PathBuf;

pub mod qemu;
pub mod uml;

impl Engine {
    /// What the node calls its disk number `index`.
    fn device(self, index: usize) -> String {
        let letter = char::from(b'a' + u8::try_from(index % 16).unwrap_or(0));
        match self {
            Engine::Uml => format!("ubd{letter}"),
            Engine::Qemu => format!("vd{letter}"),
        }
    }
}

/// All that decides how a node is started.
#[derive(Debug)]
pub struct Machine<'l> {
    /// Engine.
    pub engine: Engine,
    /// Memory, MiB.
    pub memory: u64,
    /// Its kernel's directory in the cache.
    pub kernel: PathBuf,
    /// The root image.
    pub root: Root,
    /// The shared disks.
    pub disks: &'l [Disk],
    /// Where the lab keeps its files.
    pub place: &'l Place,
}

impl<'l> Machine<'l> {
    /// The machine of a lab whose parts are in the cache.
    pub fn of(engine: Engine, series: Series, memory: u64, disks: &'l [Disk], place: &'l Place) -> anyhow::Result<Machine<'l>> {
        Ok(Machine { engine, memory, kernel: kernel::find(engine, series)?, root: Root::find()?, disks, place })
    }

    /// What its nodes call the device below the shared disk `name`.
    pub fn device(&self, name: &str) -> Option<String> {
        self.disks.iter().position(|disk| disk.name == name).map(|index| self.engine.device(index + 2))
    }

    /// The files of its disks in order: root and modules (both read-only), then the shared ones.
    fn files(&self) -> Vec<(PathBuf, bool)> {
        let shared = self.disks.iter().map(|disk| (self.place.disk(&disk.name), false));
        [(self.root.image.clone(), true), (kernel::modules(&self.kernel), true)].into_iter().chain(shared).collect()
    }

    /// What `lab-start` reads from the kernel's command line.
    fn parameters(&self, node: u8) -> [String; 3] {
        let disks: Vec<String> =
            self.disks.iter().enumerate().map(|(index, disk)| format!("{}:{}", disk.name, self.engine.device(index + 2))).collect();
        [format!("lab.node={node}"), format!("lab.modules={}", self.engine.device(1)), format!("lab.disks={}", disks.join(","))]
    }

    /// The program and arguments that run node `node`, its console on stdout.
    pub fn command_line(&self, node: u8) -> anyhow::Result<Vec<OsString>> {
        match self.engine {
            Engine::Uml => uml::command_line(self, node),
            Engine::Qemu => Ok(qemu::command_line(self, node)),
        }
    }
}
