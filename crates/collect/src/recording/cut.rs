//! Cuts a recording down to what the collector reads, as one small archive with its frames in order.

use super::layout::{is_needed, place};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};

/// Reads an archive (tar or tar.zst), keeps the needed files of frames `first` to `last`, and writes a tar.zst.
pub fn cut(input: impl Read, output: impl Write, first: u64, last: u64) -> io::Result<()> {
    let mut kept: BTreeMap<(u64, String, String), Vec<u8>> = BTreeMap::new();
    let mut decoder = zstd::stream::Decoder::new(input)?;
    decoder.window_log_max(31)?;
    for entry in tar::Archive::new(decoder).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.to_string_lossy().into_owned();
        let Some(place) = place(&path).filter(|place| is_needed(&place.file) && (first..=last).contains(&place.frame)) else { continue };
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        // One file after the other over all frames: each is nearly the one before it, which a long window makes cheap.
        kept.insert((place.frame, place.node.to_owned(), place.file.trim_start_matches('/').to_owned()), bytes);
    }
    let mut encoder = zstd::stream::Encoder::new(output, 19)?;
    encoder.long_distance_matching(true)?;
    encoder.window_log(27)?;
    let mut archive = tar::Builder::new(encoder);
    for ((frame, node, file), bytes) in kept {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, format!("frames/{frame:04}/{node}/{file}"), bytes.as_slice())?;
    }
    archive.into_inner()?.finish()?.flush()
}
