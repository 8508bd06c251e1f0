//! Reading recordings, frame by frame, up to wherever the file ends.

use super::{FORMAT, Frame, Header};
use flate2::bufread::DeflateDecoder;
use std::io::{self, BufRead, Read};

/// A frame larger than this is not one.
const MAX_FRAME: u32 = 256 * 1024 * 1024;
/// A header longer than this is not one.
const MAX_HEADER: u64 = 16 * 1024 * 1024;

/// Why a file is not a recording that can be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It does not begin as recordings do.
    #[error("this is not a recording made with --record")]
    Foreign,
    /// Another version wrote it.
    #[error("this recording was made by eyewall {version}, in a format that this one does not read")]
    Version {
        /// Which version.
        version: String,
    },
}

/// A recording being read.
pub struct Reader<R> {
    frames: DeflateDecoder<R>,
    cut: bool,
    ended: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When it is no recording, or none of this format.
    pub fn open(mut input: R) -> Result<(Header, Self), ReadError> {
        let mut line = Vec::new();
        input.by_ref().take(MAX_HEADER).read_until(b'\n', &mut line)?;
        let value: serde_json::Value = serde_json::from_slice(&line).map_err(|_| ReadError::Foreign)?;
        let format = value.get("eyewall_recording").and_then(serde_json::Value::as_u64);
        let by = value.get("version").and_then(serde_json::Value::as_str).unwrap_or("?");
        let version = || ReadError::Version { version: crate::text::sanitize(by).into_owned() };
        match format {
            None => return Err(ReadError::Foreign),
            // Frames name no fields: only the types that wrote them read them.
            Some(format) if format != u64::from(FORMAT) || by != env!("CARGO_PKG_VERSION") => {
                return Err(version());
            }
            Some(_) => {}
        }
        let header = serde_json::from_value(value.clone()).map_err(|_| version())?;
        Ok((header, Self { frames: DeflateDecoder::new(input), cut: false, ended: false }))
    }

    /// The file ended, or broke, before its end mark.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    fn read(&mut self) -> Option<Frame> {
        let mut length = [0; 4];
        self.frames.read_exact(&mut length).ok()?;
        let length = Some(u32::from_le_bytes(length)).filter(|length| *length <= MAX_FRAME)?;
        let mut bytes = Vec::new();
        self.frames.by_ref().take(u64::from(length)).read_to_end(&mut bytes).ok()?;
        postcard::from_bytes(&bytes).ok()
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        if self.ended {
            return None;
        }
        match self.read() {
            Some(Frame::End) => self.ended = true,
            Some(frame) => return Some(frame),
            None => (self.cut, self.ended) = (true, true),
        }
        None
    }
}
