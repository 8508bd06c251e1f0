//! What ECS says happened: service events, why a deployment did not go on, why a task ended.
//!
//! Wording only, as `ecs.rs`; the sentences are AWS's.

use super::shift::Shift;
use super::spec::{BadStart, HookKind, ServiceSpec, StrategyName};
use super::stages::Cause;
use super::tasks::Why;
use super::traffic::Stream;
use super::types::ServiceEvent;
use super::{World, time};
use jiff::Timestamp;

/// Stopped tasks are told of for twelve hours.
const TOLD: i64 = 12 * 3_600_000;
/// ECS keeps the last hundred events of a service.
const EVENTS_KEPT: usize = 100;
/// A service at rest says so every six hours.
const STEADY_EVERY: i64 = 6 * 3_600_000;

/// How a task ended.
pub(super) struct End {
    pub(super) code: &'static str,
    pub(super) reason: String,
    pub(super) exit: Option<i32>,
    /// What the container says beside it.
    pub(super) container: Option<String>,
}

/// Why a deployment does not go on, in AWS's words: while it ends, and afterwards.
pub(super) fn reasons(cause: &Cause, back: bool) -> (String, String) {
    let because = match cause {
        Cause::Asked => {
            return (
                "Service deployment rollback requested by user.".to_owned(),
                "Service deployment rolled back because of a user request.".to_owned(),
            );
        }
        Cause::Answered => "a lifecycle hook was answered with ROLLBACK.".to_owned(),
        Cause::HookFailed => "a lifecycle hook failed.".to_owned(),
        Cause::HookTimedOut => "a lifecycle hook timed out.".to_owned(),
        Cause::Alarms(names) => format!("of the CloudWatch alarms {}.", names.join(", ")),
        Cause::Breaker => "the circuit breaker threshold was exceeded.".to_owned(),
        Cause::TooLong => "a lifecycle stage exceeded 24 hours.".to_owned(),
        Cause::Replaced => "a new service deployment was started.".to_owned(),
    };
    let text =
        if back { "Service deployment rolled back because" } else { "Service deployment stopped because" };
    let text = format!("{text} {because}");
    (text.clone(), text)
}

impl World {
    /// Events of a service, the newest first, at most 100.
    pub fn service_events(&self, name: &str, now: Timestamp) -> Vec<ServiceEvent> {
        let Some((spec, stream)) = self.find_service(name) else { return Vec::new() };
        let ms = now.as_millisecond();
        let mut lines: Vec<(i64, String)> = Vec::new();
        for shift in &stream.course.shifts {
            self.shift_events(spec, stream, shift, &mut lines);
        }
        self.release_events(spec, stream, &mut lines);
        let steady = (0..20).map(|turn| ms.div_euclid(STEADY_EVERY) * STEADY_EVERY - turn * STEADY_EVERY);
        let made = stream.course.born.unwrap_or(i64::MIN);
        let steady = steady.filter(|at| *at > made);
        lines.extend(steady.map(|at| (at, "has reached a steady state.".to_owned())));
        for side in 0..stream.course.sides.len() {
            for life in self.lives(stream, side, spec.tasks, ms - TOLD, ms) {
                let Some((at, why)) = life.stopped.filter(|(_, why)| *why != Why::Scaling) else { continue };
                let number = stream.course.sides.get(side).map_or(0, |side| side.number);
                let end = self.end(spec, stream, side, why);
                let exit = end.exit.map(|code| format!(", exit {code}")).unwrap_or_default();
                let text =
                    format!("task {} of {}:{number} stopped: {}{exit}", life.id, spec.family, end.reason);
                lines.push((at, text));
            }
        }
        lines.retain(|(at, _)| *at <= ms);
        lines.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        lines.truncate(EVENTS_KEPT);
        let events = lines.into_iter().map(|(at, text)| ServiceEvent {
            id: stream.dice.named(&text).on(at as u64).uuid(),
            at: time(at),
            message: format!("(service {name}) {text}"),
        });
        events.collect()
    }

    fn shift_events(
        &self,
        spec: &ServiceSpec,
        stream: &Stream,
        shift: &Shift,
        lines: &mut Vec<(i64, String)>,
    ) {
        let target = self.revision_arn(stream, shift.target);
        let mut say = |at: i64, text: String| lines.push((at, text));
        say(shift.started, format!("has started deployment {}.", shift.id));
        if let Some(at) = shift.plan.enters("SCALE_UP") {
            say(at, format!("has started {} tasks of service revision {target}.", spec.tasks));
        }
        let rolling = shift.spec.strategy == StrategyName::Rolling;
        let mut weight = 0.0;
        for step in &shift.plan.steps {
            if rolling && step.weight > weight {
                say(
                    step.at,
                    format!("has reached {} % of its tasks at service revision {target}.", step.weight),
                );
            } else if step.weight > weight {
                say(
                    step.at,
                    format!("has begun to shift {} % of production traffic to {target}.", step.weight),
                );
            } else if step.weight < weight && step.weight <= 0.0 {
                let source = self.revision_arn(stream, shift.source());
                say(step.at, format!("has shifted all production traffic back to {source}."));
            }
            weight = step.weight;
            let said = match step.status {
                "SUCCESSFUL" => "completed",
                "ROLLBACK_SUCCESSFUL" => "rolled back",
                "ROLLBACK_FAILED" => "could not be rolled back",
                "STOPPED" => "stopped",
                _ => continue,
            };
            say(step.at, format!("deployment {} {said}.", shift.id));
        }
        for turn in &shift.plan.turns {
            let text = match &turn.cause {
                Cause::Asked => "rollback requested".to_owned(),
                cause => reasons(cause, turn.back).0,
            };
            say(turn.at, format!("deployment {}: {text}", shift.id));
        }
        for hook in &shift.plan.hooks {
            let (kind, stage) =
                (if hook.kind == HookKind::Pause { "PAUSE" } else { "AWS_LAMBDA" }, hook.stage);
            say(hook.began, format!("has called the {kind} hook {} at {stage}.", hook.id));
            say(hook.ended, format!("lifecycle hook {} ended: {}.", hook.id, hook.end));
        }
    }

    /// What happened to the task sets of a service that CodeDeploy deploys.
    fn release_events(&self, spec: &ServiceSpec, stream: &Stream, lines: &mut Vec<(i64, String)>) {
        let set = |side: usize| {
            let arn = self.revision_arn(stream, side);
            format!("taskSet ecs-svc/{}", arn.rsplit('/').next().unwrap_or_default())
        };
        for release in &stream.course.releases {
            let (old, new) = (set(release.sides.0), set(release.sides.1));
            if let Some(at) = release.installs() {
                lines.push((at, format!("has started {} tasks of {new}.", spec.tasks)));
            }
            for (at, share) in release.turns() {
                let (part, rest) = (share * 100.0, 100.0 - share * 100.0);
                lines.push((at, format!("traffic is {part:.0} % on {new} and {rest:.0} % on {old}.")));
            }
            if let Some(at) = release.clears() {
                lines.push((at, format!("has begun to stop the tasks of {old}.")));
            }
        }
    }

    /// How a task of a side ended, in AWS's words.
    pub(super) fn end(&self, spec: &ServiceSpec, stream: &Stream, side: usize, why: Why) -> End {
        let scheduler = "ServiceSchedulerInitiated";
        let (code, reason, exit) = match why {
            Why::Scaling => {
                (scheduler, "Scaling activity initiated by a service deployment".to_owned(), Some(143))
            }
            Why::OutOfMemory => (
                "EssentialContainerExited",
                "OutOfMemoryError: Container killed due to memory usage".to_owned(),
                Some(137),
            ),
            Why::Start(BadStart::Pull) => {
                let number = stream.course.sides.get(side).map_or(0, |side| side.number);
                let image =
                    self.task_definition(&format!("{}:{number}", spec.family)).map(|known| known.image);
                let image = image.unwrap_or_default();
                (
                    "TaskFailedToStart",
                    format!(
                        "CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref {image}: {image}: not found"
                    ),
                    None,
                )
            }
            Why::Start(BadStart::Exit) => {
                ("EssentialContainerExited", "Essential container in task exited".to_owned(), Some(1))
            }
            Why::Start(BadStart::Health) => {
                let blue = stream.course.sides.get(side).is_some_and(|side| side.blue);
                let group = self.target_group_arn(&spec.name, blue);
                (scheduler, format!("Task failed ELB health checks in (target-group {group})"), Some(143))
            }
        };
        let container = match why {
            Why::OutOfMemory | Why::Start(BadStart::Pull) => Some(reason.clone()),
            Why::Scaling | Why::Start(_) => None,
        };
        End { code, reason, exit, container }
    }
}
