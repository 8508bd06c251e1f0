//! What AWS answered to a call, as far as it tells what was made or became: ids, names, states. Pure.
//!
//! A whole answer is often longer than the call and says the call again; fifty thousand of them would not fit.

use crate::text::{cap, sanitize};
use serde_json::Value as Json;
use std::collections::HashSet;

/// Bytes that are kept of one answer.
const MOST: usize = 240;
/// Bytes of one value that are kept.
const VALUE: usize = 120;
/// What is nested deeper is not looked at.
const DEEPEST: usize = 6;
/// How the names of members end that tell something.
const TELLING: [&str; 8] = ["id", "ids", "arn", "name", "status", "state", "version", "count"];

/// `instanceId: i-0c0ffee`, one to a line; empty when the answer says nothing that the call did not.
pub fn of(response: &Json, params: &Json) -> String {
    let mut said = HashSet::new();
    scalars("", params, 0, &mut |_, value| said.extend([value.to_owned()]));
    let mut lines = String::new();
    scalars("", response, 0, &mut |key, value| {
        let small = key.to_ascii_lowercase();
        let telling = TELLING.iter().any(|end| small.ends_with(end)) && !small.ends_with("requestid");
        if !telling || !said.insert(value.to_owned()) {
            return;
        }
        let line = format!("{}: {}", sanitize(cap(key, VALUE).0), sanitize(cap(value, VALUE).0));
        if lines.len() + line.len() < MOST {
            if !lines.is_empty() {
                lines.push('\n');
            }
            lines.push_str(&line);
        }
    });
    lines
}

/// Tells every text and number with the name of the member that holds it.
fn scalars(key: &str, value: &Json, depth: usize, tell: &mut dyn FnMut(&str, &str)) {
    match value {
        Json::String(text) if !text.is_empty() => tell(key, text),
        Json::Number(number) => tell(key, &number.to_string()),
        Json::Array(items) if depth < DEEPEST => {
            items.iter().take(20).for_each(|item| scalars(key, item, depth + 1, tell));
        }
        Json::Object(members) if depth < DEEPEST => {
            members.iter().take(50).for_each(|(key, value)| scalars(key, value, depth + 1, tell));
        }
        _ => {}
    }
}
