//! Drawing the events of an opened service or shift, and its deployments that ended within a day.

use super::model::{Event, Mechanism, Rollout};
use super::pane::Row;
use super::view::{since, span};
use super::wire::RolloutDetail;
use crate::app::pane::Ctx;
use crate::text::{cut_end, cut_middle, pad_right, units, width};
use crate::theme::Role;
use ratatui::text::{Line, Span};

/// The events and what is said at their head.
pub(super) struct Events<'a> {
    events: &'a [Event],
    head: String,
}

impl<'a> Events<'a> {
    /// Of an opened row: its own, those of its service, or why there are none.
    pub(super) fn of(row: &Row<'a>, data: Option<&'a RolloutDetail>, ctx: &Ctx) -> Self {
        let own = row.shift.filter(|shift| shift.in_progress() || shift.mechanism.codedeploy().is_some());
        let own = own.map(|shift| shift.events.as_slice());
        let events = own.or(data.map(|data| data.events.as_slice())).unwrap_or_default();
        let head = match (events.len(), row.shift.and_then(none_kept)) {
            (0, Some(why)) => format!("  none: {why}; c shows who changed it"),
            (0, None) if data.is_none() => format!("  {} reading", ctx.theme.glyphs().waiting),
            (0, None) => "  none".to_owned(),
            (count, _) => format!("  {count}, times in {}", ctx.zone.name(ctx.now.wall)),
        };
        Self { events, head }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    /// An empty line and the title.
    pub(super) fn title<'l>(&self, room: usize, ctx: &Ctx) -> [Line<'l>; 2] {
        let title = span(" EVENTS", Role::Strong, ctx);
        let about = cut_end(&self.head, room.saturating_sub(7), ctx.theme.glyphs().ellipsis).into_owned();
        [Line::default(), Line::from(vec![title, span(about, Role::Dim, ctx)])]
    }

    /// So many of them from one on, a line for each.
    pub(super) fn lines<'l>(&self, first: usize, count: usize, room: usize, ctx: &Ctx) -> Vec<Line<'l>> {
        let at = |event: &Event| {
            if since(event.at, ctx.now.wall).as_secs() < 20 * 3600 {
                ctx.zone.second(event.at)
            } else {
                ctx.zone.day_minute(event.at)
            }
        };
        // Those of another day have longer times: all texts begin in the same column, also when it is scrolled.
        let wide = self.events.iter().map(|event| width(&at(event))).max().unwrap_or_default();
        let text_room = room.saturating_sub(wide + 4);
        let ellipsis = ctx.theme.glyphs().ellipsis;
        let shown = self.events.iter().skip(first).take(count);
        let line = |event: &Event| {
            Line::from(vec![
                span(format!(" {}  ", pad_right(&at(event), wide)), Role::Dim, ctx),
                span(event_text(&event.text, text_room, ellipsis), Role::Text, ctx),
            ])
        };
        shown.map(line).collect()
    }
}

/// Why AWS has no events of a shift.
fn none_kept(shift: &Rollout) -> Option<&'static str> {
    match shift.mechanism {
        Mechanism::Lambda(_) => Some("an alias has no events"),
        Mechanism::Alb(_) => Some("weights of a load balancer have no events"),
        Mechanism::Ecs(_) | Mechanism::EcsAgain(_) | Mechanism::CodeDeploy(_) => None,
    }
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

/// Deployments of the last day that have ended, the opened one left out, below an empty line; nothing where there
/// are none.
pub(super) fn ended<'l>(
    data: Option<&RolloutDetail>,
    opened: Option<&Rollout>,
    room: usize,
    ctx: &Ctx,
) -> Vec<Line<'l>> {
    let all = data.map(|data| data.history.as_slice()).unwrap_or_default();
    let other = |shift: &&Rollout| opened.is_none_or(|opened| opened.deployment != shift.deployment);
    let history: Vec<&Rollout> = all.iter().filter(other).collect();
    if history.is_empty() {
        return Vec::new();
    }
    let word = if history.len() < all.len() { " others" } else { "" };
    let about = format!("  {}{word} within a day", history.len());
    let mut lines = vec![
        Line::default(),
        Line::from(vec![span(" ENDED", Role::Strong, ctx), span(about, Role::Dim, ctx)]),
    ];
    let status_width = history.iter().map(|shift| width(&shift.status_words())).max().unwrap_or_default();
    lines.extend(history.into_iter().map(|shift| ended_line(shift, status_width, room, ctx)));
    lines
}

fn ended_line<'l>(shift: &Rollout, status_width: usize, room: usize, ctx: &Ctx) -> Line<'l> {
    let glyphs = ctx.theme.glyphs();
    let at = units::or_missing(shift.finished_at, glyphs.missing, |at| ctx.zone.near(at, ctx.now.wall));
    let image = shift.new.image().unwrap_or_default();
    let reason = shift.rollback.as_ref().and_then(|it| it.reason.as_deref());
    let reason = reason.or(shift.status_reason.as_deref()).unwrap_or_default();
    let mut parts = vec![
        span(format!(" {}  ", pad_right(&at, 12)), Role::Dim, ctx),
        span(pad_right(&shift.status_words(), status_width + 2), super::tone::tone(shift).role(), ctx),
    ];
    let left = |parts: &[Span]| room.saturating_sub(parts.iter().map(Span::width).sum::<usize>() + 1);
    let what = format!("{}  {}  {image}  ", shift.mechanism.short(), shift.new.label());
    parts.push(span(cut_end(&what, left(&parts), glyphs.ellipsis).into_owned(), Role::Text, ctx));
    parts.push(span(cut_end(reason, left(&parts), glyphs.ellipsis).into_owned(), Role::Dim, ctx));
    Line::from(parts)
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
