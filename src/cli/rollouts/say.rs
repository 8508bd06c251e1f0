//! How the commands speak: lines or JSON to standard output, what is wrong to standard error.

use crate::app::ascii;
use crate::cli::Failure;
use crate::cli::out::Out;
use crate::cli::session::Setup;
use crate::text::{Zone, sanitize, wrap};
use jiff::Timestamp;
use serde_json::Value;

/// Columns that sentences keep to.
const WIDTH: usize = 80;

/// The voice of one command.
pub(super) struct Say<'a> {
    out: &'a mut Out,
    json: bool,
    ascii: bool,
    zone: Zone,
}

impl<'a> Say<'a> {
    pub fn new(setup: &Setup, json: bool, out: &'a mut Out) -> Self {
        Self { out, json, ascii: setup.theme.ascii, zone: setup.zone.clone() }
    }

    #[cfg(test)]
    pub fn to(out: &'a mut Out) -> Self {
        Self { out, json: false, ascii: false, zone: Zone::utc() }
    }

    /// The zone that times are told in.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Lines of text; nothing where JSON is wanted.
    pub fn lines(&mut self, lines: &[String]) -> Result<(), Failure> {
        if self.json || lines.is_empty() {
            return Ok(());
        }
        let text = lines.iter().map(|line| self.plain(line)).collect::<Vec<_>>().join("\n");
        self.out.text(&text)
    }

    /// A line that begins with the time, in as many rows of 80 columns as it takes.
    pub fn at(&mut self, at: Timestamp, text: &str) -> Result<(), Failure> {
        let clock = self.zone.second(at);
        let indent = clock.len() + 2;
        let rows = wrap(text, WIDTH - indent).into_iter().enumerate();
        let lines: Vec<String> = rows
            .map(|(index, row)| match index {
                0 => format!("{clock}  {row}"),
                _ => format!("{}{row}", " ".repeat(indent)),
            })
            .collect();
        self.lines(&lines)
    }

    /// One JSON object on one line; nothing where text is wanted.
    pub fn value(&mut self, value: &Value) -> Result<(), Failure> {
        if self.json { self.out.text(&value.to_string()) } else { Ok(()) }
    }

    /// One JSON object on its own, laid out to be read.
    pub fn document(&mut self, value: &Value) -> Result<(), Failure> {
        if self.json { self.out.text(&format!("{value:#}")) } else { Ok(()) }
    }

    /// What is wrong.
    pub fn problem(&mut self, text: &str) {
        let line = self.plain(&format!("eyewall: {text}"));
        self.out.error(&line);
    }

    /// A line over the one that the cursor is in, in a terminal that takes every key by itself.
    pub fn over(&mut self, line: &str) -> Result<(), Failure> {
        let line = format!("\r\u{1b}[K{}", self.plain(line));
        self.out.bytes(line.as_bytes())
    }

    /// Goes on to the next line.
    pub fn next_line(&mut self) -> Result<(), Failure> {
        self.out.bytes(b"\r\n")
    }

    fn plain(&self, line: &str) -> String {
        let line = sanitize(line);
        if self.ascii { ascii::line(&line) } else { line.into_owned() }
    }
}
