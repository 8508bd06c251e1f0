//! The lines under the header, fitted to the screen: nothing is cut without a sign of it.
//!
//! A line is `what · advice`. Advice that does not fit beside it goes below it while there is room; ids give
//! up their middle before a word is lost.

use super::pane::Tone;
use crate::text::{cut_end, cut_middle, width};

/// Rows at most, whatever there is to say: the screen below matters too.
const MAX_ROWS: usize = 3;
/// Words of hexadecimal digits and dashes from this width on are ids.
const ID: usize = 20;
/// What is left of an id: enough to find it in a list.
const SHORT_ID: usize = 12;

/// The rows to draw, each at most `room` cells wide.
pub(super) fn rows(statuses: &[(Tone, String)], room: usize, ellipsis: &str) -> Vec<(Tone, String)> {
    let mut rows = Vec::new();
    for (at, (tone, text)) in statuses.iter().take(MAX_ROWS).enumerate() {
        let waiting = statuses.len().min(MAX_ROWS) - at - 1;
        let may_wrap = rows.len() + waiting + 1 < MAX_ROWS;
        // What is left out is counted, and where it can be read is named.
        let left_out = statuses.len().saturating_sub(MAX_ROWS);
        let more =
            if left_out > 0 && waiting == 0 { format!("  +{left_out} more (!)") } else { String::new() };
        let room = room.saturating_sub(width(&more));
        let mut fitted = fit(text, room, may_wrap, ellipsis);
        if let Some(last) = fitted.last_mut() {
            last.push_str(&more);
        }
        rows.extend(fitted.into_iter().map(|row| (*tone, row)));
    }
    rows
}

fn fit(text: &str, room: usize, may_wrap: bool, ellipsis: &str) -> Vec<String> {
    if width(text) <= room {
        return vec![text.to_owned()];
    }
    let text = shorten_ids(text, ellipsis);
    let cut = |text: &str| cut_end(text, room, ellipsis).into_owned();
    match text.split_once(" · ") {
        Some((what, advice)) if may_wrap && width(&text) > room => {
            vec![cut(what), cut(&format!("  {advice}"))]
        }
        _ => vec![cut(&text)],
    }
}

fn shorten_ids(text: &str, ellipsis: &str) -> String {
    let hex = |c: char| c.is_ascii_hexdigit() || "-(),.;".contains(c);
    let id = |word: &str| width(word) >= ID && word.chars().all(hex);
    let words =
        text.split(' ').map(|word| if id(word) { cut_middle(word, SHORT_ID, ellipsis) } else { word.into() });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_fitted_with_a_sign_of_every_cut() {
        let mfa = "prod: expired · run aws sso login --profile prod, then r";
        let id = "prod: refused, request 6fd2c2a0-1f4e-4b43-9c2e-0d8a5ce1b7aa";
        for (texts, room, expected) in [
            (vec![mfa], 60, vec![mfa]),
            (vec![mfa], 40, vec!["prod: expired", "  run aws sso login --profile prod, the…"]),
            (vec![id], 40, vec!["prod: refused, request 6fd2c2a…b7aa"]),
            (vec![mfa, "b", "c"], 20, vec!["prod: expired · run…", "b", "c"]),
            (vec![mfa, mfa], 20, vec!["prod: expired", "  run aws sso login…", "prod: expired · run…"]),
            (vec!["a", "b", "c", "d"], 20, vec!["a", "b", "c  +1 more (!)"]),
            (vec![], 20, vec![]),
        ] {
            let statuses: Vec<_> = texts.iter().map(|text| (Tone::Warn, (*text).to_owned())).collect();
            let rows: Vec<String> = rows(&statuses, room, "…").into_iter().map(|(_, text)| text).collect();
            assert_eq!(rows, expected);
            assert!(rows.iter().all(|row| width(row) <= room), "{rows:?}");
        }
    }
}
