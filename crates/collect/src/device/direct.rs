//! A device or an image, opened to be read and for nothing else.

use formats::ocfs2_disk::Storage;
use rustix::fs::{Advice, FileType, Mode, OFlags};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// Reads past the page cache must start and end at multiples of the sector, and so must their buffers; no sector is longer.
const ALIGNMENT: usize = 4096;
/// The sector of what has none of its own: an image.
const IMAGE_SECTOR: u32 = 512;

/// What a device says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Major and minor number; `None` for an image.
    pub number: Option<(u32, u32)>,
    /// Size in bytes.
    pub size: u64,
    /// Logical sector in bytes.
    pub sector: u32,
    /// Whether reads pass by the page cache, so that what other machines write is seen.
    pub direct: bool,
}

/// An open device.
#[derive(Debug)]
pub struct Device {
    file: File,
    facts: Facts,
}

impl Device {
    /// Opens a block device or an image file at `path`. A device number that the kernel does not know is not opened: that would make
    /// the kernel look for a module.
    pub fn open(path: &Path) -> io::Result<Device> {
        let stat = rustix::fs::stat(path)?;
        let number = match FileType::from_raw_mode(stat.st_mode) {
            FileType::BlockDevice => {
                let (major, minor) = (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev));
                if !known(major, minor) {
                    return Err(io::Error::new(io::ErrorKind::NotFound, format!("the kernel has no device {major}:{minor}")));
                }
                Some((major, minor))
            }
            FileType::RegularFile => None,
            _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, "neither a block device nor an image")),
        };
        // Without O_NONBLOCK, opening an empty drive may close its tray.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let (file, direct) = match rustix::fs::open(path, flags | OFlags::DIRECT, Mode::empty()) {
            Ok(file) => (file, true),
            // The file system of an image may know no O_DIRECT.
            Err(rustix::io::Errno::INVAL) => (rustix::fs::open(path, flags, Mode::empty())?, false),
            Err(error) => return Err(error.into()),
        };
        let file = File::from(file);
        let size = rustix::fs::seek(&file, rustix::fs::SeekFrom::End(0))?;
        let sector = if number.is_some() { rustix::fs::ioctl_blksszget(&file)? } else { IMAGE_SECTOR };
        Ok(Device { file, facts: Facts { number, size, sector, direct } })
    }

    /// What it says of itself.
    pub fn facts(&self) -> Facts {
        self.facts
    }

    fn read_aligned(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let end = || io::Error::new(io::ErrorKind::UnexpectedEof, "beyond the end of the device");
        let past = offset.checked_add(length as u64).filter(|past| *past <= self.facts.size).ok_or_else(end)?;
        let start = offset - offset % ALIGNMENT as u64;
        let whole = (past - start).next_multiple_of(ALIGNMENT as u64) as usize;
        let mut room = vec![0; whole + ALIGNMENT];
        let skew = room.as_ptr().align_offset(ALIGNMENT);
        let buffer = room.get_mut(skew..).and_then(|rest| rest.get_mut(..whole)).ok_or_else(end)?;
        let wanted = (offset - start) as usize..(past - start) as usize;
        let mut filled = 0;
        while filled < wanted.end {
            let place = buffer.get_mut(filled..).ok_or_else(end)?;
            match self.file.read_at(place, start + filled as u64) {
                Ok(0) => return Err(end()),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        buffer.get(wanted).map(<[u8]>::to_vec).ok_or_else(end)
    }
}

/// Whether the kernel has a block device of that number.
fn known(major: u32, minor: u32) -> bool {
    let folder = PathBuf::from("/sys/dev/block");
    // Where sysfs is not mounted, the node alone must do.
    !folder.exists() || folder.join(format!("{major}:{minor}")).exists()
}

impl Storage for Device {
    type Error = io::Error;

    fn read(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        if !self.facts.direct {
            // What the page cache holds may be older than the disk; if it cannot be dropped, it is read all the same.
            let _ = rustix::fs::fadvise(&self.file, 0, None, Advice::DontNeed);
        }
        self.read_aligned(offset, length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn any_bytes_of_an_image_are_read() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let image: Vec<u8> = (0..20_001u32).map(|n| (n / 7) as u8).collect();
        file.write_all(&image).unwrap();
        let mut device = Device::open(file.path()).unwrap();
        assert_eq!((device.facts().number, device.facts().size, device.facts().sector), (None, 20_001, 512));
        for (offset, length) in [(0, 512), (1024, 512), (4095, 2), (5000, 9000), (20_000, 1), (20_001, 0)] {
            assert_eq!(device.read(offset as u64, length).unwrap(), image[offset..offset + length], "{offset} {length}");
        }
        assert_eq!(device.read(20_000, 2).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(device.read(u64::MAX, 2).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn what_is_no_device_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Device::open(folder.path()).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(Device::open(Path::new("/dev/null")).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(Device::open(&folder.path().join("gone")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
