//! What the keeper of a lock and the program that started it say to each other: a line each.
//!
//! ```text
//! keeper:  turn · joining · asking · busy · granted · value HEX · written · released · cleared · conflict process|node · refused CODE WORDS
//! program: read · write HEX · release                 the end of its lines means release too
//! ```

use super::refusal::Refusal;
use std::fmt;

/// Where somebody else is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rival {
    /// A process of this node has the lock.
    Process,
    /// Another node has it.
    Node,
}

/// What the keeper says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It waits for a process of this node.
    Turn,
    /// It joins the domain.
    Joining,
    /// It asks the DLM for the lock.
    Asking,
    /// Another node has the lock; it asks again.
    Busy,
    /// It has the lock.
    Granted,
    /// The value block as it is; `None`: the DLM has no valid one.
    Value(Option<Vec<u8>>),
    /// The value block is written.
    Written,
    /// The lock is given back; what is left is clearing up.
    Released,
    /// Nothing of the lock is left on this node but the domain, which others may want soon.
    Cleared,
    /// It was to ask once, and somebody else has the lock.
    Conflict(Rival),
    /// It cannot be had.
    Refused(Refusal),
}

/// What it is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Read the value block.
    Read,
    /// Write the value block, all of it, and keep the lock's file, so that the value stays.
    Write(Vec<u8>),
    /// Give the lock back.
    Release,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Told::Turn => f.write_str("turn"),
            Told::Joining => f.write_str("joining"),
            Told::Asking => f.write_str("asking"),
            Told::Busy => f.write_str("busy"),
            Told::Granted => f.write_str("granted"),
            Told::Value(value) => write!(f, "value {}", value.as_deref().map_or_else(|| "-".to_owned(), hex)),
            Told::Written => f.write_str("written"),
            Told::Released => f.write_str("released"),
            Told::Cleared => f.write_str("cleared"),
            Told::Conflict(Rival::Process) => f.write_str("conflict process"),
            Told::Conflict(Rival::Node) => f.write_str("conflict node"),
            Told::Refused(Refusal { code, words }) => write!(f, "refused {code} {}", words.replace('\n', " ")),
        }
    }
}

impl Told {
    /// What a line says; `None` if it is none of these.
    pub fn parse(line: &str) -> Option<Told> {
        Some(match line.split_once(' ').unwrap_or((line, "")) {
            ("turn", "") => Told::Turn,
            ("joining", "") => Told::Joining,
            ("asking", "") => Told::Asking,
            ("busy", "") => Told::Busy,
            ("granted", "") => Told::Granted,
            ("value", "-") => Told::Value(None),
            ("value", text) => Told::Value(Some(from_hex(text)?)),
            ("written", "") => Told::Written,
            ("released", "") => Told::Released,
            ("cleared", "") => Told::Cleared,
            ("conflict", "process") => Told::Conflict(Rival::Process),
            ("conflict", "node") => Told::Conflict(Rival::Node),
            ("refused", rest) => {
                let (code, words) = rest.split_once(' ')?;
                Told::Refused(Refusal::new(code.parse().ok()?, words))
            }
            _ => return None,
        })
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Request::Read => f.write_str("read"),
            Request::Write(bytes) => write!(f, "write {}", hex(bytes)),
            Request::Release => f.write_str("release"),
        }
    }
}

impl Request {
    /// What a line asks for; `None` if it is nothing of this.
    pub fn parse(line: &str) -> Option<Request> {
        Some(match line.split_once(' ').unwrap_or((line, "")) {
            ("read", "") => Request::Read,
            ("write", text) => Request::Write(from_hex(text)?),
            ("release", "") => Request::Release,
            _ => return None,
        })
    }
}

/// Bytes as pairs of hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The bytes of pairs of hexadecimal digits.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect();
    let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_line_is_understood_as_it_was_meant() {
        let refusal = Refusal::new(66, "/dlm/a: EINVAL (22): no\nregion");
        let all = [
            Told::Turn,
            Told::Joining,
            Told::Asking,
            Told::Busy,
            Told::Granted,
            Told::Value(None),
            Told::Value(Some(vec![0, 0xff])),
            Told::Written,
            Told::Released,
            Told::Cleared,
            Told::Conflict(Rival::Process),
            Told::Conflict(Rival::Node),
        ];
        for told in all {
            assert_eq!(Told::parse(&told.to_string()), Some(told));
        }
        assert_eq!(Told::Refused(refusal).to_string(), "refused 66 /dlm/a: EINVAL (22): no region");
        assert_eq!(Told::parse("refused 66 a b"), Some(Told::Refused(Refusal::new(66, "a b"))));
        for odd in ["", "granted x", "value 0", "value zz", "refused", "refused x y", "conflict"] {
            assert_eq!(Told::parse(odd), None, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn bytes_pass_whole(bytes: Vec<u8>) {
            let request = Request::Write(bytes);
            prop_assert_eq!(Request::parse(&request.to_string()), Some(request));
        }
    }
}
