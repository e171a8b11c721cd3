//! The one archive of all nodes' frames: in order, compressed, and under its name only when it is whole.

use super::stream::Frame;
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use tar::{Builder, Header};
use zstd::stream::Encoder;

/// A window of 2^27 bytes holds some tens of frames; the least level at which all of it is searched well and which still
/// costs the nodes, who share the processor, little.
const LEVEL: i32 = 12;
const WINDOW_LOG: u32 = 27;

/// An archive that is being written.
pub struct Archive {
    to: PathBuf,
    unfinished: PathBuf,
    /// The folder that all is in.
    name: String,
    realtime: u64,
    tar: Option<Builder<Encoder<'static, BufWriter<File>>>>,
    /// Frames that some node has given and another has not yet.
    waiting: BTreeMap<u64, BTreeMap<u8, Frame>>,
    /// Nodes that give frames, and how many they have given.
    giving: BTreeMap<u8, u64>,
    /// Frames in the archive by node.
    written: BTreeMap<u8, u64>,
}

impl Archive {
    /// Begins one.
    pub fn begin(to: &Path, name: &str, realtime: u64, nodes: &[u8]) -> anyhow::Result<Archive> {
        let mut unfinished = to.as_os_str().to_owned();
        unfinished.push(".unfinished");
        let unfinished = PathBuf::from(unfinished);
        let file = File::create(&unfinished).with_context(|| unfinished.display().to_string())?;
        let mut encoder = Encoder::new(BufWriter::new(file), LEVEL)?;
        encoder.long_distance_matching(true)?;
        encoder.window_log(WINDOW_LOG)?;
        let nothing = || nodes.iter().map(|&node| (node, 0)).collect();
        Ok(Archive {
            to: to.to_owned(),
            unfinished,
            name: name.to_owned(),
            realtime,
            tar: Some(Builder::new(encoder)),
            waiting: BTreeMap::new(),
            giving: nothing(),
            written: nothing(),
        })
    }

    /// Adds a file beside the frames.
    pub fn file(&mut self, path: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = format!("{}/{path}", self.name);
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_mtime(self.realtime);
        header.set_size(bytes.len() as u64);
        let tar = self.tar.as_mut().context("the archive is finished")?;
        tar.append_data(&mut header, path, bytes).with_context(|| self.unfinished.display().to_string())
    }

    /// Takes a node's next frame. Returns how many frames all nodes that still give any have given.
    pub fn take(&mut self, frame: Frame) -> anyhow::Result<u64> {
        self.giving.entry(frame.node).and_modify(|given| *given = frame.seq + 1);
        self.waiting.entry(frame.seq).or_default().insert(frame.node, frame);
        self.write_complete()
    }

    /// A node gives no more frames.
    pub fn ended(&mut self, node: u8) -> anyhow::Result<()> {
        self.giving.remove(&node);
        self.write_complete()?;
        Ok(())
    }

    fn write_complete(&mut self) -> anyhow::Result<u64> {
        let complete = self.giving.values().min().copied().unwrap_or(u64::MAX);
        while let Some(entry) = self.waiting.first_entry().filter(|entry| *entry.key() < complete) {
            for frame in entry.remove().into_values() {
                for (file, bytes) in &frame.files {
                    self.file(&format!("frames/{:04}/node{}/{file}", frame.seq, frame.node), bytes)?;
                }
                *self.written.entry(frame.node).or_default() += 1;
            }
        }
        Ok(complete)
    }

    /// Frames in the archive by node.
    pub fn written(&self) -> &BTreeMap<u8, u64> {
        &self.written
    }

    /// Gives it its name. Returns its size.
    pub fn finish(mut self) -> anyhow::Result<u64> {
        let tar = self.tar.take().context("the archive is finished")?;
        let mut file = tar.into_inner()?.finish()?;
        file.flush()?;
        file.get_ref().sync_all()?;
        let size = file.get_ref().metadata()?.len();
        fs::rename(&self.unfinished, &self.to)
            .with_context(|| format!("renaming {} to {}", self.unfinished.display(), self.to.display()))?;
        Ok(size)
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        // After `finish` it has another name.
        let _ = fs::remove_file(&self.unfinished);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(seq: u64, node: u8) -> Frame {
        Frame { seq, node, files: vec![("meta".to_owned(), format!("seq {seq}\n").into_bytes())] }
    }

    #[test]
    fn frames_are_in_order_whoever_is_slow_or_lost() {
        let to = std::env::temp_dir().join(format!("lab-archive-{}.tar.zst", std::process::id()));
        let mut archive = Archive::begin(&to, "x", 7, &[1, 2]).unwrap();
        assert_eq!(archive.take(frame(0, 2)).unwrap(), 0);
        assert_eq!(archive.take(frame(1, 2)).unwrap(), 0);
        assert_eq!(archive.take(frame(0, 1)).unwrap(), 1);
        archive.ended(1).unwrap();
        archive.take(frame(2, 2)).unwrap();
        archive.ended(2).unwrap();
        archive.file("README", b"about\n").unwrap();
        assert_eq!(archive.written(), &BTreeMap::from([(1, 1), (2, 3)]));
        assert!(!to.exists());
        let size = archive.finish().unwrap();
        let file = File::open(&to).unwrap();
        assert_eq!(file.metadata().unwrap().len(), size);
        let mut tar = tar::Archive::new(zstd::stream::Decoder::new(file).unwrap());
        let paths: Vec<String> =
            tar.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().to_string_lossy().into_owned()).collect();
        let expected = ["frames/0000/node1/meta", "frames/0000/node2/meta", "frames/0001/node2/meta", "frames/0002/node2/meta", "README"];
        assert_eq!(paths, expected.map(|path| format!("x/{path}")));
        fs::remove_file(&to).unwrap();
    }

    #[test]
    fn one_that_is_given_up_leaves_nothing() {
        let to = std::env::temp_dir().join(format!("lab-archive-given-up-{}.tar.zst", std::process::id()));
        let archive = Archive::begin(&to, "x", 7, &[1]).unwrap();
        let unfinished = archive.unfinished.clone();
        assert!(unfinished.exists());
        drop(archive);
        assert!(!unfinished.exists() && !to.exists());
    }
}
