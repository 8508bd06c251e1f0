//! Rollouts and rollbacks without a screen: `rollouts`, `rollouts watch`, `rollback`.
//!
//! The console's own sources, plans, sending, watch and journal; only what is printed and when is here. What
//! each line says is written by `features::rollouts::report`.

mod prompt;
mod rollback;
mod say;
mod sites;
mod watch;

pub use rollback::run as rollback;
pub use watch::run as watch;

use super::Failure;
use super::out::Out;
use super::session::Setup;
use crate::aws::{ErrorClass, SourceError};
use crate::features::rollouts::report::{self, json};
use say::Say;
use serde_json::json;
use sites::Sites;
use tokio::runtime::Builder;

/// Runs to the end on this thread. Where the simulated world is put at a time nothing is really waited for.
fn block_on<T>(setup: &Setup, run: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    if setup.common.record.is_some() {
        return Err(Failure::usage("--record belongs to the console; this has nothing to replay"));
    }
    let paused = setup.common.demo && setup.common.at.is_some();
    let runtime = Builder::new_current_thread().enable_all().start_paused(paused).build();
    let runtime = runtime.map_err(Failure::failed)?;
    let done = runtime.block_on(run);
    runtime.shutdown_background();
    done
}

/// What went wrong and what to do about it, in a line. Who may not do what is said by the missing action.
fn told(error: &SourceError) -> String {
    let advice = if error.advice.is_empty() { String::new() } else { format!("; {}", error.advice) };
    let what = if error.class == ErrorClass::Denied { error.short() } else { error.to_string() };
    format!("{what}{advice}")
}

/// Prints all shifts in flight and those that ended within a day.
///
/// # Errors
/// When a target could not be read, after printing the others.
pub fn list(setup: &Setup, as_json: bool, out: &mut Out) -> Result<(), Failure> {
    let mut say = Say::new(setup, as_json, out);
    block_on(setup, async {
        let clock = setup.clock();
        let mut sites = Sites::open(setup, clock).await?;
        sites.read_lists(None).await;
        sites.settle_open(&mut say).await;
        sites.compare(None).await;
        let now = clock.wall();
        if as_json {
            let targets = sites.list.iter().map(|site| {
                let list = site.list.as_ref();
                let notes = list.map(|list| list.notes.clone()).unwrap_or_default();
                json!({
                    "target": site.id().as_str(),
                    "region": site.conn.region(),
                    "error": list.err().map(json::error),
                    "notes": notes,
                })
            });
            let rollouts = sites.list.iter().flat_map(|site| {
                let list = site.list.as_ref().ok();
                let shifts = list.into_iter().flat_map(|list| list.shifts.iter().chain(list.recent.iter()));
                shifts.map(|shift| {
                    json::rollout(
                        site.id(),
                        site.conn.region().as_deref(),
                        shift,
                        &site.compared(&shift.deployment),
                    )
                })
            });
            let (targets, rollouts): (Vec<_>, Vec<_>) = (targets.collect(), rollouts.collect());
            let rest = json!({ "targets": targets, "rollouts": rollouts });
            say.document(&json::document("rollouts", now, rest))?;
        } else {
            let several = sites.list.len() > 1;
            let shifts = sites.list.iter().flat_map(|site| {
                let lists = site.list.iter();
                let shifts = lists.flat_map(|list| list.shifts.iter().chain(list.recent.iter()));
                shifts.map(|shift| (site.id(), shift, site.compared(&shift.deployment)))
            });
            let shifts: Vec<_> = shifts.collect();
            let lines = report::list(&shifts, several, now, &setup.zone, setup.theme.glyphs());
            let none = lines.is_empty() && sites.unread().next().is_none();
            say.lines(&lines)?;
            if none {
                say.lines(&["no shift in flight and none that ended within a day".to_owned()])?;
            }
        }
        for site in &sites.list {
            let notes = site.list.as_ref().map(|list| list.notes.clone()).unwrap_or_default();
            for note in notes {
                say.problem(&format!("{}: {note}", site.id()));
            }
        }
        if sites.say_unread(&mut say) { Err(Failure::Silent) } else { Ok(()) }
    })
}
