//! o2locktop's log file: the title once, then each refresh as it was shown, two empty lines after it.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// An open log.
pub struct Log {
    file: File,
    titled: bool,
}

impl Log {
    /// Opens it anew; an older one is overwritten, as o2locktop does.
    pub fn create(path: &Path) -> io::Result<Log> {
        Ok(Log { file: File::create(path)?, titled: false })
    }

    /// Writes one refresh: the lines of a report.
    pub fn write(&mut self, lines: &[String]) -> io::Result<()> {
        let lines = if self.titled { lines.get(1..).unwrap_or_default() } else { lines };
        self.titled = true;
        self.file.write_all((lines.join("\n") + "\n\n\n").as_bytes())?;
        self.file.flush()
    }
}
