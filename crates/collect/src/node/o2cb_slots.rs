//! The slots of heartbeat regions, read from their devices: a thread and a child per region, so that a device that does not answer
//! costs its own answer. How long it has not answered is told: that is a sign of what the heartbeat itself suffers.

use super::clock;
use super::files::NodeFiles;
use crate::device::{ReadProblem, Reader};
use formats::o2hb::Block;
use formats::ocfs2_disk::Storage as _;
use sample::o2cb::{Reading, Slots};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How long all devices together are waited for in a round; later answers are taken in the next.
const PATIENCE: Duration = Duration::from_millis(700);
/// As long as a child may take: for ever, nearly. It hangs with its device, and its answer still counts.
const ANSWER: Duration = Duration::from_secs(7 * 24 * 3600);
/// All slots are read so often, in rounds; between, those that a configured or living node has. So a node that nobody knows is found.
const ALL_EVERY: u32 = 15;
/// Slots of a region at most.
const MOST_SLOTS: u16 = 255;

/// How a region's device is opened.
#[derive(Clone, Debug)]
pub enum DeviceAt {
    /// A device of this machine: by a child.
    Machine(PathBuf),
    /// A file that stands for one, which cannot hang.
    File(PathBuf),
}

impl DeviceAt {
    fn open(&self) -> Result<Reader, ReadProblem> {
        match self {
            DeviceAt::Machine(path) => Reader::in_child(path, ANSWER),
            DeviceAt::File(path) => Reader::here(path),
        }
    }
}

/// Where a region is, as configfs tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The kernel's name of the device.
    pub device: String,
    /// Bytes of a slot.
    pub block_bytes: u32,
    /// Where the slots begin, in slots.
    pub start_block: u64,
    /// How many slots.
    pub blocks: u16,
}

/// The regions' devices, by UUID.
#[derive(Debug, Default)]
pub(super) struct RegionDevices {
    devices: BTreeMap<String, RegionDevice>,
    deadline: Option<Instant>,
}

/// What a device answered.
#[derive(Debug)]
struct Answer {
    /// When, ns on the monotonic clock.
    at_ns: u64,
    /// How long it took, µs.
    took_us: u64,
    /// The bytes, or why there are none.
    bytes: Result<Vec<u8>, String>,
}

#[derive(Debug)]
struct RegionDevice {
    place: Place,
    /// Places and lengths, in bytes.
    requests: Sender<(u64, usize)>,
    answers: Receiver<Answer>,
    /// Since when an answer is awaited, and to how many slots.
    asked: Option<(Instant, u16)>,
    /// Highest slot that was ever seen in use.
    highest: u16,
    rounds: u32,
}

impl RegionDevices {
    /// Only these regions are there now: the others' devices are closed.
    pub fn keep(&mut self, uuids: &[String]) {
        self.devices.retain(|uuid, _| uuids.contains(uuid));
        self.deadline = None;
    }

    /// None is there.
    pub fn forget(&mut self) {
        self.devices.clear();
    }

    /// Asks a region's device for its slots, unless it still owes an answer. `highest`: the highest number of a node that is known.
    pub fn ask(&mut self, files: &dyn NodeFiles, uuid: &str, place: &Place, highest: u32) {
        if self.devices.get(uuid).is_none_or(|device| device.place != *place) {
            let Some(at) = files.device(&place.device) else { return };
            match RegionDevice::start(at, place.clone()) {
                Ok(device) => drop(self.devices.insert(uuid.to_owned(), device)),
                // No thread can be started: nothing is read, which the sample says.
                Err(_) => return,
            }
        }
        if let Some(device) = self.devices.get_mut(uuid) {
            device.ask(u16::try_from(highest).unwrap_or(MOST_SLOTS));
        }
        self.deadline.get_or_insert_with(|| Instant::now() + PATIENCE);
    }

    /// What came of it, waited for until the round's deadline. `None`: this region was not asked.
    pub fn answer(&mut self, uuid: &str) -> Option<Slots> {
        let left = self.deadline?.saturating_duration_since(Instant::now());
        self.devices.get_mut(uuid).map(|device| device.answer(left))
    }
}

impl RegionDevice {
    fn start(at: DeviceAt, place: Place) -> io::Result<RegionDevice> {
        let (requests, asked) = channel();
        let (sender, answers) = channel();
        std::thread::Builder::new().name("slots".to_owned()).spawn(move || serve(&at, &asked, &sender))?;
        Ok(RegionDevice { place, requests, answers, asked: None, highest: 0, rounds: 0 })
    }

    fn ask(&mut self, highest: u16) {
        if self.asked.is_some() {
            return;
        }
        let most = self.place.blocks.min(MOST_SLOTS);
        let upto = if self.rounds.is_multiple_of(ALL_EVERY) { most } else { highest.max(self.highest).saturating_add(1).min(most) };
        self.rounds = self.rounds.wrapping_add(1);
        let bytes = u64::from(self.place.block_bytes);
        // If the thread is gone, its end of the answers tells.
        let _ = self.requests.send((self.place.start_block.saturating_mul(bytes), usize::from(upto) * self.place.block_bytes as usize));
        self.asked = Some((Instant::now(), upto));
    }

    fn answer(&mut self, patience: Duration) -> Slots {
        let Some((since, upto)) = self.asked else { return Slots::NotRead };
        match self.answers.recv_timeout(patience) {
            Ok(Answer { at_ns, took_us, bytes }) => {
                self.asked = None;
                match bytes {
                    Ok(bytes) => Slots::Read(self.reading(at_ns, took_us, upto, &bytes)),
                    Err(why) => Slots::Failed(why),
                }
            }
            Err(RecvTimeoutError::Timeout) => Slots::Unanswered { for_ms: since.elapsed().as_millis() as u64 },
            Err(RecvTimeoutError::Disconnected) => Slots::Failed("the thread that reads it ended".to_owned()),
        }
    }

    fn reading(&mut self, at_ns: u64, took_us: u64, upto: u16, bytes: &[u8]) -> Reading {
        let slots = bytes.chunks_exact(self.place.block_bytes.max(1) as usize).zip(0u8..);
        let used: Vec<(u8, Block)> =
            slots.filter_map(|(bytes, slot)| Some((slot, Block::parse(bytes)?))).filter(|(_, block)| block.used()).collect();
        self.highest = self.highest.max(used.last().map_or(0, |(slot, _)| u16::from(*slot)));
        Reading { at_ns, took_us, upto, used }
    }
}

/// Answers until nobody asks any more.
fn serve(at: &DeviceAt, requests: &Receiver<(u64, usize)>, answers: &Sender<Answer>) {
    let mut reader = None;
    for (offset, length) in requests {
        let began = Instant::now();
        let opened = match reader.take() {
            Some(reader) => Ok(reader),
            None => at.open(),
        };
        let read = opened.and_then(|mut opened| {
            let bytes = opened.read(offset, length)?;
            // One that failed is opened anew next time.
            reader = Some(opened);
            Ok(bytes)
        });
        let took_us = began.elapsed().as_micros() as u64;
        let answer = Answer { at_ns: clock::now().monotonic_ns, took_us, bytes: read.map_err(|problem| problem.to_string()) };
        if answers.send(answer).is_err() {
            return;
        }
    }
}
