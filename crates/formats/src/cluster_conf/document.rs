//! A `cluster.conf` with every byte of it.

use super::text::{self, Fault, Kind, Line};
use std::borrow::Cow;
use std::ops::Range;

/// A file as it was read: [`Document::to_bytes`] gives back every byte, understood or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub(super) text: Vec<u8>,
    pub(super) lines: Vec<Line>,
    pub(super) stanzas: Vec<Stanza>,
    /// Attributes outside a stanza: the first of each run, and the blank line that closed the stanza before it.
    pub(super) strays: Vec<(usize, Option<usize>)>,
    /// Where physical lines start: a continued value has several.
    starts: Vec<usize>,
}

/// A stanza: a header and the attributes up to the next blank line or header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stanza {
    /// Its header among the lines.
    pub(super) header: usize,
    /// Its name in the text.
    pub(super) name: Range<usize>,
    /// Its attributes.
    pub(super) attributes: Vec<Attribute>,
    /// Whether lines that are not understood belong to it: what it lacks may be there.
    pub(super) damaged: bool,
}

/// An attribute: where it is among the lines and in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) line: usize,
    pub(super) name: Range<usize>,
    pub(super) value: Range<usize>,
}

impl Stanza {
    /// The last of its lines that says something.
    pub(super) fn end(&self) -> usize {
        self.attributes.last().map_or(self.header, |attribute| attribute.line)
    }
}

impl Document {
    /// Takes a file apart. Every file can be taken apart: what is wrong with it is told by [`Document::problems`].
    pub fn parse(bytes: &[u8]) -> Document {
        let lines = text::lines(bytes);
        let (stanzas, strays) = group(&lines);
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', bytes).map(|at| at + 1)).collect();
        Document { text: bytes.to_vec(), lines, stanzas, strays, starts }
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.text.clone()
    }

    /// Whether each line is understood. Only such a file can be changed.
    pub fn is_understood(&self) -> bool {
        self.strays.is_empty() && !self.lines.iter().any(|line| matches!(line.kind, Kind::Broken(..)))
    }

    pub(super) fn bytes(&self, range: &Range<usize>) -> &[u8] {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// Line and column, from 1, of a place in the text.
    pub(super) fn place(&self, at: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|&start| start <= at);
        let start = line.checked_sub(1).and_then(|index| self.starts.get(index)).copied().unwrap_or_default();
        (line as u32, (at - start) as u32 + 1)
    }

    pub(super) fn line_start(&self, line: usize) -> usize {
        self.lines.get(line).map_or(self.text.len(), |line| line.range.start)
    }

    pub(super) fn name_of(&self, stanza: &Stanza) -> &[u8] {
        self.bytes(&stanza.name)
    }

    /// The attribute that counts: the last of its name.
    pub(super) fn attribute<'a>(&self, stanza: &'a Stanza, name: &str) -> Option<&'a Attribute> {
        stanza.attributes.iter().rev().find(|attribute| self.bytes(&attribute.name) == name.as_bytes())
    }

    pub(super) fn meaning(&self, attribute: &Attribute) -> Cow<'_, [u8]> {
        text::meaning(self.bytes(&attribute.value))
    }

    pub(super) fn value(&self, stanza: &Stanza, name: &str) -> Option<Cow<'_, [u8]>> {
        Some(self.meaning(self.attribute(stanza, name)?))
    }

    /// Stanzas of a name and, where one is given, of a cluster.
    pub(super) fn stanzas_of<'a, 'b>(
        &'a self,
        name: &'b str,
        cluster: Option<&'b [u8]>,
    ) -> impl DoubleEndedIterator<Item = &'a Stanza> + use<'a, 'b> {
        let key = if name == "cluster" { "name" } else { "cluster" };
        self.stanzas.iter().filter(move |stanza| {
            self.name_of(stanza) == name.as_bytes()
                && cluster.is_none_or(|cluster| self.value(stanza, key).is_some_and(|value| *value == *cluster))
        })
    }
}

fn group(lines: &[Line]) -> (Vec<Stanza>, Vec<(usize, Option<usize>)>) {
    let mut stanzas: Vec<Stanza> = Vec::new();
    let mut strays = Vec::new();
    let mut state = State::Closed(None);
    for (index, line) in lines.iter().enumerate() {
        match &line.kind {
            Kind::Comment | Kind::Unread => {}
            Kind::Blank => state = State::Closed(Some(index)),
            Kind::Header { name } => {
                stanzas.push(Stanza { header: index, name: name.clone(), attributes: Vec::new(), damaged: false });
                state = State::Open;
            }
            Kind::Attribute { name, value } => match state {
                State::Open => {
                    if let Some(stanza) = stanzas.last_mut() {
                        stanza.attributes.push(Attribute { line: index, name: name.clone(), value: value.clone() });
                    }
                }
                State::Closed(blank) => {
                    strays.push((index, blank));
                    damage(&mut stanzas);
                    state = State::Unknown;
                }
                State::Unknown => {}
            },
            Kind::Broken(fault, _) if fault.opens() => {
                damage(&mut stanzas);
                state = State::Unknown;
            }
            Kind::Broken(fault, _) => {
                if !matches!(state, State::Unknown) && *fault != Fault::IndentedComment {
                    damage(&mut stanzas);
                }
                if *fault == Fault::NotIndented && matches!(state, State::Closed(_)) {
                    state = State::Unknown;
                }
            }
        }
    }
    (stanzas, strays)
}

fn damage(stanzas: &mut [Stanza]) {
    if let Some(stanza) = stanzas.last_mut() {
        stanza.damaged = true;
    }
}

enum State {
    /// In the last stanza.
    Open,
    /// In no stanza; closed by this blank line.
    Closed(Option<usize>),
    /// After something that is not understood: in no stanza, but that has been told.
    Unknown,
}
