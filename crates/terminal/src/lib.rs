//! The terminal: taken at the start, given back whatever happens; and what may be written to it.

mod clean;

pub use clean::{clean, hides};

use anyhow::Context;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{execute, queue, terminal};
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};
use std::io::{self, BufWriter, Stdout, Write, stdout};
use std::mem::ManuallyDrop;
use std::sync::Once;
use std::thread;
use std::time::Duration;

/// The terminal while it is ours. Given back when dropped, and on a panic in any thread.
pub struct Screen {
    // Never dropped: it would show the cursor, as is done here already, and panic if terminal and stderr are gone.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
}

impl Screen {
    /// Takes the terminal.
    pub fn take() -> anyhow::Result<Screen> {
        give_back_on_panic();
        enter().context("no terminal to draw on and read keys from (--batch prints text instead)")?;
        let made = size().and_then(|(width, height)| {
            let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, stdout()));
            // Of the size that is told here and in `renew`: asking for the cursor would wait for the thread that reads keys.
            let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
            Terminal::with_options(backend, TerminalOptions { viewport })
        });
        match made {
            Ok(terminal) => Ok(Screen { terminal: ManuallyDrop::new(terminal) }),
            Err(error) => {
                leave();
                Err(error).context("the terminal does not tell its size")
            }
        }
    }

    /// Draws what changed.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        // Terminals that know it show the frame at once; the others ignore it.
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// The next drawing draws everything, on a screen of the size that the terminal has now, which is returned.
    pub fn renew(&mut self) -> io::Result<(u16, u16)> {
        let (width, height) = size()?;
        self.terminal.resize(Rect::new(0, 0, width, height))?;
        Ok((width, height))
    }

    /// The next drawing is of the size that the terminal has now; if that is another one, of everything. A change that came before
    /// anybody listened for it is found so.
    pub fn fit(&mut self) -> io::Result<()> {
        let (width, height) = size()?;
        let now = Rect::new(0, 0, width, height);
        if self.terminal.get_frame().area() == now { Ok(()) } else { self.terminal.resize(now) }
    }

    /// Takes the terminal again after the process was stopped.
    pub fn take_again(&mut self) -> io::Result<(u16, u16)> {
        // Whoever had it meanwhile may have changed its mode: from the first mode to raw anew.
        disable_raw_mode()?;
        enter()?;
        self.renew()
    }

    /// Gives it back for a while: [`Screen::take_again`] takes it again.
    pub fn lend(&mut self) {
        leave();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

/// The terminal's size. One that does not know it (a serial line) says 0: then as the environment tells, or as of old.
fn size() -> io::Result<(u16, u16)> {
    let known = |told: u16, variable: &str, usual: u16| match told {
        0 => std::env::var(variable).ok().and_then(|text| text.parse().ok()).filter(|&size| size > 0).unwrap_or(usual),
        told => told,
    };
    let (width, height) = terminal::size()?;
    Ok((known(width, "COLUMNS", 80), known(height, "LINES", 24)))
}

fn enter() -> io::Result<()> {
    // Reads from /dev/tty if stdin is no terminal.
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen)
}

/// Nothing can be done about errors here: the terminal may be gone.
fn leave() {
    let _ = execute!(stdout(), EndSynchronizedUpdate, Show, LeaveAlternateScreen);
    let _ = disable_raw_mode();
    let _ = stdout().flush();
}

/// The message of a panic must be readable, and the shell usable after it.
fn give_back_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            leave();
            before(info);
        }));
    });
}

/// A program that was asked to end has so long to do it well.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Ends the process as `signal` would have, if it still runs a moment later: a terminal that is gone or takes no more text holds up
/// whoever reads its keys or draws on it. For a thread of its own.
pub fn end_late(signal: i32) {
    thread::sleep(LAST_WORDS);
    // It may be no terminal, or be gone.
    let _ = disable_raw_mode();
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}
