//! `o2cb lock` in the foreground of a terminal: who sent a signal decides whether the command has it already.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod pty;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::Write;
use std::process::Command;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

/// Whatever is waited for must come within this.
const PATIENCE: Duration = Duration::from_secs(60);

struct Terminal {
    _master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<Vec<u8>>,
    said: String,
    _root: tempfile::TempDir,
}

impl Terminal {
    /// A shell's script under a lock, of which it must say that it is `ready`.
    fn run(script: &str) -> Terminal {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("dlm/web")).unwrap();
        let pair = native_pty_system().openpty(PtySize::default()).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_o2cb"));
        command.args(["lock", "--linger", "0", "--root"]);
        command.arg(root.path());
        command.args(["web", "a", "--", "sh", "-c", script]);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let output = pty::output_of(pair.master.as_ref());
        let keyboard = pair.master.take_writer().unwrap();
        let mut terminal = Terminal { _master: pair.master, keyboard, child, output, said: String::new(), _root: root };
        terminal.wait_for("ready", 1);
        terminal
    }

    /// Until a word was said so often.
    fn wait_for(&mut self, word: &str, times: usize) {
        let end = Instant::now() + PATIENCE;
        while self.said.matches(word).count() < times {
            if let Ok(bytes) = self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                self.said += &String::from_utf8_lossy(&bytes);
            }
            if Instant::now() >= end {
                self.child.kill().unwrap();
                panic!("never {times} times {word:?}: {:?}", self.said);
            }
        }
    }

    fn key(&mut self, keys: &[u8]) {
        self.keyboard.write_all(keys).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Sends the program a signal as another process does.
    fn kill(&self, signal: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    fn code(mut self) -> u32 {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            if Instant::now() >= end {
                self.child.kill().unwrap();
                panic!("it does not end: {:?}", self.said);
            }
            thread::yield_now();
        }
    }
}

#[test]
fn a_signal_of_another_process_goes_to_the_command() {
    for (signal, number) in [("-INT", 2), ("-QUIT", 3), ("-TERM", 15)] {
        let terminal = Terminal::run("echo ready; exec sleep 600");
        terminal.kill(signal);
        assert_eq!(terminal.code(), 128 + number, "{signal}");
    }
}

#[test]
fn the_terminals_own_reaches_it_once() {
    let script = "trap 'echo got' INT; echo ready; until read line && [ \"$line\" = x ]; do :; done; echo end";
    let mut terminal = Terminal::run(script);
    terminal.key(b"\x03");
    terminal.wait_for("got", 1);
    // One that is passed on comes after any that would have been by mistake.
    terminal.kill("-INT");
    terminal.wait_for("got", 2);
    terminal.key(b"x\n");
    terminal.wait_for("end", 1);
    assert_eq!(terminal.said.matches("got").count(), 2, "{:?}", terminal.said);
    assert_eq!(terminal.code(), 0);
}
