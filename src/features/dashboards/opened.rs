//! An opened dashboard: where it is scrolled to, which widget has the focus or the screen, the crosshair and
//! the series that are switched off. Pure state; `pane.rs` gives it verbs, `view/` draws it.

use super::data::DashboardData;
use super::layout::{Board, layout};
use super::model::{Dashboard, Key, Moment, OwnRange, WidgetKind};
use super::plan::resolve;
use super::shown::{Hidden, range};
use crate::app::pane::Ctx;
use crate::app::{Action, Window};
use crate::features::metrics::Series;
use crate::widgets::markdown;
use jiff::{SignedDuration, Timestamp};

/// Lines that one step scrolls: a row of the grid.
const STEP: u32 = 2;
/// Steps of the crosshair across a window, at most: holding the key gets anywhere soon.
const CROSSHAIR_STEPS: i64 = 240;
/// Seconds of the longest window, two weeks.
const MAX_WINDOW: i64 = 1_209_600;

/// A dashboard on screen.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// Which.
    pub key: Key,
    /// The first line of the board on screen.
    pub top: u32,
    /// The widget with the focus, by its index.
    pub focus: Option<usize>,
    /// The focused widget has the whole screen.
    pub zoom: Option<Zoom>,
    /// The time whose values are shown, on all charts.
    pub crosshair: Option<Timestamp>,
    /// Series that are switched off.
    pub hidden: Hidden,
    /// Titles that are looked for.
    pub find: String,
}

/// How a zoomed widget is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Zoom {
    /// The chosen series, link or alarm.
    pub cursor: usize,
    /// Rows scrolled away.
    pub scroll: usize,
    /// Columns of a table scrolled away.
    pub across: usize,
}

/// How far a zoomed widget can be scrolled, as it was last drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// Rows.
    pub down: usize,
    /// Columns.
    pub across: usize,
}

/// The part of the screen that a board has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Cells.
    pub width: u16,
    /// Lines.
    pub height: u16,
}

impl Opened {
    /// Opens a dashboard at its top.
    pub fn new(key: Key) -> Self {
        let (top, focus, zoom, crosshair) = (0, None, None, None);
        Self { key, top, focus, zoom, crosshair, hidden: Hidden::new(), find: String::new() }
    }

    /// The widget whose verbs work now.
    pub fn current(&self, dashboard: &Dashboard, size: Size) -> Option<usize> {
        let known = self.focus.filter(|index| dashboard.widget(*index).is_some());
        known.or_else(|| {
            let board = layout(dashboard, size.width);
            board.visible(self.top, size.height).next().map(|spot| spot.widget)
        })
    }

    /// Moves on the board; `false` when the verb is not about moving.
    pub fn scroll(&mut self, action: Action, dashboard: &Dashboard, size: Size) -> bool {
        let board = layout(dashboard, size.width);
        let page = u32::from(size.height.max(2));
        let most = board.height.saturating_sub(page);
        let top = self.top.min(most);
        self.top = match action {
            Action::Down => top + STEP,
            Action::Up => top.saturating_sub(STEP),
            Action::HalfDown => top + page / 2,
            Action::HalfUp => top.saturating_sub(page / 2),
            Action::PageDown => top + page - 1,
            Action::PageUp => top.saturating_sub(page - 1),
            Action::Top => 0,
            Action::Bottom => most,
            Action::NextPanel | Action::PrevPanel => {
                let next = board.step(self.current(dashboard, size), action == Action::NextPanel);
                return self.focus_on(next, &board, size);
            }
            _ => return false,
        }
        .min(most);
        // The focus stays on screen.
        let on_screen = |index: usize| board.visible(self.top, size.height).any(|spot| spot.widget == index);
        if self.focus.is_some_and(|index| !on_screen(index)) {
            self.focus = board.visible(self.top, size.height).next().map(|spot| spot.widget);
        }
        true
    }

    /// Puts the focus on a widget and brings it into view, its upper edge at least.
    pub fn focus_on(&mut self, widget: Option<usize>, board: &Board, size: Size) -> bool {
        self.focus = widget;
        let Some(spot) = widget.and_then(|widget| board.spot(widget)) else { return true };
        let height = u32::from(size.height);
        if spot.y < self.top || spot.bottom() > self.top + height {
            // From above it comes in at the top, from below at the bottom.
            let low = spot.bottom().saturating_sub(height).min(spot.y);
            self.top = if spot.y < self.top { spot.y } else { low };
        }
        if let Some(zoom) = &mut self.zoom {
            *zoom = Zoom::default();
        }
        true
    }

    /// The widgets that need data: the zoomed one, or those on screen and a screenful around them. Moving by a
    /// few lines changes nothing.
    pub fn wanted(&self, dashboard: &Dashboard, size: Size) -> Vec<usize> {
        if self.zoom.is_some() {
            return self.focus.into_iter().collect();
        }
        let board = layout(dashboard, size.width);
        let page = u32::from(size.height.max(8));
        let half = page / 2;
        let top = self.top.min(board.height.saturating_sub(page)) / half * half;
        let lines = u16::try_from(page + half * 2).unwrap_or(u16::MAX);
        let mut wanted: Vec<usize> = board.visible(top, lines).map(|spot| spot.widget).collect();
        wanted.sort_unstable();
        wanted
    }

    /// Moves the crosshair; beyond the newest point there is none.
    pub fn move_crosshair(
        &mut self,
        back: bool,
        dashboard: &Dashboard,
        data: Option<&DashboardData>,
        ctx: &Ctx,
    ) {
        let (period, step) = self.step(dashboard, data, ctx);
        let now = ctx.now.wall;
        let end = match ctx.window {
            Window::Frozen { end, .. } => end.min(now),
            Window::Live { .. } | Window::Pinned { .. } => now,
        };
        let before = |seconds: i64| end.checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(end);
        let last = data.and_then(|data| newest(data, now)).unwrap_or_else(|| floor(before(period), period));
        let by = SignedDuration::from_secs(if back { -step } else { step });
        self.crosshair = match self.crosshair {
            None if back => Some(last),
            None => None,
            Some(at) => at.checked_add(by).ok().map(|at| floor(at, period)).filter(|at| *at <= last),
        };
    }

    /// The period of the data looked at, and how far one press goes: seconds.
    fn step(&self, dashboard: &Dashboard, data: Option<&DashboardData>, ctx: &Ctx) -> (i64, i64) {
        let rows = data.into_iter().flat_map(|data| match self.focus {
            Some(index) => data.widget(index),
            None => data.rows.as_slice(),
        });
        let periods = rows.flat_map(|row| &row.series).map(|series| series.period);
        let period = periods.filter(|period| *period > 0).min().unwrap_or(60);
        let (start, end) =
            match self.focus.and_then(|index| dashboard.widget(index)).map(|widget| &widget.kind) {
                Some(WidgetKind::Metric(metric)) => {
                    let range = range(metric, ctx.window, ctx.now.wall);
                    (range.start, range.end)
                }
                _ => ctx.window.range(ctx.now.wall),
            };
        let least = end.duration_since(start).as_secs() / CROSSHAIR_STEPS;
        (period, (least / period).max(1) * period)
    }

    /// Puts the focus on the next widget whose title has the searched words; `false` when there is none.
    pub fn find(&mut self, forward: bool, from_here: bool, dashboard: &Dashboard, size: Size) -> bool {
        let needle = self.find.to_lowercase();
        let board = layout(dashboard, size.width);
        let found = |index: &usize| {
            dashboard
                .widget(*index)
                .is_some_and(|widget| words(&widget.kind, &widget.title).contains(&needle))
        };
        let mut at = self.focus;
        if from_here && at.as_ref().is_some_and(found) {
            return true;
        }
        for _ in 0..board.spots.len() {
            at = board.step(at, forward);
            if at.as_ref().is_some_and(found) {
                return self.focus_on(at, &board, size);
            }
        }
        false
    }
}

/// What a widget can be found by.
fn words(kind: &WidgetKind, title: &str) -> String {
    let text = match kind {
        WidgetKind::Text(text) => text.markdown.as_str(),
        WidgetKind::Explained(what) => what.kind.as_str(),
        WidgetKind::Metric(_) | WidgetKind::Alarms(_) => "",
    };
    format!("{title} {text}").to_lowercase()
}

/// The window that a dashboard was made for; `None` when it is longer than windows are.
pub fn own_window(range: OwnRange, now: Timestamp) -> Option<Window> {
    let window = match (range.start, range.end) {
        (Moment::Ago(start), Moment::Ago(0)) => Window::Live { secs: start },
        (Moment::At(start), Moment::Ago(0)) => Window::Pinned { start },
        _ => {
            let (start, end) = resolve(range, now);
            Window::Frozen { start, end }
        }
    };
    let (start, end) = window.range(now);
    (1..=MAX_WINDOW).contains(&end.duration_since(start).as_secs()).then_some(window)
}

/// The newest point that is no longer filling, of all that came back.
fn newest(data: &DashboardData, now: Timestamp) -> Option<Timestamp> {
    let all = data.rows.iter().flat_map(|row| &row.series);
    let finished = |series: &Series| {
        let filling = |at: Timestamp| now.duration_since(at).as_secs() < series.period + 30;
        series.points.iter().rev().map(|(at, _)| *at).find(|at| !filling(*at))
    };
    all.filter_map(finished).max()
}

/// The last multiple of `step` seconds that is not after `at`.
fn floor(at: Timestamp, step: i64) -> Timestamp {
    let step = step.max(1);
    Timestamp::from_second(at.as_second().div_euclid(step) * step).unwrap_or(at)
}

/// How many things a zoomed widget lets one choose from: links, alarms or series.
pub fn choices(kind: &WidgetKind, series: usize) -> usize {
    match kind {
        WidgetKind::Text(text) => markdown::parse(&text.markdown).links.len(),
        WidgetKind::Alarms(alarms) => alarms.alarms.len(),
        WidgetKind::Metric(_) => series,
        WidgetKind::Explained(_) => 0,
    }
}
