//! The live screen: a head, the picture as lines, and a foot.

use super::eye::Eye;
use super::out::Picture;
use super::signals::Ended;
use super::{Options, Told};
use model::o2cb::page::{Line, Tone, lines};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use rustix::process::{Signal, getpid, kill_process};
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;
use terminal::Screen;
use terminal::clean;

/// So often keys and signals are looked at.
const GLANCE: Duration = Duration::from_millis(80);

/// What is shown, and how keys change it.
#[derive(Debug)]
pub struct Page {
    title: String,
    interval: Duration,
    warn_percent: u8,
    color: bool,
    picture: Option<Picture>,
    /// One that came while paused.
    newest: Option<Picture>,
    paused: bool,
    /// Lines scrolled.
    top: usize,
}

/// What a key asks of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Nothing,
    Quit,
    Redraw,
    Suspend,
}

/// Shows pictures until it is ended.
pub fn run(eye: &mut Eye, told: &mut Told, options: &Options, ended: &Ended) -> anyhow::Result<u8> {
    let mut screen = Screen::take()?;
    let keys = follow_keys()?;
    let mut page = Page::new(eye.title(), eye.interval(), options.warn, has_color());
    let mut number = 0;
    while ended.signal().is_none() {
        screen.fit()?;
        screen.draw(|frame| {
            let area = frame.area();
            page.draw(frame.buffer_mut(), area);
        })?;
        if let Some(picture) = eye.glance(Duration::ZERO) {
            told.tell(&picture.view);
            let status = super::status(&picture);
            page.update(picture);
            number += 1;
            if options.count.is_some_and(|count| number >= count) {
                return Ok(status);
            }
            continue;
        }
        told.idle();
        let key = match keys.recv_timeout(GLANCE) {
            Ok(event) => match event? {
                Event::Key(key) => key,
                // Another size is seen when it is drawn.
                _ => continue,
            },
            Err(RecvTimeoutError::Timeout) => continue,
            // The error came before.
            Err(RecvTimeoutError::Disconnected) => return Ok(0),
        };
        match page.key(key) {
            Effect::Nothing => {}
            Effect::Quit => return Ok(0),
            Effect::Redraw => drop(screen.renew()?),
            Effect::Suspend => {
                screen.lend();
                kill_process(getpid(), Signal::STOP)?;
                screen.take_again()?;
            }
        }
    }
    Ok(0)
}

/// Keys and sizes of the terminal, read by a thread: of one that is gone reading may never return.
fn follow_keys() -> io::Result<Receiver<io::Result<Event>>> {
    let (sender, events) = channel();
    let read = move || {
        loop {
            let event = event::read();
            let last = event.is_err();
            if sender.send(event).is_err() || last {
                return;
            }
        }
    };
    thread::Builder::new().name("keys".to_owned()).spawn(read)?;
    Ok(events)
}

fn has_color() -> bool {
    let is = |variable: &str, test: fn(&str) -> bool| std::env::var(variable).is_ok_and(|value| test(&value));
    !is("NO_COLOR", |value| !value.is_empty()) && !is("TERM", |value| value == "dumb")
}

impl Page {
    /// A page without a picture yet.
    pub fn new(title: &str, interval: Duration, warn_percent: u8, color: bool) -> Page {
        Page { title: title.to_owned(), interval, warn_percent, color, picture: None, newest: None, paused: false, top: 0 }
    }

    /// The next picture came.
    pub fn update(&mut self, picture: Picture) {
        if self.paused {
            self.newest = Some(picture);
        } else {
            self.picture = Some(picture);
        }
    }

    /// A key was pressed.
    pub fn key(&mut self, key: KeyEvent) -> Effect {
        if key.kind == KeyEventKind::Release {
            return Effect::Nothing;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => return Effect::Quit,
            KeyCode::Char('z') if control => return Effect::Suspend,
            KeyCode::Char('l') if control => return Effect::Redraw,
            KeyCode::Char('q') | KeyCode::Esc => return Effect::Quit,
            KeyCode::Char(' ' | 'p') => {
                self.paused = !self.paused;
                if !self.paused
                    && let Some(newest) = self.newest.take()
                {
                    self.picture = Some(newest);
                }
            }
            KeyCode::Char('j') | KeyCode::Down => self.top = self.top.saturating_add(1),
            KeyCode::Char('k') | KeyCode::Up => self.top = self.top.saturating_sub(1),
            KeyCode::PageDown => self.top = self.top.saturating_add(10),
            KeyCode::PageUp => self.top = self.top.saturating_sub(10),
            KeyCode::Home | KeyCode::Char('g') => self.top = 0,
            KeyCode::End | KeyCode::Char('G') => self.top = usize::MAX,
            _ => {}
        }
        Effect::Nothing
    }

    /// Draws it.
    pub fn draw(&mut self, buffer: &mut Buffer, area: Rect) {
        let mut rows = area.rows();
        let (Some(head), foot) = (rows.next(), rows.next_back()) else { return };
        let time = self.picture.as_ref().map(Picture::time).unwrap_or_default();
        let pause = if self.paused { "  PAUSED" } else { "" };
        let left = format!("o2cb watch  {}", self.title);
        let right = format!("every {} s  {time}{pause}", self.interval.as_secs_f32());
        let width = usize::from(area.width);
        let gap = width.saturating_sub(left.chars().count() + right.chars().count()).max(2);
        put(buffer, head, &format!("{left}{}{right}", " ".repeat(gap)), Style::new().add_modifier(Modifier::REVERSED));
        let room = usize::from(area.height).saturating_sub(2);
        let all = match &self.picture {
            Some(picture) => lines(&picture.view, width, self.warn_percent),
            None => vec![Line { tone: Tone::Note, text: "waiting for the first readings ...".to_owned() }],
        };
        self.top = self.top.min(all.len().saturating_sub(room));
        for (row, line) in rows.zip(all.iter().skip(self.top)) {
            put(buffer, row, &line.text, self.style(line.tone));
        }
        if let Some(foot) = foot {
            let more = all.len().saturating_sub(self.top + room);
            let more = if more > 0 { format!("  {more} more lines below") } else { String::new() };
            put(buffer, foot, &format!("q quit  space pause  Up Down scroll{more}"), Style::new().add_modifier(Modifier::DIM));
        }
    }

    fn style(&self, tone: Tone) -> Style {
        let (color, modifier) = match tone {
            Tone::Plain => (None, Modifier::empty()),
            Tone::Heading => (None, Modifier::BOLD),
            Tone::Good => (Some(Color::Green), Modifier::empty()),
            Tone::Note => (None, Modifier::DIM),
            Tone::Warning => (Some(Color::Yellow), Modifier::BOLD),
            Tone::Critical => (Some(Color::Red), Modifier::BOLD),
        };
        let style = Style::new().add_modifier(modifier);
        match color.filter(|_| self.color) {
            Some(color) => style.fg(color),
            None => style,
        }
    }
}

fn put(buffer: &mut Buffer, row: Rect, text: &str, style: Style) {
    let width = usize::from(row.width);
    buffer.set_stringn(row.x, row.y, format!("{:width$}", clean(text)), width, style);
}

#[cfg(test)]
mod tests;
