//! Joining a domain: making its folder in dlmfs (`dlmfs_mkdir`, `fs/ocfs2/dlmfs/dlmfs.c`).
//!
//! A node that dies meanwhile, or whose connection breaks, ends the attempt with EHOSTDOWN (seen on 6.1); until it is declared dead,
//! the next one may meet it again, then without a connection (ENOTCONN). So that is no answer for a while.

use rustix::io::Errno;
use std::io;
use std::time::{Duration, Instant};

/// For so long it is begun anew while nodes die: twice the 60 s after which a node is declared dead if nobody set anything.
pub const DEATHS: Duration = Duration::from_secs(120);
/// Time between two attempts.
const PAUSE: Duration = Duration::from_secs(1);

/// Why the domain was not joined.
#[derive(Debug)]
pub enum NoJoin {
    /// Its folder is there: somebody else made it.
    There,
    /// It is not wanted any more.
    Abandoned,
    /// The kernel refuses.
    Failed(io::Error),
}

/// Joins by `join`. After `until` no attempt is begun but the first; one may take 150 s. `wait` waits so long, and says whether the
/// domain is still wanted.
pub fn join(mut join: impl FnMut() -> io::Result<()>, until: Instant, mut wait: impl FnMut(Duration) -> bool) -> Result<(), NoJoin> {
    let mut died = false;
    loop {
        let Err(error) = join() else { return Ok(()) };
        let errno = Errno::from_io_error(&error);
        died |= errno == Some(Errno::HOSTDOWN);
        match errno {
            Some(Errno::EXIST) => return Err(NoJoin::There),
            Some(Errno::HOSTDOWN | Errno::NOTCONN) if died && Instant::now() < until => {}
            _ => return Err(NoJoin::Failed(error)),
        }
        if !wait(PAUSE) {
            return Err(NoJoin::Abandoned);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EHOSTDOWN: i32 = 112;
    const ENOTCONN: i32 = 107;
    const EEXIST: i32 = 17;

    /// Joins in a kernel that answers so; how it ended, and how often it was asked.
    fn joined(answers: &[i32], time: Duration, wanted: bool) -> (Result<(), NoJoin>, usize) {
        let mut asked = 0;
        let kernel = || {
            asked += 1;
            match answers[asked - 1] {
                0 => Ok(()),
                number => Err(io::Error::from_raw_os_error(number)),
            }
        };
        let end = join(kernel, Instant::now() + time, |_| wanted);
        (end, asked)
    }

    fn failed(end: &Result<(), NoJoin>) -> Option<i32> {
        if let Err(NoJoin::Failed(error)) = end { error.raw_os_error() } else { None }
    }

    #[test]
    fn a_death_is_no_answer_for_a_while() {
        assert!(matches!(joined(&[EHOSTDOWN, ENOTCONN, EHOSTDOWN, 0], DEATHS, true), (Ok(()), 4)));
        assert!(matches!(joined(&[EHOSTDOWN, EEXIST], DEATHS, true), (Err(NoJoin::There), 2)));
        assert!(matches!(joined(&[EHOSTDOWN, 0], DEATHS, false), (Err(NoJoin::Abandoned), 1)));
        // However long one attempt took.
        let (end, asked) = joined(&[EHOSTDOWN, 0], Duration::ZERO, true);
        assert_eq!((failed(&end), asked), (Some(EHOSTDOWN), 1));
    }

    #[test]
    fn a_node_that_was_never_connected_is_one() {
        let (end, asked) = joined(&[ENOTCONN, 0], DEATHS, true);
        assert_eq!((failed(&end), asked), (Some(ENOTCONN), 1));
    }
}
