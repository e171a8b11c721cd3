//! A recording as one tar file, as it is or compressed: zstd (ours), bzip2 (`gfs2_lockcapture`), xz (sos). Its frames may stand in any order, so it is read whole; only the files that
//! are needed are kept.

use super::files::{Content, Frames, RecordedFiles};
use super::layout::{is_needed, place};
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};

/// No single file of a recording is larger: a dump of ten million locks.
const MOST_FILE: u64 = 4 << 30;
/// What a zstd file starts with.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// What a bzip2 file starts with.
const BZIP2_MAGIC: &[u8] = b"BZh";
/// What an xz file starts with.
const XZ_MAGIC: &[u8] = b"\xfd7zXZ\0";
/// What a gzip file starts with.
const GZIP_MAGIC: &[u8] = b"\x1f\x8b";
/// zstd frames made with long-distance matching have windows of up to 2^31.
const WINDOW_LOG: u32 = 31;

/// Reads an archive; told by its first bytes whether it is compressed.
pub fn read(input: impl Read) -> io::Result<Frames> {
    let mut input = BufReader::with_capacity(1 << 16, input);
    let start = input.fill_buf()?;
    if start.starts_with(&ZSTD_MAGIC) {
        let mut decoder = zstd::stream::Decoder::with_buffer(input)?;
        decoder.window_log_max(WINDOW_LOG)?;
        read_tar(decoder)
    } else if start.starts_with(BZIP2_MAGIC) {
        // Several streams, one after the other, are what parallel compressors write.
        read_tar(bzip2::bufread::MultiBzDecoder::new(input))
    } else if start.starts_with(XZ_MAGIC) {
        read_tar(lzma_rust2::XzReader::new(input, true))
    } else if start.starts_with(GZIP_MAGIC) {
        let what = "compressed with gzip: unpack it first (gunzip FILE) and name the tar file, or the folder (tar -xf FILE)";
        Err(io::Error::new(io::ErrorKind::Unsupported, what))
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
        let Some(place) = place(&path).filter(|place| is_needed(&place.file)) else { continue };
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
