//! What was seen of one thing: there, not there, not for these eyes, or not as expected.

use crate::kernel::Look;
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use std::io;

/// A value of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen<T> {
    /// It is this.
    Is(T),
    /// There is no such file.
    Absent,
    /// Only root may look.
    NeedsRoot,
    /// It could not be read, or says something unexpected: why, or what.
    Odd(String),
}

impl<T> Seen<T> {
    /// What a reading gave.
    pub fn of(result: io::Result<T>) -> Seen<T> {
        match result {
            Ok(value) => Seen::Is(value),
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Seen::Absent,
                io::ErrorKind::PermissionDenied => Seen::NeedsRoot,
                _ => Seen::Odd(error.to_string()),
            },
        }
    }

    /// The value, if there is one.
    pub fn is(&self) -> Option<&T> {
        match self {
            Seen::Is(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it is known to be this.
    pub fn has(&self, value: &T) -> bool
    where
        T: PartialEq,
    {
        self.is() == Some(value)
    }

    /// Whether nothing is known: neither a value nor that there is none.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Seen::NeedsRoot | Seen::Odd(_))
    }

    /// The same of another type.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Seen<U> {
        self.and_then(|value| Seen::Is(convert(value)))
    }

    /// The same of another type, where the value may turn out odd.
    pub fn and_then<U>(self, convert: impl FnOnce(T) -> Seen<U>) -> Seen<U> {
        match self {
            Seen::Is(value) => convert(value),
            Seen::Absent => Seen::Absent,
            Seen::NeedsRoot => Seen::NeedsRoot,
            Seen::Odd(why) => Seen::Odd(why),
        }
    }

    /// For a person: the value, or why there is none.
    pub fn words(&self, value: impl FnOnce(&T) -> String) -> String {
        match self {
            Seen::Is(known) => value(known),
            Seen::Absent => "not there".to_owned(),
            Seen::NeedsRoot => "unknown, needs root".to_owned(),
            Seen::Odd(why) => format!("unknown: {why}"),
        }
    }
}

impl Seen<String> {
    /// A file's text.
    pub fn text(look: &dyn Look, path: &str) -> Seen<String> {
        Seen::of(look.read(path)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The text as a value, blanks around it cut.
    pub fn parsed<T: std::str::FromStr>(self) -> Seen<T> {
        self.and_then(|text| match text.trim().parse() {
            Ok(value) => Seen::Is(value),
            Err(_) => Seen::Odd(format!("it says {:?}", text.trim())),
        })
    }
}

/// In JSON: the value; `null` for what is not there; `{"unknown": "why"}`.
impl<T: Serialize> Serialize for Seen<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let why = match self {
            Seen::Is(value) => return value.serialize(serializer),
            Seen::Absent => return serializer.serialize_none(),
            Seen::NeedsRoot => "needs root",
            Seen::Odd(why) => why,
        };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("unknown", why)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_is_not_zero_and_unknown_is_not_absent() {
        let seen = |kind: io::ErrorKind| Seen::<u32>::of(Err(kind.into()));
        assert_eq!((seen(io::ErrorKind::NotFound), seen(io::ErrorKind::PermissionDenied)), (Seen::Absent, Seen::NeedsRoot));
        assert_eq!(Seen::Is("31\n".to_owned()).parsed::<u32>(), Seen::Is(31));
        assert!(Seen::Is("x\n".to_owned()).parsed::<u32>().is_unknown());
        let json = |seen: &Seen<u32>| serde_json::to_string(seen).unwrap();
        assert_eq!(json(&Seen::Absent), "null");
        assert_eq!(json(&Seen::NeedsRoot), r#"{"unknown":"needs root"}"#);
        assert_eq!(json(&Seen::Is(0)), "0");
    }
}
