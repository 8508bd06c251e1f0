//! Recordings: what the app was told, and when, so that a replay shows exactly what was seen.
//!
//! A file is one line of JSON (the [`Header`]) and then a deflate stream of frames, each a length (`u32`,
//! little-endian) and postcard, which only the version that wrote it reads. Writing happens on a thread of its
//! own behind a bounded queue: a slow disk costs frames, which are counted and marked, never time on the loop.
//! `mask.rs` hides who it was.

mod mask;
mod masked;
mod read;
#[cfg(test)]
mod tests;

pub use mask::Mask;
pub use read::{ReadError, Reader};

use crate::app::{Msg, Now};
use crate::aws::TargetSpec;
use crate::config::{Config, Remembered};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use masked::Masked;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

/// The format of the file. Readers refuse any other.
pub const FORMAT: u32 = 2;
/// Messages that wait for the writer.
const QUEUE: usize = 512;

/// What a replay needs to begin as the recorded run began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`].
    pub eyewall_recording: u32,
    /// The version that wrote it.
    pub version: String,
    /// When it began.
    pub start: Now,
    /// Columns and rows at the start.
    pub size: (u16, u16),
    /// The zone of the machine: an IANA name, or an offset.
    pub zone: String,
    /// Drawn without box drawing and braille.
    pub ascii: bool,
    /// It shows the simulated AWS.
    pub demo: bool,
    /// Account ids, addresses, roles and people are masked.
    pub redacted: bool,
    /// The config in force, without secrets.
    pub config: Config,
    /// The targets, without secrets.
    pub targets: Vec<TargetSpec>,
    /// Where the app began: what was remembered, by target.
    pub remembered: Vec<(String, Remembered)>,
    /// The pane shown at first.
    pub pane: String,
}

impl Header {
    /// The same without what opens doors.
    #[must_use]
    pub fn without_secrets(mut self) -> Self {
        for target in &mut self.targets {
            target.external_id = None;
        }
        for target in &mut self.config.targets {
            target.external_id = None;
        }
        self
    }
}

/// One entry of a recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Frame {
    /// The app was told this at this moment.
    Told(Now, Msg),
    /// So many messages are missing here: the disk was too slow.
    Gap(u64),
    /// The recording was ended in an orderly way.
    End,
}

/// Writes a recording until it is finished.
pub struct Recorder {
    sender: SyncSender<Frame>,
    writer: JoinHandle<io::Result<()>>,
}

impl Recorder {
    /// Makes the file and starts the writer; `redact` masks account ids, addresses, roles and people.
    ///
    /// # Errors
    /// When the file cannot be made or written.
    pub fn create(file: &Path, header: &Header, redact: bool) -> io::Result<Self> {
        let mask = redact.then(Mask::default);
        let mut out = File::create(file)?;
        out.write_all(&header_line(header, mask.as_ref())?)?;
        let (sender, frames) = sync_channel(QUEUE);
        let writer = std::thread::Builder::new().name("eyewall-record".into()).spawn(move || {
            write_all(DeflateEncoder::new(out, Compression::default()), &frames, mask.as_ref())
        })?;
        Ok(Self { sender, writer })
    }

    /// What the loop tells about every message. It copies and never waits.
    pub fn tap(&self) -> super::Tap {
        let sender = self.sender.clone();
        let mut lost = 0_u64;
        Box::new(move |msg, now| {
            // Jobs are run again by the replay.
            if matches!(msg, Msg::Computed(_)) {
                return;
            }
            if lost > 0 && sender.try_send(Frame::Gap(lost)).is_ok() {
                lost = 0;
            }
            let frame = Frame::Told(now, msg.clone());
            match if lost > 0 { Err(TrySendError::Full(frame)) } else { sender.try_send(frame) } {
                // A writer that ended says why in `finish`.
                Ok(()) | Err(TrySendError::Disconnected(_)) => {}
                Err(TrySendError::Full(_)) => lost += 1,
            }
        })
    }

    /// Writes what is left and the end mark. The tap must be gone.
    ///
    /// # Errors
    /// What went wrong while writing, now or earlier.
    pub fn finish(self) -> io::Result<()> {
        // Waits for room; fails only when the writer ended, which then says why.
        let _ = self.sender.send(Frame::End);
        drop(self.sender);
        self.writer.join().unwrap_or_else(|_panic| Err(io::Error::other("the writer failed inside")))
    }
}

fn header_line(header: &Header, mask: Option<&Mask>) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_string(&header.clone().without_secrets())?;
    if let Some(mask) = mask {
        text = mask.text(&text);
    }
    text.push('\n');
    Ok(text.into_bytes())
}

/// Writes frames until the end mark, and pushes them to the disk whenever nothing more waits, so that a file
/// that is cut off by a crash holds what was seen.
fn write_all<W: Write>(
    mut out: DeflateEncoder<W>,
    frames: &Receiver<Frame>,
    mask: Option<&Mask>,
) -> io::Result<()> {
    while let Ok(mut frame) = frames.recv() {
        loop {
            let last = frame == Frame::End;
            write(&mut out, &frame, mask)?;
            if last {
                return out.finish().and_then(|mut out| out.flush());
            }
            match frames.try_recv() {
                Ok(next) => frame = next,
                Err(_) => break,
            }
        }
        out.flush()?;
    }
    Ok(())
}

fn write(out: &mut impl Write, frame: &Frame, mask: Option<&Mask>) -> io::Result<()> {
    if let Some(mask) = mask {
        // A sentence may name a user before the user is met as a caller.
        postcard::to_stdvec(&Masked::to_learn(frame, mask)).map_err(io::Error::other)?;
    }
    let bytes = postcard::to_stdvec(&Masked::new(frame, mask)).map_err(io::Error::other)?;
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(&bytes)
}
