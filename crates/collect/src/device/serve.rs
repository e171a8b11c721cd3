//! The child that reads one device for its parent: what can hang is not read by the program itself.
//!
//! The child says `ok MAJOR:MINOR SIZE SECTOR direct|cached` (`-` for no number), `denied WHY` if it may not read the device, or
//! `error WHY`. Then each request `OFFSET LENGTH` is answered with `ok LENGTH` and so many bytes, or with `error WHY`. It ends when its
//! input does.

use super::direct::{Device, Facts};
use formats::ocfs2_disk::Storage as _;
use std::io::{self, BufRead, Write};
use std::path::Path;

/// The most that is read at a time.
const MOST: usize = 1 << 20;

/// Reads the device at `path` for whoever asks on `input`.
pub fn serve(path: &Path, input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let mut device = match Device::open(path) {
        Ok(device) => device,
        Err(error) => {
            let word = if error.kind() == io::ErrorKind::PermissionDenied { "denied" } else { "error" };
            return writeln!(output, "{word} {}", one_line(&error));
        }
    };
    writeln!(output, "ok {}", facts_line(&device.facts()))?;
    output.flush()?;
    for line in input.lines() {
        let answer = request(&line?).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a request is not understood"));
        match answer.and_then(|(offset, length)| device.read(offset, length)) {
            Ok(bytes) => {
                writeln!(output, "ok {}", bytes.len())?;
                output.write_all(&bytes)?;
            }
            Err(error) => writeln!(output, "error {}", one_line(&error))?,
        }
        output.flush()?;
    }
    Ok(())
}

fn request(line: &str) -> Option<(u64, usize)> {
    let (offset, length) = line.split_once(' ')?;
    Some((offset.parse().ok()?, length.parse().ok().filter(|length| *length <= MOST)?))
}

fn facts_line(facts: &Facts) -> String {
    let number = facts.number.map_or_else(|| "-".to_owned(), |(major, minor)| format!("{major}:{minor}"));
    format!("{number} {} {} {}", facts.size, facts.sector, if facts.direct { "direct" } else { "cached" })
}

/// What [`facts_line`] says.
pub fn parse_facts(line: &str) -> Option<Facts> {
    let mut words = line.split(' ');
    let number = match words.next()? {
        "-" => None,
        number => {
            let (major, minor) = number.split_once(':')?;
            Some((major.parse().ok()?, minor.parse().ok()?))
        }
    };
    let (size, sector) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(Facts { number, size, sector, direct: words.next()? == "direct" })
}

/// `Permission denied`, without the number that Rust adds.
fn one_line(error: &io::Error) -> String {
    let text = error.to_string().replace('\n', " ");
    text.split_once(" (os error").map_or(text.as_str(), |(text, _)| text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_cross_the_pipe() {
        for facts in [
            Facts { number: Some((259, 1)), size: 1 << 40, sector: 4096, direct: true },
            Facts { number: None, size: 0, sector: 512, direct: false },
        ] {
            assert_eq!(parse_facts(&facts_line(&facts)), Some(facts));
        }
        assert_eq!(parse_facts("1 2 3 direct"), None);
    }

    #[test]
    fn answers_carry_bytes_or_why_not() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"abcdefgh").unwrap();
        let mut out = Vec::new();
        serve(file.path(), &b"2 3\n7 9\nx\n0 2000000\n"[..], &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("ok - 8 512 "), "{text}");
        assert!(text.contains("ok 3\ncdeerror beyond the end of the device\n"), "{text}");
        assert_eq!(text.matches("error a request is not understood\n").count(), 2, "{text}");
        let mut out = Vec::new();
        serve(&file.path().join("gone"), &b""[..], &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "error Not a directory\n");
    }
}
