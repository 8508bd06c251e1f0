//! A trace as it is printed: drawn on as many lines as it takes, or as data in a form that stays.
//!
//! Pure: `eyewall trace` writes what comes out of here.

use super::detail;
use super::model::{Micros, Span, SpanDetail, Thrown, Trace, moment};
use super::waterfall::{self, length};
use crate::features::logs::row;
use crate::text::Zone;
use crate::theme::{Role, Theme};
use crate::widgets::paint::put;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::{Map, Value, json};

/// The version of the form that [`data`] writes. Fields may be added to it; when one changes its meaning or
/// goes, this counts up.
pub const VERSION: u32 = 1;

/// Lines of details that are printed of the first fault.
const MAX_DETAIL: usize = 60;

/// A trace drawn `width` cells wide: what it is, its waterfall, and what is known of the first fault.
pub fn picture(trace: &Trace, width: u16, zone: &Zone, theme: &Theme) -> Buffer {
    let mut lines: Vec<row::Line> = vec![title(trace, zone, theme)];
    let warn = |text: String| vec![row::Segment::new(format!("{} {text}", theme.glyphs().warn), Role::Warn)];
    lines.extend(notes(trace).into_iter().map(warn));
    let mut below: Vec<row::Line> = Vec::new();
    let room = usize::from(width.saturating_sub(2));
    if let Some(index) = trace.first_fault {
        below.extend([row::Line::new(), detail::title(trace, index, theme.glyphs())]);
        let lines = detail::lines(trace, index, theme.glyphs(), room);
        below.extend(lines.iter().flat_map(|line| detail::wrapped(line, room)));
        below.truncate(MAX_DETAIL);
    }
    let above = lines;
    let chart = waterfall::height(trace);
    let height = (above.len() + chart + below.len()).min(usize::from(u16::MAX)) as u16;
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    buf.set_style(area, theme.base());
    let top = above.len().min(usize::from(height)) as u16;
    let chart = Rect { y: top, height: (chart as u16).min(height - top), ..area };
    waterfall::print(trace, chart, &mut buf, theme);
    let rows = (0..top).zip(above).chain((chart.bottom()..height).zip(below));
    for (y, line) in rows {
        let mut x = 1;
        for segment in line {
            x += put(&mut buf, area, x, y, &segment.text, theme.style(segment.role));
        }
    }
    buf
}

fn title(trace: &Trace, zone: &Zone, theme: &Theme) -> row::Line {
    let id =
        trace.id.map_or_else(|| theme.glyphs().missing.to_owned(), super::super::logs::model::TraceId::xray);
    let mut line = vec![row::Segment::new(id, Role::Strong)];
    let Some(root) = trace.spans.first() else { return line };
    let about = [root.name.clone(), root.what(), length(trace.length())];
    let about = about.into_iter().filter(|part| !part.is_empty());
    line.extend(about.map(|part| row::Segment::new(format!("  {part}"), Role::Text)));
    let (glyph, word, role) = detail::status(root.status, theme.glyphs());
    let code = root.http.as_ref().and_then(|http| http.status).map(|code| format!(" {code}"));
    line.push(row::Segment::new(format!("  {glyph} {word}{}", code.unwrap_or_default()), role));
    if let Some(at) = moment(trace.start).filter(|_| trace.start > 0) {
        line.push(row::Segment::new(format!("  {} {}", zone.full(at), zone.name(at)), Role::Dim));
    }
    line
}

/// What a trace lacks, in words.
pub fn notes(trace: &Trace) -> Vec<String> {
    let mut notes = Vec::new();
    if trace.limit_exceeded {
        notes.push("X-Ray cut this trace at its size limit: spans are missing".to_owned());
    }
    if trace.dropped > 0 {
        notes.push(format!("{} spans are not shown", crate::text::units::grouped(trace.dropped as u64)));
    }
    notes.extend(trace.problems.iter().map(|problem| format!("not all could be read: {problem}")));
    notes
}

/// Traces as data: `{"format": "eyewall-trace", "version": 1, "traces": […]}`.
///
/// A trace has `id` (X-Ray's form), `w3c`, `start` (RFC 3339), `duration_us`, `first_fault` (a span's id),
/// `limit_exceeded`, `dropped`, `replaced`, `problems` and `spans` in draw order. A span's `start_us` counts from
/// the start of the trace, as its document tells; `bar_us` is where it is drawn; `critical_us` are the parts of
/// it on the critical path; `duration_us` is null while it runs. Blocks that are empty are left out.
pub fn data(traces: &[Trace]) -> Value {
    let traces: Vec<Value> = traces.iter().map(trace_data).collect();
    json!({ "format": "eyewall-trace", "version": VERSION, "traces": traces })
}

fn trace_data(trace: &Trace) -> Value {
    let id = |index: usize| trace.spans.get(index).map(|span| span.id.as_str());
    json!({
        "id": trace.id.map(super::super::logs::model::TraceId::xray),
        "w3c": trace.id.map(super::super::logs::model::TraceId::w3c),
        "start": moment(trace.start).map(|at| at.to_string()),
        "duration_us": trace.length(),
        "first_fault": trace.first_fault.and_then(id),
        "limit_exceeded": trace.limit_exceeded,
        "dropped": trace.dropped,
        "replaced": trace.replaced,
        "problems": trace.problems,
        "spans": trace.spans.iter().map(|span| span_data(trace, span)).collect::<Vec<_>>(),
    })
}

fn span_data(trace: &Trace, span: &Span) -> Value {
    let from_start = |at: Micros| at.saturating_sub(trace.start);
    let part = |(from, to): (Micros, Micros)| [from_start(from), from_start(to)];
    let mut data = json!({
        "id": span.id,
        "parent": span.parent.and_then(|parent| trace.spans.get(parent)).map(|parent| parent.id.as_str()),
        "parent_id": span.parent_id,
        "name": span.name,
        "kind": span.kind,
        "origin": span.origin,
        "namespace": span.namespace,
        "status": span.status,
        "depth": span.depth,
        "detached": span.detached,
        "in_progress": span.in_progress(),
        "fit": span.fit,
        "start_us": from_start(span.start),
        "duration_us": span.duration(),
        "bar_us": part(span.shown),
        "self_us": span.self_time,
        "critical_us": span.critical.iter().copied().map(part).collect::<Vec<_>>(),
    });
    let Some(into) = data.as_object_mut() else { return data };
    if let Some(http) = &span.http {
        into.insert("http".to_owned(), json!(http));
    }
    if let Some(detail) = span.detail.as_deref() {
        detail_data(trace, detail, into);
    }
    data
}

fn detail_data(trace: &Trace, detail: &SpanDetail, into: &mut Map<String, Value>) {
    let pairs = |list: &[(String, String)]| -> Map<String, Value> {
        list.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect()
    };
    if let Some(sql) = &detail.sql {
        into.insert("sql".to_owned(), json!({ "query": sql.query, "facts": pairs(&sql.facts) }));
    }
    let exceptions = &detail.exceptions;
    if !exceptions.list.is_empty() {
        let from = exceptions.from.and_then(|from| trace.spans.get(from)).map(|span| span.id.as_str());
        let list: Vec<Value> = exceptions.list.iter().map(thrown_data).collect();
        into.insert("exceptions".to_owned(), json!({ "from": from, "list": list }));
    }
    let blocks = [
        ("annotations", &detail.annotations),
        ("aws", &detail.aws),
        ("metadata", &detail.metadata),
        ("other", &detail.other),
    ];
    for (name, list) in blocks.into_iter().filter(|(_, list)| !list.is_empty()) {
        into.insert(name.to_owned(), pairs(list).into());
    }
    if !detail.log_groups.is_empty() {
        into.insert("log_groups".to_owned(), json!(detail.log_groups));
    }
    if detail.dropped > 0 {
        into.insert("dropped".to_owned(), detail.dropped.into());
    }
}

fn thrown_data(thrown: &Thrown) -> Value {
    json!({
        "id": thrown.id, "type": thrown.kind, "message": thrown.message, "remote": thrown.remote,
        "cause": thrown.cause, "truncated": thrown.truncated, "stack": thrown.stack,
    })
}
