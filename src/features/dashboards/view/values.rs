//! Numbers: single values as tiles, with their sparkline, and gauges as bars between two bounds.

use super::Scene;
use crate::features::dashboards::metric::{Fill, MetricWidget};
use crate::features::dashboards::shown::{Shown, range, state};
use crate::text::cut_end;
use crate::theme::Role;
use crate::widgets::chart::TimeRange;
use crate::widgets::chart::units::value_text;
use crate::widgets::paint::{cells, put, put_right};
use crate::widgets::sparkline::spark_trend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Points of a sparkline, at most; more than any widget has columns.
const MAX_SPARK: usize = 2_000;

/// Single values, each with its label: as tiles where there is room, else one per line.
pub fn numbers(widget: &MetricWidget, shown: &[Shown], area: Rect, buf: &mut Buffer, scene: &Scene) {
    let texts: Vec<(String, &Shown)> =
        shown.iter().map(|shown| (value(widget, shown, scene), shown)).collect();
    let count = u16::try_from(texts.len()).unwrap_or(u16::MAX);
    if count == 0 || area.is_empty() {
        return;
    }
    let wide =
        |text: &str, shown: &Shown| cells(text).max(cells(&shown.data.label).min(18)).saturating_add(2);
    let need = texts.iter().map(|(text, shown)| wide(text, shown)).max().unwrap_or(1);
    let across = (area.width / need).clamp(1, count);
    let down = count.div_ceil(across);
    let height = area.height / down;
    if height < 2 {
        list(&texts, area, buf, scene);
        return;
    }
    let range = range(widget, scene.ctx.window, scene.ctx.now.wall);
    for (index, (text, shown)) in (0..).zip(&texts) {
        let (column, row) = (index % across, index / across);
        let left = area.width * column / across;
        let right = area.width * (column + 1) / across;
        let tile = Rect::new(area.x + left, area.y + row * height, right - left, height);
        self::tile(text, shown, widget.sparkline.then_some(range), tile, buf, scene);
    }
}

fn value(widget: &MetricWidget, shown: &Shown, scene: &Scene) -> String {
    let theme = scene.ctx.theme;
    let Some(value) = shown.value(scene.ctx.now.wall) else { return theme.glyphs().missing.to_owned() };
    if widget.full_precision { format!("{value}") } else { value_text(value, shown.unit, theme.ascii) }
}

/// Value, label and sparkline in the middle of a tile.
fn tile(text: &str, shown: &Shown, spark: Option<TimeRange>, area: Rect, buf: &mut Buffer, scene: &Scene) {
    let theme = scene.ctx.theme;
    let spark = spark.filter(|_| area.height >= 4 && area.width >= 8);
    let rows = 2 + u16::from(spark.is_some());
    let y = area.y + (area.height - rows) / 2;
    let centred = |text: &str| area.x + (area.width - cells(text).min(area.width)) / 2;
    put(buf, area, centred(text), y, text, theme.style(Role::Strong));
    let room = usize::from(area.width.saturating_sub(2));
    let label = cut_end(&shown.data.label, room, theme.glyphs().ellipsis);
    put(buf, area, centred(&label), y + 1, &label, theme.style(Role::Dim));
    if let Some(range) = spark {
        let wide = area.width.saturating_sub(4).min(60);
        let line = spark_trend(&values(shown, range), usize::from(wide), theme.glyphs());
        put(buf, area, area.x + (area.width - wide) / 2, y + 2, &line, theme.style(shown.role));
    }
}

/// The values of each period of the range, missing ones too.
fn values(shown: &Shown, range: TimeRange) -> Vec<Option<f64>> {
    let period = shown.data.period.max(1);
    let count = usize::try_from(range.seconds() as i64 / period).unwrap_or(0).clamp(1, MAX_SPARK);
    let mut out = vec![None; count];
    for (at, value) in shown.data.points.iter().filter(|(at, _)| range.contains(*at)) {
        let place = range.column(*at, count);
        if let Some(slot) = out.get_mut(place) {
            *slot = Some(slot.map_or(*value, |old: f64| old.max(*value)));
        }
    }
    // The newest period may not have come yet: that is no gap.
    while out.len() > 1 && out.last().is_some_and(Option::is_none) {
        out.pop();
    }
    out
}

/// Label left, value right, in as many columns as fit.
fn list(texts: &[(String, &Shown)], area: Rect, buf: &mut Buffer, scene: &Scene) {
    let theme = scene.ctx.theme;
    let rows = usize::from(area.height.max(1));
    let fitting = usize::from(area.width / 24).max(1);
    let columns = texts.len().div_ceil(rows).clamp(1, fitting);
    let shown = (columns * rows).min(texts.len());
    let shown = if shown < texts.len() { shown.saturating_sub(1) } else { shown };
    for (index, (text, series)) in texts.iter().take(shown).enumerate() {
        let column = (index / rows) as u16;
        let left = area.width * column / columns as u16;
        let right = area.width * (column + 1) / columns as u16;
        let line =
            Rect::new(area.x + left + 1, area.y + (index % rows) as u16, (right - left).saturating_sub(2), 1);
        let used = put_right(buf, line, line.y, text, theme.style(Role::Strong));
        let room = usize::from(line.width.saturating_sub(used + 1));
        let label = cut_end(&series.data.label, room, theme.glyphs().ellipsis);
        put(buf, line, line.x, line.y, &label, theme.style(Role::Text));
    }
    if shown < texts.len() {
        let text = format!("+{} more ", texts.len() - shown);
        put_right(buf, area, area.bottom() - 1, &text, theme.style(Role::Dim));
    }
}

/// Bars between the bounds of the left axis, coloured by the annotations they reach.
pub fn gauges(widget: &MetricWidget, shown: &[Shown], area: Rect, buf: &mut Buffer, scene: &Scene) {
    let theme = scene.ctx.theme;
    let fitting = usize::from(area.height / 2).min(shown.len());
    if fitting == 0 {
        return numbers(widget, shown, area, buf, scene);
    }
    let height = (area.height / fitting as u16).min(5);
    for (gauge, y) in shown.iter().take(fitting).zip((area.y..).step_by(usize::from(height))) {
        let place = Rect { y, height, ..area }.intersection(area);
        self::gauge(widget, gauge, place, buf, scene);
    }
    if fitting < shown.len() {
        let text = format!("+{} more ", shown.len() - fitting);
        put_right(buf, area, area.bottom() - 1, &text, theme.style(Role::Dim));
    }
}

fn gauge(widget: &MetricWidget, shown: &Shown, area: Rect, buf: &mut Buffer, scene: &Scene) {
    let theme = scene.ctx.theme;
    let glyphs = theme.glyphs();
    let value = shown.value(scene.ctx.now.wall);
    let (low, high) = bounds(widget, shown, value);
    let reached = value.and_then(|value| reached(widget, value));
    let sign = match reached {
        Some(Role::Bad) => glyphs.bad,
        Some(Role::Warn) => glyphs.warn,
        Some(Role::Ok) => glyphs.ok,
        _ => "",
    };
    let text =
        value.map_or_else(|| glyphs.missing.to_owned(), |value| value_text(value, shown.unit, theme.ascii));
    let line = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let used = put_right(buf, line, line.y, &text, theme.style(Role::Strong));
    let mut room = line.width.saturating_sub(used + 1);
    if !sign.is_empty() && room > 2 {
        let role = reached.unwrap_or(Role::Text);
        put_right(buf, Rect { width: room, ..line }, line.y, sign, theme.style(role));
        room = room.saturating_sub(2);
    }
    let label = cut_end(&shown.data.label, usize::from(room), glyphs.ellipsis);
    put(buf, line, line.x, line.y, &label, theme.style(Role::Text));
    // One or two rows of bar, then the bounds where there is room.
    let thick = if area.height >= 5 { 2 } else { 1 };
    let share = |value: f64| ((value - low) / (high - low)).clamp(0.0, 1.0);
    let column = |value: f64| (share(value) * f64::from(line.width)).round() as u16;
    let full = value.map_or(0, |value| column(value).max(u16::from(value > low)));
    let role = reached.unwrap_or(shown.role);
    if value.is_none() {
        // An empty bar would say zero.
        put(buf, area, line.x, line.y + 1, "no data", theme.style(Role::Dim));
        return;
    }
    for y in (line.y + 1)..(line.y + 1 + thick).min(area.bottom()) {
        put(buf, line, line.x, y, &glyphs.bar[0].repeat(usize::from(full)), theme.style(role));
        let rest = line.width.saturating_sub(full);
        put(buf, line, line.x + full, y, &glyphs.bar[1].repeat(usize::from(rest)), theme.style(Role::Rule));
        let tick = if theme.ascii { "|" } else { "┃" };
        for level in widget.annotations.horizontal.iter().map(|level| level.line.value) {
            if level > low && level < high {
                let x = line.x + column(level).min(line.width.saturating_sub(1));
                put(buf, line, x, y, tick, theme.style(Role::Threshold));
            }
        }
    }
    let y = line.y + 1 + thick;
    if area.height > 1 + thick {
        put(buf, area, line.x, y, &value_text(low, shown.unit, theme.ascii), theme.style(Role::Dim));
        put_right(
            buf,
            Rect { y, height: 1, ..line },
            y,
            &value_text(high, shown.unit, theme.ascii),
            theme.style(Role::Dim),
        );
    }
}

/// The range of a gauge. AWS asks for both bounds; where one is missing, percents go to 100 and others to
/// the value.
fn bounds(widget: &MetricWidget, shown: &Shown, value: Option<f64>) -> (f64, f64) {
    let low = widget.left.min.unwrap_or(0.0);
    let most = if shown.unit == "Percent" { 100.0 } else { value.unwrap_or(1.0) };
    let high = widget.left.max.unwrap_or(most);
    if high > low { (low, high) } else { (low, low + 1.0) }
}

/// What the last annotation that a value lies in says by its colour.
fn reached(widget: &MetricWidget, value: f64) -> Option<Role> {
    let holds = |annotation: &&crate::features::dashboards::Horizontal| {
        let at = annotation.line.value;
        match (&annotation.to, annotation.fill) {
            (Some(to), _) => value >= at.min(to.value) && value <= at.max(to.value),
            (None, Fill::After) => value >= at,
            (None, Fill::Before) => value <= at,
            (None, Fill::None) => false,
        }
    };
    let last = widget.annotations.horizontal.iter().rfind(holds)?;
    state(last.line.color)
}
