//! The story of the manuals: a file is copied in on one node, read on another, deleted on a third.

use super::files;
use super::tally::ms;
use crate::event;
use crate::random::Random;
use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What to copy in.
#[derive(Args)]
pub struct CopyOptions {
    /// Directory; made if it is not there.
    directory: PathBuf,
    /// How many bytes.
    #[arg(long, default_value_t = 10 << 20)]
    bytes: u64,
    /// Name in the directory; what is there is overwritten.
    #[arg(long, default_value = "article")]
    name: String,
}

/// What to read.
#[derive(Args)]
pub struct ReadOptions {
    /// File.
    file: PathBuf,
}

/// What to delete.
#[derive(Args)]
pub struct DeleteOptions {
    /// File.
    file: PathBuf,
}

/// Bytes per read and write.
const BLOCK: usize = 64 << 10;

/// FNV-1a of 64 bits: tells whether two nodes saw the same bytes.
struct Checksum(u64);

impl Checksum {
    fn new() -> Checksum {
        Checksum(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |sum, &byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    }

    fn text(&self) -> String {
        format!("{:016x}", self.0)
    }
}

fn done(work: &str, path: &Path, inode: u64, bytes: u64, checksum: Option<&Checksum>, since: Instant) -> anyhow::Result<()> {
    let took = ms(since.elapsed());
    let checksum = checksum.map(Checksum::text);
    let fields = json!({ "work": work, "path": path, "inode": inode, "bytes": bytes, "checksum": checksum, "ms": took });
    Ok(event::emit("done", &fields)?)
}

/// Copies it in.
pub fn copy(options: &CopyOptions) -> anyhow::Result<()> {
    files::make_directory(&options.directory)?;
    let path = options.directory.join(&options.name);
    let since = Instant::now();
    let mut file = File::create(&path).with_context(|| path.display().to_string())?;
    let (mut random, mut checksum) = (Random::of_this_process(), Checksum::new());
    let mut block = vec![0; BLOCK];
    let mut left = options.bytes;
    while left > 0 {
        let bytes = block.get_mut(..left.min(BLOCK as u64) as usize).unwrap_or_default();
        random.fill(bytes);
        checksum.add(bytes);
        file.write_all(bytes).with_context(|| path.display().to_string())?;
        left -= bytes.len() as u64;
    }
    let inode = file.metadata()?.ino();
    drop(file);
    done("copy", &path, inode, options.bytes, Some(&checksum), since)
}

/// Reads it.
pub fn read(options: &ReadOptions) -> anyhow::Result<()> {
    let path = &options.file;
    let since = Instant::now();
    let mut file = File::open(path).with_context(|| path.display().to_string())?;
    let inode = file.metadata()?.ino();
    let mut checksum = Checksum::new();
    let mut block = vec![0; BLOCK];
    let mut bytes = 0;
    loop {
        let got = file.read(&mut block).with_context(|| path.display().to_string())?;
        if got == 0 {
            break;
        }
        checksum.add(block.get(..got).unwrap_or_default());
        bytes += got as u64;
    }
    done("read", path, inode, bytes, Some(&checksum), since)
}

/// Deletes it.
pub fn delete(options: &DeleteOptions) -> anyhow::Result<()> {
    let path = &options.file;
    let since = Instant::now();
    let metadata = std::fs::symlink_metadata(path).with_context(|| path.display().to_string())?;
    std::fs::remove_file(path).with_context(|| path.display().to_string())?;
    done("delete", path, metadata.ino(), metadata.len(), None, since)
}
