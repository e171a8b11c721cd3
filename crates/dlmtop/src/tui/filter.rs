//! The filter line's words. They combine: a lock is shown if it passes all of them.

use crate::settings::Filter;
use crate::types::{Types, glock_word};

/// What is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Which locks.
    pub filter: Filter,
    /// Those without activity too, as far as they are told.
    pub all: bool,
}

/// Reads the line. `nodes`: the names that `node:` may use.
pub fn parse(line: &str, nodes: &[String]) -> Result<Choice, String> {
    let mut choice = Choice::default();
    for word in line.split_whitespace() {
        let filter = &mut choice.filter;
        match word {
            "waiting" => filter.waiting = true,
            "system" => filter.system = true,
            "all" => choice.all = true,
            "hot" => choice.all = false,
            _ => match word.split_once(':') {
                Some(("inode", number)) => filter.inode = Some(inode(number)?),
                Some(("node", name)) => filter.node = Some(node(name, nodes)?),
                Some(("type", list)) => filter.types.add(&Types::parse(list).map_err(|part| format!("{part:?} is no type: M, 2, inode"))?),
                Some((key, _)) => return Err(format!("no filter {key:?}: inode:N, node:NAME or type:TYPES")),
                None if word.starts_with(|c: char| c.is_ascii_digit()) => filter.inode = Some(inode(word)?),
                None => filter.types.add(&types(word)?),
            },
        }
    }
    Ok(choice)
}

/// The number of an inode: decimal, or hexadecimal with `0x`.
pub fn inode(text: &str) -> Result<u64, String> {
    let number = text.strip_prefix("0x").map_or_else(|| text.parse().ok(), |digits| u64::from_str_radix(digits, 16).ok());
    number.ok_or_else(|| format!("{text:?} is no inode number"))
}

fn node(name: &str, nodes: &[String]) -> Result<usize, String> {
    if let Some(at) = nodes.iter().position(|node| node == name) {
        return Ok(at);
    }
    let begin_so: Vec<usize> =
        nodes.iter().enumerate().filter(|(_, node)| !name.is_empty() && node.starts_with(name)).map(|(at, _)| at).collect();
    match begin_so.as_slice() {
        [only] => Ok(*only),
        _ => Err(format!("no node {name:?}: {}", nodes.join(" "))),
    }
}

/// `M`, `MW`, `M,W`, one small letter, or glock types by name: `inode`, `inode,rgrp`. Numbers are inodes here, and types after `type:`.
fn types(word: &str) -> Result<Types, String> {
    let small_too = word.chars().filter(|c| *c != ',').count() == 1 || word.contains(',');
    let is_word_of_small_letters = !small_too && glock_word(word).is_none() && word.chars().any(|c| c.is_ascii_lowercase());
    let types = Types::parse(word).ok().filter(|_| !is_word_of_small_letters);
    types.ok_or_else(|| format!("no filter {word:?}: types (MWOF, inode, rgrp, type:2), inode:N, node:NAME, waiting, system, all"))
}

/// The line that [`parse`] reads back; empty if everything passes.
pub fn words(choice: &Choice, nodes: &[String]) -> String {
    let filter = &choice.filter;
    let mut words = Vec::new();
    if !filter.types.is_empty() {
        words.push(filter.types.words());
    }
    words.extend(filter.inode.map(|inode| format!("inode:{inode}")));
    words.extend(filter.node.and_then(|node| nodes.get(node)).map(|name| format!("node:{name}")));
    words.extend(filter.waiting.then(|| "waiting".to_owned()));
    words.extend(filter.system.then(|| "system".to_owned()));
    words.extend(choice.all.then(|| "all".to_owned()));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes() -> Vec<String> {
        ["n1", "n10", "west"].map(str::to_owned).to_vec()
    }

    #[test]
    fn words_combine_and_read_back() {
        for line in ["M,W inode:13187 node:n1 waiting system all", "inode,rgrp", "F,flock inode:5", "", "F", "node:west"] {
            assert_eq!(words(&parse(line, &nodes()).unwrap(), &nodes()), line);
        }
        assert_eq!(words(&parse("MW 0x10 hot node:w", &nodes()).unwrap(), &nodes()), "M,W inode:16 node:west");
        assert_eq!(parse("m,f", &nodes()), parse("MF", &nodes()));
        assert_eq!(words(&parse("type:25,m rgrp 16", &nodes()).unwrap(), &nodes()), "M,inode,iopen,rgrp inode:16");
    }

    #[test]
    fn mistakes_are_told_with_what_is_right() {
        for (line, said) in [
            ("wait", "waiting, system"),
            ("X", "types (MWOF, inode"),
            ("no", "types (MWOF"),
            ("type:2,x", "\"x\" is no type"),
            ("ino:5", "inode:N"),
            ("inode:five", "no inode number"),
            ("node:n", "n1 n10 west"),
            ("node:", "n1 n10 west"),
            ("M,W,", ""),
        ] {
            match parse(line, &nodes()) {
                Err(error) => assert!(!said.is_empty() && error.contains(said), "{line}: {error}"),
                Ok(_) => assert_eq!(said, "", "{line}"),
            }
        }
    }
}
