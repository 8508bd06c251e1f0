//! CloudTrail: `LookupEvents` with one attribute, newest first, page by page.
//!
//! A page's token says where in time the next one begins, so that it needs no memory here. Two requests a
//! second for everybody in a region is `sim.rs`'s to count.

use super::Ctx;
use super::paging::{position, token};
use crate::demo::wire::{Failure, Value, list, object};
use crate::demo::world::TrailEvent;
use jiff::{SignedDuration, Timestamp};

/// Events on a page, by default and at most.
const PAGE: usize = 50;
/// More events than a second can have.
const SECOND: usize = 10_000;
/// How far back events are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What must be equal.
type Wanted = (fn(&TrailEvent, &str) -> bool, String);

pub fn lookup_events(ctx: Ctx<'_>, input: &Value) -> Result<Value, Failure> {
    let wanted = attribute(input)?;
    if let Some(category) = input.text("EventCategory").filter(|category| *category != "insight") {
        let message = format!("{category} is not a valid event category.");
        return Err(Failure::refused("InvalidEventCategoryException", message));
    }
    let size = match input.int("MaxResults") {
        None => PAGE,
        Some(size) => {
            usize::try_from(size).ok().filter(|size| (1..=PAGE).contains(size)).ok_or_else(|| {
                Failure::refused(
                    "InvalidMaxResultsException",
                    format!("{size} is not a valid maximum number of results; it must be from 1 to {PAGE}."),
                )
            })?
        }
    };
    let from = input.time("StartTime").unwrap_or(Timestamp::MIN).max(ctx.now - KEPT);
    let to = input.time("EndTime").unwrap_or(Timestamp::MAX);
    if from > to && to >= ctx.now - KEPT {
        let message = "The start time must be before the end time.";
        return Err(Failure::refused("InvalidTimeRangeException", message));
    }
    // The second of the last event that was given, and how many of that second were.
    let (to, given) = match input.text("NextToken").map(position) {
        None => (to, 0),
        Some(place) => place
            .and_then(|place| Some((Timestamp::from_second((place / SECOND) as i64).ok()?, place % SECOND)))
            .filter(|(at, _)| from <= *at && *at <= to)
            .ok_or_else(|| Failure::refused("InvalidNextTokenException", "The next token is not valid."))?,
    };
    if input.text("EventCategory").is_some() {
        return Ok(object([("Events", Value::List(Vec::new()))]));
    }
    let events = ctx.world.trail(from, to, ctx.now);
    let mut events = events.filter(|event| wanted.as_ref().is_none_or(|(is, value)| is(event, value)));
    let page: Vec<TrailEvent> = events.by_ref().skip(given).take(size).collect();
    let next = page.last().filter(|_| events.next().is_some()).map(|last| {
        let same = page.iter().rev().take_while(|event| event.at == last.at).count();
        let before = if last.at == to { given } else { 0 };
        token(last.at.as_second() as usize * SECOND + same + before)
    });
    Ok(object([("Events", list(page.into_iter().map(describe))), ("NextToken", next.into())]))
}

/// The one attribute that may be given.
fn attribute(input: &Value) -> Result<Option<Wanted>, Failure> {
    let wrong = |message: String| Failure::refused("InvalidLookupAttributesException", message);
    let attribute = match input.list("LookupAttributes") {
        [] => return Ok(None),
        [one] => one,
        _ => return Err(wrong("Only one lookup attribute is supported.".into())),
    };
    let key = attribute.text("AttributeKey").unwrap_or_default();
    let value =
        attribute.text("AttributeValue").ok_or_else(|| wrong(format!("{key}: the value is empty.")))?;
    let is: fn(&TrailEvent, &str) -> bool = match key {
        "EventId" => |event, value| event.id == value,
        "EventName" => |event, value| event.name == value,
        "EventSource" => |event, value| event.source == value,
        "Username" => |event, value| event.username.as_deref() == Some(value),
        "AccessKeyId" => |event, value| event.access_key.as_deref() == Some(value),
        "ResourceType" => |event, value| event.resources.iter().any(|(kind, _)| kind == value),
        "ResourceName" => |event, value| event.resources.iter().any(|(_, name)| name == value),
        "ReadOnly" if matches!(value, "true" | "false") => {
            |event, value| event.read_only == (value == "true")
        }
        "ReadOnly" => return Err(wrong(format!("ReadOnly is true or false, not {value}."))),
        _ => return Err(wrong(format!("{key} is not a lookup attribute."))),
    };
    Ok(Some((is, value.to_owned())))
}

fn describe(event: TrailEvent) -> Value {
    let resources = event
        .resources
        .into_iter()
        .map(|(kind, name)| object([("ResourceType", kind.into()), ("ResourceName", name.into())]));
    object([
        ("EventId", event.id.into()),
        ("EventName", event.name.into()),
        ("ReadOnly", if event.read_only { "true" } else { "false" }.into()),
        ("AccessKeyId", event.access_key.into()),
        ("EventTime", event.at.into()),
        ("EventSource", event.source.into()),
        ("Username", event.username.into()),
        ("Resources", list(resources)),
        ("CloudTrailEvent", event.document.into()),
    ])
}
