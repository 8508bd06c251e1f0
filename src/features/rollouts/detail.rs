//! Drawing one shift: stage bar, both sides, what they did, events, and what ended before.

use super::autopsy_view;
use super::comparing::comparison_of;
use super::model::{AlarmWatch, Health, Mechanism, Rollout, Side, Strategy, TargetGroup};
use super::pane::{RolloutsPane, Row};
use super::stages::{StageState, percent};
use super::verdict_view;
use super::view::{flow, since};
use super::wire::RolloutDetail;
use crate::app::pane::Ctx;
use crate::aws::TargetId;
use crate::features::{Topic, panel};
use crate::text::{cut_end, cut_middle, pad_left, pad_right, units, width};
use crate::theme::{Glyphs, Role};
use crate::widgets::dialog;
use crate::widgets::progress::{self, Stage, StageState as Mark};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::borrow::Cow;

/// Width of the labels at the left of both sides.
const LABEL: usize = 20;
/// Cells that a side's line needs beside its bar.
const SIDE_TEXT: u16 = 62;

pub(super) fn render(pane: &RolloutsPane, row: &Row, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let [head, body] = dialog::split_top(area, 1);
    let region = ctx.store.target(row.target).and_then(|it| it.session.region.as_deref()).unwrap_or_default();
    let mut about = format!("{}/{region}  {}", row.target, row.thing().place());
    if let Some(shift) = row.shift {
        about = format!("{about}  {}  {}", shift.mechanism.label(), times(shift, ctx));
    }
    panel::title_one(head, &row.thing().shown(), &about, Role::Dim, row.target, Topic::Rollouts, buf, ctx);
    let body = panel::problems(body, Topic::RolloutDetail, buf, ctx);
    if let (true, Some((shift, autopsy))) = (pane.autopsy, pane.dead(ctx)) {
        autopsy_view::render(pane, shift, autopsy, body, buf, ctx);
        return;
    }
    let data = ctx.store.target(row.target).and_then(|it| it.rollout_detail.as_ref());
    let data = data.filter(|data| data.name == *row.name);
    let body = if let Some(shift) = row.shift {
        shift_lines(row.target, shift, data, body, buf, ctx)
    } else {
        let text = " at rest: no deployment in flight and none within a day";
        let [top, rest] = dialog::split_top(body, 1);
        dialog::lines(top, &[Line::styled(text, ctx.theme.style(Role::Dim))], buf);
        rest
    };
    let history: Vec<&Rollout> = data.map(|data| data.history.iter().collect()).unwrap_or_default();
    let rows = (history.len() as u16 + 1).min(6).min(body.height / 3);
    let [body, foot] = dialog::split_bottom(body, if history.is_empty() { 0 } else { rows });
    events(pane, row, data, body, buf, ctx);
    finished(&history, foot, buf, ctx);
}

fn times(shift: &Rollout, ctx: &Ctx) -> String {
    let near = |at| ctx.zone.near(at, ctx.now.wall);
    match (shift.started_at.or(shift.created_at), shift.finished_at) {
        (_, Some(at)) => format!("ended {}", near(at)),
        (Some(at), None) => format!("started {} ({})", near(at), units::age(since(at, ctx.now.wall))),
        (None, None) => String::new(),
    }
}

/// Everything about the shift itself; returns what is left of the area.
fn shift_lines(
    target: &TargetId,
    shift: &Rollout,
    data: Option<&RolloutDetail>,
    area: Rect,
    buf: &mut Buffer,
    ctx: &Ctx,
) -> Rect {
    let theme = ctx.theme;
    let [bar_row, rest] = dialog::split_top(area, 1);
    let bar: Vec<Stage> = shift
        .stage_bar(ctx.now.wall)
        .into_iter()
        .map(|item| Stage {
            label: item.label,
            state: match item.state {
                StageState::Done => Mark::Done,
                StageState::Running => Mark::Running,
                StageState::Ahead | StageState::Unknown => Mark::Todo,
                StageState::Failed => Mark::Failed,
            },
        })
        .collect();
    let inner = Rect { x: bar_row.x + 1, width: bar_row.width.saturating_sub(1), ..bar_row };
    progress::stage_bar(&bar, inner, buf, theme);
    let mut lines = facts(shift, area.width as usize, ctx);
    lines.extend(warnings(shift, ctx));
    let sides = sides(shift);
    // Names of groups are longer than those of revisions; both bars begin in the same column.
    let named = matches!(shift.mechanism, Mechanism::Alb(_));
    let longest = sides.iter().map(|(label, ..)| width(label)).max().filter(|_| named);
    let label = longest.unwrap_or_default().max(LABEL);
    let bar_width = area.width.saturating_sub(SIDE_TEXT + label as u16).clamp(8, 40) as usize;
    for (name, own, role) in &sides {
        lines.push(side(&pad_right(name, label), own, shift, *role, bar_width, area.width, ctx));
    }
    lines.extend(stopped(shift, data, ctx));
    let requested = shift.mechanism.strategy().is_some_and(Strategy::has_weights);
    if let Some(share) = shift.new.rule_disagrees().filter(|_| requested) {
        let text = format!(" {} the load balancer sends {} to new", theme.glyphs().warn, percent(share));
        lines.push(Line::styled(text, theme.style(Role::Warn)));
    }
    let comparison = ctx.store.target(target).and_then(|data| comparison_of(data, &shift.deployment));
    lines.extend(verdict_view::lines(shift, data, comparison, area.width, ctx));
    let [top, rest] = dialog::split_top(rest, lines.len() as u16);
    dialog::lines(top, &lines, buf);
    rest
}

/// The sides with what they are called. Where nobody said which of several groups is the old one, each is shown
/// as what it is.
fn sides(shift: &Rollout) -> Vec<(String, Cow<'_, Side>, Role)> {
    if let (Mechanism::Alb(split), None) = (&shift.mechanism, &shift.old) {
        let alone = |group: &TargetGroup| {
            let weight = split.share(&group.arn);
            Side { weight, groups: vec![group.clone()], images: Vec::new(), ..shift.new.clone() }
        };
        let groups = shift.new.groups.iter();
        return groups.map(|it| (format!(" {}", it.name()), Cow::Owned(alone(it)), Role::Text)).collect();
    }
    let labelled = |word: &str, side: &Side| format!(" {} {}", pad_right(word, 11), side.label());
    let old = shift.old.iter().map(|old| (labelled("old (blue)", old), Cow::Borrowed(old), Role::Old));
    let new = (labelled("new (green)", &shift.new), Cow::Borrowed(&shift.new), Role::New);
    old.chain([new]).collect()
}

fn span<'a>(text: impl Into<Cow<'a, str>>, role: Role, ctx: &Ctx) -> Span<'a> {
    Span::styled(text, ctx.theme.style(role))
}

/// Next step, when 100 % is due, whether it undoes itself, the alarms.
fn facts<'a>(shift: &Rollout, room: usize, ctx: &Ctx) -> Vec<Line<'a>> {
    let now = ctx.now.wall;
    let mut pieces = Vec::new();
    let mut piece = |label: &str, text: String, role| {
        pieces.push(vec![span(format!(" {label} "), Role::Dim, ctx), span(text, role, ctx)]);
    };
    if shift.in_progress() {
        piece("next", shift.next_words(now), Role::Text);
        if let Some(due) = shift.due_100() {
            let mark = if due.estimate { ctx.theme.glyphs().estimate } else { "" };
            piece("100 % due", format!("{mark}{}", ctx.zone.near(due.at, now)), Role::Text);
        }
        let by_itself = shift.by_itself();
        let word = if by_itself.yes { "yes" } else { "no" };
        piece("rolls back itself:", format!("{word} ({})", by_itself.why), Role::Text);
    }
    if !shift.alarms.names.is_empty() {
        let (text, role) = alarms(&shift.alarms);
        piece("alarms:", text, role);
    }
    for (label, text) in shift.more_facts() {
        piece(label, text, Role::Text);
    }
    flow(pieces, 0, room)
}

fn alarms(watch: &AlarmWatch) -> (String, Role) {
    let unsaid = if watch.enabled { "watched" } else { "not watched" };
    let status = watch.status.as_deref().unwrap_or(unsaid);
    if watch.triggered.is_empty() {
        return (format!("{} {status}", watch.names.len()), Role::Text);
    }
    let text = format!(
        "{} of {} {status}: {}",
        watch.triggered.len(),
        watch.names.len(),
        watch.triggered.join(", ")
    );
    (text, Role::Bad)
}

/// What needs an eye: hooks that wait, reasons, rollbacks, the circuit breaker.
fn warnings<'a>(shift: &Rollout, ctx: &Ctx) -> Vec<Line<'a>> {
    let warn = ctx.theme.glyphs().warn;
    let mut lines = Vec::new();
    let mut push =
        |text: String| lines.push(Line::styled(format!(" {warn} {text}"), ctx.theme.style(Role::Warn)));
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

fn side<'a>(
    label: &str,
    side: &Side,
    shift: &Rollout,
    role: Role,
    bar_width: usize,
    room: u16,
    ctx: &Ctx,
) -> Line<'a> {
    let glyphs = ctx.theme.glyphs();
    let mut parts = vec![span(label.to_owned(), role, ctx)];
    if shift.mechanism.has_weights() {
        parts.push(span("  ", Role::Text, ctx));
        parts.extend(bar(side.weight, role, bar_width, glyphs, ctx));
        parts.push(span(
            pad_left(&units::or_missing(side.weight, glyphs.missing, percent), 7),
            Role::Text,
            ctx,
        ));
    }
    let (health, health_role) = health(side, glyphs);
    parts.push(span(format!("  {}", pad_right(&health, 12)), health_role, ctx));
    let has_tasks = shift.mechanism.has_tasks();
    let tasks = side.tasks;
    let (text, tasks_role) = match (tasks.running < tasks.requested, tasks.pending) {
        (true, _) if room < 100 => (format!("{}/{} tasks", tasks.running, tasks.requested), Role::Warn),
        (true, pending) => {
            (format!("{}/{} tasks, {pending} starting", tasks.running, tasks.requested), Role::Warn)
        }
        (false, _) => (format!("{}/{} tasks", tasks.running, tasks.requested), Role::Dim),
    };
    if has_tasks && (room >= 100 || tasks_role == Role::Warn) {
        parts.push(span(format!("  {text}"), tasks_role, ctx));
    }
    let published = side.published.map(|at| format!("published {}", ctx.zone.near(at, ctx.now.wall)));
    // What runs in a target group is not known to the load balancer.
    let missing = if matches!(shift.mechanism, Mechanism::Alb(_)) { "" } else { glyphs.missing };
    let image = published.or_else(|| side.image()).unwrap_or_else(|| missing.to_owned());
    parts.push(span("  ", Role::Dim, ctx));
    let room = usize::from(room).saturating_sub(parts.iter().map(Span::width).sum::<usize>() + 1);
    parts.push(span(cut_middle(&image, room, glyphs.ellipsis).into_owned(), Role::Dim, ctx));
    Line::from(parts)
}

/// That tasks of the new side stopped, below its line; why that is not known.
fn stopped<'a>(shift: &Rollout, data: Option<&RolloutDetail>, ctx: &Ctx) -> Option<Line<'a>> {
    let (definition, found) = data?.stopped.as_ref()?;
    let glyphs = ctx.theme.glyphs();
    if shift.new.task_definition.as_ref() != Some(definition) {
        return None;
    }
    let (text, role) = match found {
        Ok(autopsy) => (format!("{}, Enter shows why", autopsy.short()?), Role::Bad),
        Err(error) => (format!("stopped tasks: {error}"), Role::Warn),
    };
    Some(span(format!("{}{} {text}", " ".repeat(LABEL + 2), glyphs.warn), role, ctx).into())
}

fn bar<'a>(weight: Option<f64>, role: Role, cells: usize, glyphs: &Glyphs, ctx: &Ctx) -> Vec<Span<'a>> {
    let Some(weight) = weight else { return vec![span(" ".repeat(cells), Role::Text, ctx)] };
    let full = ((weight / 100.0 * cells as f64).round() as usize).min(cells);
    let full = if weight > 0.0 && weight < 100.0 { full.clamp(1, cells - 1) } else { full };
    vec![
        span(glyphs.bar[0].repeat(full), role, ctx),
        span(glyphs.bar[1].repeat(cells - full), Role::Dim, ctx),
    ]
}

fn health(side: &Side, glyphs: &Glyphs) -> (String, Role) {
    match side.health() {
        Health::Counted { healthy, total } if healthy < total || total == 0 => {
            (format!("{healthy}/{total} healthy"), Role::Warn)
        }
        Health::Counted { healthy, total } => (format!("{healthy}/{total} healthy"), Role::Ok),
        Health::Unreadable(why) => (format!("{} health {why}", glyphs.warn), Role::Warn),
        Health::Unread => (glyphs.missing.to_owned(), Role::Dim),
    }
}

fn events(
    pane: &RolloutsPane,
    row: &Row,
    data: Option<&RolloutDetail>,
    area: Rect,
    buf: &mut Buffer,
    ctx: &Ctx,
) {
    let own = row.shift.filter(|shift| shift.in_progress() || shift.mechanism.codedeploy().is_some());
    let own = own.map(|shift| shift.events.as_slice());
    let events = own.or(data.map(|data| data.events.as_slice())).unwrap_or_default();
    if area.height < 2 {
        return;
    }
    let zone = ctx.zone.name(ctx.now.wall);
    let about = if data.is_none() && events.is_empty() {
        format!("  {} reading", ctx.theme.glyphs().waiting)
    } else {
        format!("  {}, times in {zone}", events.len())
    };
    let mut lines = vec![
        Line::default(),
        Line::from(vec![span(" EVENTS", Role::Strong, ctx), span(about, Role::Dim, ctx)]),
    ];
    let ellipsis = ctx.theme.glyphs().ellipsis;
    let text_room = usize::from(area.width).saturating_sub(12);
    let room = area.height.saturating_sub(2) as usize;
    pane.event_most.set(events.len().saturating_sub(room));
    let first = pane.event_top.min(pane.event_most.get());
    for event in events.iter().skip(first).take(room) {
        let at = if since(event.at, ctx.now.wall).as_secs() < 20 * 3600 {
            ctx.zone.second(event.at)
        } else {
            ctx.zone.day_minute(event.at)
        };
        lines.push(Line::from(vec![
            span(format!(" {}  ", pad_right(&at, 8)), Role::Dim, ctx),
            span(event_text(&event.text, text_room, ellipsis), Role::Text, ctx),
        ]));
    }
    dialog::lines(area, &lines, buf);
}

/// An event without what its screen says already, long ids shortened, in this much room.
fn event_text(text: &str, room: usize, ellipsis: &str) -> String {
    let text = text.strip_prefix("(service ").and_then(|rest| rest.split_once(") ")).map_or(text, |it| it.1);
    let words = text.split(' ').map(|word| {
        let core = word.trim_matches(['(', ')', '[', ']', '.', ',', ':', ';']);
        word.replacen(core, &short_id(core, ellipsis), 1)
    });
    cut_end(&words.collect::<Vec<_>>().join(" "), room, ellipsis).into_owned()
}

/// An ARN's resource and a task's id in the middle of a sentence: enough of both ends to find it again.
fn short_id(word: &str, ellipsis: &str) -> String {
    let resource = word.starts_with("arn:").then(|| word.splitn(6, ':').nth(5)).flatten().unwrap_or(word);
    let id =
        |part: &str| part.len() >= 16 && part.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let parts =
        resource.split('/').map(|part| if id(part) { cut_middle(part, 9, ellipsis) } else { part.into() });
    parts.collect::<Vec<_>>().join("/")
}

/// Deployments of the last day that have ended.
fn finished(history: &[&Rollout], area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    if area.is_empty() {
        return;
    }
    let mut lines = vec![Line::from(vec![
        span(" ENDED", Role::Strong, ctx),
        span(format!("  {} within a day", history.len()), Role::Dim, ctx),
    ])];
    let status_width = history.iter().map(|shift| width(&shift.status_words())).max().unwrap_or_default();
    for shift in history {
        let at = units::or_missing(shift.finished_at, ctx.theme.glyphs().missing, |at| {
            ctx.zone.near(at, ctx.now.wall)
        });
        let image = shift.new.image().unwrap_or_default();
        let reason = shift.rollback.as_ref().and_then(|it| it.reason.as_deref());
        let reason = reason.or(shift.status_reason.as_deref()).unwrap_or_default();
        let mut parts = vec![
            span(format!(" {}  ", pad_right(&at, 12)), Role::Dim, ctx),
            span(pad_right(&shift.status_words(), status_width + 2), super::pane::tone(shift).role(), ctx),
            span(format!("{}  {}  {image}  ", shift.mechanism.short(), shift.new.label()), Role::Text, ctx),
        ];
        let room = usize::from(area.width).saturating_sub(parts.iter().map(Span::width).sum::<usize>() + 1);
        let ellipsis = ctx.theme.glyphs().ellipsis;
        parts.push(span(cut_end(reason, room, ellipsis).into_owned(), Role::Dim, ctx));
        lines.push(Line::from(parts));
    }
    dialog::lines(area, &lines, buf);
}

#[cfg(test)]
mod tests {
    use super::event_text;

    #[test]
    fn events_say_only_what_is_new() {
        let health = "(service checkout) (port 8080) is unhealthy in (target-group arn:aws:elasticloadbalancing:\
            eu-west-2:111122223333:targetgroup/checkout-green/50dc6c495c0c9f3c) due to (reason Health checks).";
        for (text, room, want) in [
            ("(service checkout) has reached a steady state.", 80, "has reached a steady state."),
            (
                "(service checkout) has started 1 tasks: (task 0123456789abcdef0123456789abcdef).",
                80,
                "has started 1 tasks: (task 01234…def).",
            ),
            (
                health,
                120,
                "(port 8080) is unhealthy in (target-group targetgroup/checkout-green/50dc6…f3c) \
                 due to (reason Health checks).",
            ),
            (health, 24, "(port 8080) is unhealth…"),
            (
                "(deployment ecs-svc/1234567890123456789) completed",
                80,
                "(deployment ecs-svc/12345…789) completed",
            ),
            ("no prefix", 80, "no prefix"),
        ] {
            assert_eq!(event_text(text, room, "…"), want, "{text}");
        }
    }
}
