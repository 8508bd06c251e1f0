//! What is known of one span, as lines: what failed first, then what was asked, then what its makers added.
//!
//! Pure formatting: pieces of text with roles, not yet wrapped. Only the span under the cursor comes here.

use super::model::{Exceptions, Fit, Http, Micros, Span, SpanDetail, Status, Thrown, Trace};
use super::waterfall::length;
use crate::features::logs::row::{self, Line, Segment};
use crate::text::units;
use crate::theme::{Glyphs, Role};

/// Cells of the names at the left.
const NAMES: usize = 9;
/// Lines that one value is broken into at most.
const MAX_LINES: usize = 200;

/// Glyph, word and role of how a span went.
pub fn status(status: Status, glyphs: &Glyphs) -> (&'static str, &'static str, Role) {
    match status {
        Status::Ok => (glyphs.ok, "ok", Role::Ok),
        Status::Error => (glyphs.warn, "ERROR", Role::Warn),
        Status::Throttle => (glyphs.waiting, "THROTTLE", Role::Warn),
        Status::Fault => (glyphs.bad, "FAULT", Role::Bad),
    }
}

/// Glyph and role of a span in the tree: what still runs has not gone well yet.
pub fn glyph(span: &Span, glyphs: &Glyphs) -> (&'static str, Role) {
    if span.in_progress() && !span.status.failed() {
        return (glyphs.estimate, Role::Info);
    }
    let (glyph, _, role) = status(span.status, glyphs);
    (glyph, role)
}

/// What is known of a span, for lines of `room` cells. Text that came with line breaks keeps them, a longer one
/// is for the caller to wrap.
pub fn lines(trace: &Trace, index: usize, glyphs: &Glyphs, room: usize) -> Vec<Line> {
    let Some(span) = trace.spans.get(index) else { return Vec::new() };
    let mut out = Lines { lines: Vec::new(), room: room.saturating_sub(NAMES + 1) };
    let detail = span.detail.as_deref();
    if let Some(detail) = detail {
        exceptions(&detail.exceptions, trace, &mut out);
    }
    if let Some(http) = &span.http {
        self::http(http, &mut out);
    }
    if let Some(sql) = detail.and_then(|detail| detail.sql.as_ref()) {
        out.block("sql", &sql.query, Role::Text);
        out.pairs("", &sql.facts);
    }
    facts(trace, span, glyphs, &mut out);
    if let Some(detail) = detail {
        added(detail, &mut out);
    }
    out.lines
}

/// A line of [`lines`] as lines of at most `room` cells: what goes on does so below where its value began.
pub fn wrapped(line: &Line, room: usize) -> Vec<Line> {
    let Some((name, value)) = line.split_first() else { return vec![Line::new()] };
    let broken = row::wrap(value, room.saturating_sub(NAMES + 1), MAX_LINES);
    let name = |index: usize| {
        if index == 0 { name.clone() } else { Segment::new(format!("{:NAMES$} ", ""), Role::Dim) }
    };
    broken.into_iter().enumerate().map(|(index, line)| [vec![name(index)], line].concat()).collect()
}

/// One line of the most important: status, how long, how much of it itself, name.
pub fn title(trace: &Trace, index: usize, glyphs: &Glyphs) -> Line {
    let Some(span) = trace.spans.get(index) else { return Line::new() };
    let (glyph, word, role) = status(span.status, glyphs);
    let running = span.in_progress() && !span.status.failed();
    let (glyph, word, role) =
        if running { (glyphs.estimate, "running", Role::Info) } else { (glyph, word, role) };
    let code = span.http.as_ref().and_then(|http| http.status);
    let code = code.map(|code| format!(" {code}")).unwrap_or_default();
    let first = if trace.first_fault == Some(index) { span.status.first() } else { "" };
    let text = format!("{glyph} {word}{code}  {first}");
    let mut line = vec![Segment::new(text.trim_end(), role)];
    let took = match span.duration() {
        Some(took) => format!("  {}", length(took)),
        None => format!("  {}", glyphs.missing),
    };
    line.push(Segment::new(took, Role::Strong));
    if span.fit != Fit::Unknown {
        let mut text = format!("  from +{}", length(span.shown.0.saturating_sub(trace.start)));
        if span.descendants > 0 {
            text = format!("{text}, {} in itself", length(span.self_time));
        }
        let waited: Micros = span.critical.iter().map(|(from, to)| to - from).sum();
        if waited > 0 {
            text = format!("{text}, {} critical", length(waited));
        }
        line.push(Segment::new(text, Role::Dim));
    }
    // Last: it stands in the row above already, and is what may be cut.
    line.push(Segment::new(format!("  {}", span.name), Role::Text));
    line
}

struct Lines {
    lines: Vec<Line>,
    /// Cells for values.
    room: usize,
}

impl Lines {
    fn put(&mut self, name: &str, value: impl Into<String>, role: Role) {
        self.lines.push(vec![Segment::new(format!("{name:<NAMES$} "), Role::Dim), Segment::new(value, role)]);
    }

    /// A value with line breaks, its name at the first line.
    fn block(&mut self, name: &str, text: &str, role: Role) {
        for (index, line) in text.lines().enumerate() {
            self.put(if index == 0 { name } else { "" }, line, role);
        }
    }

    /// Names and values behind each other, a few to a line.
    fn pairs(&mut self, name: &str, pairs: &[(String, String)]) {
        let mut line = Line::new();
        let mut used = 0;
        let mut first = true;
        for (key, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
            let wide = crate::text::width(key) + crate::text::width(value) + 3;
            if used > 0 && (used + wide > self.room || value.contains('\n')) {
                self.lines.push(std::mem::take(&mut line));
                used = 0;
            }
            if used == 0 {
                let name = if first { name } else { "" };
                line.push(Segment::new(format!("{name:<NAMES$} "), Role::Dim));
                first = false;
            } else {
                line.push(Segment::new("   ", Role::Dim));
            }
            line.push(Segment::new(format!("{key} "), Role::Dim));
            let mut values = value.lines();
            line.push(Segment::new(values.next().unwrap_or_default(), Role::Text));
            used += wide;
            for more in values {
                self.lines.push(std::mem::take(&mut line));
                line.extend([
                    Segment::new(format!("{:NAMES$} ", ""), Role::Dim),
                    Segment::new(more, Role::Text),
                ]);
                used = self.room.max(1);
            }
        }
        if used > 0 {
            self.lines.push(line);
        }
    }
}

fn exceptions(exceptions: &Exceptions, trace: &Trace, out: &mut Lines) {
    for (index, thrown) in exceptions.list.iter().enumerate() {
        let caused =
            index > 0 && exceptions.list.iter().any(|other| other.cause.as_ref() == Some(&thrown.id));
        exception(thrown, if caused { "caused by" } else { "exception" }, out);
    }
    if let Some(from) = exceptions.from.and_then(|from| trace.spans.get(from)) {
        out.put("", format!("thrown in {}", from.name), Role::Dim);
    }
}

fn exception(thrown: &Thrown, name: &str, out: &mut Lines) {
    let remote = if thrown.remote { " (by the called service)" } else { "" };
    let head = match (thrown.kind.as_str(), thrown.message.as_str()) {
        ("", message) => message.to_owned(),
        (kind, "") => kind.to_owned(),
        (kind, message) => format!("{kind}: {message}"),
    };
    out.block(name, &format!("{head}{remote}"), Role::Bad);
    for frame in &thrown.stack {
        let place = match frame.line {
            Some(line) => format!("{}:{line}", frame.path),
            None => frame.path.clone(),
        };
        let text = match (frame.label.as_str(), place.as_str()) {
            (label, "") => format!("  {label}"),
            ("", place) => format!("  at {place}"),
            (label, place) => format!("  at {label} ({place})"),
        };
        out.put("", text, Role::Dim);
    }
    if thrown.truncated > 0 {
        out.put("", format!("  {} more frames were left out", units::grouped(thrown.truncated)), Role::Dim);
    }
}

fn http(http: &Http, out: &mut Lines) {
    let asked = format!("{} {}", http.method, http.url);
    let answer = match (http.status, http.content_length) {
        (Some(status), Some(bytes)) => format!("answered {status}, {}", units::bytes(bytes as f64)),
        (Some(status), None) => format!("answered {status}"),
        (None, Some(bytes)) => format!("answered {}", units::bytes(bytes as f64)),
        (None, None) => String::new(),
    };
    out.put("http", format!("{}  {answer}", asked.trim()).trim(), Role::Text);
    let who = [("from", &http.client_ip), ("agent", &http.user_agent)];
    let who: Vec<(String, String)> = who.into_iter().map(|(k, v)| (k.to_owned(), v.clone())).collect();
    out.pairs("", &who);
}

/// What the tree and the times say about it that a bar cannot.
fn facts(trace: &Trace, span: &Span, glyphs: &Glyphs, out: &mut Lines) {
    let shift = span.shown.0.saturating_sub(span.start);
    let time = match span.fit {
        Fit::Inside => None,
        Fit::Skewed if shift != 0 => Some(format!(
            "its clock and its caller's differ: told {} {} than drawn",
            length(shift.saturating_abs()),
            if shift > 0 { "earlier" } else { "later" }
        )),
        Fit::Skewed => {
            Some("its clock and its caller's differ: drawn only as far as its caller goes".to_owned())
        }
        Fit::Backwards => Some("its document says that it ended before it started".to_owned()),
        Fit::Before => Some("it began before what it belongs to".to_owned()),
        Fit::After => Some("it went on after its caller had ended: not waited for".to_owned()),
        Fit::Unknown => Some("its document has no usable times".to_owned()),
    };
    if let Some(text) = time {
        out.put("time", text, Role::Warn);
    }
    if span.in_progress() {
        out.put("time", "no end has been told yet: it still runs, or was killed", Role::Warn);
    }
    if let Some(parent) = span.parent_id.as_deref().filter(|_| span.parent.is_none()) {
        let text = if trace.position(parent).is_some() {
            format!("{parent} hangs below this span itself: the circle is cut here")
        } else {
            format!("{parent} is not in the trace: not sampled, sent elsewhere or not come yet")
        };
        out.put("parent", text, if span.detached { Role::Warn } else { Role::Dim });
    }
    let mut parts = vec![span.kind.word()];
    parts.extend([span.origin.as_str(), span.namespace.as_str()].into_iter().filter(|text| !text.is_empty()));
    let id = if span.id.starts_with('?') { glyphs.missing } else { &span.id };
    out.put("span", format!("{id}  {}", parts.join("  ")), Role::Dim);
}

fn added(detail: &SpanDetail, out: &mut Lines) {
    out.pairs("annotated", &detail.annotations);
    out.pairs("aws", &detail.aws);
    out.pairs("metadata", &detail.metadata);
    out.pairs("other", &detail.other);
    if detail.dropped > 0 {
        out.put("", format!("{} values were left out", units::grouped(detail.dropped as u64)), Role::Dim);
    }
}
