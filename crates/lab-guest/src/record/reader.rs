//! Reads files in a thread of its own, since some may block for as long as the cluster does: the frame goes on without one.

use crate::kernel::reads::{self, Sizes, Taken};
use nix::errno::Errno;
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// How long a frame waits for one file. Dumps of a million locks take some 5 s.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a reading brought: the bytes until its end or its error.
pub struct Reading {
    /// Bytes.
    pub bytes: Vec<u8>,
    /// Reads.
    pub reads: u64,
    /// Why it ended early.
    pub error: Option<io::Error>,
}

type Job = (String, Sizes);

/// The thread, and those that were given up.
pub struct Reader {
    jobs: Sender<Job>,
    readings: Receiver<Reading>,
    /// By path: threads that are still blocked. Such a file is not tried again before its thread is back.
    blocked: HashMap<String, Receiver<Reading>>,
}

fn start() -> (Sender<Job>, Receiver<Reading>) {
    let (jobs, to_do) = channel::<Job>();
    let (done, readings) = channel();
    std::thread::spawn(move || {
        for (path, sizes) in to_do {
            let mut taken = Taken::default();
            let mut bytes = Vec::new();
            let error = reads::read(Path::new(&path), sizes, &mut taken, |part| bytes.extend_from_slice(part)).err();
            if done.send(Reading { bytes, reads: taken.reads, error }).is_err() {
                break;
            }
        }
    });
    (jobs, readings)
}

impl Reader {
    /// Starts the thread.
    pub fn new() -> Reader {
        let (jobs, readings) = start();
        Reader { jobs, readings, blocked: HashMap::new() }
    }

    /// Reads a file. One that does not come in time has the error `ETIME`.
    pub fn read(&mut self, path: &str, sizes: Sizes) -> Reading {
        let late = || Reading { bytes: Vec::new(), reads: 0, error: Some(Errno::ETIME.into()) };
        if let Some(blocked) = self.blocked.get(path) {
            if matches!(blocked.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout)) {
                return late();
            }
            self.blocked.remove(path);
        }
        if self.jobs.send((path.to_owned(), sizes)).is_ok()
            && let Ok(reading) = self.readings.recv_timeout(PATIENCE)
        {
            return reading;
        }
        let (jobs, readings) = start();
        self.jobs = jobs;
        self.blocked.insert(path.to_owned(), std::mem::replace(&mut self.readings, readings));
        late()
    }
}

/// Errno as the recordings have it: `Permission_denied(13)`.
pub fn error_text(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => format!("{}({number})", Errno::from_raw(number).desc().replace(' ', "_")),
        None => format!("{:?}", error.kind()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_as_text() {
        let reading = Reader::new().read("/nowhere/at/all", Sizes::Fixed(4096));
        assert_eq!(error_text(&reading.error.unwrap()), "No_such_file_or_directory(2)");
    }
}
