//! The machine itself.

use super::{Entry, Kernel, Look};
use crate::place::Place;
use crate::program::{Answer, answer_of};
use collect::node::dump::ReadSizes;
use rustix::mount::{MountFlags, UnmountFlags};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// How long modprobe may take: loading may wait for the disk, and for other modprobes.
const MODPROBE_DEADLINE: Duration = Duration::from_secs(60);
/// How long a process has to end after each signal.
const ENDING: Duration = Duration::from_secs(5);

/// The machine whose files lie at a [`Place`].
#[derive(Clone, Debug)]
pub struct Machine {
    place: Place,
}

impl Machine {
    /// The machine at `place`.
    pub fn new(place: &Place) -> Machine {
        Machine { place: place.clone() }
    }
}

impl Look for Machine {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        fs::read(self.place.at(path))
    }

    fn read_start(&self, path: &str, most: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        fs::File::open(self.place.at(path))?.take(most as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn read_spread(&self, path: &str, most: usize) -> io::Result<Vec<u8>> {
        let mut sizes = ReadSizes::new(true);
        let mut file = fs::File::open(self.place.at(path))?;
        let (mut bytes, mut buffer) = (Vec::new(), vec![0; sizes.largest()]);
        while bytes.len() < most {
            let size = sizes.next_size().min(most - bytes.len());
            match file.read(buffer.get_mut(..size).unwrap_or_default()) {
                Ok(0) => break,
                Ok(length) => bytes.extend_from_slice(buffer.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(bytes)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(self.place.at(folder))? {
            let entry = entry?;
            // From the directory itself: nothing is stat'ed.
            let folder = entry.file_type()?.is_dir();
            entries.push(Entry { name: entry.file_name().to_string_lossy().into_owned(), folder });
        }
        entries.sort();
        Ok(entries)
    }

    fn link(&self, path: &str) -> io::Result<String> {
        Ok(fs::read_link(self.place.at(path))?.to_string_lossy().into_owned())
    }

    fn host_name(&self) -> io::Result<String> {
        Ok(rustix::system::uname().nodename().to_string_lossy().into_owned())
    }
}

impl Kernel for Machine {
    fn write(&mut self, file: &str, value: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).open(self.place.at(file))?;
        let written = file.write(value.as_bytes())?;
        if written == value.len() {
            return Ok(());
        }
        // The rest would be a second value.
        Err(io::Error::new(io::ErrorKind::WriteZero, format!("the kernel took {written} of {} bytes", value.len())))
    }

    fn make_folder(&mut self, path: &str) -> io::Result<()> {
        fs::create_dir(self.place.at(path))
    }

    fn remove_folder(&mut self, path: &str) -> io::Result<()> {
        fs::remove_dir(self.place.at(path))
    }

    fn remove_file(&mut self, path: &str) -> io::Result<()> {
        fs::remove_file(self.place.at(path))
    }

    fn mount(&mut self, fs_type: &str, at: &str) -> io::Result<()> {
        rustix::mount::mount(fs_type, self.place.at(at), fs_type, MountFlags::empty(), None)?;
        Ok(())
    }

    fn unmount(&mut self, at: &str) -> io::Result<()> {
        rustix::mount::unmount(self.place.at(at), UnmountFlags::NOFOLLOW)?;
        Ok(())
    }

    fn load_module(&mut self, module: &str) -> io::Result<()> {
        modprobe(&["--", module])
    }

    fn unload_module(&mut self, module: &str) -> io::Result<()> {
        modprobe(&["-r", "--", module])
    }

    fn start_region(&mut self, folder: &str, device: &str) -> io::Result<()> {
        let device = OpenOptions::new().read(true).write(true).open(self.place.at(device))?;
        self.write(&format!("{folder}/dev"), &device.as_raw_fd().to_string())
    }

    fn run(&mut self, program: &str, arguments: &[String], deadline: Duration) -> io::Result<Answer> {
        answer_of(Command::new(program).args(arguments), deadline)
    }

    fn end_process(&mut self, pid: u32, started: u64) -> io::Result<()> {
        let gone = |look: &Machine| crate::found::start_time(look, pid) != Some(started);
        let id = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or_else(|| io::Error::other("no pid"))?;
        for signal in [Signal::TERM, Signal::KILL] {
            // The handle is taken first and the start time looked at after: from then on the handle means that process.
            let handle = match pidfd_open(id, PidfdFlags::empty()) {
                Err(rustix::io::Errno::SRCH) => return Ok(()),
                other => other?,
            };
            if gone(self) {
                return Ok(());
            }
            match pidfd_send_signal(&handle, signal) {
                Err(rustix::io::Errno::SRCH) => return Ok(()),
                other => other?,
            }
            let until = Instant::now() + ENDING;
            while Instant::now() < until {
                if gone(self) {
                    return Ok(());
                }
                thread::sleep(Duration::from_millis(50));
            }
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "still there 5 s after SIGKILL: it waits in the kernel"))
    }

    fn pause(&mut self, time: Duration) {
        thread::sleep(time);
    }
}

fn modprobe(arguments: &[&str]) -> io::Result<()> {
    let answer = answer_of(Command::new("/sbin/modprobe").args(arguments), MODPROBE_DEADLINE)?;
    if answer.is_ok() {
        return Ok(());
    }
    Err(io::Error::other(answer.complaint()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_is_one_write_to_a_file_that_exists() {
        let folder = tempfile::tempdir().unwrap();
        let mut machine = Machine::new(&Place::under(folder.path(), None));
        assert_eq!(machine.write("/a", "1").unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::write(folder.path().join("a"), "").unwrap();
        machine.write("/a", "31").unwrap();
        assert_eq!(machine.read("/a").unwrap(), b"31");
        machine.make_folder("/b").unwrap();
        let names: Vec<_> = machine.list("/").unwrap().into_iter().map(|entry| (entry.name, entry.folder)).collect();
        assert_eq!(names, [("a".to_owned(), false), ("b".to_owned(), true)]);
        machine.remove_folder("/b").unwrap();
        machine.remove_file("/a").unwrap();
        assert!(machine.list("/").unwrap().is_empty());
    }

    #[test]
    fn reads_of_any_size_give_the_whole_file_or_its_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let text: Vec<u8> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
        fs::write(folder.path().join("a"), &text).unwrap();
        let machine = Machine::new(&Place::under(folder.path(), None));
        assert_eq!(machine.read_spread("/a", usize::MAX).unwrap(), text);
        assert_eq!(machine.read_spread("/a", 10_001).unwrap(), text[..10_001]);
    }

    #[test]
    fn only_the_process_that_was_meant_is_ended() {
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        let mut machine = Machine::new(&Place::new(None));
        let started = crate::found::start_time(&machine, child.id()).unwrap();
        // Another start time: another process had this pid; nothing is sent.
        machine.end_process(child.id(), started + 1).unwrap();
        assert!(child.try_wait().unwrap().is_none());
        let pid = child.id();
        let waiting = thread::spawn(move || child.wait().unwrap());
        machine.end_process(pid, started).unwrap();
        assert!(!waiting.join().unwrap().success());
    }
}
