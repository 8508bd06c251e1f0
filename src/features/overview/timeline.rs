//! TIMELINE: shifts, alarms and errors of the shared window on one axis of cells. Pure.

use crate::app::Window;
use crate::app::pane::{Ctx, Tone};
use crate::config::Severity;
use crate::features::TargetStore;
use crate::features::alarms::{AlarmState, severity};
use crate::features::rollouts;
use crate::features::security::{FindingList, Level};
use crate::widgets::chart::TimeRange;
use jiff::Timestamp;

/// A stretch of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Where it starts; before the window when it was under way already.
    pub start: Timestamp,
    /// Where it ended; `None` while it goes on.
    pub end: Option<Timestamp>,
    /// What it is.
    pub label: String,
    /// How it went or goes.
    pub tone: Tone,
}

/// A moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// What.
    pub label: String,
    /// How bad.
    pub tone: Tone,
}

/// Everything on the axis.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// What the axis spans.
    pub range: TimeRange,
    /// Shifts, oldest first.
    pub spans: Vec<Span>,
    /// Rollouts of all active targets were read: without it, no span is not none.
    pub spans_known: bool,
    /// Alarms that went off in the window and still are, and those that recovered in it, oldest first.
    pub alarms: Vec<Moment>,
    /// Alarms of all active targets were read.
    pub alarms_known: bool,
    /// Findings of medium severity and above whose first event is in the window, oldest first.
    pub findings: Vec<Moment>,
    /// Findings of all active targets were read.
    pub findings_known: bool,
    /// What people and pipelines changed, and scaling of what is in trouble, oldest first.
    pub changes: Vec<Moment>,
    /// The trail of all active targets was read.
    pub changes_known: bool,
    /// From here on the trail may not be complete.
    pub changes_open: Option<Timestamp>,
    /// Errors per minute of all services that are read, one value per period; empty when nothing is known.
    pub errors: Vec<Option<f64>>,
}

/// What happened in the window.
pub fn timeline(ctx: &Ctx) -> Timeline {
    let (start, end) = ctx.window.range(ctx.now.wall);
    let (start, end) = match ctx.window {
        Window::Frozen { .. } => (start, end),
        // A running axis moves once a minute, not with every second.
        Window::Live { .. } | Window::Pinned { .. } => (minute(start, 0), minute(end, 1)),
    };
    let range = TimeRange { start, end };
    let (mut spans, mut alarms, mut findings) = (Vec::new(), Vec::new(), Vec::new());
    let (mut changes, mut changes_open) = (Vec::new(), None);
    let mut errors: Vec<Option<f64>> = Vec::new();
    for (_, target) in ctx.store.active_targets() {
        let open = target.trail.reaches.iter().filter_map(|reach| reach.open_after(end)).min();
        changes_open = changes_open.into_iter().chain(open).min();
        changes.extend(crate::features::changes::marks(target, (start, end), ctx).into_iter().map(|mark| {
            let tone = if mark.affects { Tone::Warn } else { Tone::Info };
            Moment { at: mark.at, label: mark.label, tone }
        }));
        let list = target.rollouts.iter();
        for shift in list.flat_map(|list| list.shifts.iter().chain(list.recent.iter())) {
            let Some(began) = shift.started_at.or(shift.created_at) else { continue };
            if began > end || shift.finished_at.is_some_and(|at| at < start) {
                continue;
            }
            let share = shift.share().filter(|_| shift.in_progress());
            let share = share.map(|(share, _)| format!(" {share:.0} %")).unwrap_or_default();
            let tone = rollouts::tone(shift);
            let label = format!("{} {}{share}", shift.thing().shown(), shift.new.label());
            spans.push(Span { start: began, end: shift.finished_at, label, tone });
        }
        for alarm in target.alarms.iter().flat_map(|list| &list.alarms) {
            // Of thousands of alarms few changed in the window.
            let Some(at) = alarm.since.filter(|at| range.contains(*at)) else { continue };
            let recovered = alarm.state == AlarmState::Ok && !alarm.scaling() && !alarm.muted();
            if !recovered && !alarm.counts(ctx.now) {
                continue;
            }
            let (label, tone) = match severity(alarm, ctx.config) {
                _ if recovered => (format!("{} OK", alarm.name), Tone::Ok),
                Severity::High | Severity::Critical => (alarm.name.clone(), Tone::Bad),
                _ => (alarm.name.clone(), Tone::Warn),
            };
            alarms.push(Moment { at, label, tone });
        }
        findings.extend(target.findings.iter().flat_map(|list| moments(list, range)));
        let Some(list) = &target.traffic else { continue };
        // The row is as long as the window, also where nothing was counted yet.
        let bucket = |at: Timestamp| at.as_second().div_euclid(list.period.max(1));
        let all = usize::try_from(bucket(end) - bucket(start) + 1).unwrap_or_default().min(2_000);
        errors.resize(errors.len().max(all), None);
        for traffic in &list.services {
            let values = traffic.values((start, end), list.period, |bucket| bucket.errors);
            for (sum, value) in errors.iter_mut().zip(values) {
                if let Some(value) = value {
                    *sum = Some(sum.unwrap_or_default() + list.per_minute(value));
                }
            }
        }
    }
    changes.sort_by_key(|moment| moment.at);
    spans.sort_by_key(|span| span.start);
    alarms.sort_by(|a, b| (a.at, &a.label).cmp(&(b.at, &b.label)));
    findings.sort_by(|a, b| (a.at, &a.label).cmp(&(b.at, &b.label)));
    let known = |has: fn(&TargetStore) -> bool| ctx.store.active_targets().all(|(_, target)| has(target));
    Timeline {
        range,
        spans,
        spans_known: known(|target| target.rollouts.as_ref().is_some_and(|list| list.ecs_unread.is_none())),
        alarms,
        alarms_known: known(|target| target.alarms.is_some()),
        findings,
        findings_known: known(|target| target.findings.is_some()),
        changes,
        changes_known: known(|target| target.trail.reaches.iter().any(|reach| reach.back_to.is_some())),
        changes_open,
        errors,
    }
}

/// Where findings stand on the axis: at their first event.
fn moments(list: &FindingList, range: TimeRange) -> impl Iterator<Item = Moment> {
    list.at_least(Level::Medium).iter().filter_map(move |finding| {
        let at = finding.first.filter(|at| range.contains(*at))?;
        let tone = if finding.level() >= Level::High { Tone::Bad } else { Tone::Warn };
        Some(Moment { at, label: finding.threat().into_owned(), tone })
    })
}

/// The start of the minute, some minutes on.
fn minute(at: Timestamp, add: i64) -> Timestamp {
    Timestamp::from_second((at.as_second().div_euclid(60) + add) * 60).unwrap_or(at)
}
