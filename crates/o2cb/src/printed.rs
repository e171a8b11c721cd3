//! Text on its way to a terminal: what comes from kernels, disks and other nodes steers none, and lines are not too wide.

use terminal::clean;

/// How wide text may be.
pub const WIDTH: usize = 80;

/// Stays one blank, where a line may not be broken.
const GLUE: &str = "\u{a0}";

/// [`clean`] lines of at most [`WIDTH`] characters, where words are not longer: the first begins with `head`,
/// filled up to `indent`, and the others are indented so.
pub fn wrapped(head: &str, indent: usize, text: &str) -> String {
    let mut out = String::new();
    let (head, text) = (clean(head), clean(text));
    let mut line = format!("{head:indent$}");
    let mut empty = true;
    // A number and its unit stay together.
    let units = [" s ", " s;", " s:", " s.", " s,", " s)", " ms"];
    let glued = units.iter().fold(text, |text, unit| text.replace(unit, &unit.replacen(' ', GLUE, 1)));
    for word in glued.split(' ') {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            out += line.trim_end();
            out.push('\n');
            line = " ".repeat(indent);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line += word;
        empty = false;
    }
    out += line.trim_end();
    out.push('\n');
    out.replace(GLUE, " ")
}

/// [`clean`] text and the end of its line: a line end within begins none.
pub fn line(text: &str) -> String {
    clean(text) + "\n"
}

/// [`clean`] text in one line, its line ends as blanks.
pub fn one_line(text: &str) -> String {
    clean(&text.split('\n').map(str::trim_end).collect::<Vec<_>>().join(" "))
}

/// [`wrapped`] of text that is not this program's own: as [`one_line`], and a command in backticks in one piece.
pub fn told(head: &str, indent: usize, text: &str) -> String {
    let parts = one_line(text);
    let whole = |(index, part): (usize, &str)| if index % 2 == 1 { part.replace(' ', GLUE) } else { part.to_owned() };
    wrapped(head, indent, &parts.split('`').enumerate().map(whole).collect::<Vec<_>>().join("`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_not_too_wide_and_commands_stay_whole() {
        let told = told(
            "    fix:   ",
            11,
            &format!("{} `o2cb offline web && o2cb online web` \x1b[2J now\nand then", "word ".repeat(13).trim_end()),
        );
        assert!(told.lines().all(|line| line.chars().count() <= WIDTH), "{told}");
        assert!(told.contains("\n           `o2cb offline web && o2cb online web` \\u{1b}[2J now and then\n"), "{told}");
        assert!(told.starts_with("    fix:   word word"), "{told}");
    }
}
