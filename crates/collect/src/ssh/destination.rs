//! Where a node is, as a user writes it: `host`, `user@host`, `host:port`, `user@host:port`, `[v6]:port`, a plain v6 address.
//!
//! What is accepted goes to ssh as one argument after `--`. Characters with a meaning to a shell are refused all the same:
//! an ssh before 9.6 puts host and user into the command of a `ProxyCommand` as they are.

use std::fmt;

/// A destination that is safe to hand to ssh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// `host` or `user@host`.
    pub host: String,
    /// Port, if the user gave one; else ssh's configuration decides.
    pub port: Option<u16>,
}

/// Why a text is no destination.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{shown}: {why}; give a node as host, user@host, host:port or [v6 address]:port", shown = self.text.escape_debug())]
pub struct BadDestination {
    text: String,
    why: &'static str,
}

impl Destination {
    /// Reads a destination.
    pub fn parse(text: &str) -> Result<Destination, BadDestination> {
        let bad = |why| BadDestination { text: text.chars().take(80).collect(), why };
        // As ssh does: a user name may hold an '@', a host may not.
        let (user, place) = text.rsplit_once('@').map_or((None, text), |(user, place)| (Some(user), place));
        let (host, port) = split_port(place).map_err(bad)?;
        for (part, name) in user.map(|user| (user, "no user name before '@'")).into_iter().chain([(host, "no host name")]) {
            if part.is_empty() {
                return Err(bad(name));
            }
            if part.starts_with('-') {
                return Err(bad("a name that begins with '-' would be an option of ssh"));
            }
            if part.ends_with('\\') || part.chars().any(|c| c.is_whitespace() || c.is_control() || "'`\"$;&<>|(){}*?!#".contains(c)) {
                return Err(bad("blanks, quotes and characters special to shells cannot be in a name"));
            }
        }
        if host.contains(['\\', '/', ',']) {
            return Err(bad("a host name holds no '\\', '/' or ','"));
        }
        Ok(Destination { host: user.map_or_else(|| host.to_owned(), |user| format!("{user}@{host}")), port })
    }
}

fn split_port(place: &str) -> Result<(&str, Option<u16>), &'static str> {
    let number = |port: &str| match port.parse::<u16>() {
        Ok(port) if port > 0 => Ok(Some(port)),
        _ => Err("the port is no number from 1 to 65535"),
    };
    if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or("a '[' without ']'")?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, number(port)?)),
            None if rest.is_empty() => Ok((host, None)),
            None => Err("only ':port' can follow ']'"),
        };
    }
    if place.contains(['[', ']']) {
        return Err("brackets enclose a whole v6 address");
    }
    match place.split_once(':') {
        // Two colons and no brackets: a v6 address without port.
        Some((_, rest)) if rest.contains(':') => Ok((place, None)),
        Some((host, port)) => Ok((host, number(port)?)),
        None => Ok((place, None)),
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_users_write() {
        for (text, host, port) in [
            ("node1", "node1", None),
            ("root@node1", "root@node1", None),
            ("node1:2222", "node1", Some(2222)),
            ("root@node1.example.org:22", "root@node1.example.org", Some(22)),
            ("[fe80::1%eth0]:2222", "fe80::1%eth0", Some(2222)),
            ("root@[::1]:22", "root@::1", Some(22)),
            ("[::1]", "::1", None),
            ("::1", "::1", None),
            ("root@2001:db8::5", "root@2001:db8::5", None),
            ("me@example.org@bastion", "me@example.org@bastion", None),
            ("DOMAIN\\me@node1", "DOMAIN\\me@node1", None),
            ("node_1", "node_1", None),
        ] {
            assert_eq!(Destination::parse(text), Ok(Destination { host: host.to_owned(), port }), "{text}");
        }
    }

    #[test]
    fn what_must_never_reach_ssh() {
        for text in [
            "",
            "@",
            "root@",
            "@node1",
            "-oProxyCommand=touch x",
            "root@-oProxyCommand=x",
            "-l@node1",
            "[-oX]:22",
            "a;touch x",
            "a;b",
            "$(touch x)",
            "`x`",
            "a b",
            "a\nb",
            "a\0b",
            "node1:",
            "node1:0",
            "node1:65536",
            "node1:ssh",
            "node1:-1",
            "[::1",
            "::1]",
            "[::1]22",
            "a|b",
            "a/b",
            "ssh://a",
            "a&b",
            "root\\@node1",
            "*",
            "!a",
        ] {
            assert!(Destination::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_message_shows_the_text_without_its_control_characters() {
        let message = Destination::parse("a\x1b[31m").unwrap_err().to_string();
        assert!(message.starts_with("a\\u{1b}[31m: ") && message.contains("user@host"), "{message}");
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_no_option_and_no_shell_text(text: String) {
            if let Ok(destination) = Destination::parse(&text) {
                prop_assert!(!destination.host.starts_with('-'));
                prop_assert!(!destination.host.contains(['\'', '"', '$', '`', ';', '&', '|', '<', '>', ' ', '\n']));
            }
        }
    }
}
