//! The whole program in a pseudo-terminal: what it draws, how it ends, and that the terminal is usable after it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Whatever is waited for must come within this.
const PATIENCE: Duration = Duration::from_secs(30);

struct Terminal {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// The terminal's mode before the program ran.
    mode: String,
}

impl Terminal {
    fn run(arguments: &[&str], variables: &[(&str, &str)], columns: u16, rows: u16) -> Terminal {
        let pair = native_pty_system().openpty(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mode = mode(&*pair.master);
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_dlmtop"));
        command.args(arguments);
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("TZ", "UTC")].iter().chain(variables) {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Terminal { master: pair.master, keys, child, output, screen: vt100::Parser::new(rows, columns, 0), mode }
    }

    fn text(&self) -> String {
        self.screen.screen().contents()
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Takes in what is drawn until the screen is so.
    fn wait(&mut self, what: &str, so: impl Fn(&vt100::Screen) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !so(self.screen.screen()) {
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(50)) {
                self.screen.process(&bytes);
            }
            assert!(Instant::now() < end, "never: {what}\n{}", self.text());
        }
    }

    fn wait_for(&mut self, text: &str) {
        self.wait(text, |screen| screen.contents().contains(text));
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.process_id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// The end, after which the terminal must be as it was.
    fn end(mut self) -> (ExitStatus, String) {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < end, "it does not end\n{}", self.text());
            thread::sleep(Duration::from_millis(20));
        };
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(300)) {
            self.screen.process(&bytes);
        }
        assert_eq!(mode(&*self.master), self.mode);
        assert!(!self.screen.screen().alternate_screen() && !self.screen.screen().hide_cursor());
        (status, self.text())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It has ended already unless the test failed.
        let _ = self.child.kill();
    }
}

fn mode(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap())
}

fn demo(columns: u16, rows: u16) -> Terminal {
    let mut terminal = Terminal::run(&["demo", "--speed", "10"], &[], columns, rows);
    terminal.wait_for("/mnt/ocfs2");
    // The directory in which all three nodes work.
    terminal.wait_for("M         12820");
    terminal
}

#[test]
fn keys_lead_through_the_screen_and_q_restores_the_terminal() {
    let mut terminal = demo(80, 24);
    terminal.wait("a verdict", |screen| screen.contents().starts_with("OK") || screen.contents().starts_with("!!"));
    terminal.press("d");
    terminal.wait_for("├─node1");
    // By the time that was waited, the directory is on top.
    terminal.press(">");
    terminal.wait_for("by time");
    terminal.press("\r");
    terminal.wait_for("metadata lock of inode");
    terminal.press("\x1b");
    terminal.wait_for("EX NUM");
    terminal.press("?");
    terminal.wait_for("choose the order");
    terminal.press("q");
    let (status, left) = terminal.end();
    assert!(status.success(), "{status:?}");
    assert_eq!(left.trim(), "");
}

#[test]
fn a_view_that_is_named_opens_on_the_screen_and_leads_back_to_the_locks() {
    let recording = format!("{}/tests/recordings/ocfs2-61-blocked-flock.tar.zst", env!("CARGO_MANIFEST_DIR"));
    for (command, said) in
        [(&["waits"][..], "flock on inode 32273"), (&["masters"], "MASTERED"), (&["inode", "32273"], "inode 32273 (0x7e11)")]
    {
        let mut terminal = Terminal::run(&[command, &["--from", &recording]].concat(), &[], 100, 30);
        terminal.wait_for(said);
        terminal.press("\x1b");
        terminal.wait_for("EX NUM");
        terminal.press("q");
        let (status, left) = terminal.end();
        assert!(status.success() && left.trim().is_empty(), "{status:?} {left}");
    }
}

#[test]
fn a_big_q_leaves_the_picture() {
    let mut terminal = demo(80, 24);
    terminal.press("Q");
    let (status, left) = terminal.end();
    assert!(status.success(), "{status:?}");
    assert!(left.contains("/mnt/ocfs2") && left.contains("EX NUM"), "{left}");
}

#[test]
fn a_signal_restores_the_terminal_and_ends_it_as_that_signal() {
    for (signal, name) in [(Signal::TERM, "Terminated"), (Signal::HUP, "Hangup")] {
        let terminal = demo(80, 24);
        terminal.signal(signal);
        let (status, left) = terminal.end();
        assert_eq!(status.signal().map(|said| said.starts_with(name)), Some(true), "{status:?}");
        assert_eq!(left.trim(), "");
    }
}

#[test]
fn a_resize_is_followed_at_once() {
    let mut terminal = demo(80, 24);
    terminal.press(" ");
    terminal.wait_for("PAUSED");
    terminal.master.resize(PtySize { rows: 50, cols: 200, pixel_width: 0, pixel_height: 0 }).unwrap();
    terminal.screen.screen_mut().set_size(50, 200);
    terminal.wait_for("LAST MINUTE");
    terminal.master.resize(PtySize { rows: 7, cols: 30, pixel_width: 0, pixel_height: 0 }).unwrap();
    terminal.screen.screen_mut().set_size(7, 30);
    terminal.wait_for("terminal too small");
    terminal.press("q");
    assert!(terminal.end().0.success());
}

#[test]
fn suspended_it_gives_the_terminal_back_until_continued() {
    let mut terminal = demo(80, 24);
    terminal.press("\x1a");
    terminal.wait("the shell's screen", |screen| !screen.alternate_screen());
    let stat = format!("/proc/{}/stat", terminal.child.process_id().unwrap());
    let end = Instant::now() + PATIENCE;
    while !std::fs::read_to_string(&stat).unwrap().contains(") T ") {
        assert!(Instant::now() < end, "it does not stop");
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(mode(&*terminal.master), terminal.mode);
    terminal.signal(Signal::CONT);
    terminal.wait("its screen", vt100::Screen::alternate_screen);
    terminal.wait_for("/mnt/ocfs2");
    terminal.press("q");
    assert!(terminal.end().0.success());
}

#[test]
fn without_colour_and_unicode_if_the_environment_says_so() {
    let mut terminal = Terminal::run(&["demo", "--speed", "10", "--detail"], &[("NO_COLOR", "1"), ("LANG", "C")], 80, 24);
    terminal.wait_for("|-node1");
    let screen = terminal.screen.screen();
    for row in 0..24 {
        for column in 0..80 {
            let cell = screen.cell(row, column).unwrap();
            assert!(cell.contents().is_ascii() && cell.fgcolor() == vt100::Color::Default && cell.bgcolor() == vt100::Color::Default);
        }
    }
    terminal.press("q");
    assert!(terminal.end().0.success());
}
