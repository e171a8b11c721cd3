//! The command that ssh runs on a node: a constant.

/// The script with its comments, as people read it.
const SCRIPT: &str = include_str!("bootstrap.sh");

/// The remote command, one line that any login shell hands on unchanged. It holds nothing but constant text: what differs
/// from node to node goes over stdin and is checked there.
pub(super) fn command(sudo: bool) -> String {
    let mut command = String::from(if sudo { "exec sudo -n /bin/sh -c '" } else { "exec /bin/sh -c '" });
    let lines = SCRIPT.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    for (number, line) in lines.enumerate() {
        if number > 0 {
            command.push(' ');
        }
        command.push_str(line);
    }
    command.push('\'');
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn every_login_shell_hands_it_on_unchanged() {
        for sudo in [false, true] {
            let command = command(sudo);
            assert_eq!(command.matches('\'').count(), 2);
            assert!(!command.contains(['!', '\n', '\r', '\t']), "{command}");
            assert!(!command.contains("\\\\"), "fish halves doubled backslashes");
            // What dropbear, the ssh server of small machines, takes (MAX_CMD_LEN).
            assert!(command.len() < 9000, "{}", command.len());
        }
    }

    #[test]
    fn the_shell_understands_it_and_ends_with_its_input() {
        let status = Command::new("/bin/sh").args(["-c", &command(false)]).stdin(Stdio::null()).status().unwrap();
        assert!(status.success(), "{status}");
    }
}
