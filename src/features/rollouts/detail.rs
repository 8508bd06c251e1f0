//! Drawing one shift: stage bar, what is next, both sides, what they did, events, and what ended before.
//!
//! Where all of it but the events has room, only those scroll. Where it has not, everything below the stage bar
//! is one page that scrolls, and what decides about a rollback comes first: sides, verdict, numbers.

use super::comparing::seen_of;
use super::events_view::{Events, ended};
use super::model::{AlarmWatch, Rollout, Strategy};
use super::pane::{RolloutsPane, Row};
use super::sides_view;
use super::stages::{StageState, percent};
use super::verdict_view::{self, Numbers};
use super::view::{flow, fold, since, span};
use super::wire::RolloutDetail;
use super::{autopsy_view, followed};
use crate::app::pane::Ctx;
use crate::aws::TargetId;
use crate::features::alarms::AlarmState;
use crate::features::{Topic, changes, panel};
use crate::text::{units, width};
use crate::theme::Role;
use crate::widgets::dialog;
use crate::widgets::progress::{self, Stage, StageState as Mark};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::time::Duration;

/// Rows that the events need to be worth a place of their own: an empty one, their title, the newest.
const EVENTS: usize = 3;
/// Rows of what ended before that stay on the screen beside the events.
const ENDED: usize = 7;

pub(super) fn render(pane: &RolloutsPane, row: &Row, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let [head, body] = dialog::split_top(area, 1);
    let region = ctx.store.target(row.target).and_then(|it| it.session.region.as_deref()).unwrap_or_default();
    let mut about = format!("{}/{region}  {}", row.target, row.thing().place());
    if let Some(shift) = row.shift {
        let by = ctx.store.target(row.target).and_then(|data| changes::starter(data, shift));
        let by = by.map(|by| format!(" by {by}")).unwrap_or_default();
        about = format!("{about}  {}  {}{by}", shift.mechanism.label(), times(shift, ctx));
    }
    panel::title_one(head, &row.thing().shown(), &about, Role::Dim, row.target, Topic::Rollouts, buf, ctx);
    let body = panel::problems(body, Topic::RolloutDetail, buf, ctx);
    if let (true, Some((shift, autopsy))) = (pane.autopsy, pane.dead(ctx)) {
        autopsy_view::render(pane, shift, autopsy, body, buf, ctx);
        return;
    }
    let data = ctx.store.target(row.target).and_then(|it| it.rollout_detail.as_ref());
    let data = data.filter(|data| data.name == *row.name);
    let [bar, body] = dialog::split_top(body, 1);
    if let Some(shift) = row.shift {
        stage_bar(shift, bar, buf, ctx);
    } else {
        let text = " at rest: no deployment in flight and none within a day";
        dialog::lines(bar, &[Line::styled(text, ctx.theme.style(Role::Dim))], buf);
    }
    let (room, height) = (usize::from(body.width), usize::from(body.height));
    let parts = row.shift.map(|shift| Parts::of(row.target, shift, data, room, ctx)).unwrap_or_default();
    let events = Events::of(row, data, ctx);
    let ended = ended(data, row.shift, room, ctx);
    if parts.len() + EVENTS > height {
        let mut lines = parts.decisive_first();
        lines.extend(events.title(room, ctx));
        lines.extend(events.lines(0, events.len(), room, ctx));
        lines.extend(ended);
        scrolled(pane, &lines, body, buf, ctx);
        return;
    }
    let [top, body] = dialog::split_top(body, parts.len() as u16);
    dialog::lines(top, &parts.in_order(), buf);
    // Its title alone says nothing; beside it the events keep two lines.
    let most = if body.height < 7 { 0 } else { usize::from(body.height / 3).max(3) };
    let [body, foot] = dialog::split_bottom(body, ended.len().min(ENDED).min(most) as u16);
    dialog::lines(foot, &ended, buf);
    let shown = usize::from(body.height).saturating_sub(2);
    pane.event_most.set(events.len().saturating_sub(shown));
    let mut lines = Vec::from(events.title(room, ctx));
    lines.extend(events.lines(pane.event_top.min(pane.event_most.get()), shown, room, ctx));
    dialog::lines(body, &lines, buf);
}

/// A page of lines as far as it was scrolled; how many more there are stands in its last row.
fn scrolled(pane: &RolloutsPane, lines: &[Line], area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let height = usize::from(area.height);
    pane.event_most.set(lines.len().saturating_sub(height));
    let first = pane.event_top.min(pane.event_most.get());
    let shown: Vec<Line> = lines.iter().skip(first).take(height).cloned().collect();
    dialog::lines(area, &shown, buf);
    let below = pane.event_most.get() - first;
    if below == 0 || area.is_empty() {
        return;
    }
    let text = format!(" {below} more lines, PgDn ");
    let free = usize::from(area.width).saturating_sub(width(&text));
    // A line that needs the place is read after scrolling.
    if shown.last().is_some_and(|line| line.width() > free) {
        let [_, last] = dialog::split_bottom(area, 1);
        dialog::lines(last, &[Line::from(" ".repeat(usize::from(area.width)))], buf);
    }
    let x = area.right().saturating_sub(width(&text) as u16);
    buf.set_stringn(x, area.bottom() - 1, &text, usize::from(area.width), ctx.theme.style(Role::Dim));
}

fn times(shift: &Rollout, ctx: &Ctx) -> String {
    let near = |at| ctx.zone.near(at, ctx.now.wall);
    match (shift.started_at.or(shift.created_at), shift.finished_at) {
        (_, Some(at)) => format!("ended {}", near(at)),
        (Some(at), None) => format!("started {} ({})", near(at), units::age(since(at, ctx.now.wall))),
        (None, None) => String::new(),
    }
}

fn stage_bar(shift: &Rollout, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let mark = |state| match state {
        StageState::Done => Mark::Done,
        StageState::Running => Mark::Running,
        StageState::Ahead | StageState::Unknown => Mark::Todo,
        StageState::Failed => Mark::Failed,
    };
    let items = shift.stage_bar(ctx.now.wall).into_iter();
    let bar: Vec<Stage> = items.map(|item| Stage { label: item.label, state: mark(item.state) }).collect();
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area };
    progress::stage_bar(&bar, inner, buf, ctx.theme);
}

/// Everything about the shift itself, in lines.
#[derive(Default)]
struct Parts<'a> {
    facts: Vec<Line<'a>>,
    more_facts: Vec<Line<'a>>,
    warnings: Vec<Line<'a>>,
    sides: Vec<Line<'a>>,
    numbers: Numbers<'a>,
}

impl<'a> Parts<'a> {
    fn of(target: &TargetId, shift: &Rollout, data: Option<&RolloutDetail>, room: usize, ctx: &Ctx) -> Self {
        let store = ctx.store.target(target);
        let folded = |lines: Vec<Line<'a>>| -> Vec<Line<'a>> {
            lines.into_iter().flat_map(|line| fold(line, room)).collect()
        };
        let mut sides = sides_view::lines(shift, room, data, ctx);
        sides.extend(folded(sides_view::unreadable(shift, ctx).into_iter().collect()));
        sides.extend(folded(sides_view::stopped(shift, data, ctx).into_iter().collect()));
        let requested = shift.mechanism.strategy().is_some_and(Strategy::has_weights);
        if let Some(share) = shift.new.rule_disagrees().filter(|_| requested) {
            let text =
                format!(" {} the load balancer sends {} to new", ctx.theme.glyphs().warn, percent(share));
            sides.extend(fold(Line::styled(text, ctx.theme.style(Role::Warn)), room));
        }
        let comparison = if shift.in_progress() {
            store.and_then(|data| seen_of(data, &shift.deployment))
        } else {
            store.and_then(|data| data.compared.get(&shift.deployment))
        };
        Self {
            facts: folded(facts(target, shift, room, ctx)),
            more_facts: folded(more_facts(shift, room, ctx)),
            warnings: folded(warnings(target, shift, ctx)),
            sides,
            numbers: verdict_view::numbers(shift, data, comparison, room, ctx),
        }
    }

    fn len(&self) -> usize {
        let numbers = self.numbers.table.len() + self.numbers.said.len();
        self.facts.len() + self.more_facts.len() + self.warnings.len() + self.sides.len() + numbers
    }

    /// As they are read where all have room.
    fn in_order(self) -> Vec<Line<'a>> {
        let Numbers { table, said } = self.numbers;
        [self.facts, self.more_facts, self.warnings, self.sides, table, said].concat()
    }

    /// What decides about a rollback before the rest.
    fn decisive_first(self) -> Vec<Line<'a>> {
        let Numbers { table, said } = self.numbers;
        [self.sides, said, table, self.warnings, self.facts, self.more_facts].concat()
    }
}

fn piece<'a>(label: &str, text: String, role: Role, ctx: &Ctx) -> Vec<Span<'a>> {
    vec![span(format!(" {label} "), Role::Dim, ctx), span(text, role, ctx)]
}

/// Next step, when 100 % is due, whether it undoes itself, the alarms.
fn facts<'a>(target: &TargetId, shift: &Rollout, room: usize, ctx: &Ctx) -> Vec<Line<'a>> {
    let now = ctx.now.wall;
    let mut pieces = Vec::new();
    if shift.in_progress() {
        pieces.push(piece("next", shift.next_words(now), Role::Text, ctx));
        if let Some(due) = shift.due_100() {
            let mark = if due.estimate { ctx.theme.glyphs().estimate } else { "" };
            pieces.push(piece("100 % due", format!("{mark}{}", ctx.zone.near(due.at, now)), Role::Text, ctx));
        }
    }
    // Once it goes back it is of no matter whether it would.
    if shift.goes_on() {
        let by_itself = shift.by_itself();
        let word = if by_itself.yes { "yes" } else { "no" };
        pieces.push(piece("rolls back itself:", format!("{word} ({})", by_itself.why), Role::Text, ctx));
    }
    if !shift.alarms.names.is_empty() {
        let (text, role) = alarms(&shift.alarms, in_alarm(target, &shift.alarms, ctx), shift.in_progress());
        pieces.push(piece("alarms:", text, role, ctx));
    }
    let mut lines = flow(pieces, 0, room);
    lines.extend(followed::line(target, shift, ctx));
    lines
}

fn more_facts<'a>(shift: &Rollout, room: usize, ctx: &Ctx) -> Vec<Line<'a>> {
    let facts = shift.more_facts().into_iter();
    flow(facts.map(|(label, text)| piece(label, text, Role::Text, ctx)).collect(), 0, room)
}

/// How many of them are in ALARM, once alarms were read.
fn in_alarm(target: &TargetId, watch: &AlarmWatch, ctx: &Ctx) -> Option<usize> {
    let all = ctx.store.target(target)?.alarms.as_ref()?;
    let bad = |name: &&String| all.get(name).is_some_and(|alarm| alarm.state == AlarmState::Alarm);
    Some(watch.names.iter().filter(bad).count())
}

/// What the deployment does about its alarms, and how many are in ALARM whatever it does.
fn alarms(watch: &AlarmWatch, in_alarm: Option<usize>, in_progress: bool) -> (String, Role) {
    let count = watch.names.len();
    if !watch.triggered.is_empty() {
        let status = watch.status.as_deref().unwrap_or("TRIGGERED");
        let text = format!("{} of {count} {status}: {}", watch.triggered.len(), watch.triggered.join(", "));
        return (text, Role::Bad);
    }
    let (ignores, watches) = if in_progress { ("ignores", "watched") } else { ("ignored", "were watched") };
    let what = match (watch.status.as_deref(), watch.enabled) {
        (Some("DISABLED"), _) | (None, false) => {
            format!("{count} set, this deployment {ignores} {}", if count == 1 { "it" } else { "them" })
        }
        (Some("MONITORING"), _) | (None, true) => format!("{count} {watches}"),
        (Some("MONITORING_COMPLETE"), _) => format!("{count} no longer watched"),
        (Some(other), _) => format!("{count} {other}"),
    };
    match in_alarm {
        Some(0) | None => (what, Role::Text),
        Some(bad) => (format!("{what} ({bad} in ALARM now)"), Role::Bad),
    }
}

/// What needs an eye: hooks that wait, reasons, rollbacks, the circuit breaker.
fn warnings<'a>(target: &TargetId, shift: &Rollout, ctx: &Ctx) -> Vec<Line<'a>> {
    let warn = ctx.theme.glyphs().warn;
    let mut lines = Vec::new();
    let mut push =
        |text: String| lines.push(Line::styled(format!(" {warn} {text}"), ctx.theme.style(Role::Warn)));
    let list = ctx.store.target(target).and_then(|data| data.rollouts.as_ref());
    let unread = list.and_then(|list| list.ecs_unread.as_ref());
    if let Some(error) = unread.filter(|_| shift.in_progress() && shift.mechanism.strategy().is_some()) {
        // A countdown that moved every second would repaint a screen that only waits.
        let age = since(shift.read_at, ctx.now.wall).as_secs() / 5 * 5;
        push(format!("as it was {} ago: {}", units::age(Duration::from_secs(age)), error.short()));
    }
    if let Some(hook) = shift.waiting_hook() {
        let next = shift.next_words(ctx.now.wall);
        let hook =
            if hook.id == hook.kind { hook.kind.clone() } else { format!("{} hook {}", hook.kind, hook.id) };
        push(format!("PAUSED: {next} ({hook})"));
    }
    if let Some(rollback) = &shift.rollback {
        let at = rollback.started_at.map(|at| format!(" {}", ctx.zone.second(at))).unwrap_or_default();
        push(format!("rollback{at}: {}", rollback.reason.as_deref().unwrap_or("no reason given")));
    } else if let Some(reason) = &shift.status_reason {
        push(reason.clone());
    }
    if let Some(breaker) = shift.breaker.as_ref().filter(|breaker| breaker.enabled && breaker.failures > 0) {
        push(format!("circuit breaker: {} of {} failures", breaker.failures, breaker.threshold));
    }
    shift.troubles().into_iter().for_each(&mut push);
    if shift.sources > 1 {
        push(format!("{} earlier revisions are active", shift.sources));
    }
    lines
}
