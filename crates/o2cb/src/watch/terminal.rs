//! The terminal: taken at the start, given back whatever happens.

use anyhow::Context as _;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::{Frame, Terminal};
use std::io::{self, BufWriter, Stdout, Write as _, stdout};
use std::mem::ManuallyDrop;
use std::sync::Once;

/// The terminal while it is ours. Given back when dropped, and on a panic in any thread.
pub struct Screen {
    // Never dropped: it would show the cursor, as is done here already, and panic if the terminal is gone.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
}

impl Screen {
    /// Takes the terminal.
    pub fn take() -> anyhow::Result<Screen> {
        give_back_on_panic();
        enter().context("no terminal to draw on and read keys from (--batch prints text instead)")?;
        match Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(1 << 16, stdout()))) {
            Ok(terminal) => Ok(Screen { terminal: ManuallyDrop::new(terminal) }),
            Err(error) => {
                leave();
                Err(error).context("the terminal does not tell its size")
            }
        }
    }

    /// Draws what changed, on a screen of the size that the terminal has now.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(draw).map(drop)
    }

    /// Draws everything anew the next time.
    pub fn forget(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    /// Gives the terminal back, has `stopped` done, and takes it again.
    pub fn lend(&mut self, stopped: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        leave();
        stopped()?;
        // Whoever had it meanwhile may have changed its mode: from the first mode to raw anew.
        disable_raw_mode()?;
        enter()?;
        self.forget()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

fn enter() -> io::Result<()> {
    // Reads from /dev/tty if stdin is no terminal.
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen)
}

/// Nothing can be done about errors here: the terminal may be gone.
fn leave() {
    let _ = execute!(stdout(), Show, LeaveAlternateScreen);
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
