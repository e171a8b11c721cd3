//! A recording as one tar or tar.zst file. Its frames may stand in any order, so it is read whole; only the files that
//! are needed are kept.

use super::files::{Content, Frames, RecordedFiles};
use super::layout::{is_needed, place};
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};

/// No single file of a recording is larger: a dump of ten million locks.
const MOST_FILE: u64 = 4 << 30;
/// What a zstd file starts with.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// zstd frames made with long-distance matching have windows of up to 2^31.
const WINDOW_LOG: u32 = 31;

/// Reads an archive; told by its first bytes whether it is compressed.
pub fn read(input: impl Read) -> io::Result<Frames> {
    let mut input = BufReader::with_capacity(1 << 16, input);
    if input.fill_buf()?.starts_with(&ZSTD_MAGIC) {
        let mut decoder = zstd::stream::Decoder::with_buffer(input)?;
        decoder.window_log_max(WINDOW_LOG)?;
        read_tar(decoder)
    } else {
        read_tar(input)
    }
}

fn read_tar(input: impl Read) -> io::Result<Frames> {
    let mut files: BTreeMap<(u64, String), BTreeMap<String, Content>> = BTreeMap::new();
    for entry in tar::Archive::new(input).entries()? {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path()?.to_string_lossy().into_owned();
        let Some(place) = place(&path).filter(|place| is_needed(place.file)) else { continue };
        if entry.size() > MOST_FILE {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("{path}: larger than {} GiB", MOST_FILE >> 30)));
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        let file = format!("/{}", place.file.trim_start_matches('/'));
        files.entry((place.frame, place.node.to_owned())).or_default().insert(file, Content::new(bytes));
    }
    let mut frames = Frames::new();
    for ((frame, node), files) in files {
        frames.entry(frame).or_default().insert(node, RecordedFiles::memory(files));
    }
    Ok(frames)
}
