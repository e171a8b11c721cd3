//! `o2cb lock` as a whole program, on a fake machine: a folder whose `/dlm` is an ordinary one. There the DLM grants everything, so
//! what is seen is the node's own part: turns of its processes, exit codes, signals, and that nothing is left.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;
use tempfile::TempDir;

const CLUSTER: &str = "sys/kernel/config/cluster/web";

struct Machine {
    folder: TempDir,
}

impl Machine {
    /// A node of an online cluster.
    fn new() -> Machine {
        let machine = Machine { folder: tempfile::tempdir().unwrap() };
        machine.put("proc/self/mounts", "ocfs2_dlmfs /dlm ocfs2_dlmfs rw 0 0\n");
        machine.put(&format!("{CLUSTER}/node/db1/local"), "1\n");
        machine.put(&format!("{CLUSTER}/node/db1/num"), "1\n");
        machine.put(&format!("{CLUSTER}/heartbeat/80FECD61B9F243B8BC986F82D80A2D24/pid"), "77\n");
        fs::create_dir(machine.at("dlm")).unwrap();
        machine
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn put(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        // Leaving at once is what can be seen without waiting.
        self.lingering("0", arguments)
    }

    fn lingering(&self, seconds: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_o2cb"));
        command.args(["lock", "--linger", seconds, "--root"]).arg(self.folder.path()).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs it to an exit code, and gives what it complains about.
    fn ends(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
        errors
    }

    /// A lock that is held until its command's input ends.
    fn held(&self, arguments: &[&str]) -> Held {
        Machine::hold(self.command(arguments))
    }

    fn hold(mut command: Command) -> Held {
        command.args(["--", "sh", "-c", "echo $$; exec cat"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        // A group, so that all of it can be ended.
        let mut child = command.process_group(0).spawn().unwrap();
        let limit = limit(child.id());
        // Waiting for a child would close its input.
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut pid = String::new();
        output.read_line(&mut pid).unwrap();
        Held { child, input, output, command: pid.trim().parse().unwrap(), _limit: limit }
    }

    /// Neither in dlmfs nor in this node's own folder.
    fn nothing_is_left(&self) {
        let names = |path: &str| fs::read_dir(self.at(path)).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
        assert_eq!((names("dlm"), names("run/o2cb/lock")), (vec![], vec![]));
    }

    /// Until a keeper, which goes on by itself, has cleared up.
    fn nothing_is_left_soon(&self) {
        for _ in 0..2000 {
            if fs::read_dir(self.at("dlm")).unwrap().next().is_none() && fs::read_dir(self.at("run/o2cb/lock")).unwrap().next().is_none() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.nothing_is_left();
    }

    /// Waits for a file.
    fn has_soon(&self, path: &str) {
        for _ in 0..2000 {
            if self.at(path).exists() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("no {path}");
    }

    /// Pids of its keepers.
    fn keepers(&self) -> Vec<i32> {
        let own = self.folder.path().to_str().unwrap();
        let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
        // One that has just ended has no file, or an empty one.
        let line = |pid: &i32| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        pids.filter(|pid| Some(line(pid)).is_some_and(|line| line.contains("--keeper") && line.contains(own))).collect()
    }

    fn keepers_soon(&self, number: usize) -> Vec<i32> {
        for _ in 0..2000 {
            let keepers = self.keepers();
            if keepers.len() == number {
                return keepers;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{:?}, not {number} keepers", self.keepers());
    }
}

struct Held {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// The pid of its command.
    command: i32,
    _limit: Sender<()>,
}

/// Kills a process group after a time in which all is done even on a busy machine, unless what is returned was dropped before: then
/// the test that waits for it fails, instead of never ending.
fn limit(group: u32) -> Sender<()> {
    let (sender, dropped) = channel();
    std::thread::spawn(move || {
        if dropped.recv_timeout(Duration::from_secs(120)) == Err(RecvTimeoutError::Timeout) {
            let _ = Command::new("kill").args(["-KILL", "--", &format!("-{group}")]).status();
        }
    });
    sender
}

impl Held {
    fn signal(&self, signal: &str) {
        kill(signal, self.child.id().cast_signed());
    }

    /// How it ends by itself.
    fn code(mut self) -> Option<i32> {
        drop(self.input.take());
        self.wait()
    }

    fn wait(mut self) -> Option<i32> {
        let status = self.child.wait().unwrap();
        // Nobody has its output open any more.
        self.output.read_to_end(&mut Vec::new()).unwrap();
        status.code().or(status.signal().map(|signal| -signal))
    }
}

fn kill(signal: &str, pid: i32) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

#[test]
fn what_makes_no_sense_ends_with_64() {
    let machine = Machine::new();
    let long = "x".repeat(64);
    let cases: [(&[&str], &str); 12] = [
        (&["web"], "DOMAIN and NAME"),
        (&["web", "a"], "nothing is to be done"),
        (&["a/b", "a", "--", "true"], "'/'"),
        (&["web", "$a", "--", "true"], "'$'"),
        (&[&long, "a", "--", "true"], "64 bytes"),
        (&["web", &long, "--", "true"], "at most 31"),
        (&["80FECD61B9F243B8BC986F82D80A2D24", "a", "--", "true"], "UUID"),
        (&["web", "a", "--write", &"x".repeat(65)], "64 bytes"),
        (&["web", "a", "--nonsense"], "--nonsense"),
        (&["web", "a", "-w", "-1", "--", "true"], "-1"),
        (&["web", "a", "--read", "--", "true"], "cannot be used with"),
        (&["web", "a", "-n", "--poll", "--", "true"], "cannot be used with"),
    ];
    for (arguments, word) in cases {
        let errors = machine.ends(64, arguments);
        assert!(errors.contains(word), "{arguments:?}: {errors}");
    }
    assert!(!machine.at("run").exists());
}

#[test]
fn what_is_in_the_way_is_told_before_the_kernel_is_asked() {
    let machine = Machine::new();
    let refused = |words: &[&str]| {
        let errors = machine.ends(66, &["web", "a", "--", "true"]);
        assert!(words.iter().all(|word| errors.contains(word)), "{errors}");
    };
    fs::remove_dir_all(machine.at(&format!("{CLUSTER}/heartbeat"))).unwrap();
    refused(&["no region beats", "start-heartbeat"]);
    // One that this node is in needs no heartbeat to be used.
    fs::create_dir(machine.at("dlm/web")).unwrap();
    machine.ends(0, &["web", "a", "--", "true"]);
    assert!(machine.at("dlm/web").exists(), "a domain of others was left");
    fs::remove_dir(machine.at("dlm/web")).unwrap();
    fs::remove_dir_all(machine.at(CLUSTER)).unwrap();
    // Not by the program itself: where it looks may hang, and it must hear signals and the clock.
    fs::create_dir_all(machine.at("run/o2cb/lock/web")).unwrap();
    let turn = fs::File::create(machine.at("run/o2cb/lock/web/$domain")).unwrap();
    turn.lock().unwrap();
    machine.ends(1, &["-w", "0.2", "web", "a", "--", "true"]);
    turn.unlock().unwrap();
    refused(&["no cluster is online", "o2cb online"]);
    machine.put("proc/self/mounts", "");
    refused(&["not mounted", "o2cb load"]);
    assert!(!machine.at("run/o2cb/lock/web").exists());
    // An ordinary folder of that name is somebody's.
    machine.put("dlm/web/file", "precious");
    assert!(machine.ends(66, &["web", "file", "--forget"]).contains("not mounted"));
    assert!(machine.at("dlm/web/file").exists());
}

#[test]
fn the_exit_code_is_the_commands() {
    let machine = Machine::new();
    for code in [0, 1, 3, 255] {
        machine.ends(code, &["web", "a", "--", "sh", "-c", &format!("exit {code}")]);
        machine.ends(code, &["web", "a", "-s", "-c", &format!("exit {code}")]);
    }
    machine.ends(128 + 9, &["web", "a", "--", "sh", "-c", "kill -9 $$"]);
    let errors = machine.ends(69, &["web", "a", "--", "/does-not-exist"]);
    assert!(errors.contains("/does-not-exist"), "{errors}");
    machine.nothing_is_left();
}

#[test]
fn two_processes_of_one_node_exclude_each_other() {
    let machine = Machine::new();
    let held = machine.held(&["web", "a"]);
    assert!(machine.at("dlm/web/a").exists());
    let quiet = machine.ends(1, &["-n", "web", "a", "--", "true"]);
    assert_eq!(quiet, "", "a script that asks does not want to hear it");
    machine.ends(75, &["-w", "0", "-E", "75", "web", "a", "--", "true"]);
    machine.ends(1, &["-n", "-s", "web", "a", "--", "true"]);
    machine.ends(1, &["-w", "0.1", "web", "a", "--", "true"]);
    machine.ends(0, &["-n", "web", "b", "--", "true"]);
    machine.ends(0, &["-n", "mail", "a", "--", "true"]);
    assert_eq!(held.code(), Some(0));
    machine.nothing_is_left();
}

#[test]
fn readers_share_and_the_last_one_clears_up() {
    let machine = Machine::new();
    let first = machine.held(&["-s", "web", "a"]);
    let second = machine.held(&["-s", "web", "a"]);
    machine.ends(1, &["-n", "web", "a", "--", "true"]);
    assert_eq!(first.code(), Some(0));
    assert!(machine.at("dlm/web/a").exists());
    machine.ends(1, &["-n", "web", "a", "--", "true"]);
    assert_eq!(second.code(), Some(0));
    machine.nothing_is_left();
}

#[test]
fn no_increment_is_lost() {
    let machine = Machine::new();
    let counter = machine.at("counter");
    fs::write(&counter, "0").unwrap();
    let step = format!("n=$(cat {0}); echo $((n+1)) > {0}", counter.display());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..25).for_each(|_| drop(machine.ends(0, &["web", "counter", "-c", &step]))));
        }
    });
    assert_eq!(fs::read_to_string(&counter).unwrap().trim(), "100");
    machine.nothing_is_left();
}

/// Whether this process, and so its children, ignore a signal.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).unwrap();
    u64::from_str_radix(ignored, 16).unwrap() >> (signal - 1) & 1 == 1
}

#[test]
fn a_signal_goes_to_the_command_and_the_lock_is_given_back() {
    let machine = Machine::new();
    for (signal, number) in [("-TERM", 15), ("-INT", 2), ("-HUP", 1)] {
        // Where the tests themselves run under nohup, or behind `&`, it stays ignored, as it should.
        if is_ignored(number) {
            continue;
        }
        let held = machine.held(&["web", "a"]);
        held.signal(signal);
        assert_eq!(held.wait(), Some(128 + number), "{signal}");
        machine.nothing_is_left();
    }
}

#[test]
fn a_signal_ends_the_wait() {
    let machine = Machine::new();
    let held = machine.held(&["web", "a"]);
    let mut waiting = machine.command(&["-v", "web", "a", "--", "true"]);
    let mut waiting = waiting.stderr(Stdio::piped()).spawn().unwrap();
    let mut told = String::new();
    BufReader::new(waiting.stderr.take().unwrap()).read_line(&mut told).unwrap();
    assert!(told.contains("waiting for a process of this node"), "{told}");
    kill("-TERM", waiting.id().cast_signed());
    assert_eq!(waiting.wait().unwrap().code(), Some(128 + 15));
    assert_eq!(held.code(), Some(0));
    machine.nothing_is_left_soon();
}

#[test]
fn what_was_ignored_from_the_start_stays_ignored() {
    let machine = Machine::new();
    let mut command = Command::new("nohup");
    command.arg(env!("CARGO_BIN_EXE_o2cb")).args(["lock", "--linger", "0", "--root"]).arg(machine.folder.path());
    let output = command.args(["web", "a", "--", "sh", "-c", "kill -HUP $PPID $$; echo alive"]).output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stdout).trim()), (Some(0), "alive"));
}

#[test]
fn the_commands_end_is_told_even_to_one_who_ignores_ends() {
    let machine = Machine::new();
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' CHLD; exec \"$@\"", "sh"]).arg(env!("CARGO_BIN_EXE_o2cb"));
    command.args(["lock", "--linger", "0", "--root"]).arg(machine.folder.path()).args(["web", "a", "--", "sh", "-c", "exit 3"]);
    assert_eq!(command.status().unwrap().code(), Some(3));
    machine.nothing_is_left();
}

#[test]
fn a_killed_program_gives_the_lock_back_when_its_command_ends() {
    let machine = Machine::new();
    let mut held = machine.held(&["web", "a"]);
    held.signal("-KILL");
    assert!(!held.child.wait().unwrap().success());
    machine.ends(1, &["-n", "web", "a", "--", "true"]);
    kill("-TERM", held.command);
    machine.ends(0, &["-w", "20", "web", "a", "--", "true"]);
    machine.nothing_is_left_soon();

    // With --close the lock does not wait for the command.
    let mut held = machine.held(&["--close", "web", "a"]);
    held.signal("-KILL");
    held.child.wait().unwrap();
    machine.ends(0, &["-w", "20", "web", "a", "--", "true"]);
    kill("-TERM", held.command);
    machine.nothing_is_left_soon();
}

#[test]
fn a_child_of_the_command_that_stays_does_not_keep_the_lock() {
    let machine = Machine::new();
    let output = machine.run(&["web", "a", "--", "sh", "-c", "sleep 600 >/dev/null 2>&1 & echo $!"]);
    let pid: i32 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    machine.nothing_is_left();
    kill("-KILL", pid);
}

#[test]
fn a_killed_keeper_is_noticed() {
    let machine = Machine::new();
    let held = machine.held(&["web", "a"]);
    // As when a service is stopped: all its processes are told to end. The lock stays until the command has ended.
    kill("-TERM", child_that_keeps(held.child.id()));
    machine.ends(1, &["-n", "web", "a", "--", "true"]);
    kill("-KILL", child_that_keeps(held.child.id()));
    assert_eq!(held.wait(), Some(71));
    // The next one clears up what it left.
    machine.ends(0, &["web", "a", "--", "true"]);
    machine.nothing_is_left();
}

fn child_that_keeps(pid: u32) -> i32 {
    let keeps = |child: &str| fs::read_to_string(format!("/proc/{child}/cmdline")).unwrap().contains("--keeper");
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let children: Vec<String> = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("children")).unwrap()).collect();
    let child = children.iter().flat_map(|list| list.split_whitespace()).find(|child| keeps(child));
    child.expect("a keeper").parse().unwrap()
}

#[test]
fn a_value_stays_until_it_is_forgotten() {
    let machine = Machine::new();
    assert_eq!(machine.ends(0, &["web", "leader", "--write", "db1"]), "");
    // Neither another lock nor a command under this one takes it away.
    machine.ends(0, &["web", "other", "--", "true"]);
    machine.ends(0, &["web", "leader", "--", "true"]);
    let value = |arguments: &[&str]| machine.run(arguments).stdout;
    assert_eq!(value(&["web", "leader", "--read"]), b"db1");
    let mut expected = "646231".to_owned() + &"00".repeat(61);
    expected.push('\n');
    assert_eq!(value(&["web", "leader", "--read", "--hex"]), expected.as_bytes());
    let mut piped = machine.command(&["web", "leader", "--write", "-", "--hex"]).stdin(Stdio::piped()).spawn().unwrap();
    piped.stdin.take().unwrap().write_all(b"ff00\n").unwrap();
    assert!(piped.wait().unwrap().success());
    assert_eq!(value(&["web", "leader", "--read"]), [0xff]);
    machine.ends(0, &["web", "leader", "--forget"]);
    machine.nothing_is_left();
    assert!(machine.ends(1, &["web", "leader", "--forget"]).contains("does not know it"));
    assert!(machine.ends(1, &["web", "leader", "--read"]).contains("no valid value"));
    machine.nothing_is_left();
}

#[test]
fn a_kept_domain_stays_until_it_is_forgotten() {
    let machine = Machine::new();
    machine.ends(0, &["--keep-domain", "web", "a", "--", "true"]);
    machine.ends(0, &["web", "a", "--", "true"]);
    assert!(machine.at("dlm/web").exists() && !machine.at("dlm/web/a").exists());
    let held = machine.held(&["web", "a"]);
    assert!(machine.ends(1, &["web", "--forget"]).contains("uses it"));
    assert_eq!(held.code(), Some(0));
    machine.ends(0, &["web", "--forget"]);
    machine.nothing_is_left();
    // What stays because others use it, and nothing is noted of, leaves no turns.
    machine.put("dlm/web/other", "");
    machine.put("dlm/web/a", "");
    assert!(machine.ends(1, &["web", "--forget"]).contains("there are locks in it"));
    machine.ends(0, &["web", "a", "--forget"]);
    assert!(machine.at("dlm/web/other").exists() && !machine.at("run/o2cb/lock/web").exists());
}

#[test]
fn an_idle_domain_is_left_by_one_for_all() {
    let machine = Machine::new();
    let mut domains = Vec::new();
    for name in ["a", "b", "a"] {
        assert!(machine.lingering("60", &["web", name, "--", "true"]).status().unwrap().success());
        assert!(!machine.at("dlm/web").join(name).exists());
        domains.push(machine.at("dlm/web").metadata().unwrap().ino());
    }
    assert!(domains.iter().all(|domain| *domain == domains[0]), "it was joined anew");
    // Asked to end, it leaves at once.
    kill("-TERM", machine.keepers_soon(1)[0]);
    machine.nothing_is_left_soon();

    assert!(machine.lingering("0.3", &["web", "a", "--", "true"]).status().unwrap().success());
    machine.nothing_is_left_soon();
    machine.keepers_soon(0);
}

#[test]
fn a_turn_that_comes_when_it_was_given_up_leaves_nothing() {
    let machine = Machine::new();
    let held = Machine::hold(machine.lingering("1", &["web", "a"]));
    // It stays behind for the domain, and so does its part that waits.
    assert_eq!(machine.lingering("1", &["-w", "0.2", "web", "a", "--", "true"]).status().unwrap().code(), Some(1));
    assert_eq!(held.code(), Some(0));
    machine.nothing_is_left_soon();
    machine.keepers_soon(0);
}

#[test]
fn one_that_stays_behind_makes_nothing_that_was_cleared_away() {
    let machine = Machine::new();
    assert!(machine.lingering("1", &["web", "a", "--", "true"]).status().unwrap().success());
    machine.has_soon("run/o2cb/lock/web/$linger");
    fs::remove_dir_all(machine.at("run")).unwrap();
    machine.keepers_soon(0);
    assert!(!machine.at("run").exists());
}

#[test]
fn only_root_sees_the_turns() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::new();
    let held = machine.held(&["web", "a"]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&machine.at("run/o2cb/lock/web")), mode(&machine.at("run/o2cb/lock/web/a"))), (0o700, 0o600));
    assert_eq!(held.code(), Some(0));
}

#[test]
fn help_tells_examples_codes_and_limits() {
    let output = Machine::new().run(&["--help"]);
    let help = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    for word in ["o2cb lock web backup", "63 bytes", "belongs to the node", "Exit codes", "--poll"] {
        assert!(help.contains(word), "{word}");
    }
    assert!(!help.contains("--keeper") && !help.contains("--root"));
}
