//! The usual form of a file: each cluster followed by its nodes, by number, and its regions; attributes indented by a tab, in the
//! order in which ocfs2-tools write them. Comments go with what they stand before; what is unknown stays, at the end.

use super::check::known_attributes;
use super::document::Document;
use super::edit::EditError;
use super::text::{self, Kind};
use super::value;

/// A comment, or an empty line between comments.
type Comments = Vec<Vec<u8>>;

/// A stanza with the comments that go with it.
struct Block {
    leading: Comments,
    name: Vec<u8>,
    attributes: Vec<(Comments, Vec<u8>, Vec<u8>)>,
    trailing: Comments,
    key: (usize, usize, u64),
}

impl Document {
    /// The file in its usual form. It means the same.
    ///
    /// # Errors
    /// Lines that are not understood.
    pub fn canonical(&self) -> Result<Vec<u8>, EditError> {
        if !self.is_understood() {
            return Err(EditError::NotUnderstood);
        }
        let (preamble, mut blocks, epilogue) = self.blocks();
        blocks.sort_by_key(|block| block.key);
        let mut out = Vec::with_capacity(self.text.len());
        if !preamble.is_empty() {
            write_comments(&mut out, &preamble);
            out.push(b'\n');
        }
        for block in &blocks {
            write_comments(&mut out, &block.leading);
            out.extend_from_slice(&block.name);
            out.extend_from_slice(b":\n");
            for (comments, name, value) in &block.attributes {
                write_comments(&mut out, comments);
                out.push(b'\t');
                out.extend_from_slice(name);
                out.extend_from_slice(if value.is_empty() { b" =" } else { b" = " });
                out.extend_from_slice(value);
                out.push(b'\n');
            }
            write_comments(&mut out, &block.trailing);
            out.push(b'\n');
        }
        write_comments(&mut out, &epilogue);
        out.extend_from_slice(self.text.get(self.end()..).unwrap_or_default());
        Ok(out)
    }

    /// Comments of the file, its stanzas, comments at its end.
    fn blocks(&self) -> (Comments, Vec<Block>, Comments) {
        let clusters: Vec<Vec<u8>> =
            self.stanzas_of("cluster", None).filter_map(|stanza| Some(self.value(stanza, "name")?.into_owned())).collect();
        let mut preamble = Comments::new();
        let mut blocks: Vec<Block> = Vec::new();
        let mut pending = Comments::new();
        let mut open = false;
        let mut stanzas = self.stanzas.iter();
        for line in &self.lines {
            match &line.kind {
                Kind::Comment => pending.push(self.bytes(&line.range).trim_ascii_end().to_vec()),
                Kind::Blank => {
                    if open && let Some(block) = blocks.last_mut() {
                        block.trailing = std::mem::take(&mut pending);
                    } else if pending.last().is_some_and(|line| !line.is_empty()) {
                        pending.push(Vec::new());
                    }
                    open = false;
                }
                Kind::Header { name } => {
                    // Comments at the top are the file's, unless they stand right before the first stanza.
                    if blocks.is_empty()
                        && let Some(end) = pending.iter().rposition(Vec::is_empty)
                    {
                        preamble = pending.drain(..=end).collect();
                        preamble.pop();
                    }
                    let key = stanzas.next().map_or((usize::MAX, 0, 0), |stanza| self.key(stanza, &clusters));
                    let leading = std::mem::take(&mut pending);
                    let name = self.bytes(name).to_vec();
                    blocks.push(Block { leading, name, attributes: Vec::new(), trailing: Comments::new(), key });
                    open = true;
                }
                Kind::Attribute { name, value } => {
                    if let Some(block) = blocks.last_mut() {
                        let value = usual_value(self.bytes(value));
                        block.attributes.push((std::mem::take(&mut pending), self.bytes(name).to_vec(), value));
                    }
                }
                Kind::Broken(..) | Kind::Unread => {}
            }
        }
        if open && let Some(block) = blocks.last_mut() {
            block.trailing = std::mem::take(&mut pending);
        }
        while pending.last().is_some_and(Vec::is_empty) {
            pending.pop();
        }
        for block in &mut blocks {
            let known = known_attributes(&block.name);
            block.attributes.sort_by_key(|(_, name, _)| known.iter().position(|known| known.as_bytes() == name).unwrap_or(known.len()));
        }
        (preamble, blocks, pending)
    }

    /// Where a stanza belongs: its cluster, its kind, its number.
    fn key(&self, stanza: &super::document::Stanza, clusters: &[Vec<u8>]) -> (usize, usize, u64) {
        let (attribute, kind) = match self.name_of(stanza) {
            b"cluster" => ("name", 0),
            b"node" => ("cluster", 1),
            b"heartbeat" => ("cluster", 2),
            _ => return (usize::MAX, 0, 0),
        };
        let cluster = self.value(stanza, attribute).and_then(|name| clusters.iter().position(|known| **known == *name));
        let Some(cluster) = cluster else { return (usize::MAX, 0, 0) };
        let number = self.value(stanza, "number").and_then(|text| value::number(&text).ok());
        let number = if kind == 1 { number.map_or(u64::MAX, |number| number.value) } else { 0 };
        (cluster, kind, number)
    }
}

fn write_comments(out: &mut Vec<u8>, comments: &Comments) {
    for comment in comments {
        out.extend_from_slice(comment);
        out.push(b'\n');
    }
}

/// A value without blanks at its end, of the same meaning wherever it stands.
fn usual_value(raw: &[u8]) -> Vec<u8> {
    // At the file's end a backslash is lost; anywhere else it would join the next line.
    let kept = raw.strip_suffix(b"\\").unwrap_or(raw);
    let end = kept.iter().rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | 0x0c)).map_or(0, |last| last + 1);
    let mut value = kept.get(..end).unwrap_or_default().to_vec();
    if value.ends_with(b"\\") {
        value.push(b' ');
    }
    debug_assert_eq!(text::meaning(&value), text::meaning(raw));
    value
}
