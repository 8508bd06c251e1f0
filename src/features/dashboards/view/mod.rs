//! Drawing dashboards: each widget in its frame. `board.rs` places them; the other files draw one kind each.
//!
//! Every widget says in words why it shows nothing: not answered yet, no data, not allowed, not drawn here.

mod alarms;
mod board;
mod frame;
mod grid;
mod series;
mod shares;
mod values;
mod words;

#[cfg(test)]
pub mod tests;

pub use alarms::tiles;
pub use board::render;

use super::data::DashboardData;
use super::metric::{MetricWidget, SeriesSource, SeriesSpec, View};
use super::model::{AlarmsWidget, Explained, TextWidget, Widget, WidgetKind};
use super::opened::Reach;
use super::shown::{self, Hidden, Shown};
use crate::app::Action;
use crate::app::pane::Ctx;
use crate::aws::TargetId;
use crate::features::Topic;
use crate::theme::Role;
use crate::widgets::chart::Legend;
use crate::widgets::markdown;
use crate::widgets::paint::{cells, put};
use frame::Frame;
use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use series::Charted;
use std::borrow::Cow;
use std::cell::Cell;

/// Bytes of a text that a cell of the board may need, links and marks included.
const CELL: usize = 4;
/// Bytes of a text that are always read.
const SHORT: usize = 4_096;

/// What all widgets of a dashboard share while they are drawn.
pub struct Scene<'a> {
    /// What panes may read.
    pub ctx: &'a Ctx<'a>,
    /// Whose dashboard it is.
    pub target: &'a TargetId,
    /// What came back; `None` before the first answer.
    pub data: Option<&'a DashboardData>,
    /// The time whose values are shown.
    pub crosshair: Option<Timestamp>,
    /// Series that are switched off.
    pub hidden: &'a Hidden,
    /// Drawing leaves here how far the widget can be scrolled.
    pub reach: &'a Cell<Reach>,
}

/// How a widget is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// On the board.
    Board {
        /// It has the focus.
        focused: bool,
    },
    /// Alone on the screen.
    Zoomed {
        /// The chosen series, link or alarm.
        cursor: usize,
        /// Rows scrolled away.
        scroll: usize,
        /// Columns scrolled away.
        across: usize,
    },
}

impl Look {
    fn focused(self) -> bool {
        matches!(self, Self::Board { focused: true })
    }

    fn cursor(self) -> Option<usize> {
        match self {
            Self::Board { .. } => None,
            Self::Zoomed { cursor, .. } => Some(cursor),
        }
    }

    /// Rows and columns scrolled away.
    fn scroll(self) -> Reach {
        match self {
            Self::Board { .. } => Reach::default(),
            Self::Zoomed { scroll, across, .. } => Reach { down: scroll, across },
        }
    }
}

/// Draws a widget into `area`.
pub fn widget(widget: &Widget, look: Look, area: Rect, buf: &mut Buffer, scene: &Scene) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    match &widget.kind {
        WidgetKind::Metric(metric) => self::metric(widget, metric, look, area, buf, scene),
        WidgetKind::Text(text) => self::text(text, look, area, buf, scene),
        WidgetKind::Alarms(alarms) => alarm_grid(widget, alarms, look, area, buf, scene),
        WidgetKind::Explained(what) => explained(widget, what, look, area, buf, scene),
    }
}

/// A metric widget as it is drawn: one about an alarm has the alarm's metrics, others the thresholds of the
/// alarms that they name.
///
/// # Errors
/// The ARN of the alarm when it is not among those that the target lists.
pub fn resolved<'a>(
    metric: &'a MetricWidget,
    target: &TargetId,
    ctx: &Ctx,
) -> Result<Cow<'a, MetricWidget>, &'a str> {
    let list = ctx.store.target(target).and_then(|target| target.alarms.as_ref());
    let known = |arn: &str| list.and_then(|list| list.alarms.iter().find(|alarm| alarm.arn == arn));
    if let Some(arn) = metric.alarm() {
        return known(arn).map(|alarm| Cow::Owned(metric.of_alarm(alarm))).ok_or(arn);
    }
    let named: Vec<_> = metric.annotations.alarms.iter().filter_map(|arn| known(arn)).collect();
    if named.is_empty() {
        return Ok(Cow::Borrowed(metric));
    }
    let mut metric = metric.clone();
    for alarm in named {
        metric.add_threshold(alarm);
    }
    Ok(Cow::Owned(metric))
}

/// The title of a widget; one without has that of its alarm or its only series, or the name of the metric that
/// all of its series show.
pub fn title<'a>(widget: &'a Widget, metric: &'a MetricWidget) -> &'a str {
    if !widget.title.is_empty() {
        return &widget.title;
    }
    if let Some(arn) = metric.alarm() {
        return arn.split_once(":alarm:").map_or(arn, |(_, name)| name);
    }
    let mut visible = metric.series.iter().filter(|spec| spec.visible);
    let Some(first) = visible.next() else { return "" };
    let name = |spec: &'a SeriesSpec| match &spec.source {
        SeriesSource::Metric(stat) => stat.name.as_str(),
        SeriesSource::Expression(_) => "",
    };
    let only = visible.clone().next().is_none();
    match first.label.as_deref().filter(|label| only && !label.is_empty() && !label.contains("${")) {
        Some(label) => label,
        None if visible.all(|spec| name(spec) == name(first)) => name(first),
        None => "",
    }
}

fn metric(widget: &Widget, metric: &MetricWidget, look: Look, area: Rect, buf: &mut Buffer, scene: &Scene) {
    let theme = scene.ctx.theme;
    let mut frame = Frame {
        title: title(widget, metric),
        about: about(metric),
        right: Vec::new(),
        note: None,
        focused: look.focused(),
    };
    let inner = Frame::inner(area);
    let metric = match resolved(metric, scene.target, scene.ctx) {
        Ok(metric) => metric,
        Err(arn) => {
            frame.render(area, buf, theme);
            return say(&no_alarm(arn, scene), Role::Dim, inner, buf, scene);
        }
    };
    let rows = scene.data.map(|data| data.widget(widget.index)).unwrap_or_default();
    let shown = shown::shown(widget.index, &metric, rows, scene.hidden, theme);
    let problems = shown::problems(rows);
    if shown.is_empty() {
        let visible = metric.series.iter().any(|spec| spec.visible);
        let mut role = Role::Dim;
        let text = if let Some(problem) = problems.first() {
            role = Role::Warn;
            format!("{} {problem}", theme.glyphs().warn)
        } else if !visible {
            "no series to draw".to_owned()
        } else if shown::waiting(&metric, rows) > 0 {
            reading(scene.target, Topic::DashboardData, "", scene.ctx)
        } else {
            "nothing found in this window".to_owned()
        };
        frame.note = note(widget, &[], look, scene);
        frame.render(area, buf, theme);
        return say(&text, role, inner, buf, scene);
    }
    frame.note = note(widget, &problems, look, scene);
    if shown::waiting(&metric, rows) > 0 {
        frame.right.push((reading(scene.target, Topic::DashboardData, "", scene.ctx), Role::Dim));
    }
    if metric.view == View::TimeSeries {
        return chart(&metric, &shown, frame, look, area, buf, scene);
    }
    frame.render(area, buf, theme);
    match metric.view {
        View::TimeSeries | View::SingleValue => values::numbers(&metric, &shown, inner, buf, scene),
        View::Gauge => values::gauges(&metric, &shown, inner, buf, scene),
        View::Bar => shares::bars(&shown, inner, buf, scene),
        View::Pie => shares::pie(&shown, inner, buf, scene),
        View::Table => grid::table(&metric, &shown, look.scroll(), inner, buf, scene),
    }
}

fn chart(
    metric: &MetricWidget,
    shown: &[Shown],
    mut frame: Frame,
    look: Look,
    area: Rect,
    buf: &mut Buffer,
    scene: &Scene,
) {
    let theme = scene.ctx.theme;
    let inner = Frame::inner(area);
    let charted = Charted::new(metric, shown, scene);
    let mut chart = charted.chart(scene);
    if let Some(cursor) = look.cursor() {
        chart.legend = if area.width >= 110 { Legend::Right } else { Legend::List };
        chart.cursor = Some(cursor.min(shown.len().saturating_sub(1)));
        if frame.note.is_none() && shown.len() > 1 {
            let [one, all] = [Action::Mark, Action::ShowAll].map(|action| scene.ctx.keymap.key(action));
            frame.note = Some((format!("{one} hides or shows a series, {all} all or this one"), Role::Dim));
        }
    }
    let entries = chart.entries(theme);
    if chart.legend != Legend::None && !chart.shows_legend(inner, &entries)
        || chart.crosshair.is_some() && chart.legend == Legend::None
    {
        frame.right.splice(0..0, chart.headline(&entries));
    }
    frame.render(area, buf, theme);
    chart.render_with(&entries, inner, buf, theme);
}

/// What stands behind a title: the names of the axes, and a zone that is not the screen's.
fn about(metric: &MetricWidget) -> String {
    let mut parts: Vec<Cow<str>> = Vec::new();
    if metric.view == View::TimeSeries {
        parts.extend([&metric.left, &metric.right].map(|axis| Cow::Borrowed(axis.label.as_str())));
        if let Some(minutes) = metric.timezone.filter(|minutes| *minutes != 0) {
            let sign = if minutes < 0 { '-' } else { '+' };
            parts.push(format!("{sign}{:02}{:02}", minutes.abs() / 60, minutes.abs() % 60).into());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

/// Problems first; what was odd about the body only when it is looked at closely.
fn note(widget: &Widget, problems: &[String], look: Look, scene: &Scene) -> Option<(String, Role)> {
    let sign = scene.ctx.theme.glyphs().warn;
    let more = |count: usize| if count > 1 { format!(" (+{})", count - 1) } else { String::new() };
    match (problems, widget.remarks.as_slice()) {
        ([first, ..], _) => Some((format!("{sign} {first}{}", more(problems.len())), Role::Warn)),
        ([], [first, ..]) if look.cursor().is_some() => {
            Some((format!("{first}{}", more(widget.remarks.len())), Role::Dim))
        }
        _ => None,
    }
}

fn no_alarm(arn: &str, scene: &Scene) -> String {
    let known = scene.ctx.store.target(scene.target).is_some_and(|target| target.alarms.is_some());
    if !known {
        return reading(scene.target, Topic::Alarms, "alarms", scene.ctx);
    }
    let mut parts = arn.split(':').skip(3);
    let (region, account) = (parts.next().unwrap_or("?"), parts.next().unwrap_or("?"));
    format!("this alarm of {region} {account} is not among those of this target")
}

/// What stands where nothing was read yet: it is being read, or it could not be.
pub fn reading(target: &TargetId, topic: Topic, what: &str, ctx: &Ctx) -> String {
    let glyphs = ctx.theme.glyphs();
    let failed = ctx.store.poll(target, topic).is_some_and(|poll| poll.error.is_some());
    let text = match (failed, what) {
        (true, "") => format!("{} not read", glyphs.missing),
        (true, what) => format!("{} {what} not read", glyphs.missing),
        (false, what) => format!("{} reading {what}", glyphs.waiting),
    };
    text.trim_end().to_owned()
}

/// A sentence in the middle of a widget.
fn say(text: &str, role: Role, area: Rect, buf: &mut Buffer, scene: &Scene) {
    let rows = markdown::wrap_plain(text, area.width.saturating_sub(2), role);
    let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).min(area.height);
    let widest =
        rows.iter().map(|row| row.iter().map(|span| cells(&span.text)).sum::<u16>()).max().unwrap_or(0);
    let place = Rect {
        x: area.x + (area.width - widest.min(area.width)) / 2,
        y: area.y + (area.height - height) / 2,
        width: widest.min(area.width),
        height,
    };
    markdown::draw(&rows, None, place, buf, scene.ctx.theme);
}

/// The first lines of a text, about `most` bytes.
fn head(text: &str, most: usize) -> &str {
    let (head, _) = crate::text::cap(text, most);
    head.rsplit_once('\n').map_or(head, |(lines, _)| lines)
}

/// A text has no box of its own: a bar at its left says that it has the focus.
fn text(text: &TextWidget, look: Look, area: Rect, buf: &mut Buffer, scene: &Scene) {
    let theme = scene.ctx.theme;
    // A long text is read as far as the board can show it: it is read again for every frame.
    let most = (usize::from(area.width) * usize::from(area.height) * CELL).max(SHORT);
    let cut = matches!(look, Look::Board { .. }) && text.markdown.len() > most;
    let shown = if cut { head(&text.markdown, most) } else { &text.markdown };
    let markdown = markdown::parse(shown);
    let mut place = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    if look.focused() {
        for y in area.top()..area.bottom() {
            put(buf, area, area.x, y, theme.glyphs().focus, theme.style(Role::Accent));
        }
    }
    let link = look.cursor().filter(|_| !markdown.links.is_empty());
    let link = link.map(|cursor| cursor.min(markdown.links.len() - 1));
    if markdown.is_heading() {
        // Next to what it is the heading of.
        let rows = u16::try_from(markdown.fit(place, theme).len()).unwrap_or(u16::MAX).min(area.height);
        place = Rect { y: area.bottom() - rows, height: rows, ..place };
    }
    if let Some(to) = link.and_then(|at| markdown.links.get(at)).filter(|_| place.height > 2) {
        let line = Rect { y: place.bottom() - 1, height: 1, ..place };
        put(buf, line, line.x, line.y, &to.url, theme.style(Role::Dim));
        place.height -= 1;
    }
    words::text(&markdown, look.scroll().down, link, cut, place, buf, scene);
}

fn alarm_grid(
    widget: &Widget,
    alarms: &AlarmsWidget,
    look: Look,
    area: Rect,
    buf: &mut Buffer,
    scene: &Scene,
) {
    let theme = scene.ctx.theme;
    let inner = Frame::inner(area);
    let known = scene.ctx.store.target(scene.target).is_some_and(|target| target.alarms.is_some());
    let tiles = alarms::tiles(alarms, scene.target, scene.ctx);
    let unknown = tiles.iter().filter(|tile| tile.alarm.is_none()).count();
    let note = (known && unknown > 0)
        .then(|| (format!("? {unknown} not among the alarms of this target"), Role::Dim));
    let title = if widget.title.is_empty() { "Alarms" } else { &widget.title };
    let right = if known { alarms::counts(&tiles, area.width, theme) } else { Vec::new() };
    Frame { title, about: String::new(), right, note, focused: look.focused() }.render(area, buf, theme);
    if known {
        let cursor = look.cursor().map(|cursor| cursor.min(tiles.len().saturating_sub(1)));
        alarms::grid(&tiles, cursor, inner, buf, scene);
    } else {
        say(&reading(scene.target, Topic::Alarms, "alarms", scene.ctx), Role::Dim, inner, buf, scene);
    }
}

fn explained(widget: &Widget, what: &Explained, look: Look, area: Rect, buf: &mut Buffer, scene: &Scene) {
    let title = if widget.title.is_empty() { what.kind.as_str() } else { &widget.title };
    let right = if widget.title.is_empty() { Vec::new() } else { vec![(what.kind.clone(), Role::Dim)] };
    let note = note(widget, &[], look, scene);
    Frame { title, about: String::new(), right, note, focused: look.focused() }.render(
        area,
        buf,
        scene.ctx.theme,
    );
    let inner = Frame::inner(area);
    let place = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    words::explained(what, look.scroll().down, place, buf, scene);
}
