//! The status of all nodes, each told by its own `o2cb` over ssh.

use super::{Io, Sources};
use crate::program::{Answer, MOST_BYTES, answer_of};
use crate::status::Status;
use anyhow::bail;
use formats::cluster_conf::{Cluster, Node, is_local};
use serde_json::{Map, Value, json};
use std::io;
use std::process::Command;
use std::thread;
use std::time::{Duration, SystemTime};
use terminal::clean;

/// How long a node may take to answer.
const DEADLINE: Duration = Duration::from_secs(15);
/// As much is shown of what is no answer, characters.
const COMPLAINT: usize = 300;
/// What every node must have alike, or they do not connect or join: names within `registered`.
const ALIKE: [(&str, &str); 4] = [
    ("dead_threshold", "heartbeat dead threshold"),
    ("idle_timeout_ms", "network idle timeout"),
    ("keepalive_delay_ms", "network keepalive delay"),
    ("mode", "heartbeat mode"),
];

/// What a node said.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its name.
    pub node: String,
    /// The JSON that its `o2cb` printed, or why there is none.
    pub answer: Result<Value, String>,
    /// This machine's clock when it was asked, µs since 1970.
    pub begun_us: u128,
    /// The same when the answer came.
    pub ended_us: u128,
}

/// Asks the `o2cb` of every other node of the cluster, all at once; `words` are the verb and its options. This host's own answer comes
/// first, if one of the nodes is this host.
pub fn ask_others(
    cluster: &Cluster,
    host: &str,
    words: &[String],
    deadline: Duration,
    own: &Value,
    own_us: u128,
) -> anyhow::Result<Vec<Asked>> {
    if !cluster.name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        bail!("'{}' is no name of a cluster", cluster.name);
    }
    let (here, others): (Vec<_>, Vec<_>) = cluster.nodes.iter().partition(|node| is_local(&node.name, host));
    let asking: Vec<_> = others
        .into_iter()
        .map(|node| {
            let (name, mut command) = (node.name.clone(), ssh(&node.name, words, &cluster.name));
            let thread = thread::spawn(move || {
                let begun_us = now_us();
                let answer = understood(answer_of(&mut command, deadline));
                (answer, begun_us, now_us())
            });
            (name, thread)
        })
        .collect();
    let own_answer = |node: &Node| Asked { node: node.name.clone(), answer: Ok(own.clone()), begun_us: own_us, ended_us: own_us };
    let mut answers: Vec<Asked> = here.into_iter().map(own_answer).collect();
    for (node, thread) in asking {
        let (answer, begun_us, ended_us) = thread.join().unwrap_or_else(|_| (Err("the thread that asked it died".to_owned()), 0, 0));
        answers.push(Asked { node, answer, begun_us, ended_us });
    }
    Ok(answers)
}

fn now_us() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_micros())
}

/// The ssh that asks a node. The remote shell sees fixed words and the cluster's name, which is letters and digits.
fn ssh(node: &str, words: &[String], cluster: &str) -> Command {
    let mut command = Command::new("ssh");
    command.args(["-oBatchMode=yes", "-oConnectTimeout=5", "--", node, "o2cb"]).args(words).arg(cluster);
    command
}

/// What a node said.
fn understood(answer: io::Result<Answer>) -> Result<Value, String> {
    let answer = answer.map_err(|error| error.to_string())?;
    // 0 to 3 are the codes of `status`; ssh itself fails with 255.
    serde_json::from_str(&answer.stdout).map_err(|_| {
        if answer.stdout.len() > MOST_BYTES {
            return format!("its answer is longer than {} MiB", MOST_BYTES >> 20);
        }
        let said = answer.complaint();
        // A shell's start-up files may say much.
        let short: String = said.chars().take(COMPLAINT).collect();
        if short.len() < said.len() { format!("its answer is no JSON: {short}…") } else { said }
    })
}

/// Tells it. The exit code is that of the worst node: 3 if one does not answer.
pub fn tell(own: &Status, sources: &dyn Sources, as_json: bool, io: &mut Io<'_>) -> anyhow::Result<u8> {
    let Some(cluster) = &own.asked.cluster else {
        bail!("{} has no cluster {}", sources.config_path().display(), own.name.as_deref().unwrap_or("that could be meant"));
    };
    let host = own.found.host.is().cloned().unwrap_or_default();
    let asked = ask_others(cluster, &host, &["status".to_owned(), "--json".to_owned()], DEADLINE, &own.json(), 0)?;
    let answers: Vec<(String, Result<Value, String>)> = asked.into_iter().map(|asked| (asked.node, asked.answer)).collect();
    let differences = differences(&answers);
    let code = code(&answers, !differences.is_empty());
    if as_json {
        let nodes: Map<String, Value> =
            answers.into_iter().map(|(name, answer)| (name, answer.unwrap_or_else(|why| json!({ "unknown": why })))).collect();
        writeln!(io.out, "{:#}", json!({ "nodes": nodes, "differences": differences, "exit_code": code }))?;
        return Ok(code);
    }
    for (name, answer) in &answers {
        match answer {
            Ok(status) => write!(io.out, "{}", told(name, status))?,
            Err(why) => writeln!(io.out, "{name}: unknown: {}", clean(why))?,
        }
    }
    for difference in &differences {
        writeln!(io.out, "Difference: {}", clean(difference))?;
    }
    Ok(code)
}

fn code(answers: &[(String, Result<Value, String>)], differ: bool) -> u8 {
    let codes = answers.iter().map(|(_, answer)| {
        let code = answer.as_ref().ok().and_then(|status| status.get("exit_code")).and_then(Value::as_u64);
        code.and_then(|code| u8::try_from(code).ok()).unwrap_or(3)
    });
    let worst = codes.max().unwrap_or(3);
    if worst == 0 && differ { 2 } else { worst }
}

fn told(name: &str, status: &Value) -> String {
    let online = match status.get("online") {
        Some(Value::Bool(true)) => "online",
        Some(Value::Bool(false)) => "offline",
        _ => "unknown",
    };
    let mut text = format!("{name}: {online}\n");
    for finding in status.get("findings").and_then(Value::as_array).into_iter().flatten() {
        let part = |key: &str| finding.get(key).and_then(Value::as_str).unwrap_or("?");
        text += &format!("  {}: {}\n", clean(part("kind")), clean(part("words")));
    }
    text
}

/// The nodes as a node has them registered: name, number, address, port.
fn nodes(status: &Value) -> Option<Vec<String>> {
    let nodes = status.pointer("/registered/nodes")?.as_array()?;
    let part = |node: &Value, key: &str| node.get(key).map(ToString::to_string).unwrap_or_default();
    let mut nodes: Vec<String> =
        nodes.iter().map(|node| ["number", "name", "address", "port"].map(|key| part(node, key)).join(" ")).collect();
    nodes.sort();
    Some(nodes)
}

/// The regions as a node has them, in global mode.
fn regions(status: &Value) -> Option<Vec<String>> {
    let global = status.pointer("/registered/mode")?.as_str()? == "global";
    let regions = status.pointer("/registered/regions")?.as_array()?;
    let mut regions: Vec<String> = regions.iter().filter_map(|region| Some(region.get("uuid")?.as_str()?.to_owned())).collect();
    regions.sort();
    global.then_some(regions)
}

/// What must be alike and is not, between the nodes that answered and have the cluster registered.
pub fn differences(answers: &[(String, Result<Value, String>)]) -> Vec<String> {
    let known: Vec<(&str, &Value)> = answers
        .iter()
        .filter_map(|(name, answer)| Some((name.as_str(), answer.as_ref().ok()?)))
        .filter(|(_, status)| status.get("registered").is_some_and(Value::is_object))
        .collect();
    let Some(((first, own), rest)) = known.split_first() else { return Vec::new() };
    let mut told = Vec::new();
    for (name, status) in rest {
        for (key, words) in ALIKE {
            let at = |status: &Value| status.pointer(&format!("/registered/{key}")).cloned().unwrap_or(Value::Null);
            let (here, there) = (at(own), at(status));
            if here != there {
                told.push(format!("{words} is {here} on {first} and {there} on {name}"));
            }
        }
        for (words, here, there) in [("node", nodes(own), nodes(status)), ("region", regions(own), regions(status))] {
            let (Some(here), Some(there)) = (here, there) else { continue };
            told.extend(
                here.iter().filter(|one| !there.contains(one)).map(|one| format!("{words} {one} is registered on {first}, not on {name}")),
            );
            told.extend(
                there.iter().filter(|one| !here.contains(one)).map(|one| format!("{words} {one} is registered on {name}, not on {first}")),
            );
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(threshold: u32, port: u32) -> Value {
        json!({ "online": true, "exit_code": 0, "registered": { "mode": "local", "dead_threshold": threshold, "regions": [],
            "nodes": [{ "name": "db2", "number": 2, "address": "10.9.0.2", "port": port }] } })
    }

    #[test]
    fn nodes_that_differ_are_told_and_one_that_does_not_answer_is_unknown() {
        let alike = [("db1".to_owned(), Ok(status(31, 7777))), ("db2".to_owned(), Ok(status(31, 7777)))];
        assert_eq!((differences(&alike).len(), code(&alike, false)), (0, 0));
        let other = [("db1".to_owned(), Ok(status(31, 7777))), ("db2".to_owned(), Ok(status(61, 7778)))];
        let told = differences(&other);
        assert!(told[0].contains("heartbeat dead threshold is 31 on db1 and 61 on db2") && told.len() == 3, "{told:?}");
        assert_eq!(code(&other, true), 2);
        let silent = [("db1".to_owned(), Ok(status(31, 7777))), ("db2".to_owned(), Err("timed out".to_owned()))];
        assert_eq!(code(&silent, false), 3);
    }

    #[test]
    fn what_is_no_answer_is_cut() {
        let said = |stdout: String| understood(Ok(Answer { code: Some(0), stdout, stderr: String::new() })).unwrap_err();
        let long = said("Welcome! ".repeat(100_000));
        assert!(long.starts_with("its answer is no JSON: Welcome!") && long.chars().count() < 400, "{long}");
        assert_eq!(said("no such cluster".to_owned()), "no such cluster");
        assert_eq!(said("[1, ".repeat(2 << 20)), "its answer is longer than 4 MiB");
    }

    #[test]
    fn a_node_is_one_argument_after_all_options() {
        let arguments: Vec<_> = ssh("-oProxyCommand=x", &["status".to_owned(), "--json".to_owned()], "web")
            .get_args()
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect();
        assert_eq!(arguments[2..], ["--", "-oProxyCommand=x", "o2cb", "status", "--json", "web"]);
    }
}
