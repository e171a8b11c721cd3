//! Assignments of a file that a shell would source, read without executing anything: what only a shell could know is unknown.

use std::ops::Range;

/// A variable that is given a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    /// Its name in the text.
    pub(super) name: Range<usize>,
    /// Its value in the text, with quotes.
    pub(super) raw: Range<usize>,
    /// The value, if no shell is needed to know it.
    pub(super) value: Option<String>,
}

/// Something that only a shell would understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// A command, a condition, a loop.
    Command,
    /// `$x`, `$(…)`, a backquote, `~`, in a value.
    Expansion,
    /// A quote without its end.
    OpenQuote,
}

/// What was found in a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) assignments: Vec<Assignment>,
    pub(super) code: Vec<(usize, Code)>,
}

/// A word: its text if known, and where its name ends if it is an assignment.
struct Word {
    range: Range<usize>,
    /// Where the value starts, behind `NAME=`.
    value: Option<usize>,
    /// Text of the value, or of the whole word.
    text: Option<Vec<u8>>,
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    script: Script,
    /// How many conditions, loops or functions are open: what they assign may never be assigned.
    depth: u32,
}

/// Reads a text.
pub(super) fn read(text: &[u8]) -> Script {
    let mut reader = Reader { text, at: 0, script: Script::default(), depth: 0 };
    while reader.at < text.len() {
        reader.statement();
    }
    reader.script
}

fn ends_word(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>')
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// One command up to its newline or semicolon.
    fn statement(&mut self) {
        let start = self.at;
        let mut words: Vec<Word> = Vec::new();
        let mut operators = false;
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' | b';' => {
                    self.at += 1;
                    break;
                }
                b' ' | b'\t' => self.at += 1,
                b'#' => self.skip_comment(),
                b'&' | b'|' | b'(' | b')' | b'<' | b'>' => {
                    operators = true;
                    if words.is_empty() {
                        self.parenthesis(byte);
                    }
                    self.at += 1;
                }
                _ => words.extend(self.word()),
            }
        }
        let first = words.first().map_or(start, |word| word.range.start);
        let exported = words.first().is_some_and(|word| word.text.as_deref() == Some(b"export") && word.value.is_none());
        let plain = !operators && words.iter().skip(usize::from(exported)).all(|word| word.value.is_some() || exported);
        if !plain {
            self.script.code.push((first, Code::Command));
            self.keywords(&words);
        }
        let certain = plain && self.depth == 0;
        for word in words {
            self.assign(word, certain);
        }
    }

    fn skip_comment(&mut self) {
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
    }

    fn parenthesis(&mut self, byte: u8) {
        match byte {
            b'(' => self.depth += 1,
            b')' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    /// Opens and closes conditions, loops and functions.
    fn keywords(&mut self, words: &[Word]) {
        let mut words = words.iter().map(|word| word.text.as_deref().unwrap_or_default()).peekable();
        while words.next_if(|word| matches!(*word, b"then" | b"else" | b"elif" | b"do" | b"!")).is_some() {}
        match words.peek().copied().unwrap_or_default() {
            b"if" | b"for" | b"while" | b"until" | b"case" | b"select" => self.depth += 1,
            b"fi" | b"done" | b"esac" | b"}" => self.depth = self.depth.saturating_sub(1),
            _ => self.depth += words.filter(|word| *word == b"{").count() as u32,
        }
    }

    fn assign(&mut self, word: Word, certain: bool) {
        let Some(start) = word.value else { return };
        let equals = start - 1;
        let appends = self.text.get(equals.wrapping_sub(1)) == Some(&b'+');
        let name = word.range.start..equals - usize::from(appends);
        let text = word.text.filter(|text| certain && !appends && !text.contains(&0));
        let value = text.and_then(|text| String::from_utf8(text).ok());
        self.script.assignments.push(Assignment { name, raw: start..word.range.end, value });
    }

    /// The next word; `None` if only a continued line was there.
    fn word(&mut self) -> Option<Word> {
        let start = self.at;
        let value = self.name().then_some(self.at);
        if value.is_none() {
            self.at = start;
        }
        let mut text = Some(Vec::new());
        while let Some(byte) = self.peek() {
            if ends_word(byte) {
                break;
            }
            let piece_start = self.at;
            self.at += 1;
            let piece = match byte {
                b'\'' => self.single_quoted(),
                b'"' => self.double_quoted(),
                b'\\' => match self.next() {
                    Some(b'\n') => Ok(Vec::new()),
                    Some(byte) => Ok(vec![byte]),
                    None => Ok(vec![b'\\']),
                },
                b'$' | b'`' => self.expansion(byte, false),
                b'~' if Some(piece_start) == value || self.text.get(piece_start.wrapping_sub(1)) == Some(&b':') => Err(Code::Expansion),
                _ => Ok(vec![byte]),
            };
            match piece {
                Ok(piece) => {
                    if let Some(text) = &mut text {
                        text.extend(piece);
                    }
                }
                Err(code) => {
                    self.script.code.push((piece_start, code));
                    text = None;
                }
            }
        }
        let continued = self.text.get(start..self.at) == Some(b"\\\n");
        (!continued).then_some(Word { range: start..self.at, value, text })
    }

    /// Takes `NAME=` or `NAME+=`.
    fn name(&mut self) -> bool {
        if !self.peek().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_') {
            return false;
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            self.at += 1;
        }
        if self.peek() == Some(b'+') {
            self.at += 1;
        }
        self.next() == Some(b'=')
    }

    fn single_quoted(&mut self) -> Result<Vec<u8>, Code> {
        let start = self.at;
        while let Some(byte) = self.next() {
            if byte == b'\'' {
                return Ok(self.text.get(start..self.at - 1).unwrap_or_default().to_vec());
            }
        }
        Err(Code::OpenQuote)
    }

    fn double_quoted(&mut self) -> Result<Vec<u8>, Code> {
        let mut text = Ok(Vec::new());
        while let Some(byte) = self.next() {
            let piece = match byte {
                b'"' => return text,
                b'\\' => match self.next() {
                    Some(b'\n') => Ok(Vec::new()),
                    Some(byte @ (b'$' | b'`' | b'"' | b'\\')) => Ok(vec![byte]),
                    Some(byte) => Ok(vec![b'\\', byte]),
                    None => break,
                },
                b'$' | b'`' => self.expansion(byte, true),
                byte => Ok(vec![byte]),
            };
            match (piece, &mut text) {
                (Ok(piece), Ok(text)) => text.extend(piece),
                (Err(code), _) => text = Err(code),
                (Ok(_), Err(_)) => {}
            }
        }
        Err(Code::OpenQuote)
    }

    /// What follows `$` or a backquote.
    fn expansion(&mut self, byte: u8, quoted: bool) -> Result<Vec<u8>, Code> {
        if byte == b'`' {
            while let Some(byte) = self.next() {
                match byte {
                    b'`' => return Err(Code::Expansion),
                    b'\\' => self.at += 1,
                    _ => {}
                }
            }
            return Err(Code::OpenQuote);
        }
        match self.peek() {
            Some(b'(') => self.nested(b'(', b')'),
            Some(b'{') => self.nested(b'{', b'}'),
            Some(b'\'' | b'"') if !quoted => Err(Code::Expansion),
            Some(byte) if byte.is_ascii_alphanumeric() || b"_@*#?-$!".contains(&byte) => Err(Code::Expansion),
            _ => Ok(vec![b'$']),
        }
    }

    fn nested(&mut self, open: u8, close: u8) -> Result<Vec<u8>, Code> {
        let mut depth = 0u32;
        while let Some(byte) = self.next() {
            if byte == open {
                depth += 1;
            } else if byte == close {
                depth -= 1;
                if depth == 0 {
                    return Err(Code::Expansion);
                }
            }
        }
        Err(Code::OpenQuote)
    }
}
