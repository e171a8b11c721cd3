//! Lines that the reader refuses: why, and what to write instead.

use super::document::Document;
use super::rules;
use super::text::{Fault, Kind};
use crate::config_problem::{Problem, Rule};

impl Document {
    /// Problems of lines, whatever they say.
    pub(super) fn line_problems(&self, problems: &mut Vec<Problem>) {
        let mut returns = Vec::new();
        for line in &self.lines {
            match line.kind {
                Kind::Broken(Fault::CarriageReturn, at) => returns.push(at),
                Kind::Broken(fault, at) => {
                    let (rule, what, fix) = self.explain(fault, at, line.range.start);
                    problems.push(self.problem(at, rule, what, fix));
                }
                Kind::Unread => {
                    let what = format!("a NUL byte: this and the {} bytes after it are not read", line.range.len() - 1);
                    problems.push(self.problem(line.range.start, rules::NUL_BYTE, what, "remove it".to_owned()));
                }
                Kind::Blank | Kind::Comment | Kind::Header { .. } | Kind::Attribute { .. } => {}
            }
        }
        // A file from another system has them in all lines: told once.
        if let Some(&first) = returns.first() {
            let what = match returns.len() {
                1 => "a carriage return at the end of the line".to_owned(),
                count => format!("a carriage return at the end of this and of {} more lines", count - 1),
            };
            problems.push(self.problem(first, rules::CARRIAGE_RETURN, what, "end lines with a newline alone (dos2unix)".to_owned()));
        }
        for &(line, blank) in &self.strays {
            let start = self.lines.get(line).map_or(0, |line| match &line.kind {
                Kind::Attribute { name, .. } => name.start,
                _ => line.range.start,
            });
            let (what, fix) = match blank {
                Some(blank) if self.lines.iter().take(blank).any(|line| matches!(line.kind, Kind::Header { .. })) => {
                    let (closer, _) = self.place(self.line_start(blank));
                    let what = format!("an attribute outside a stanza: the blank line {closer} closed the one before");
                    (what, format!("remove line {closer}, or start a stanza here"))
                }
                _ => ("an attribute before the first stanza".to_owned(), "put a header such as 'cluster:' or 'node:' before it".to_owned()),
            };
            problems.push(self.problem(start, rules::OUTSIDE_STANZA, what, fix));
        }
    }

    fn explain(&self, fault: Fault, at: usize, start: usize) -> (Rule, String, String) {
        let byte = self.text.get(at).copied();
        let shown = byte.map_or_else(|| "the end of the file".to_owned(), |byte| format!("'{}'", byte.escape_ascii()));
        let name = self.text.get(start..at).unwrap_or_default();
        let name = show(name.trim_ascii());
        let (rule, what, fix) = match fault {
            Fault::ByteOrderMark => (rules::BYTE_ORDER_MARK, "a byte order mark".to_owned(), "save the file without one".to_owned()),
            Fault::CarriageReturn => (rules::CARRIAGE_RETURN, "a carriage return".to_owned(), "remove it".to_owned()),
            Fault::NotIndented => (rules::NOT_INDENTED, "an attribute in the first column".to_owned(), "indent it with a tab".to_owned()),
            Fault::NoColon => {
                (rules::NO_COLON, format!("{shown} where the colon of a stanza's header is expected"), format!("write '{name}:' alone"))
            }
            Fault::BlankBeforeColon => {
                (rules::BLANK_BEFORE_COLON, "a blank before the colon of a header".to_owned(), format!("write '{name}:'"))
            }
            Fault::TextAfterColon => (
                rules::TEXT_AFTER_COLON,
                format!("{shown} after the colon of a header"),
                format!("write '{name}' alone, and what follows in indented lines of its own"),
            ),
            Fault::StartOfLine => (
                rules::START_OF_LINE,
                format!("{shown} where a stanza, an indented attribute or '#' is expected"),
                "correct or remove the line".to_owned(),
            ),
            Fault::IndentedComment => {
                (rules::INDENTED_COMMENT, "a comment that is indented".to_owned(), "put '#' in the first column".to_owned())
            }
            Fault::IndentedHeader => {
                (rules::INDENTED_HEADER, "a stanza's header that is indented".to_owned(), "start it in the first column".to_owned())
            }
            Fault::AttributeName => (
                rules::ATTRIBUTE_NAME,
                format!("{shown} in an attribute's name"),
                "names are letters, digits and underscores, followed by '='".to_owned(),
            ),
            Fault::NoEquals => (rules::NO_EQUALS, format!("no '=' after '{name}'"), format!("write '{name} = VALUE'")),
        };
        (rule, what, fix)
    }

    pub(super) fn problem(&self, at: usize, rule: Rule, what: String, fix: String) -> Problem {
        let (line, column) = self.place(at);
        Problem { line, column, rule, what, fix }
    }
}

/// Longest piece of a file that a message quotes.
const SHOWN: usize = 80;

/// A piece of the file for a message: no control characters, not too long.
pub(super) fn show(bytes: &[u8]) -> String {
    let (shown, more) = bytes.split_at_checked(SHOWN).unwrap_or((bytes, &[]));
    let mut text = String::from_utf8_lossy(shown).escape_debug().to_string();
    if !more.is_empty() {
        text.push('…');
    }
    text
}
