//! Names and messages come from kernels, disks, users and other nodes. None of them may steer a terminal.

/// Whether a letter would steer a terminal, or is not seen and changes what is: controls, and signs that have no width or turn the
/// direction of writing.
pub fn hides(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The text with such letters as escapes (`\n`, `\u{1b}`).
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if hides(letter) {
            out.extend(letter.escape_default());
        } else {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal() {
        assert_eq!(clean("a\x1b[31mb\u{9b}\u{202e}\u{200b}\n"), "a\\u{1b}[31mb\\u{9b}\\u{202e}\\u{200b}\\n");
        assert_eq!(clean("knoten-ä µs 節 \\ \"x\""), "knoten-ä µs 節 \\ \"x\"");
    }
}
