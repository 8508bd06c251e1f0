//! Who we are at each target: identity, credentials, MFA, and what the header says about them.

mod mfa;
mod source;

pub use crate::aws::Identity;
pub use mfa::MfaPrompt;
pub use source::IdentitySource;

use super::{Store, TargetStore, Topic};
use crate::app::pane::{Ctx, Tone};
use crate::app::{Action, Overlay};
use crate::aws::{Conn, ErrorClass, TargetId};
use crate::text::{cut_middle, units};
use serde::{Deserialize, Serialize};

/// What is known of a connection before anything was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// Hosts of custom endpoints.
    pub endpoints: Vec<String>,
    /// Why this target takes no writes.
    pub writes_refused: Option<String>,
    /// The region called.
    pub region: Option<String>,
    /// It is the simulated world.
    pub simulated: bool,
}

impl SessionInfo {
    /// What a connection knows of itself.
    pub fn of(conn: &Conn, simulated: bool) -> Self {
        Self {
            endpoints: conn.endpoints().into_iter().map(|endpoint| endpoint.url).collect(),
            writes_refused: conn.writes_refused(),
            region: conn.region(),
            simulated,
        }
    }
}

/// A target in a few words, for the picker.
pub fn describe(target: Option<&TargetStore>) -> String {
    let Some(target) = target else { return String::new() };
    let account = target.identity.as_ref().map_or("", |identity| identity.account.as_str());
    let region = target.session.region.as_deref().unwrap_or("no region");
    format!("{account} {region}").trim().to_owned()
}

/// Targets and identity for the header.
pub fn header(store: &Store, narrow: bool) -> String {
    let active: Vec<_> = store.active_targets().collect();
    match active.as_slice() {
        [(id, target)] => {
            let region = target.session.region.as_deref().unwrap_or("no region");
            match &target.identity {
                Some(who) if !narrow => {
                    format!("{id} {} {region}  {}", cut_middle(&who.account, 9, "…"), who.user_short)
                }
                _ => format!("{id} {region}"),
            }
        }
        many => {
            let names: Vec<String> = many.iter().take(4).map(|(id, _)| id.to_string()).collect();
            let more = many.len().saturating_sub(4);
            let more = if more > 0 { format!(" +{more}") } else { String::new() };
            format!("{} targets  {}{more}", many.len(), names.join(" "))
        }
    }
}

/// Loud marks in the header.
pub fn badges(store: &Store) -> Vec<String> {
    let mut badges = Vec::new();
    let targets = || store.active_targets().map(|(_, target)| target);
    if targets().any(|target| target.session.simulated) {
        badges.push(" DEMO ".to_owned());
    }
    if targets().any(|target| !target.session.endpoints.is_empty()) {
        badges.push(" CUSTOM ENDPOINT ".to_owned());
    }
    if store.all_read_only() {
        badges.push(" READ-ONLY ".to_owned());
    }
    badges
}

/// Lines under the header for targets whose credentials need something. Their panels keep the last data.
pub fn status_lines(ctx: &Ctx) -> Vec<(Tone, String)> {
    let mut lines = Vec::new();
    for (id, target) in ctx.store.active_targets() {
        if let Some(error) = ctx.store.parked(id) {
            let again = ctx.keymap.key(Action::Refresh);
            let declined = error.class == ErrorClass::MfaNeeded && ctx.store.asked.contains(id);
            let advice = match again.as_str() {
                key if declined && !key.is_empty() => format!("{key} asks for the code again"),
                _ => error.advice.clone(),
            };
            let dot = if advice.is_empty() { "" } else { " · " };
            lines.push((Tone::Bad, format!("{id}: {}{dot}{advice}", error.class.word())));
            continue;
        }
        let skew = target.identity.as_ref().and_then(|identity| identity.skew_seconds).unwrap_or(0);
        if skew.unsigned_abs() > 240 {
            let (by, side) = (
                units::age(std::time::Duration::from_secs(skew.unsigned_abs())),
                if skew > 0 { "ahead of" } else { "behind" },
            );
            lines.push((
                Tone::Warn,
                format!("{id}: this machine's clock is {by} {side} AWS's; times here are off"),
            ));
        }
    }
    lines
}

/// The overlay that must be up now, and whose it is: a code that a target waits for. Asked once; declined, it
/// comes back with `r`.
pub fn wanted_overlay(ctx: &Ctx) -> Option<(TargetId, Box<dyn Overlay>)> {
    waiting_for_code(ctx).map(|id| (id.clone(), Box::new(MfaPrompt::new(id.clone())) as Box<dyn Overlay>))
}

fn waiting_for_code<'a>(ctx: &Ctx<'a>) -> Option<&'a TargetId> {
    let store: &'a Store = ctx.store;
    store.active().find(|id| {
        let error = store.poll(id, Topic::Identity).and_then(|poll| poll.error.as_ref());
        !store.asked.contains(*id) && error.is_some_and(|error| error.class == ErrorClass::MfaNeeded)
    })
}
