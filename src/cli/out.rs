//! The one writer to the standard streams.
//!
//! A reader that went away (`eyewall themes | head -1`) is no failure.

use super::Failure;
use std::io::{self, ErrorKind, Write};

/// Standard output and standard error.
pub struct Out {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
}

impl Out {
    /// The process's own streams.
    pub fn standard() -> Self {
        Self { out: Box::new(io::stdout()), err: Box::new(io::stderr()) }
    }

    #[cfg(test)]
    pub(super) fn to(out: impl Write + 'static) -> Self {
        Self { out: Box::new(out), err: Box::new(io::sink()) }
    }

    /// Writes text and ends its last line.
    pub fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.bytes(text.as_bytes())?;
        if text.ends_with('\n') { Ok(()) } else { self.bytes(b"\n") }
    }

    /// Writes bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self.out.write_all(bytes).and_then(|()| self.out.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Failure::Failed(format!("cannot write: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// A line to standard error; when even that fails there is nobody to tell.
    pub fn error(&mut self, text: &str) {
        if !text.is_empty() {
            let _ = writeln!(self.err, "{text}");
        }
    }
}
