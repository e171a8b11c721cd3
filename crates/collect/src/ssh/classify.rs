//! What ssh's last words mean.
//!
//! ssh has one exit status, 255, for all its own failures; only its messages tell them apart. They are the same in every
//! locale (OpenSSH is not translated, and the shell on the node runs with `LC_ALL=C`).

use super::stage::Stage;
use sample::{Fault, FaultKind};
use std::process::ExitStatus;

/// Longest evidence, characters.
const MOST_CHARACTERS: usize = 200;

/// How one connection ended.
pub(super) struct Ending<'a> {
    /// How far it had come.
    pub stage: Stage,
    /// ssh's exit status, if it ended by itself.
    pub status: Option<ExitStatus>,
    /// Its standard error, line by line.
    pub complaints: &'a [String],
    /// The last line that a login printed before anything of ours, if any.
    pub said: Option<&'a str>,
}

/// Texts and what they mean, the surest first: the first one that any line holds decides.
const MEANINGS: &[(&str, FaultKind)] = &[
    ("host key verification failed", FaultKind::HostKey),
    ("remote host identification has changed", FaultKind::HostKey),
    ("no hostkey alg", FaultKind::HostKey),
    ("no matching host key type", FaultKind::HostKey),
    ("host key is known for", FaultKind::HostKey),
    ("revoked host key", FaultKind::HostKey),
    ("permission denied (", FaultKind::Authentication),
    ("permission denied, please try again", FaultKind::Authentication),
    ("too many authentication failures", FaultKind::Authentication),
    ("no supported authentication methods", FaultKind::Authentication),
    ("account has expired", FaultKind::Authentication),
    ("password change required", FaultKind::Authentication),
    ("password has expired", FaultKind::Authentication),
    ("could not resolve hostname", FaultKind::CannotResolve),
    ("name or service not known", FaultKind::CannotResolve),
    ("no address associated with", FaultKind::CannotResolve),
    // Before the texts of errno: a connection that was there ends with the same words as one that never was.
    ("client_loop:", FaultKind::ConnectionLost),
    ("read from remote host", FaultKind::ConnectionLost),
    ("write failed:", FaultKind::ConnectionLost),
    ("packet_write_wait", FaultKind::ConnectionLost),
    ("not responding", FaultKind::Silent),
    ("connection refused", FaultKind::Refused),
    ("no route to host", FaultKind::Unreachable),
    ("network is unreachable", FaultKind::Unreachable),
    ("network is down", FaultKind::Unreachable),
    ("host is down", FaultKind::Unreachable),
    ("timed out", FaultKind::TimedOut),
    ("timeout", FaultKind::TimedOut),
    ("a password is required", FaultKind::NoPermission),
    ("a terminal is required", FaultKind::NoPermission),
    ("must have a tty to run sudo", FaultKind::NoPermission),
    ("not in the sudoers file", FaultKind::NoPermission),
    ("is not allowed to execute", FaultKind::NoPermission),
    ("may not run sudo", FaultKind::NoPermission),
    ("command not found", FaultKind::CannotRun),
    ("sudo: not found", FaultKind::CannotRun),
    ("/bin/sh: not found", FaultKind::CannotRun),
    ("unknown command", FaultKind::CannotRun),
    ("account is currently not available", FaultKind::CannotRun),
    ("shell request failed", FaultKind::CannotRun),
    ("exec request failed", FaultKind::CannotRun),
    ("administratively prohibited", FaultKind::CannotRun),
    ("bad configuration option", FaultKind::CannotRun),
    ("cannot execute command-line and remote command", FaultKind::CannotRun),
    ("can't open user config file", FaultKind::CannotRun),
    ("identification: connection closed", FaultKind::ConnectionLost),
    ("broken pipe", FaultKind::ConnectionLost),
    ("connection reset", FaultKind::ConnectionLost),
    ("connection closed", FaultKind::ConnectionLost),
    ("closed by remote host", FaultKind::ConnectionLost),
];

/// Lines that never are the reason.
const CHATTER: &[&str] = &["warning: permanently added", "** ", "debug1:", "@@@", "killed by signal"];

/// The fault that an ending is.
pub(super) fn classify(ending: &Ending) -> Fault {
    let lines: Vec<(&str, String)> = ending.complaints.iter().map(|line| (line.trim(), line.trim().to_lowercase())).collect();
    let lines: Vec<&(&str, String)> =
        lines.iter().filter(|(line, lower)| !line.is_empty() && !CHATTER.iter().any(|chatter| lower.starts_with(chatter))).collect();
    for (text, kind) in MEANINGS {
        if let Some((line, _)) = lines.iter().rev().find(|(_, lower)| lower.contains(text)) {
            return Fault::new(*kind, evidence(line));
        }
    }
    let last = lines.last().map(|(line, _)| *line).or(ending.said.filter(|_| ending.stage == Stage::Connecting));
    let kind = match (ending.stage, ending.status.and_then(|status| status.code())) {
        (Stage::Connecting | Stage::Starting, Some(code)) if code != 255 => FaultKind::CannotRun,
        _ => FaultKind::ConnectionLost,
    };
    let detail = match (last, ending.status) {
        (Some(line), _) => evidence(line),
        (None, Some(status)) => format!("ssh ended without a word: {status}"),
        (None, None) => "the connection was closed without a word".to_owned(),
    };
    Fault::new(kind, detail)
}

/// A line of another program as it may be shown: control characters escaped, not too long.
pub(super) fn evidence(line: &str) -> String {
    let mut shown = String::new();
    for character in line.trim().chars() {
        // Also the marks that turn the direction of writing: they would reorder what follows on a screen.
        let turns = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if character.is_control() || turns {
            shown.extend(character.escape_debug());
        } else {
            shown.push(character);
        }
    }
    if shown.chars().count() > MOST_CHARACTERS {
        shown = shown.chars().take(MOST_CHARACTERS - 1).chain(['…']).collect();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::os::unix::process::ExitStatusExt;

    fn of(stage: Stage, code: i32, stderr: &str) -> Fault {
        let complaints: Vec<String> = stderr.lines().map(str::to_owned).collect();
        classify(&Ending { stage, status: Some(ExitStatus::from_raw(code << 8)), complaints: &complaints, said: None })
    }

    #[test]
    fn messages_of_openssh_and_what_they_mean() {
        use FaultKind::*;
        let changed = "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\n\
                       @    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n\
                       @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\n\
                       IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\n\
                       Host key for [127.0.0.1]:2222 has changed and you have requested strict checking.\n\
                       Host key verification failed.";
        for (stderr, kind) in [
            ("ssh: Could not resolve hostname x: Name or service not known", CannotResolve),
            ("ssh: Could not resolve hostname x: Temporary failure in name resolution", CannotResolve),
            ("ssh: Could not resolve hostname x: No address associated with hostname", CannotResolve),
            ("ssh: Could not resolve hostname x: nodename nor servname provided, or not known", CannotResolve),
            ("ssh: connect to host 127.0.0.1 port 1: Connection refused", Refused),
            ("ssh: connect to host x port 22: No route to host", Unreachable),
            ("ssh: connect to host x port 22: Network is unreachable", Unreachable),
            ("ssh: connect to host x port 22: Connection timed out", TimedOut),
            ("ssh: connect to host x port 22: Operation timed out", TimedOut),
            ("Connection timed out during banner exchange\nConnection to 127.0.0.1 port 2222 timed out", TimedOut),
            ("Host key verification failed.", HostKey),
            (changed, HostKey),
            ("No ED25519 host key is known for x and you have requested strict checking.\nHost key verification failed.", HostKey),
            ("Unable to negotiate with 10.0.0.1 port 22: no matching host key type found. Their offer: ssh-rsa,ssh-dss", HostKey),
            ("root@x: Permission denied (publickey).", Authentication),
            ("root@x: Permission denied (publickey,gssapi-keyex,gssapi-with-mic,password).", Authentication),
            ("Received disconnect from 1.2.3.4 port 22:2: Too many authentication failures\nDisconnected from 1.2.3.4", Authentication),
            ("kex_exchange_identification: Connection closed by remote host\nConnection closed by 127.0.0.1 port 22", ConnectionLost),
            ("kex_exchange_identification: read: Connection reset by peer\nConnection reset by 1.2.3.4 port 22", ConnectionLost),
            ("ssh_exchange_identification: Connection closed by remote host", ConnectionLost),
            ("Timeout, server x not responding.", Silent),
            ("client_loop: send disconnect: Broken pipe", ConnectionLost),
            ("client_loop: send disconnect: Connection timed out", ConnectionLost),
            ("Read from remote host x: Connection reset by peer\nclient_loop: send disconnect: Broken pipe", ConnectionLost),
            ("Connection to x closed by remote host.", ConnectionLost),
            (
                "channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed\n\
                 kex_exchange_identification: Connection closed by remote host\nConnection closed by UNKNOWN port 65535",
                Refused,
            ),
            ("ssh: connect to host bastion port 22: No route to host\nConnection closed by UNKNOWN port 65535", Unreachable),
            ("Warning: Permanently added 'x' (ED25519) to the list of known hosts.\nx@x: Permission denied (publickey).", Authentication),
            ("command-line: line 0: Bad configuration option: nosuch", CannotRun),
        ] {
            let fault = of(Stage::Connecting, 255, stderr);
            assert_eq!(fault.kind, kind, "{stderr}");
            assert!(!fault.detail.is_empty() && stderr.contains(&fault.detail), "{}", fault.detail);
        }
    }

    #[test]
    fn messages_of_the_node_and_what_they_mean() {
        use FaultKind::*;
        for (code, stderr, kind) in [
            (1, "sudo: a password is required", NoPermission),
            (1, "sudo: a terminal is required to read the password; either use the -S option to read from standard input", NoPermission),
            (1, "sudo: sorry, you must have a tty to run sudo", NoPermission),
            (1, "me is not in the sudoers file.  This incident will be reported.", NoPermission),
            (127, "bash: line 1: sudo: command not found", CannotRun),
            (127, "sh: 1: exec: sudo: not found", CannotRun),
            (1, "This account is currently not available.", CannotRun),
            (126, "sh: 1: exec: /proc/self/fd/9: Permission denied", CannotRun),
            (1, "", CannotRun),
        ] {
            assert_eq!(of(Stage::Connecting, code, stderr).kind, kind, "{stderr}");
        }
        assert_eq!(of(Stage::Up, 255, "").kind, ConnectionLost);
        assert_eq!(of(Stage::Up, 3, "").kind, ConnectionLost);
    }

    #[test]
    fn what_a_login_says_is_evidence_if_nothing_else_is() {
        let status = Some(ExitStatus::from_raw(1 << 8));
        let fault = classify(&Ending { stage: Stage::Connecting, status, complaints: &[], said: Some("No shell for you\x1b[31m") });
        assert_eq!(fault, Fault::new(FaultKind::CannotRun, "No shell for you\\u{1b}[31m"));
    }

    proptest! {
        #[test]
        fn evidence_holds_no_control_characters_and_is_short(line: String) {
            let shown = evidence(&line);
            prop_assert!(!shown.chars().any(char::is_control) && shown.chars().count() <= 200);
        }
    }
}
