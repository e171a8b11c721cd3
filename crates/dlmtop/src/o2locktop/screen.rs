//! o2locktop's screen: the report, drawn anew at each refresh; `q` and `d`.

use super::log::Log;
use super::nothing_at_all;
use super::report::Report;
use crate::engine::{Engine, Update};
use anyhow::Context;
use model::Snapshot;
use ratatui::crossterm::cursor::{Hide, MoveTo, Show};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyModifiers};
use ratatui::crossterm::style::Print;
use ratatui::crossterm::terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size};
use ratatui::crossterm::{execute, queue};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::io::{self, Write, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::TryRecvError;
use std::time::Duration;

/// The terminal in raw mode; restored when dropped, also by a panic.
struct Raw;

impl Raw {
    fn enter() -> io::Result<Raw> {
        enable_raw_mode()?;
        let raw = Raw;
        execute!(stdout(), EnterAlternateScreen, Hide)?;
        Ok(raw)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // Nothing more can be done about a terminal that is gone.
        let _ = execute!(stdout(), Show, LeaveAlternateScreen);
        let _ = disable_raw_mode();
    }
}

/// Runs until `q`, Ctrl-C or a signal; the exit status.
pub fn run(engine: &Engine, report: &Report, mut log: Option<Log>) -> anyhow::Result<u8> {
    let signal = Arc::new(AtomicUsize::new(0));
    for number in [SIGTERM, SIGHUP, SIGINT] {
        signal_hook::flag::register_usize(number, Arc::clone(&signal), number as usize).context("signal handler")?;
    }
    let raw = Raw::enter().context("terminal")?;
    let mut detail = false;
    let mut current: Option<Arc<Snapshot>> = None;
    loop {
        match engine.updates.try_recv() {
            Ok(Update::Snapshot(snapshot)) => {
                if snapshot.number == 1 && all_down(&snapshot) {
                    drop(raw);
                    return Ok(nothing_at_all(&snapshot).unwrap_or(1));
                }
                draw(&report.lines(&snapshot, detail, rows()))?;
                if let Some(log) = &mut log {
                    log.write(&report.lines(&snapshot, detail, None)).context("log file")?;
                }
                current = Some(snapshot);
            }
            Ok(Update::Ended) | Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return Ok(0),
        }
        let number = signal.load(Ordering::Relaxed);
        if number != 0 {
            drop(raw);
            // As the shell tells it: ended by this signal.
            return Ok(if number == SIGINT as usize { 0 } else { 128 + number as u8 });
        }
        if !event::poll(Duration::from_millis(100)).context("terminal")? {
            continue;
        }
        match event::read().context("terminal")? {
            Event::Key(key) => match key.code {
                KeyCode::Char('q') => return Ok(0),
                KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return Ok(0),
                KeyCode::Char('d') => detail = !detail,
                _ => continue,
            },
            Event::Resize(_, _) => {}
            _ => continue,
        }
        if let Some(snapshot) = &current {
            draw(&report.lines(snapshot, detail, rows()))?;
        }
    }
}

fn all_down(snapshot: &Snapshot) -> bool {
    let mut nodes = snapshot.file_systems.iter().flat_map(|view| &view.nodes).chain(&snapshot.elsewhere).peekable();
    nodes.peek().is_some() && nodes.all(|node| matches!(node.state, model::NodeState::Down(_)))
}

fn rows() -> Option<usize> {
    size().ok().map(|(_, rows)| usize::from(rows))
}

fn draw(lines: &[String]) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    let width = size().map_or(80, |(columns, _)| usize::from(columns));
    queue!(out, MoveTo(0, 0))?;
    for (number, line) in lines.iter().enumerate() {
        if number > 0 {
            queue!(out, Print("\r\n"))?;
        }
        let line: String = line.chars().take(width).collect();
        queue!(out, Print(line), Clear(ClearType::UntilNewLine))?;
    }
    queue!(out, Clear(ClearType::FromCursorDown))?;
    out.flush().context("terminal")
}
