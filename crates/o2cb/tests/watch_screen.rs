//! `o2cb watch` in a pseudo-terminal: what it draws, and how it ends, also when the terminal is gone.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod pty;

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use std::io::Write as _;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

/// Whatever is waited for must come within this.
const PATIENCE: Duration = Duration::from_secs(60);

struct Terminal {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// The machine without a cluster that is watched.
    _root: tempfile::TempDir,
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    fn run() -> Terminal {
        let root = tempfile::tempdir().unwrap();
        let pair = native_pty_system().openpty(size(80, 24)).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_o2cb"));
        command.arg("watch");
        command.env("TERM", "xterm-256color");
        command.env("O2CB_ROOT", root.path());
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let output = pty::output_of(pair.master.as_ref());
        Terminal { master: pair.master, child, output, screen: vt100::Parser::new(24, 80, 0), _root: root }
    }

    fn wait_for(&mut self, text: &str, row: u16) {
        let end = Instant::now() + PATIENCE;
        loop {
            let (_, columns) = self.screen.screen().size();
            if self.screen.screen().rows(0, columns).nth(usize::from(row)).is_some_and(|line| line.contains(text)) {
                return;
            }
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(50)) {
                self.screen.process(&bytes);
            }
            assert!(Instant::now() < end, "never: {text:?} in row {row}\n{}", self.screen.screen().contents());
        }
    }

    fn end(child: &mut dyn Child) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "it does not end");
            thread::yield_now();
        }
    }
}

#[test]
fn it_follows_the_size_and_q_ends_it() {
    let mut terminal = Terminal::run();
    terminal.wait_for("q quit", 23);
    terminal.wait_for("O2CB's modules are not loaded", 1);
    terminal.master.resize(size(100, 30)).unwrap();
    terminal.screen.screen_mut().set_size(30, 100);
    terminal.wait_for("q quit", 29);
    terminal.master.take_writer().unwrap().write_all(b"q").unwrap();
    assert!(Terminal::end(&mut *terminal.child).success());
}

#[test]
fn it_ends_with_its_terminal() {
    let mut terminal = Terminal::run();
    terminal.wait_for("q quit", 23);
    let Terminal { master, mut child, output, .. } = terminal;
    // Both ends of ours: the kernel then hangs up.
    drop(master);
    drop(output);
    let status = Terminal::end(&mut *child);
    // By the signal, or because drawing failed before it came.
    assert!(!status.success(), "{status:?}");
}
