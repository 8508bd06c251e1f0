//! Copying text out of a terminal: tmux's own buffer inside tmux, OSC 52 elsewhere.
//!
//! Inside tmux raw and wrapped OSC 52 are dropped by its defaults, so the text goes through
//! `tmux load-buffer -w -`, which also hands it to the outer terminal.

use crossterm::clipboard::CopyToClipboard;
use std::io::{self, IsTerminal};
use std::process::Stdio;
use tokio::io::AsyncWriteExt;

/// Terminals drop longer OSC 52 sequences.
const MAX: usize = 74_000;

/// Copies and says where to, or why not.
///
/// # Errors
/// A sentence; the caller shows the text bare then, to be selected.
pub async fn copy(text: &str, in_tmux: bool) -> Result<String, String> {
    if in_tmux {
        return tmux(text).await.map(|()| "copied to tmux's buffer and the clipboard".to_owned());
    }
    if !io::stdout().is_terminal() {
        return Err("there is no terminal to copy through".into());
    }
    if text.len() > MAX {
        return Err(format!("{} bytes are too many for a terminal's clipboard; x exports", text.len()));
    }
    crossterm::execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text.as_bytes()))
        .map_err(|error| error.to_string())?;
    Ok("sent to the terminal's clipboard".into())
}

async fn tmux(text: &str) -> Result<(), String> {
    let mut child = tokio::process::Command::new("tmux")
        .args(["load-buffer", "-w", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("tmux: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes()).await.map_err(|error| format!("tmux: {error}"))?;
    }
    let status = child.wait().await.map_err(|error| format!("tmux: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("tmux load-buffer ended with {status}")) }
}
