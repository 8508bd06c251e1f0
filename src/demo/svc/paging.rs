//! Paging as every service does it: a size with a default and a ceiling, and an opaque token.
//!
//! A token says only where the next page begins, so it needs no memory on the simulator's side.

use crate::demo::wire::{Failure, Value};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// How a service calls and limits its pages.
pub struct Paging {
    /// The input member with the size.
    pub size: &'static str,
    /// The input member with the token.
    pub token: &'static str,
    /// Size when none is asked for.
    pub default: usize,
    /// The largest size there is.
    pub most: usize,
    /// Error code for a wrong size.
    pub bad_size: &'static str,
    /// Error code for a wrong token.
    pub bad_token: &'static str,
}

impl Paging {
    /// The page that the input asks for, and the token of the next one.
    pub fn page<T>(&self, items: Vec<T>, input: &Value) -> Result<(Vec<T>, Option<String>), Failure> {
        let size = self.size(input)?;
        let start = self.start(input)?;
        let next = start.saturating_add(size);
        let token = (next < items.len()).then(|| token(next));
        Ok((items.into_iter().skip(start).take(size).collect(), token))
    }

    /// The page size asked for.
    pub fn size(&self, input: &Value) -> Result<usize, Failure> {
        let Some(size) = input.int(self.size) else { return Ok(self.default) };
        usize::try_from(size).ok().filter(|size| (1..=self.most).contains(size)).ok_or_else(|| {
            Failure::refused(self.bad_size, format!("{} must be from 1 to {}.", self.size, self.most))
        })
    }

    /// Where the page begins.
    pub fn start(&self, input: &Value) -> Result<usize, Failure> {
        let Some(token) = input.text(self.token) else { return Ok(0) };
        position(token)
            .ok_or_else(|| Failure::refused(self.bad_token, format!("The {} is not valid.", self.token)))
    }
}

/// The token for a page that begins at `position`.
pub fn token(position: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("page:{position:08}"))
}

/// Where the page of a token begins.
pub fn position(token: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    String::from_utf8(bytes).ok()?.strip_prefix("page:")?.parse().ok()
}
