//! Whether an alarm's datapoints breach: M of N, minute by minute, as CloudWatch evaluates.
//!
//! Two weeks of every alarm would be some hundred thousand evaluations, so an alarm is evaluated only in
//! the hour after each change of what it looks at (`metrics.rs` names the changes); in between the world is
//! at rest and the state stays. What was found is kept until a caller changes the world.

use super::metrics::{PUBLISHED_AFTER, Source, published};
use super::traffic::MINUTE;
use super::types::{AlarmDef, AlarmState, Stat, Watch};
use super::{World, time};

/// Minutes of alarm history.
const HISTORY: i64 = 14 * 1440;
/// Minutes after a change in which the state is evaluated.
const RESTLESS: i64 = 60;
/// Composites of composites end here.
const DEEPEST: u32 = 4;

/// A change of state.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Transition {
    /// Unix milliseconds.
    pub(super) at: i64,
    pub(super) state: AlarmState,
    /// Start (Unix minutes) and value of the datapoints that decided, the newest first.
    points: Vec<(i64, Option<f64>)>,
    /// Children of a composite that were in ALARM.
    children: Vec<String>,
}

/// What is known of one alarm.
#[derive(Debug, Default)]
pub(super) struct Memo {
    /// Evaluated up to this minute, inclusive.
    until: Option<i64>,
    transitions: Vec<Transition>,
}

/// What an alarm compares.
enum Probe<'a> {
    One(Source<'a>, Stat),
    Percent(Source<'a>, Source<'a>),
}

impl World {
    /// State changes of an alarm up to a time, the oldest first; the first is its state two weeks ago.
    pub(super) fn transitions(&self, alarm: &AlarmDef, ms: i64) -> Vec<Transition> {
        self.transitions_at(alarm, ms, 0)
    }

    fn transitions_at(&self, alarm: &AlarmDef, ms: i64, depth: u32) -> Vec<Transition> {
        if let Watch::Composite { children, .. } = &alarm.watch {
            return if depth < DEEPEST { self.composite(children, ms, depth) } else { Vec::new() };
        }
        let settle = delay(self, alarm);
        let last = published(ms - settle);
        let Ok(mut memo) = self.memo.lock() else { return Vec::new() };
        let known = memo.entry(alarm.name.clone()).or_default();
        if known.until.is_none_or(|until| until < last) {
            self.evaluate(alarm, known, last, settle);
        }
        known.transitions.iter().filter(|transition| transition.at <= ms).cloned().collect()
    }

    /// Goes on from where the memo ends.
    fn evaluate(&self, alarm: &AlarmDef, memo: &mut Memo, last: i64, settle: i64) {
        let Some(probe) = self.probe(alarm) else { return };
        let begin = self.start.div_euclid(MINUTE) - HISTORY;
        let first = memo.until.map_or(begin, |until| until + 1);
        let changes = probe.changes(self);
        let changes = changes.iter().map(|ms| ms.div_euclid(MINUTE)).filter(|change| *change >= begin);
        let settled = i64::from(alarm.period / 60 * alarm.evaluation_periods);
        let mut restless: Vec<(i64, i64)> = changes.map(|change| (change, RESTLESS)).collect();
        restless.push((begin, settled));
        restless.sort_unstable();
        let mut next = first;
        for (change, minutes) in restless {
            let until = (change + minutes).min(last);
            next = next.max(change);
            while next <= until {
                self.step(alarm, &probe, memo, next, settle);
                next += 1;
            }
        }
        memo.until = Some(last.max(first - 1));
    }

    fn step(&self, alarm: &AlarmDef, probe: &Probe, memo: &mut Memo, minute: i64, settle: i64) {
        let period = i64::from(alarm.period / 60).max(1);
        if (minute + 1).rem_euclid(period) != 0 {
            return;
        }
        let points: Vec<(i64, Option<f64>)> = (0..i64::from(alarm.evaluation_periods))
            .map(|back| minute + 1 - period * (back + 1))
            .map(|start| (start, probe.value(self, start, start + period - 1)))
            .collect();
        let before = memo.transitions.last().map(|transition| transition.state);
        let Some(state) = judge(alarm, &points) else { return };
        if before != Some(state) {
            let at = (minute + 1) * MINUTE + PUBLISHED_AFTER + settle;
            memo.transitions.push(Transition { at, state, points, children: Vec::new() });
        }
    }

    fn probe<'a>(&'a self, alarm: &'a AlarmDef) -> Option<Probe<'a>> {
        match &alarm.watch {
            Watch::Metric(metric, stat) => Some(Probe::One(self.source(metric)?, *stat)),
            Watch::Percent { part, whole } => Some(Probe::Percent(self.source(part)?, self.source(whole)?)),
            Watch::Log { group, .. } => {
                let (_, stream) = self.find_service(group.strip_prefix("/ecs/")?)?;
                Some(Probe::One(Source::Errors { stream, blue: None }, Stat::Sum))
            }
            Watch::Composite { .. } => None,
        }
    }

    fn composite(&self, children: &[String], ms: i64, depth: u32) -> Vec<Transition> {
        let mut events: Vec<(i64, &str, AlarmState)> = Vec::new();
        for child in children {
            if let Some(alarm) = self.alarm(child) {
                let changes = self.transitions_at(alarm, ms - 1_000, depth + 1);
                events.extend(changes.iter().map(|change| (change.at + 1_000, child.as_str(), change.state)));
            }
        }
        events.sort_by_key(|(at, ..)| *at);
        let mut bad: Vec<String> = Vec::new();
        let mut transitions: Vec<Transition> = Vec::new();
        for (at, child, state) in events {
            bad.retain(|name| name != child);
            if state == AlarmState::Alarm {
                bad.push(child.to_owned());
            }
            let state = if bad.is_empty() { AlarmState::Ok } else { AlarmState::Alarm };
            if transitions.last().is_none_or(|last| last.state != state) {
                transitions.push(Transition { at, state, points: Vec::new(), children: bad.clone() });
            }
        }
        transitions
    }
}

impl Probe<'_> {
    fn value(&self, world: &World, first: i64, last: i64) -> Option<f64> {
        match self {
            Self::One(source, stat) => world.value(source, *stat, first, last),
            Self::Percent(part, whole) => {
                let whole = world.value(whole, Stat::Sum, first, last).filter(|whole| *whole > 0.0)?;
                Some(100.0 * world.value(part, Stat::Sum, first, last)? / whole)
            }
        }
    }

    fn changes(&self, world: &World) -> Vec<i64> {
        match self {
            Self::One(source, _) => world.changes(source),
            Self::Percent(part, _) => world.changes(part),
        }
    }
}

/// The state that the datapoints call for; none keeps the state.
fn judge(alarm: &AlarmDef, points: &[(i64, Option<f64>)]) -> Option<AlarmState> {
    let breaches = |value: f64| match alarm.comparison {
        "LessThanThreshold" => value < alarm.threshold,
        _ => value > alarm.threshold,
    };
    let missing = points.iter().filter(|(_, value)| value.is_none()).count();
    if missing == points.len() {
        match alarm.treat_missing {
            "missing" => return Some(AlarmState::InsufficientData),
            "ignore" => return None,
            _ => {}
        }
    }
    let bad = points.iter().filter(|(_, value)| value.is_some_and(breaches)).count();
    let bad = if alarm.treat_missing == "breaching" { bad + missing } else { bad };
    Some(if bad >= alarm.datapoints_to_alarm as usize { AlarmState::Alarm } else { AlarmState::Ok })
}

/// Milliseconds that an alarm takes to look at a fresh datapoint: not all look at once.
fn delay(world: &World, alarm: &AlarmDef) -> i64 {
    world.dice.named("alarm delay").named(&alarm.name).signed(9_000)
}

impl Transition {
    /// AWS's sentence.
    pub(super) fn reason(&self, alarm: &AlarmDef) -> String {
        if let Watch::Composite { .. } = alarm.watch {
            return match self.children.first() {
                Some(child) => format!(
                    "{child} transitioned to ALARM at {}",
                    time(self.at).strftime("%A %d %B, %Y %H:%M:%S UTC")
                ),
                None => "No child alarm is in ALARM".to_owned(),
            };
        }
        let known: Vec<String> = self
            .points
            .iter()
            .filter_map(|(start, value)| {
                let value = (*value)?;
                Some(format!("{value} ({})", time(start * MINUTE).strftime("%d/%m/%y %H:%M:%S")))
            })
            .collect();
        let (count, all) = (known.len(), alarm.evaluation_periods);
        let threshold = format!("{:?}", alarm.threshold);
        let words = match (self.state, alarm.comparison) {
            (AlarmState::InsufficientData, _) => {
                return format!("Insufficient Data: {} datapoints were unknown.", self.points.len());
            }
            (AlarmState::Alarm, "LessThanThreshold") => "less than",
            (AlarmState::Ok, "LessThanThreshold") => "not less than",
            (AlarmState::Alarm, _) => "greater than",
            (AlarmState::Ok, _) => "not greater than",
        };
        let flow = if self.state == AlarmState::Alarm { "OK -> ALARM" } else { "ALARM -> OK" };
        let needed = alarm.datapoints_to_alarm;
        format!(
            "Threshold Crossed: {count} out of the last {all} datapoints [{}] were {words} the threshold \
             ({threshold}) (minimum {needed} datapoint{} for {flow} transition).",
            known.join(", "),
            if needed == 1 { "" } else { "s" }
        )
    }

    /// `StateReasonData`.
    pub(super) fn reason_data(&self, world: &World, alarm: &AlarmDef) -> String {
        const STAMP: &str = "%Y-%m-%dT%H:%M:%S.000+0000";
        if let Watch::Composite { .. } = alarm.watch {
            let triggers: Vec<_> = self
                .children
                .iter()
                .map(|child| {
                    serde_json::json!({
                        "arn": world.arn("cloudwatch", &format!("alarm:{child}")),
                        "state": { "value": "ALARM", "timestamp": time(self.at).strftime(STAMP).to_string() },
                    })
                })
                .collect();
            return serde_json::json!({ "triggeringAlarms": triggers }).to_string();
        }
        let values: Vec<f64> = self.points.iter().rev().filter_map(|(_, value)| *value).collect();
        let evaluated: Vec<_> = self
            .points
            .iter()
            .map(|(start, value)| {
                let stamp = time(start * MINUTE).strftime(STAMP).to_string();
                match value {
                    Some(value) => {
                        serde_json::json!({ "timestamp": stamp, "sampleCount": 1.0, "value": value })
                    }
                    None => serde_json::json!({ "timestamp": stamp }),
                }
            })
            .collect();
        let oldest = self.points.last().map_or(self.at, |(start, _)| start * MINUTE);
        serde_json::json!({
            "version": "1.0",
            "queryDate": time(self.at).strftime(STAMP).to_string(),
            "startDate": time(oldest).strftime(STAMP).to_string(),
            "period": alarm.period,
            "recentDatapoints": values,
            "threshold": alarm.threshold,
            "evaluatedDatapoints": evaluated,
        })
        .to_string()
    }
}
