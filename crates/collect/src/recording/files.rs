//! The files of one node in one frame, from a folder or from an archive held in memory.

use super::foreign::host_information;
use super::meta::Meta;
use crate::node::files::{Dump, NodeFiles, RootFiles};
use crate::node::task_reader;
use sample::task::TaskRequest;
use sample::{NodeClock, TasksSample};
use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};

/// Recorded files by frame and node.
pub type Frames = BTreeMap<u64, BTreeMap<String, RecordedFiles>>;

/// A recorded node in one frame.
pub struct RecordedFiles {
    store: Store,
    meta: Meta,
    has_meta: bool,
}

enum Store {
    Folder(RootFiles),
    Memory(BTreeMap<String, Content>),
}

/// A file held in memory; large ones compressed, since an hour of dumps is gigabytes of text.
pub enum Content {
    /// As it is.
    Plain(Vec<u8>),
    /// Compressed with zstd.
    Packed(Vec<u8>),
    /// In a file that lies elsewhere than on its node.
    File(std::path::PathBuf),
}

/// Files from this size on are held compressed.
const PACK_FROM: usize = 32 << 10;
const META: &str = "/meta";
const HOST_INFORMATION: &str = "/hostinformation.txt";
const MOST_META: usize = 4 << 20;

impl Content {
    /// Holds `bytes`.
    pub fn new(bytes: Vec<u8>) -> Content {
        if bytes.len() < PACK_FROM {
            return Content::Plain(bytes);
        }
        zstd::bulk::compress(&bytes, 1).map_or(Content::Plain(bytes), Content::Packed)
    }

    fn reader(&self) -> io::Result<Box<dyn Read>> {
        Ok(match self {
            Content::Plain(bytes) => Box::new(Cursor::new(bytes.clone())),
            Content::Packed(bytes) => Box::new(zstd::stream::Decoder::new(Cursor::new(bytes.clone()))?),
            Content::File(path) => Box::new(std::fs::File::open(path)?),
        })
    }
}

impl RecordedFiles {
    /// A node's folder.
    pub fn folder(root: std::path::PathBuf) -> RecordedFiles {
        RecordedFiles::new(Store::Folder(RootFiles::capture(root)))
    }

    /// A node's files by path, as they came out of an archive.
    pub fn memory(files: BTreeMap<String, Content>) -> RecordedFiles {
        RecordedFiles::new(Store::Memory(files))
    }

    fn new(store: Store) -> RecordedFiles {
        let mut files = RecordedFiles { store, meta: Meta::default(), has_meta: false };
        files.read_meta();
        files
    }

    fn read_meta(&mut self) {
        if let Ok(text) = self.read(META, MOST_META) {
            (self.meta, self.has_meta) = (Meta::parse(&String::from_utf8_lossy(&text)), true);
        } else if let Ok(text) = self.read(HOST_INFORMATION, MOST_META) {
            self.meta = host_information(&String::from_utf8_lossy(&text));
            self.has_meta = self.meta.due_us.is_some();
        }
    }

    /// Adds a file; in a folder nothing can be added.
    pub fn insert(&mut self, path: String, content: Content) {
        let tells = path == META || path == HOST_INFORMATION;
        if let Store::Memory(files) = &mut self.store {
            files.insert(path, content);
        }
        if tells {
            self.read_meta();
        }
    }

    /// Takes in what another recording has of the same node in the same frame.
    pub fn merge(&mut self, other: RecordedFiles) {
        if let Store::Memory(files) = other.store {
            for (path, content) in files {
                self.insert(path, content);
            }
        }
    }

    /// What the frame tells of itself.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Read>> {
        match &self.store {
            Store::Folder(files) => files.dumps(path)?.pop().map(|dump| dump.reader).ok_or_else(|| io::ErrorKind::NotFound.into()),
            Store::Memory(files) => files.get(path).ok_or_else(|| io::Error::from_raw_os_error(ENOENT))?.reader(),
        }
    }
}

const ENOENT: i32 = rustix::io::Errno::NOENT.raw_os_error();

impl NodeFiles for RecordedFiles {
    fn read(&self, path: &str, limit: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(path)?.take(limit as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        match &self.store {
            Store::Folder(files) => files.list(path),
            Store::Memory(files) => {
                let prefix = format!("{path}/");
                let below = files.range(prefix.clone()..).map(|(path, _)| path).take_while(|path| path.starts_with(&prefix));
                let mut names: Vec<String> =
                    below.filter_map(|path| path.get(prefix.len()..)?.split('/').next().map(str::to_owned)).collect();
                names.dedup();
                if names.is_empty() { Err(io::Error::from_raw_os_error(ENOENT)) } else { Ok(names) }
            }
        }
    }

    fn dumps(&self, path: &str) -> io::Result<Vec<Dump>> {
        let mut dumps = Vec::new();
        for path in [path.to_owned(), format!("{path}.rnd")] {
            let reader = match self.open(&path) {
                Ok(reader) => reader,
                Err(error) if dumps.is_empty() => return Err(error),
                Err(_) => break,
            };
            let clock = if self.has_meta { self.meta.clock_at(&path) } else { NodeClock::default() };
            dumps.push(Dump {
                reader,
                identity: None,
                recorded_reads: self.meta.files.get(&path).map(|&(reads, _)| reads),
                recorded_clock: Some(clock),
                recorded_wall_us: self.meta.durations.get(&path).copied(),
                live: false,
            });
        }
        Ok(dumps)
    }

    fn can_repeat(&self) -> bool {
        false
    }

    fn tasks(&self, request: &TaskRequest) -> TasksSample {
        task_reader::look(self, request)
    }
}
