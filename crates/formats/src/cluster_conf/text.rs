//! Lines of a `cluster.conf` as the reader of ocfs2-tools takes them apart (`o2cb_ctl/jconfig.c`): a name is letters, digits and
//! underscores; a stanza starts in the first column; attributes are indented; a blank line closes the stanza; a NUL byte ends the file.

use std::borrow::Cow;
use std::ops::Range;

/// What a line is. Ranges are bytes of the whole text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing but blanks.
    Blank,
    /// `#` in the first column.
    Comment,
    /// `NAME:`
    Header { name: Range<usize> },
    /// `NAME = VALUE`, indented; the value up to the newline, which it contains where lines are continued.
    Attribute { name: Range<usize>, value: Range<usize> },
    /// Not understood, and where.
    Broken(Fault, usize),
    /// A NUL byte and all that follows: no reader sees it.
    Unread,
}

/// Why a line is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A byte order mark before the first line.
    ByteOrderMark,
    /// A carriage return where a line ends.
    CarriageReturn,
    /// `name = value` in the first column.
    NotIndented,
    /// A name in the first column, and no colon.
    NoColon,
    /// `cluster :`
    BlankBeforeColon,
    /// `cluster: x`
    TextAfterColon,
    /// The first column holds neither a name nor `#`.
    StartOfLine,
    /// `#` after blanks.
    IndentedComment,
    /// `cluster:` after blanks.
    IndentedHeader,
    /// An attribute's name holds something else than letters, digits and underscores.
    AttributeName,
    /// An attribute without `=`.
    NoEquals,
}

impl Fault {
    /// Whether the line looks like a header: attributes after it then belong to the stanza that it was meant to open.
    pub(super) fn opens(self) -> bool {
        matches!(
            self,
            Fault::CarriageReturn
                | Fault::NoColon
                | Fault::BlankBeforeColon
                | Fault::TextAfterColon
                | Fault::IndentedHeader
                | Fault::ByteOrderMark
                | Fault::StartOfLine
        )
    }
}

/// A line with its newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) range: Range<usize>,
    pub(super) kind: Kind,
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Walks a text. Beyond its end, and from its first NUL byte, there is nothing.
struct Walk<'a> {
    text: &'a [u8],
    at: usize,
}

impl Walk<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip(&mut self, wanted: impl Fn(u8) -> bool) -> Range<usize> {
        let start = self.at;
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
        start..self.at
    }

    /// Takes the rest of the line and its newline.
    fn skip_line(&mut self) {
        self.skip(|byte| byte != b'\n');
        self.skip_newline();
    }

    fn skip_newline(&mut self) {
        if self.peek() == Some(b'\n') {
            self.at += 1;
        }
    }

    fn line(&mut self) -> Kind {
        match self.peek() {
            Some(b'\n') | None => {
                self.skip_newline();
                Kind::Blank
            }
            Some(b'#') => {
                self.skip_line();
                Kind::Comment
            }
            Some(byte) if is_blank(byte) => self.indented(),
            Some(byte) if is_name(byte) => self.header(),
            Some(byte) => {
                let fault = match byte {
                    0xef if self.at == 0 && self.text.starts_with("\u{feff}".as_bytes()) => Fault::ByteOrderMark,
                    b'\r' => Fault::CarriageReturn,
                    _ => Fault::StartOfLine,
                };
                self.broken(fault, self.at)
            }
        }
    }

    fn broken(&mut self, fault: Fault, at: usize) -> Kind {
        self.skip_line();
        Kind::Broken(fault, at)
    }

    fn header(&mut self) -> Kind {
        let name = self.skip(is_name);
        let after = self.at;
        if self.peek() == Some(b':') {
            self.at += 1;
            self.skip(is_blank);
            return match self.peek() {
                Some(b'\n') | None => {
                    self.skip_newline();
                    Kind::Header { name }
                }
                Some(b'\r') => self.broken(Fault::CarriageReturn, self.at),
                Some(_) => self.broken(Fault::TextAfterColon, self.at),
            };
        }
        let blanks = !self.skip(is_blank).is_empty();
        match self.peek() {
            Some(b'=') => self.broken(Fault::NotIndented, name.start),
            Some(b':') if blanks => self.broken(Fault::BlankBeforeColon, after),
            _ => self.broken(Fault::NoColon, after),
        }
    }

    fn indented(&mut self) -> Kind {
        self.skip(is_blank);
        match self.peek() {
            Some(b'\n') | None => {
                self.skip_newline();
                Kind::Blank
            }
            Some(byte) if is_name(byte) => self.attribute(),
            Some(b'#') => self.broken(Fault::IndentedComment, self.at),
            Some(b'\r') => self.broken(Fault::CarriageReturn, self.at),
            Some(_) => self.broken(Fault::AttributeName, self.at),
        }
    }

    fn attribute(&mut self) -> Kind {
        let name = self.skip(is_name);
        self.skip(is_blank);
        match self.peek() {
            Some(b'=') => self.at += 1,
            Some(b'\n' | b'\r') | None => return self.broken(Fault::NoEquals, name.end),
            Some(b':') => return self.broken(Fault::IndentedHeader, name.start),
            Some(byte) if is_name(byte) => return self.broken(Fault::NoEquals, name.end),
            Some(_) => return self.broken(Fault::AttributeName, self.at),
        }
        self.skip(is_blank);
        let start = self.at;
        let mut escaped = false;
        while let Some(byte) = self.peek() {
            if byte == b'\n' && !escaped {
                break;
            }
            // A backslash after a backslash may again join two lines.
            escaped = byte == b'\\';
            self.at += 1;
        }
        let value = start..self.at;
        self.skip_newline();
        Kind::Attribute { name, value }
    }
}

/// Takes a text apart. The ranges of all lines joined are the whole text.
pub(super) fn lines(text: &[u8]) -> Vec<Line> {
    let end = memchr::memchr(0, text).unwrap_or(text.len());
    let mut lines = Vec::new();
    let mut walk = Walk { text: text.get(..end).unwrap_or_default(), at: 0 };
    while walk.at < end {
        let start = walk.at;
        let kind = walk.line();
        lines.push(Line { range: start..walk.at, kind });
    }
    if end < text.len() {
        lines.push(Line { range: end..text.len(), kind: Kind::Unread });
    }
    lines
}

/// A value as the reader understands it: continued lines joined by a newline, white space at its end cut (`g_strchomp`).
pub(super) fn meaning(raw: &[u8]) -> Cow<'_, [u8]> {
    // A file that ends in a backslash loses it.
    let raw = raw.strip_suffix(b"\\").unwrap_or(raw);
    if memchr::memchr(b'\n', raw).is_none() {
        return Cow::Borrowed(chomp(raw));
    }
    let mut value = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' || bytes.peek() != Some(&b'\n') {
            value.push(byte);
        }
    }
    value.truncate(chomp(&value).len());
    Cow::Owned(value)
}

/// Without white space at its end, of which a vertical tab is none.
fn chomp(value: &[u8]) -> &[u8] {
    let end = value.iter().rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)).map_or(0, |last| last + 1);
    value.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kind(text: &str) -> Kind {
        lines(text.as_bytes()).remove(0).kind
    }

    #[test]
    fn lines_and_their_faults() {
        for (text, fault, column) in [
            ("cluster :\n", Fault::BlankBeforeColon, 7),
            ("cluster: x\n", Fault::TextAfterColon, 9),
            ("cluster:\r\n", Fault::CarriageReturn, 8),
            ("\r\n", Fault::CarriageReturn, 0),
            (" \r\n", Fault::CarriageReturn, 1),
            ("cluster", Fault::NoColon, 7),
            ("clus-ter:\n", Fault::NoColon, 4),
            ("a = b\n", Fault::NotIndented, 0),
            (":\n", Fault::StartOfLine, 0),
            ("\u{feff}cluster:\n", Fault::ByteOrderMark, 0),
            ("\t# x\n", Fault::IndentedComment, 1),
            ("\tnode:\n", Fault::IndentedHeader, 1),
            ("\ta\n", Fault::NoEquals, 2),
            ("\ta", Fault::NoEquals, 2),
            ("\ta b\n", Fault::NoEquals, 2),
            ("\ta-b = c\n", Fault::AttributeName, 2),
            ("\t= c\n", Fault::AttributeName, 1),
        ] {
            assert_eq!(kind(text), Kind::Broken(fault, column), "{text:?}");
        }
        assert_eq!(kind("cluster: \t"), Kind::Header { name: 0..7 });
        assert_eq!(kind(" \t"), Kind::Blank);
        assert_eq!(kind("#"), Kind::Comment);
        assert_eq!(kind(" a\t=\t b c \n"), Kind::Attribute { name: 1..2, value: 6..10 });
        assert_eq!(kind("\ta ="), Kind::Attribute { name: 1..2, value: 4..4 });
        assert_eq!(kind("\ta = b\\\nc\n"), Kind::Attribute { name: 1..2, value: 5..9 });
        assert_eq!(kind("\0cluster:"), Kind::Unread);
    }

    #[test]
    fn values_are_joined_and_cut() {
        assert_eq!(*meaning(b"a\\\n b \t\r"), *b"a\n b");
        assert_eq!(*meaning(b"a\\\\\nb"), *b"a\\\nb");
        assert_eq!(*meaning(b"a\\b"), *b"a\\b");
        assert_eq!(*meaning(b"a\\"), *b"a");
        assert_eq!(*meaning(b"a\\\n\\\n"), *b"a");
        assert_eq!(*meaning(b"a\x0b "), *b"a\x0b");
    }

    proptest! {
        #[test]
        fn lines_are_the_whole_text(text in proptest::collection::vec(proptest::sample::select(&b"a:= \t\n\r#\\\0-"[..]), 0..60)) {
            let mut at = 0;
            for line in lines(&text) {
                prop_assert_eq!(line.range.start, at);
                prop_assert!(line.range.end > at);
                at = line.range.end;
            }
            prop_assert_eq!(at, text.len());
        }
    }
}
