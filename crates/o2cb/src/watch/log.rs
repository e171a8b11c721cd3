//! News into the system's log: journald's own socket, with the facts as fields, or syslog's (RFC 3164), or lines with the level that
//! systemd reads.

use clap::ValueEnum;
use model::Severity;
use model::o2cb::news::{Change, News};
use std::io::{self, Write as _};
use std::os::unix::net::UnixDatagram;

/// Levels of syslog.
pub const INFO: u8 = 6;
const NOTICE: u8 = 5;
const WARNING: u8 = 4;
const CRITICAL: u8 = 2;
/// Facility of daemons.
const DAEMON: u8 = 3;
const IDENTIFIER: &str = "o2cb-watch";
const JOURNAL: &str = "/run/systemd/journal/socket";
const SYSLOG: &str = "/dev/log";

/// Where the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Where {
    /// The journal if there is one, else syslog.
    Auto,
    /// journald.
    Journal,
    /// /dev/log.
    Syslog,
    /// stderr, each line with its level as systemd reads it: <4>…
    Stderr,
}

/// The system's log.
#[derive(Debug)]
pub struct Log {
    to: Where,
    socket: Option<UnixDatagram>,
    /// The last message could not be handed over; that is told once.
    failing: bool,
}

impl Log {
    /// Opens it. Whether anybody listens shows with the first message: a log that is not there yet may come.
    pub fn open(to: Where) -> io::Result<Log> {
        let socket = match to {
            Where::Stderr => None,
            _ => Some(UnixDatagram::unbound()?),
        };
        if let Some(socket) = &socket {
            // A log that is full must not stop the watch.
            socket.set_nonblocking(true)?;
        }
        Ok(Log { to, socket, failing: false })
    }

    /// Tells news.
    pub fn tell(&mut self, news: &News) {
        let level = match news.severity {
            Severity::Critical => CRITICAL,
            Severity::Warning => WARNING,
            Severity::Note => NOTICE,
        };
        let change = match news.change {
            Change::Began => "began",
            Change::Worse => "worse",
            Change::Ended => "ended",
            Change::Unseen => "unseen",
        };
        let evidence = news.evidence.join("; ");
        let fields = [("O2CB_RULE", news.rule), ("O2CB_SUBJECT", &news.subject), ("O2CB_CHANGE", change), ("O2CB_EVIDENCE", &evidence)];
        self.send(level, &news.text, &fields);
    }

    /// Says something.
    pub fn say(&mut self, level: u8, text: &str) {
        self.send(level, text, &[]);
    }

    fn send(&mut self, level: u8, text: &str, fields: &[(&str, &str)]) {
        let sent = match (&self.socket, self.to) {
            (Some(socket), Where::Journal) => socket.send_to(&journal_message(level, text, fields), JOURNAL).map(drop),
            (Some(socket), Where::Syslog) => socket.send_to(&syslog_message(level, text), SYSLOG).map(drop),
            (Some(socket), _) => socket
                .send_to(&journal_message(level, text, fields), JOURNAL)
                .or_else(|_| socket.send_to(&syslog_message(level, text), SYSLOG))
                .map(drop),
            (None, _) => writeln!(io::stderr(), "<{level}>{}", terminal::clean(text)),
        };
        if let Err(error) = &sent
            && !self.failing
        {
            crate::say(&format!("o2cb: the log does not take what is told: {error}: {text}"));
        }
        self.failing = sent.is_err();
    }
}

/// `NAME=value` lines; one whose value has line ends is told with its length (systemd's native protocol).
fn journal_message(level: u8, text: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let level = level.to_string();
    let facility = DAEMON.to_string();
    let own = [("MESSAGE", text), ("PRIORITY", &level), ("SYSLOG_FACILITY", &facility), ("SYSLOG_IDENTIFIER", IDENTIFIER)];
    let mut message = Vec::new();
    for (name, value) in own.iter().chain(fields) {
        message.extend_from_slice(name.as_bytes());
        if value.contains('\n') {
            message.push(b'\n');
            message.extend_from_slice(&(value.len() as u64).to_le_bytes());
        } else {
            message.push(b'=');
        }
        message.extend_from_slice(value.as_bytes());
        message.push(b'\n');
    }
    message
}

/// Without a time and a host: a local syslog daemon adds both.
fn syslog_message(level: u8, text: &str) -> Vec<u8> {
    let priority = DAEMON << 3 | level;
    format!("<{priority}>{IDENTIFIER}[{}]: {}", std::process::id(), terminal::clean(text)).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_as_the_daemons_want_them() {
        let message = String::from_utf8(syslog_message(WARNING, "node2 silent\nfor 7 s")).unwrap();
        assert_eq!(message, format!("<28>o2cb-watch[{}]: node2 silent\\nfor 7 s", std::process::id()));
        let message = journal_message(CRITICAL, "a", &[("O2CB_RULE", "silent"), ("O2CB_EVIDENCE", "b\nc")]);
        let mut expected =
            b"MESSAGE=a\nPRIORITY=2\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=o2cb-watch\nO2CB_RULE=silent\nO2CB_EVIDENCE\n".to_vec();
        expected.extend([3, 0, 0, 0, 0, 0, 0, 0]);
        expected.extend(b"b\nc\n");
        assert_eq!(message, expected);
    }
}
