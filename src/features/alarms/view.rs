//! Drawing alarms: the list, and one alarm with its chart and history.

use super::model::{Alarm, AlarmDetail, AlarmState, Silent, short};
use super::pane::AlarmsPane;
use crate::app::Window;
use crate::app::pane::Ctx;
use crate::aws::TargetId;
use crate::features::{Topic, metrics, panel};
use crate::text::units;
use crate::theme::Role;
use crate::widgets::chart::units::value_text;
use crate::widgets::chart::{Chart, HLine, Mark, Point, Series, Side, TimeRange};
use crate::widgets::dialog;
use crate::widgets::table::{Cell, Column, Row, Table};
use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub(super) fn render(pane: &AlarmsPane, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    match (&pane.open, pane.opened(ctx)) {
        (Some(_), Some((id, alarm))) => detail(pane, id, alarm, area, buf, ctx),
        (Some((_, name)), None) => {
            let text = format!("{name} is not among the alarms of this target");
            dialog::lines(area, &[Line::styled(text, ctx.theme.style(Role::Warn))], buf);
        }
        (None, _) => list(pane, area, buf, ctx),
    }
}

fn list(pane: &AlarmsPane, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let rows = pane.rows(ctx);
    let all = || ctx.store.active_targets().filter_map(|(_, t)| t.alarms.as_ref()).flat_map(|l| &l.alarms);
    let count = |state: &AlarmState| all().filter(|alarm| alarm.state == *state).count();
    let known = ctx.store.active_targets().any(|(_, target)| target.alarms.is_some());
    let mut parts = Vec::new();
    if known {
        parts.push(format!(
            "{} in ALARM · {} OK · {} insufficient data",
            count(&AlarmState::Alarm),
            count(&AlarmState::Ok),
            count(&AlarmState::InsufficientData)
        ));
    }
    if !pane.filter.is_empty() {
        parts.push(format!("/{}", pane.filter));
    }
    let title = parts.join(" · ");
    let [head, body] = dialog::split_top(area, 1);
    panel::title(head, "ALARMS", &title, Topic::Alarms, buf, ctx);
    let body = panel::problems(body, Topic::Alarms, buf, ctx);
    if rows.is_empty() {
        let text = if !known {
            panel::no_answer(Topic::Alarms, ctx)
        } else if pane.filter.is_empty() {
            format!("no alarms in ALARM · {} OK · . shows all", count(&AlarmState::Ok))
        } else {
            format!("nothing matches /{} · Esc clears it", pane.filter)
        };
        dialog::lines(body, &[Line::styled(format!(" {text}"), ctx.theme.style(Role::Dim))], buf);
        return;
    }
    let target = Column::new("target", if ctx.many_targets() { 10 } else { 0 }).priority(6);
    let columns = [
        Column::new("state", 8),
        Column::new("alarm", 20).flex(3),
        target,
        Column::new("condition", 18).flex(2).priority(3),
        Column::new("points", 8).right().priority(5),
        Column::new("since", 6).right(),
        Column::new("silent", 12).flex(1).priority(4),
    ];
    let columns: Vec<Column> = columns.into_iter().filter(|column| column.min > 0).collect();
    let table = Table::new(&columns, rows.len(), pane.row_of_cursor(&rows));
    table.render(body, buf, ctx.theme, &pane.list_top, |index| {
        rows.get(index).map_or_else(Row::default, |(id, alarm)| row(id, alarm, ctx))
    });
}

fn row<'a>(id: &'a TargetId, alarm: &'a Alarm, ctx: &Ctx) -> Row<'a> {
    let (glyph, word, role) = state(alarm, ctx);
    let text = if role == Role::Muted { Role::Muted } else { Role::Text };
    // Composites have no number to show: their reason names what fires.
    let condition = if alarm.threshold.is_some() {
        Cell::new(alarm.condition(), text)
    } else {
        Cell::new(alarm.reason.lines().next().unwrap_or_default(), text)
    };
    let mut cells = vec![
        Cell::new(format!("{glyph} "), role).and(word, role),
        Cell::new(alarm.name.as_str(), text),
        condition,
        Cell::new(alarm.datapoints.map(|(m, n)| format!("{m} of {n}")).unwrap_or_default(), Role::Dim),
        Cell::new(units::or_missing(alarm.age(ctx.now), ctx.theme.glyphs().missing, units::age), Role::Text),
        Cell::new(silent(alarm), Role::Muted),
    ];
    if ctx.many_targets() {
        cells.insert(2, Cell::new(id.as_str(), Role::Dim));
    }
    Row { cells }
}

fn silent(alarm: &Alarm) -> String {
    let mut words = alarm.silent.as_ref().map(Silent::words).unwrap_or_default();
    if alarm.scaling() {
        words = if words.is_empty() { "scaling".into() } else { format!("scaling, {words}") };
    }
    if let Some(evaluation) = &alarm.evaluation {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(evaluation);
    }
    words
}

/// Glyph, word and role of an alarm's state.
pub(super) fn state<'a>(alarm: &'a Alarm, ctx: &Ctx) -> (&'static str, &'a str, Role) {
    let glyphs = ctx.theme.glyphs();
    match &alarm.state {
        AlarmState::Alarm if alarm.counts(ctx.now) => (glyphs.bad, "ALARM", Role::Bad),
        AlarmState::Alarm if alarm.muted() || alarm.scaling() => (glyphs.bad, "ALARM", Role::Muted),
        AlarmState::Alarm => (glyphs.warn, "ALARM", Role::Warn),
        AlarmState::InsufficientData => (glyphs.missing, "NODATA", Role::Muted),
        AlarmState::Ok => (glyphs.ok, "OK", Role::Ok),
        AlarmState::Other(word) => (glyphs.waiting, word, Role::Warn),
    }
}

fn detail(pane: &AlarmsPane, id: &TargetId, alarm: &Alarm, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let theme = ctx.theme;
    let (glyph, word, role) = state(alarm, ctx);
    let [head, rest] = dialog::split_top(area, 1);
    let age = alarm.age(ctx.now).map(units::age).unwrap_or_default();
    let since = alarm.since.map(|at| ctx.zone.near(at, ctx.now.wall)).unwrap_or_default();
    let about = format!("{glyph} {word}  since {since} ({age})  {}", alarm.kind.word());
    panel::title_one(head, &alarm.name, &about, role, id, Topic::AlarmDetail, buf, ctx);
    let facts = facts(alarm, ctx, rest.width as usize);
    let [top, rest] = dialog::split_top(rest, facts.len() as u16);
    dialog::lines(top, &facts, buf);
    let rest = panel::problems(rest, Topic::AlarmDetail, buf, ctx);
    let data = ctx.store.target(id).and_then(|target| target.alarm_detail.as_ref());
    let data = data.filter(|data| data.name == alarm.name);
    let Some(data) = data else {
        let text = format!(" {} reading metrics and history", theme.glyphs().waiting);
        dialog::lines(rest, &[Line::styled(text, theme.style(Role::Dim))], buf);
        return;
    };
    let rest = missing(data, rest, buf, ctx);
    let history_rows = (data.history.len().min(5) as u16 + 1).min(rest.height / 3);
    let [chart_area, history_area] = dialog::split_bottom(rest, history_rows);
    if alarm.metrics.is_empty() {
        children(alarm, data, chart_area, buf, ctx);
    } else {
        chart(pane, alarm, data, chart_area, buf, ctx);
    }
    history(pane, data, history_area, buf, ctx);
}

fn facts<'a>(alarm: &'a Alarm, ctx: &Ctx, width: usize) -> Vec<Line<'a>> {
    let theme = ctx.theme;
    let mut lines = Vec::new();
    let mut condition = alarm.condition();
    if let Some((m, n)) = alarm.datapoints {
        condition = format!(
            "{condition}   {m} of {n} points of {}",
            units::age(std::time::Duration::from_secs(alarm.period() as u64))
        );
    }
    if !alarm.treat_missing.is_empty() {
        condition = format!("{condition}   missing data: {}", alarm.treat_missing);
    }
    if !condition.trim().is_empty() {
        lines.push(Line::styled(format!(" {}", condition.trim()), theme.style(Role::Text)));
    }
    if !alarm.rule.is_empty() {
        lines.push(Line::styled(format!(" {}", alarm.rule), theme.style(Role::Text)));
    }
    let reason = alarm.reason.lines().next().unwrap_or_default();
    let reason = crate::text::cut_end(reason, width.saturating_sub(2), theme.glyphs().ellipsis);
    lines.push(Line::styled(format!(" {reason}"), theme.style(Role::Dim)));
    if !alarm.description.is_empty() {
        let text = alarm.description.lines().next().unwrap_or_default();
        lines.push(Line::styled(format!(" {text}"), theme.style(Role::Dim)));
    }
    let silent = silent(alarm);
    if !silent.is_empty() {
        lines.push(Line::from(vec![
            Span::styled(" silent: ", theme.style(Role::Dim)),
            Span::styled(silent, theme.style(Role::Muted)),
        ]));
    }
    lines
}

fn missing(data: &AlarmDetail, area: Rect, buf: &mut Buffer, ctx: &Ctx) -> Rect {
    let lines: Vec<Line> = data
        .missing
        .iter()
        .map(|text| Line::styled(format!(" {} {text}", ctx.theme.glyphs().warn), ctx.theme.style(Role::Warn)))
        .collect();
    let [top, rest] = dialog::split_top(area, lines.len() as u16);
    dialog::lines(top, &lines, buf);
    rest
}

const SERIES: [Role; 6] =
    [Role::Series1, Role::Series2, Role::Series3, Role::Series4, Role::Series5, Role::Series6];

fn chart(pane: &AlarmsPane, alarm: &Alarm, data: &AlarmDetail, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let (start, end) = ctx.window.range(ctx.now.wall);
    let range = match ctx.window {
        Window::Frozen { .. } => TimeRange { start, end },
        Window::Live { .. } | Window::Pinned { .. } => TimeRange::steady(start, end),
    };
    let mut roles = SERIES.into_iter().cycle();
    let mut notes = Vec::new();
    let series: Vec<Series> = data
        .series
        .iter()
        .map(|series| {
            if series.status != "Complete" {
                notes.push(format!("{}: {}", series.label, series.status));
            }
            let filling = |at: &Timestamp| ctx.now.wall.duration_since(*at).as_secs() < series.period + 30;
            Series {
                label: series.label.clone(),
                points: series
                    .points
                    .iter()
                    .map(|(at, value)| Point {
                        at: *at,
                        value: Some(*value),
                        breaching: alarm.breaches(*value) == Some(true),
                    })
                    .collect(),
                period: series.period as u32,
                role: roles.next().unwrap_or(Role::Series1),
                unit: series_unit(alarm, &series.id).to_owned(),
                partial_last: series.points.last().is_some_and(|(at, _)| filling(at)),
                ..Series::default()
            }
        })
        .collect();
    let unit = series.first().map(|series| series.unit.clone()).unwrap_or_default();
    let thresholds: Vec<HLine> = alarm
        .threshold
        .map(|value| HLine {
            value,
            label: format!("{} {}", alarm.operator(), threshold(value, &unit, ctx.theme.ascii)),
            role: Role::Threshold,
            axis: Side::Left,
        })
        .into_iter()
        .collect();
    let glyph = ctx.theme.glyphs().bad;
    let marks: Vec<Mark> = data
        .history
        .iter()
        .filter(|item| item.kind == "StateUpdate" && item.summary.contains("to ALARM"))
        .map(|item| Mark { at: item.at, glyph, label: "ALARM".into(), role: Role::Bad, line: false })
        .collect();
    let note = notes.join("  ");
    let last = series.first().and_then(|series| series.points.last()).map(|point| point.at);
    let back = pane.crosshair.map(|back| back as i64 * series.first().map_or(60, |s| i64::from(s.period)));
    let crosshair =
        last.zip(back).and_then(|(at, back)| at.checked_sub(jiff::SignedDuration::from_secs(back)).ok());
    let mut chart = Chart {
        note: (!note.is_empty()).then_some((note.as_str(), Role::Warn)),
        thresholds: &thresholds,
        marks: &marks,
        crosshair,
        ..Chart::new(&series, range, ctx.zone.tz())
    };
    let entries = chart.entries(ctx.theme);
    if crosshair.is_some() && !chart.shows_legend(area, &entries) {
        // Without a legend the title line has the values at the crosshair.
        chart.title = series.first().map_or("", |series| series.label.as_str());
    }
    chart.render_with(&entries, area, buf, ctx.theme);
}

/// The unit of one of an alarm's series; expressions have none that is known.
fn series_unit(alarm: &Alarm, id: &str) -> &'static str {
    let metric = alarm.metrics.iter().find(|metric| metric.id == id);
    metric.and_then(|metric| metric.stat.as_ref()).map(|stat| metrics::unit(stat)).unwrap_or_default()
}

/// The threshold's own number where it needs no unit: a count of 1.5 is not rounded.
fn threshold(value: f64, unit: &str, ascii: bool) -> String {
    if matches!(unit, "" | "Count") { short(value) } else { value_text(value, unit, ascii) }
}

fn children(alarm: &Alarm, data: &AlarmDetail, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let theme = ctx.theme;
    let glyphs = theme.glyphs();
    let mut lines = Vec::new();
    if !data.children.is_empty() {
        lines.push(Line::styled(" made of", theme.style(Role::Strong)));
    }
    for (name, state) in &data.children {
        let (glyph, role) = match state {
            AlarmState::Alarm => (glyphs.bad, Role::Bad),
            AlarmState::Ok => (glyphs.ok, Role::Ok),
            AlarmState::InsufficientData => (glyphs.missing, Role::Muted),
            AlarmState::Other(_) => (glyphs.waiting, Role::Warn),
        };
        lines.push(Line::from(vec![
            Span::styled(format!("  {glyph} {:<18}", state.word()), theme.style(role)),
            Span::styled(name.clone(), theme.style(Role::Text)),
        ]));
    }
    if alarm.kind == super::Kind::Log {
        lines.push(Line::styled(" a log alarm: its query runs in Logs Insights", theme.style(Role::Dim)));
    }
    dialog::lines(area, &lines, buf);
}

fn history(pane: &AlarmsPane, data: &AlarmDetail, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let theme = ctx.theme;
    let zone = ctx.zone.name(ctx.now.wall);
    let mut lines = vec![Line::from(vec![
        Span::styled(" HISTORY", theme.style(Role::Strong)),
        Span::styled(format!("  {} entries, times in {zone}", data.history.len()), theme.style(Role::Dim)),
    ])];
    let room = area.height.saturating_sub(1) as usize;
    let first = pane.history_top.min(data.history.len().saturating_sub(room));
    for item in data.history.iter().skip(first).take(room) {
        lines.push(Line::from(vec![
            Span::styled(format!(" {:<17}", ctx.zone.near(item.at, ctx.now.wall)), theme.style(Role::Dim)),
            Span::styled(format!("{:<20} ", item.kind), theme.style(Role::Dim)),
            Span::styled(item.summary.clone(), theme.style(Role::Text)),
        ]));
    }
    dialog::lines(area, &lines, buf);
}
