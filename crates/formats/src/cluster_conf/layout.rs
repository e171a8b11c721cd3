//! How a file is laid out, so that what is added looks like what is there.

use super::check::known_attributes;
use super::document::{Attribute, Document, Stanza};
use super::text::Kind;

/// Indentation and what stands between a name and its value.
pub(super) struct Style {
    indent: Vec<u8>,
    equals: Vec<u8>,
}

impl Style {
    /// As ocfs2-tools write it.
    fn usual() -> Style {
        Style { indent: b"\t".to_vec(), equals: b" = ".to_vec() }
    }

    /// A line.
    pub(super) fn line(&self, name: &str, value: &[u8]) -> Vec<u8> {
        [&self.indent, name.as_bytes(), &self.equals, value, b"\n"].concat()
    }
}

impl Document {
    fn style_of(&self, attribute: &Attribute) -> Style {
        let start = self.line_start(attribute.line);
        let indent = self.bytes(&(start..attribute.name.start)).to_vec();
        let equals = self.bytes(&(attribute.name.end..attribute.value.start)).to_vec();
        // An attribute without value ends in its equals sign, whatever the others do.
        if attribute.value.is_empty() { Style { indent, ..Style::usual() } } else { Style { indent, equals } }
    }

    /// The style of a stanza's last attribute; else of the file's first.
    pub(super) fn style(&self, stanza: Option<&Stanza>) -> Style {
        let attribute = stanza.and_then(|stanza| stanza.attributes.last());
        let attribute = attribute.or_else(|| self.stanzas.iter().find_map(|stanza| stanza.attributes.first()));
        attribute.map_or_else(Style::usual, |attribute| self.style_of(attribute))
    }

    /// Text of a new stanza, its attributes in the order and style of the last one of its kind.
    pub(super) fn stanza_text(&self, kind: &str, attributes: &[(&str, &[u8])]) -> Vec<u8> {
        let template = self.stanzas_of(kind, None).rfind(|stanza| !stanza.attributes.is_empty());
        let template_order = template.iter().flat_map(|stanza| &stanza.attributes).map(|attribute| self.bytes(&attribute.name));
        let mut order: Vec<&[u8]> = Vec::new();
        for name in template_order.chain(known_attributes(kind.as_bytes()).iter().map(|name| name.as_bytes())) {
            if !order.contains(&name) {
                order.push(name);
            }
        }
        let mut text = [kind.as_bytes(), b":\n"].concat();
        for name in order {
            if let Some((name, value)) = attributes.iter().find(|(known, _)| known.as_bytes() == name) {
                let like = template.and_then(|stanza| self.attribute(stanza, name));
                let style = like.map_or_else(|| self.style(template), |attribute| self.style_of(attribute));
                text.extend(style.line(name, value));
            }
        }
        text
    }

    /// The last line of a stanza with the comments that follow it; those right before a header are the next stanza's.
    pub(super) fn tail(&self, stanza: &Stanza) -> usize {
        let end = stanza.end();
        let comments = self.lines.iter().skip(end + 1).take_while(|line| line.kind == Kind::Comment).count();
        match self.lines.get(end + 1 + comments).map(|line| &line.kind) {
            Some(Kind::Header { .. }) => end,
            _ => end + comments,
        }
    }

    /// Whether blank lines stand between stanzas: unless there are several and none is so separated.
    pub(super) fn separates(&self) -> bool {
        let mut headers = self.stanzas.iter().skip(1).map(|stanza| stanza.header).peekable();
        headers.peek().is_none() || headers.any(|header| self.follows_blank(header))
    }

    /// Whether a blank line stands before a header and its comments.
    fn follows_blank(&self, header: usize) -> bool {
        let before = self.lines.get(..header).unwrap_or_default();
        before.iter().rev().find(|line| line.kind != Kind::Comment).is_some_and(|line| line.kind == Kind::Blank)
    }

    pub(super) fn is_blank(&self, line: Option<usize>) -> bool {
        line.and_then(|line| self.lines.get(line)).is_some_and(|line| line.kind == Kind::Blank)
    }

    /// Where what is read ends.
    pub(super) fn end(&self) -> usize {
        self.lines.last().filter(|line| line.kind == Kind::Unread).map_or(self.text.len(), |line| line.range.start)
    }
}
