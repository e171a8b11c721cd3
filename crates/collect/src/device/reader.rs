//! Reads a device through a child with a deadline, so that a dead device costs its own line and not the program.

use super::direct::{Device, Facts};
use super::serve::parse_facts;
use formats::ocfs2_disk::Storage;
use rustix::event::{PollFd, PollFlags, Timespec};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a child that was told to end is waited for; one that hangs in the kernel is left behind.
const FAREWELL: Duration = Duration::from_millis(50);
/// The longest line of an answer.
const LINE: usize = 4096;

/// Why a device was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadProblem {
    /// What the kernel says.
    #[error("{0}")]
    Refused(String),
    /// The same, for want of permission: root may read it.
    #[error("{0}")]
    Denied(String),
    /// No answer in time.
    #[error("no answer within {} s; the device hangs", .0.as_secs_f32())]
    Deadline(Duration),
    /// The child that read it is gone, or says what it should not.
    #[error("the child that read it ended: {0}")]
    Child(String),
}

/// A device that is read.
#[derive(Debug)]
pub struct Reader {
    way: Way,
    facts: Facts,
}

#[derive(Debug)]
enum Way {
    /// By this program itself: what is no device of this machine cannot hang.
    Here(Device),
    Child(ReaderChild),
}

#[derive(Debug)]
struct ReaderChild {
    child: Child,
    /// `None` once it is told to end.
    requests: Option<ChildStdin>,
    answers: ChildStdout,
    /// How long one answer may take.
    patience: Duration,
    /// It hung, or broke the protocol: no later answer can be trusted.
    lost: Option<ReadProblem>,
}

impl Reader {
    /// Opens the device at `path` in a child; each answer may take `patience`. The child is this program, which must know the
    /// hidden verb `collect --device PATH` ([`super::serve`]).
    pub fn in_child(path: &Path, patience: Duration) -> Result<Reader, ReadProblem> {
        let mut command = Command::new("/proc/self/exe");
        command.args(["collect", "--device"]).arg(path);
        Reader::through(command, patience)
    }

    /// Opens what cannot hang: an image, or a file that stands for a device.
    pub fn here(path: &Path) -> Result<Reader, ReadProblem> {
        let device = Device::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => ReadProblem::Denied(error.to_string()),
            _ => ReadProblem::Refused(error.to_string()),
        })?;
        Ok(Reader { facts: device.facts(), way: Way::Here(device) })
    }

    fn through(mut command: Command, patience: Duration) -> Result<Reader, ReadProblem> {
        // Nothing of the child's may keep our own output open.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| ReadProblem::Child(error.to_string()))?;
        let (requests, answers) = (child.stdin.take(), child.stdout.take());
        let answers = answers.ok_or_else(|| ReadProblem::Child("no pipe".to_owned()))?;
        let mut child = ReaderChild { child, requests, answers, patience, lost: None };
        let line = child.answer(Instant::now() + patience)?;
        let facts = parse_facts(&line).ok_or_else(|| ReadProblem::Child(format!("it said '{line}'")))?;
        Ok(Reader { way: Way::Child(child), facts })
    }

    /// What the device says of itself.
    pub fn facts(&self) -> Facts {
        self.facts
    }
}

impl Storage for Reader {
    type Error = ReadProblem;

    fn read(&mut self, offset: u64, length: usize) -> Result<Vec<u8>, ReadProblem> {
        match &mut self.way {
            Way::Here(device) => device.read(offset, length).map_err(|error| ReadProblem::Refused(error.to_string())),
            Way::Child(child) => child.read(offset, length),
        }
    }
}

impl ReaderChild {
    fn read(&mut self, offset: u64, length: usize) -> Result<Vec<u8>, ReadProblem> {
        if let Some(problem) = &self.lost {
            return Err(problem.clone());
        }
        let answer = self.ask(offset, length);
        if let Err(problem @ (ReadProblem::Deadline(_) | ReadProblem::Child(_))) = &answer {
            self.lost = Some(problem.clone());
        }
        answer
    }

    fn ask(&mut self, offset: u64, length: usize) -> Result<Vec<u8>, ReadProblem> {
        let deadline = Instant::now() + self.patience;
        let broken = |error: io::Error| ReadProblem::Child(error.to_string());
        let requests = self.requests.as_mut().ok_or_else(|| ReadProblem::Child("it was told to".to_owned()))?;
        writeln!(requests, "{offset} {length}").map_err(broken)?;
        let line = self.answer(deadline)?;
        if line.parse() != Ok(length) {
            return Err(ReadProblem::Child(format!("it said '{line}'")));
        }
        let mut bytes = vec![0; length];
        self.fill(&mut bytes, deadline)?;
        Ok(bytes)
    }

    /// What follows `ok` in the next line.
    fn answer(&mut self, deadline: Instant) -> Result<String, ReadProblem> {
        let mut line = Vec::new();
        loop {
            let mut byte = [0];
            self.fill(&mut byte, deadline)?;
            match byte {
                [b'\n'] => break,
                _ if line.len() == LINE => return Err(ReadProblem::Child("its line does not end".to_owned())),
                [byte] => line.push(byte),
            }
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        match line.split_once(' ') {
            Some(("ok", rest)) => Ok(rest.to_owned()),
            Some(("error", why)) => Err(ReadProblem::Refused(why.to_owned())),
            Some(("denied", why)) => Err(ReadProblem::Denied(why.to_owned())),
            _ => Err(ReadProblem::Child(format!("it said '{line}'"))),
        }
    }

    fn fill(&mut self, mut place: &mut [u8], deadline: Instant) -> Result<(), ReadProblem> {
        while !place.is_empty() {
            self.wait(deadline)?;
            match self.answers.read(place) {
                Ok(0) => return Err(ReadProblem::Child("without a word".to_owned())),
                Ok(count) => place = place.get_mut(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ReadProblem::Child(error.to_string())),
            }
        }
        Ok(())
    }

    /// Until there is something to read.
    fn wait(&mut self, deadline: Instant) -> Result<(), ReadProblem> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = Timespec::try_from(left).map_err(|_| ReadProblem::Deadline(self.patience))?;
            let mut polled = [PollFd::new(&self.answers, PollFlags::IN)];
            match rustix::event::poll(&mut polled, Some(&left)) {
                Ok(0) => return Err(ReadProblem::Deadline(self.patience)),
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(ReadProblem::Child(error.to_string())),
            }
        }
    }

    fn gone_within(&mut self, time: Duration) -> bool {
        let until = Instant::now() + time;
        loop {
            match self.child.try_wait() {
                Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(1)),
                Ok(None) => return false,
                Ok(Some(_)) | Err(_) => return true,
            }
        }
    }
}

impl Drop for ReaderChild {
    fn drop(&mut self) {
        // Without requests it ends by itself.
        self.requests = None;
        if self.lost.is_none() && self.gone_within(FAREWELL) {
            return;
        }
        // One that hangs in the kernel dies when its device answers; it is not waited for.
        let _ = self.child.kill();
        self.gone_within(FAREWELL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn child(script: &str, patience: Duration) -> Result<Reader, ReadProblem> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Reader::through(command, patience)
    }

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(200);

    #[test]
    fn bytes_come_through_the_pipe() {
        let mut reader =
            child("echo 'ok 8:1 4096 512 direct'; read r; printf 'ok 3\\nabc'; read r; echo 'error Input/output error'; read r", LONG)
                .unwrap();
        assert_eq!(reader.facts().number, Some((8, 1)));
        assert_eq!(reader.read(0, 3).unwrap(), b"abc");
        assert_eq!(reader.read(0, 3), Err(ReadProblem::Refused("Input/output error".to_owned())));
    }

    #[test]
    fn a_device_that_hangs_is_given_up_and_asked_no_more() {
        // It hangs at once, and after its first words.
        assert_eq!(child("exec sleep 600", SHORT).unwrap_err(), ReadProblem::Deadline(SHORT));
        let mut reader = child("echo 'ok 8:1 4096 512 direct'; exec sleep 600", SHORT).unwrap();
        assert_eq!(reader.read(0, 3), Err(ReadProblem::Deadline(SHORT)));
        let again = Instant::now();
        assert_eq!(reader.read(0, 3), Err(ReadProblem::Deadline(SHORT)));
        assert!(again.elapsed() < SHORT);
    }

    #[test]
    fn a_child_that_says_nonsense_or_dies_is_told() {
        assert_eq!(child("exit 3", LONG).unwrap_err(), ReadProblem::Child("without a word".to_owned()));
        assert_eq!(child("echo hello", LONG).unwrap_err(), ReadProblem::Child("it said 'hello'".to_owned()));
        assert_eq!(child("echo error Permission denied", LONG).unwrap_err(), ReadProblem::Refused("Permission denied".to_owned()));
        assert_eq!(child("echo denied Keine Berechtigung", LONG).unwrap_err(), ReadProblem::Denied("Keine Berechtigung".to_owned()));
        let mut reader = child("echo 'ok 8:1 4096 512 direct'; read r; printf 'ok 2\\nab'", LONG).unwrap();
        assert!(matches!(reader.read(0, 3), Err(ReadProblem::Child(_))));
    }
}
