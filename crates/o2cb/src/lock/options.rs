//! The arguments of `lock`, and what they ask for.

use super::ask::Way;
use super::names;
use super::talk::from_hex;
use super::turn::Share;
use super::value::BYTES;
use clap::Args;
use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::time::Duration;

const HELP: &str = "\
Examples:
  o2cb lock web backup -- /usr/local/bin/backup        one node at a time
  o2cb lock -n web rotate -- logrotate /etc/rotate     only if no node is at it
  o2cb lock -w 30 -E 75 web deploy -- ./deploy         give up after 30 s with exit code 75
  o2cb lock -s web tables -- ./report                  beside other readers, not beside a writer
  o2cb lock web leader --write \"$(hostname)\"           a value of 64 bytes that the nodes share
  o2cb lock web leader --read
  o2cb lock --list

Exit codes are those of flock(1): that of the command, 128+N if signal N ended it; 1 (or -E) the lock is held and not waited for any
longer; 64 wrong usage; 66 the lock cannot be had: no cluster, no domain; 69 the command cannot be run; 71 the lock was lost, or the
system failed; 73 no file below /run.

Limits:
  A domain's name has at most 63 bytes and is no volume's UUID, a lock's name has at most 31 and does not begin with '$'.
  A node joins the domain for its first lock and leaves it some seconds after the last (--linger, --keep-domain), as leaving takes
  seconds itself.
  A lock belongs to the node: a program that uses dlmfs itself is kept out on other nodes, on this one by `o2cb lock` only.
  A process that waits is in uninterruptible sleep, beside the program, which can be ended; --poll avoids that.
  For --nonblock and --poll a lock whose value is kept, or whose holder was killed with all its processes, is held until somebody
  waits for it.
  A value may be gone when a node forgets the lock, and is all zeros after the death of the node that wrote it.";

/// Options of `lock`.
#[derive(Clone, Debug, Default, Args)]
#[command(after_long_help = HELP, after_help = "Examples, exit codes and limits: o2cb lock --help")]
pub struct Options {
    /// Group of locks; the nodes that use it make and leave it
    pub domain: Option<String>,
    /// The lock in it
    pub name: Option<String>,
    /// What is run while this node has the lock
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
    /// Run this by the shell, instead of a COMMAND
    #[arg(short = 'c', long = "command", value_name = "TEXT", conflicts_with = "command")]
    pub shell: Option<OsString>,
    /// Share the lock with others that share it
    #[arg(short, long)]
    pub shared: bool,
    /// Share it with nobody: this is done if nothing else is said
    #[arg(short = 'x', long, short_alias = 'e', conflicts_with = "shared")]
    pub exclusive: bool,
    /// Do not wait for a lock that is held
    #[arg(short, long, visible_alias = "nb", conflicts_with_all = ["timeout", "poll"])]
    pub nonblock: bool,
    /// Give up after so long, joining the domain included; 0 is --nonblock
    #[arg(short = 'w', long, visible_alias = "wait", value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Exit code if the lock is held and not waited for any longer
    #[arg(short = 'E', long, value_name = "NUMBER", default_value_t = 1)]
    pub conflict_exit_code: u8,
    /// Do not wait in the DLM's queue, where no signal ends a process; ask again and again, in no order
    #[arg(long)]
    pub poll: bool,
    /// Give the lock back if this program is killed, even while the command runs on
    #[arg(short = 'o', long)]
    pub close: bool,
    /// How long this node stays in the domain after its last lock, so that the next one is fast; 0 leaves before the end. While a
    /// process of an earlier lock stays behind for that, its time counts
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "5")]
    pub linger: Duration,
    /// Stay in the domain until `--forget`
    #[arg(long)]
    pub keep_domain: bool,
    /// Print the lock's value, up to 64 bytes as they are
    #[arg(long, group = "act", conflicts_with_all = ["command", "shell"])]
    pub read: bool,
    /// Set the lock's value; `-` takes it from the input. The lock's file and the domain stay until `--forget`
    #[arg(long, group = "act", value_name = "TEXT", conflicts_with_all = ["command", "shell", "shared"], allow_hyphen_values = true)]
    pub write: Option<OsString>,
    /// The value is pairs of hexadecimal digits
    #[arg(long)]
    pub hex: bool,
    /// Make this node forget the lock and its value, and leave the domain if no lock is left in it
    #[arg(long, group = "act", conflicts_with_all = ["command", "shell"])]
    pub forget: bool,
    /// List domains, their nodes, locks and who holds them, of one domain or of all
    #[arg(long, group = "act", conflicts_with_all = ["command", "shell", "name"])]
    pub list: bool,
    /// The list as JSON
    #[arg(long, requires = "list")]
    pub json: bool,
    /// Keep the lock for the program that started this one
    #[arg(long, hide = true, group = "act")]
    pub keeper: bool,
    /// Folder under which the machine's files are
    #[arg(long, hide = true, value_name = "PATH")]
    pub root: Option<PathBuf>,
}

/// What is to be done with a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Run this under it.
    Run(Vec<OsString>),
    /// Print its value.
    Read,
    /// Set its value.
    Write(Vec<u8>),
}

/// The longest time that an option takes: some 30 years, which the clock can still add.
const LONGEST: Duration = Duration::from_secs(1_000_000_000);

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().map_err(|error| error.to_string())?;
    let time = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    if time <= LONGEST { Ok(time) } else { Err(format!("at most {} seconds", LONGEST.as_secs())) }
}

impl Options {
    /// Domain and lock; why not.
    pub fn names(&self) -> Result<(&str, &str), String> {
        let (Some(domain), Some(name)) = (&self.domain, &self.name) else {
            return Err("DOMAIN and NAME say which lock: o2cb lock DOMAIN NAME -- COMMAND".to_owned());
        };
        match names::domain_fault(domain).or_else(|| names::lock_fault(name)) {
            Some(fault) => Err(fault),
            None => Ok((domain, name)),
        }
    }

    /// With whom the lock is shared.
    pub fn share(&self) -> Share {
        // A value is read beside other readers.
        if self.shared || self.read { Share::Shared } else { Share::Exclusive }
    }

    /// How it is waited for.
    pub fn way(&self) -> Way {
        match (self.nonblock || self.timeout == Some(Duration::ZERO), self.poll) {
            (true, _) => Way::Once,
            (false, true) => Way::Poll,
            (false, false) => Way::Queue,
        }
    }

    /// What is to be done with it; why not. Reads the input if that is the value.
    pub fn act(&self) -> Result<Act, String> {
        if self.read {
            return Ok(Act::Read);
        }
        if let Some(text) = &self.write {
            return self.value(text).map(Act::Write);
        }
        if let Some(text) = &self.shell {
            let shell = std::env::var_os("SHELL").filter(|shell| !shell.is_empty()).unwrap_or_else(|| "/bin/sh".into());
            return Ok(Act::Run(vec![shell, "-c".into(), text.clone()]));
        }
        if self.command.is_empty() {
            return Err("nothing is to be done with the lock: -- COMMAND, -c, --read, --write or --forget".to_owned());
        }
        Ok(Act::Run(self.command.clone()))
    }

    fn value(&self, text: &OsString) -> Result<Vec<u8>, String> {
        let mut bytes = text.as_encoded_bytes().to_vec();
        if text == "-" {
            bytes.clear();
            // One byte more than what fits, to see that there is more; in hexadecimal two digits a byte, and a newline.
            let most = (if self.hex { 2 * BYTES + 2 } else { BYTES + 1 }) as u64;
            io::stdin().lock().take(most).read_to_end(&mut bytes).map_err(|error| format!("the input: {error}"))?;
        }
        if self.hex {
            let digits = String::from_utf8_lossy(&bytes);
            bytes = from_hex(digits.trim()).ok_or("the value is no pairs of hexadecimal digits")?;
        }
        if bytes.len() > BYTES { Err(format!("a lock's value has at most {BYTES} bytes")) } else { Ok(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_fractions_and_no_sign() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        assert_eq!(seconds("1e9"), Ok(LONGEST));
        for odd in ["-1", "x", "inf", "nan", "", "1e10", "1e19", "1e30"] {
            assert!(seconds(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn values_as_text_and_in_hexadecimal() {
        let write = |text: &str, hex| Options { write: Some(text.into()), hex, ..Options::default() }.act();
        assert_eq!(write("db1", false), Ok(Act::Write(b"db1".to_vec())));
        assert_eq!(write("00ffA0", true), Ok(Act::Write(vec![0, 255, 0xa0])));
        assert!(write("0", true).is_err() && write("xx", true).is_err());
        assert!(write(&"x".repeat(64), false).is_ok());
        assert!(write(&"x".repeat(65), false).unwrap_err().contains("64"));
    }

    #[test]
    fn a_timeout_of_nothing_asks_once() {
        let way = |timeout, poll| Options { timeout, poll, ..Options::default() }.way();
        assert_eq!(way(Some(Duration::ZERO), false), Way::Once);
        assert_eq!(way(Some(Duration::from_millis(1)), false), Way::Queue);
        assert_eq!(way(None, true), Way::Poll);
    }
}
