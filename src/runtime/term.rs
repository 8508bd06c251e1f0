//! The terminal: entered once, restored on every way out (quit, panic, SIGTERM, SIGHUP, suspend).

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{self, Write};

/// Where frames go: buffered, so that a frame is one write.
pub type Out = io::BufWriter<io::Stdout>;

/// The real terminal, restored when dropped.
pub struct Screen {
    /// ratatui's view of it.
    pub terminal: Terminal<CrosstermBackend<Out>>,
}

impl Screen {
    /// Takes the terminal over and hooks panics, so that their message lands on a sane screen.
    ///
    /// # Errors
    /// When the terminal refuses.
    pub fn enter() -> io::Result<Self> {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            // Pollers that panic are caught; only the thread that owns the screen gives it back.
            if std::thread::current().name() == Some("main") {
                restore();
                usual(info);
            } else {
                tracing::error!("{}", crate::text::sanitize(&info.to_string()));
            }
        }));
        take()?;
        let out = io::BufWriter::with_capacity(64 * 1024, io::stdout());
        Ok(Self { terminal: Terminal::new(CrosstermBackend::new(out))? })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Raw mode, alternate screen, bracketed paste, no cursor.
pub fn take() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)
}

/// The opposite of [`take`]. Failures cannot be told to anybody any more.
pub fn restore() {
    let _ = execute!(io::stdout(), DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let _ = disable_raw_mode();
    let _ = io::stdout().flush();
}

/// Stops the process as job control does, and comes back when it is continued.
pub fn suspend() -> io::Result<()> {
    restore();
    signal_hook::low_level::raise(signal_hook::consts::SIGTSTP)?;
    take()
}

/// Takes the terminal again after the process was stopped and continued by somebody else.
pub fn retake() -> io::Result<()> {
    // Raw mode is noted as on, and would not be set again.
    disable_raw_mode()?;
    take()
}
