//! The union of repeated dumps of one file. Each dump lacks some records; names alone are no keys, since each open file
//! handle with a flock has a record of the same name.

use super::locking_state;
use std::collections::HashMap;

/// Which lock: its name, and the how manyth of that name in the dump.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// As the kernel prints it.
    pub name: Box<[u8]>,
    /// 0 for the first of the name.
    pub copy: u32,
}

/// The records of all dumps so far.
pub struct Union<V> {
    records: HashMap<Key, V>,
    /// How often each name came in this dump. Only flocks can come twice; counted for all, to find that out.
    in_this: HashMap<Box<[u8]>, u32>,
    here: u64,
    lines: Vec<u8>,
    /// Lines that have no name.
    pub nameless: u64,
}

impl<V> Union<V> {
    /// Nothing so far.
    pub fn new() -> Union<V> {
        Union { records: HashMap::new(), in_this: HashMap::new(), here: 0, lines: Vec::new(), nameless: 0 }
    }

    /// Takes a part of a dump; `value` makes the new value of a lock of its line and its former value.
    pub fn add(&mut self, part: &[u8], mut value: impl FnMut(&[u8], Option<V>) -> V) {
        let mut rest = part;
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let (head, tail) = rest.split_at(end);
            if self.lines.is_empty() {
                self.line(head, &mut value);
            } else {
                let mut line = std::mem::take(&mut self.lines);
                line.extend_from_slice(head);
                self.line(&line, &mut value);
                line.clear();
                self.lines = line;
            }
            rest = tail.get(1..).unwrap_or_default();
        }
        self.lines.extend_from_slice(rest);
    }

    fn line(&mut self, line: &[u8], value: &mut impl FnMut(&[u8], Option<V>) -> V) {
        let Some(name) = locking_state::name(line) else {
            self.nameless += 1;
            return;
        };
        let copies = self.in_this.entry(name.into()).or_default();
        let key = Key { name: name.into(), copy: *copies };
        *copies += 1;
        self.here += 1;
        let former = self.records.remove(&key);
        self.records.insert(key, value(line, former));
    }

    /// Ends a dump; how many records it had.
    pub fn end_dump(&mut self) -> u64 {
        if !self.lines.is_empty() {
            // A dump ends with a line feed; what is left was cut off.
            self.nameless += 1;
            self.lines.clear();
        }
        self.in_this.clear();
        std::mem::take(&mut self.here)
    }

    /// How many locks there are.
    pub fn len(&self) -> u64 {
        self.records.len() as u64
    }

    /// All, by name.
    pub fn sorted(self) -> Vec<(Key, V)> {
        let mut records: Vec<_> = self.records.into_iter().collect();
        records.sort_unstable_by(|(a, _), (b, _)| (&a.name, a.copy).cmp(&(&b.name, b.copy)));
        records
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dumps_that_lack_different_records() {
        let mut union = Union::new();
        let mut add = |parts: &[&str]| {
            for part in parts {
                union.add(part.as_bytes(), |_, former| former.unwrap_or(0) + 1);
            }
            (union.end_dump(), union.len())
        };
        assert_eq!(add(&["0x4\tM1\t\n0x4\tF1\t\n0x4", "\tF1\t\n"]), (3, 3));
        assert_eq!(add(&["0x4\tM2\t\n", "0x4\tF1\t\n"]), (2, 4));
        let names: Vec<_> = union.sorted().into_iter().map(|(key, seen)| (key.name, key.copy, seen)).collect();
        let expected: [(&[u8], u32, i32); 4] = [(b"F1", 0, 2), (b"F1", 1, 1), (b"M1", 0, 1), (b"M2", 0, 1)];
        assert_eq!(names, expected.map(|(name, copy, seen)| (name.into(), copy, seen)));
    }
}
