//! Whether the new side is worse, as the commands say it: in a word, in a sentence, as JSON.

use super::super::comparing::Compared;
use super::super::side::SideMetrics;
use super::super::verdict::Ruling;
use super::super::verdict_view;
use crate::theme::Glyphs;
use serde_json::{Value, json};

/// For a column: `WORSE`.
pub(super) fn word(compared: &Compared, glyphs: &Glyphs) -> String {
    compared.as_ref().map_or(glyphs.missing, |it| verdict_view::word(&it.verdict).0).to_owned()
}

/// `new is WORSE than old: roll back, worse by 6.2 points (4.9 to 7.7)`; why there is nothing to say.
pub(super) fn sentence(compared: &Compared) -> String {
    match compared {
        Ok(it) => {
            let effect = verdict_view::effect(&it.verdict).map(|effect| format!(", {effect}"));
            format!("{}{}", verdict_view::sentence(&it.verdict, true).0, effect.unwrap_or_default())
        }
        Err(why) => format!("NO DATA: {why}"),
    }
}

/// Two fields: what was found, and why nothing was.
pub(super) fn json(compared: &Compared) -> [(&'static str, Value); 2] {
    let why = compared.as_ref().err();
    let verdict = compared.as_ref().ok().map(|it| {
        let (verdict, effect) = (&it.verdict, it.verdict.effect);
        json!({
            "ruling": match verdict.ruling {
                Ruling::Worse => "WORSE",
                Ruling::Better => "BETTER",
                Ruling::Same => "SAME",
                Ruling::TooLittle => "TOO_LITTLE_TRAFFIC",
                Ruling::NoData => "NO_DATA",
            },
            "rollBack": verdict.says_roll_back(),
            "text": sentence(compared),
            "points": effect.map(|it| it.points),
            "low": effect.map(|it| it.low),
            "high": effect.map(|it| it.high),
            "minutes": verdict.minutes,
            "old": side(&it.old),
            "new": side(&it.new),
            "readAt": it.read_at.to_string(),
        })
    });
    [("verdict", verdict.into()), ("noVerdict", why.cloned().into())]
}

fn side(side: &SideMetrics) -> Value {
    json!({ "requests": side.requests, "failed": side.failed, "p99": side.p99 })
}
