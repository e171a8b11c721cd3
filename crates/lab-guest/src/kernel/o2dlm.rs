//! o2dlm's `locking_state`, blocks of lines with an empty line between, and the count in its `dlm_state`:
//!
//! ```text
//! NAME:F0000000000000000007e11ac0acf1c
//! LRES:1,1,0,0,0,0,0,0,0,0,5
//! RMAP:2 3
//! LVBX:…
//! LOCK:1,0,5,-1,1,1:148,0,0,0,0,0,0,0,0,2
//! ```

use serde::Serialize;

/// A lock resource on this node.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Resource {
    /// As printed.
    pub name: String,
    /// Node that masters it; `None` if not known (255).
    pub owner: Option<u32>,
    /// Bits: 1 uninited, 2 recovering, 4 ready, 8 dirty, 0x10 in progress, 0x20 migrating, 0x40 dropping reference.
    pub state: u32,
    /// Nodes that hold a reference; tells something only on the owner.
    pub references: Vec<u32>,
    /// All nodes' locks on the owner; elsewhere this node's only.
    pub locks: Vec<ResourceLock>,
    /// Lines that could not be read, as they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

/// A node's lock on a resource.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ResourceLock {
    /// Node number.
    pub node: u32,
    /// Granted mode.
    pub mode: &'static str,
    /// Mode that it converts to, if it does.
    pub converts_to: Option<&'static str>,
    /// `granted`, `converting` or `blocked`.
    pub queue: &'static str,
    /// Node and number of the lock's maker.
    pub cookie: String,
}

fn mode(number: i32) -> &'static str {
    match number {
        -1 => "IV",
        0 => "NL",
        3 => "PR",
        5 => "EX",
        _ => "?",
    }
}

/// Version of the lines that this program knows.
const VERSION: &str = "1";

impl ResourceLock {
    fn parse(text: &str) -> Option<ResourceLock> {
        let mut fields = text.split(',');
        if fields.next()? != VERSION {
            return None;
        }
        let queue = match fields.next()? {
            "0" => "granted",
            "1" => "converting",
            "2" => "blocked",
            _ => "?",
        };
        let granted = fields.next()?.parse().ok()?;
        let converts_to = fields.next()?.parse().ok()?;
        let node = fields.next()?.parse().ok()?;
        let cookie = fields.next()?.to_owned();
        Some(ResourceLock { node, mode: mode(granted), converts_to: (converts_to >= 0).then(|| mode(converts_to)), queue, cookie })
    }
}

/// Reads all blocks.
pub fn resources(text: &[u8]) -> Vec<Resource> {
    let mut all: Vec<Resource> = Vec::new();
    for line in String::from_utf8_lossy(text).lines() {
        if let Some(name) = line.strip_prefix("NAME:") {
            all.push(Resource { name: name.to_owned(), ..Resource::default() });
        } else if let (false, Some(resource)) = (line.is_empty(), all.last_mut()) {
            resource.line(line);
        }
    }
    all
}

impl Resource {
    fn line(&mut self, line: &str) {
        let read = match line.split_once(':') {
            Some(("LRES", rest)) => self.owner_and_state(rest),
            Some(("RMAP", rest)) => {
                self.references = rest.split_whitespace().filter_map(|node| node.parse().ok()).collect();
                Some(())
            }
            Some(("LOCK", rest)) => ResourceLock::parse(rest).map(|lock| self.locks.push(lock)),
            Some(("LVBX", _)) => Some(()),
            _ => None,
        };
        if read.is_none() {
            self.unread.push(line.to_owned());
        }
    }

    fn owner_and_state(&mut self, text: &str) -> Option<()> {
        let mut fields = text.split(',');
        if fields.next()? != VERSION {
            return None;
        }
        self.owner = fields.next()?.parse().ok().filter(|&owner| owner != 255);
        self.state = fields.next()?.parse().ok()?;
        Some(())
    }
}

/// `Lock Resources: now (ever)` of `dlm_state`.
pub fn counts(text: &str) -> Option<(u64, u64)> {
    let line = text.lines().find_map(|line| line.strip_prefix("Lock Resources:"))?;
    let (now, ever) = line.trim().strip_suffix(')')?.split_once(" (")?;
    Some((now.parse().ok()?, ever.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: &str = include_str!("../../tests/data/o2dlm_locking_state");

    #[test]
    fn a_blocked_flock() {
        let all = resources(REAL.as_bytes());
        assert_eq!(all.len(), REAL.matches("NAME:").count());
        assert!(all.iter().all(|resource| resource.unread.is_empty()));
        let flock = all.iter().find(|resource| resource.name.starts_with('F')).unwrap();
        assert_eq!((flock.owner, &flock.references[..]), (Some(1), &[2, 3][..]));
        let locks: Vec<_> = flock.locks.iter().map(|lock| (lock.node, lock.mode, lock.converts_to, lock.queue)).collect();
        assert_eq!(locks, [(1, "EX", None, "granted"), (2, "NL", Some("EX"), "converting"), (3, "NL", Some("PR"), "converting")]);
    }

    #[test]
    fn unread_lines_are_kept() {
        let all = resources(b"NAME:x\nLRES:1,255,4\nLOCK:9,0,5\nNEW:1\n\n");
        assert_eq!((all[0].owner, all[0].state), (None, 4));
        assert_eq!(all[0].unread, ["LOCK:9,0,5", "NEW:1"]);
    }

    #[test]
    fn the_count() {
        assert_eq!(counts("Live Map: 1 2 3 \nLock Resources: 62 (90)\nMLEs: 0 (144)\n"), Some((62, 90)));
        assert_eq!(counts("Live Map: 1 2 3 \n"), None);
    }
}
