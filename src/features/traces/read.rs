//! From texts to traces: the documents of one trace as AWS answers them, or a file with whatever was saved.
//!
//! What can be read is, what cannot is named in [`Trace::problems`]. Heavy for large traces (25 ms for
//! 10,000 spans): called by sources and jobs, never while handling a key or drawing.

use super::assemble::assemble;
use super::json::{self, Json};
use super::model::{Trace, TraceId, id_in};
use super::otel;
use super::segment::{self, Loose};

/// A trace of its segment documents: the texts of `Traces[].Segments[].Document`, or spans in
/// OpenTelemetry's form.
pub fn trace<'a>(id: Option<TraceId>, documents: impl IntoIterator<Item = &'a str>) -> Trace {
    let mut gathered = Gathered::default();
    for text in documents {
        gathered.text(text);
    }
    let named = gathered.loose.iter().find_map(|loose| id_in(&loose.trace));
    let mut trace = assemble(id.or(named), gathered.loose);
    trace.problems = gathered.problems;
    trace
}

/// The traces of a saved text, in the order of their first documents: an answer of `BatchGetTraces` or
/// `ListRetrievedTraces` as the AWS CLI prints it, an export of OpenTelemetry (`resourceSpans`), one document, a
/// list of documents, or one per line.
///
/// # Errors
/// A sentence: nothing in it is a segment or span.
pub fn file(text: &str) -> Result<Vec<Trace>, String> {
    let mut gathered = Gathered::default();
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let first = lines.next().map_or("", |(_, line)| line);
    let mut why = None;
    if lines.next().is_some() && json::read(first).1.is_none() {
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let (json, problem) = json::read(line);
            gathered.problem(problem.map(|problem| format!("line {}: {problem}", index + 1)));
            gathered.any(json);
        }
    } else {
        let (json, problem) = json::read(text);
        gathered.problem(problem.clone());
        gathered.any(json);
        why = problem;
    }
    if gathered.loose.is_empty() {
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        return Err(format!("no segment document and no span is in it{why}"));
    }
    Ok(gathered.by_trace())
}

/// Spans and problems of the documents so far.
#[derive(Default)]
struct Gathered {
    loose: Vec<Loose>,
    problems: Vec<String>,
    /// Ids of the traces that AWS says it cut.
    limited: Vec<Option<TraceId>>,
}

impl Gathered {
    fn text(&mut self, text: &str) {
        let (json, problem) = json::read(text);
        let first = self.loose.len();
        self.document(json);
        let name =
            self.loose.get(first).map(|loose| loose.span.name.as_str()).filter(|name| !name.is_empty());
        let name = name.unwrap_or("a document").to_owned();
        match problem {
            Some(problem) => self.problem(Some(format!("{name}: {problem}"))),
            None if self.loose.len() == first => self.problem(Some("a document is no segment".to_owned())),
            None => {}
        }
    }

    fn problem(&mut self, problem: Option<String>) {
        let Some(problem) = problem else { return };
        match self.problems.len().cmp(&Trace::MAX_PROBLEMS) {
            std::cmp::Ordering::Less => self.problems.push(problem),
            std::cmp::Ordering::Equal => self.problems.push("more could not be read".to_owned()),
            std::cmp::Ordering::Greater => {}
        }
    }

    fn document(&mut self, json: Json) {
        if otel::is_span(&json) {
            self.loose.push(otel::span(&json));
        } else if ["id", "name", "start_time", "trace_id"].iter().any(|key| json.get(key).is_some()) {
            segment::flatten(json, &mut self.loose);
        }
    }

    /// Whatever a file holds.
    fn any(&mut self, json: Json) {
        match json {
            Json::List(list) => list.into_iter().for_each(|json| self.any(json)),
            // A document within an answer is JSON within JSON.
            Json::Text(text) => self.text(&text),
            Json::Map(mut entries) => {
                let inner = ["Traces", "Segments", "Spans", "Document"];
                let Some(at) = entries.iter().position(|(key, _)| inner.contains(&key.as_ref())) else {
                    let json = Json::Map(entries);
                    return match otel::exported(&json) {
                        Some(spans) => self.loose.extend(spans),
                        None => self.document(json),
                    };
                };
                let (_, value) = entries.swap_remove(at);
                let rest = Json::Map(entries);
                if rest.get("LimitExceeded").is_some_and(Json::is_true) {
                    self.limited.push(rest.get("Id").and_then(Json::text).and_then(id_in));
                }
                let missing = rest.get("UnprocessedTraceIds").map_or(0, |ids| ids.list().len());
                self.problem(
                    (missing > 0).then(|| format!("{missing} traces were asked for and not answered")),
                );
                self.any(value);
            }
            _ => {}
        }
    }

    /// Spans that name no trace are taken to be of the first one.
    fn by_trace(self) -> Vec<Trace> {
        let mut groups: Vec<(Option<TraceId>, Vec<Loose>)> = Vec::new();
        // For each span its group and its place there.
        let mut places: Vec<(usize, usize)> = Vec::with_capacity(self.loose.len());
        let first = self.loose.iter().find_map(|loose| id_in(&loose.trace));
        for mut loose in self.loose {
            let own = id_in(&loose.trace).or(first);
            let group = loose.within.and_then(|within| places.get(within)).map(|(group, _)| *group);
            let group = group.or_else(|| groups.iter().position(|(id, _)| *id == own));
            let group = group.unwrap_or_else(|| {
                groups.push((own, Vec::new()));
                groups.len() - 1
            });
            loose.within = loose.within.and_then(|within| places.get(within)).map(|(_, place)| *place);
            if let Some((_, members)) = groups.get_mut(group) {
                places.push((group, members.len()));
                members.push(loose);
            }
        }
        let mut traces: Vec<Trace> = groups.into_iter().map(|(id, loose)| assemble(id, loose)).collect();
        for trace in &mut traces {
            trace.limit_exceeded = self.limited.contains(&trace.id);
        }
        // Which trace a broken document was of is not known.
        if let Some(first) = traces.first_mut() {
            first.problems = self.problems;
        }
        traces
    }
}
