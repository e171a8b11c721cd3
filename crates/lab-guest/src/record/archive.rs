//! The tar that frames leave in.

use super::frame::Frame;
use std::io::{self, Write};
use std::sync::mpsc::Receiver;
use tar::{Builder, EntryType, Header};

/// Counts what goes through, until it is closed.
struct Counted<W> {
    output: W,
    bytes: u64,
    is_closed: bool,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_closed {
            return Ok(bytes.len());
        }
        let written = self.output.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// Writes frames as they come, until there are no more; how many bytes it was. Without the end mark, several such streams
/// after each other are one tar.
pub fn write(output: impl Write, frames: &Receiver<Frame>, with_end: bool) -> io::Result<u64> {
    let mut archive = Builder::new(Counted { output, bytes: 0, is_closed: false });
    for frame in frames {
        for (path, bytes) in &frame.files {
            let mut header = Header::new_gnu();
            header.set_entry_type(EntryType::Regular);
            header.set_mode(0o644);
            header.set_mtime(frame.realtime);
            header.set_size(bytes.len() as u64);
            let name = format!("frames/{:04}/{}/{}", frame.seq, frame.node, path.trim_start_matches('/'));
            archive.append_data(&mut header, name, bytes.as_slice())?;
        }
        archive.get_mut().flush()?;
    }
    archive.get_mut().is_closed = !with_end;
    let mut counted = archive.into_inner()?;
    counted.flush()?;
    Ok(counted.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn long_paths_and_bytes_as_they_are() {
        let path = format!("/sys/kernel/debug/ocfs2/{}/locking_state", "A".repeat(120));
        let files = vec![(path.clone(), vec![0, 255, b'\n']), ("/meta".to_owned(), b"seq 7\n".to_vec())];
        let tar_of = |node: &str, with_end| {
            let (sender, frames) = std::sync::mpsc::channel();
            sender.send(Frame { seq: 7, node: node.into(), realtime: 1, late: 0.0, files: files.clone() }).unwrap();
            drop(sender);
            let mut tar = Vec::new();
            assert_eq!(write(&mut tar, &frames, with_end).unwrap(), tar.len() as u64);
            tar
        };
        // Joined, as the lab joins the nodes' streams.
        let joined = [tar_of("node1", false), tar_of("node2", true)].concat();
        let mut archive = tar::Archive::new(joined.as_slice());
        let entries: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let mut entry = entry.unwrap();
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).unwrap();
                (entry.path().unwrap().to_string_lossy().into_owned(), bytes)
            })
            .collect();
        assert_eq!(entries[0], (format!("frames/0007/node1{path}"), vec![0, 255, b'\n']));
        assert_eq!(entries[1], ("frames/0007/node1/meta".to_owned(), b"seq 7\n".to_vec()));
        assert_eq!((entries.len(), entries[3].0.as_str()), (4, "frames/0007/node2/meta"));
    }
}
