//! What the verbs mean on an opened dashboard and on its widgets.

use super::metric::View;
use super::model::{Dashboard, Explained, WidgetKind};
use super::opened::{Opened, Zoom, choices, own_window};
use super::pane::{DashboardsPane, console};
use super::shown::{self, Shown};
use super::{link, view};
use crate::app::pane::{Command, Ctx, Edit, Tone};
use crate::app::{Action, Effect};
use crate::aws::TargetId;
use crate::features::dashboards::metric::{MetricWidget, SeriesSource};
use crate::features::{Link, jumps};
use crate::widgets::chart::units::value_text;
use crate::widgets::markdown;
use jiff::Timestamp;
use std::borrow::Cow;

/// Verbs that lead from a widget to what it is about.
const JUMPS: [Action; 4] = [Action::Logs, Action::Traces, Action::Changes, Action::Rollback];

/// Puts a text on the clipboard.
pub fn copy(text: String) -> Command {
    Command::Effect(Effect::Copy(text))
}

fn say(text: impl Into<String>) -> Vec<Command> {
    vec![Command::Notify(Tone::Info, text.into())]
}

impl DashboardsPane {
    /// A verb on the opened dashboard.
    pub(super) fn on_opened(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        let (dashboard, data, size) = (self.dashboard(ctx), self.data(ctx), self.size.get());
        let opened = self.open.as_mut()?;
        match action {
            Action::Back | Action::Quit => {
                if opened.crosshair.is_some() {
                    opened.crosshair = None;
                } else if opened.zoom.is_some() {
                    opened.zoom = None;
                } else {
                    self.close();
                }
                return Some(Vec::new());
            }
            Action::Url => return Some(console(&opened.key, ctx)),
            _ => {}
        }
        let Some(dashboard) = dashboard else { return Some(Vec::new()) };
        match action {
            Action::Left | Action::Right => {
                let zoomed = opened.focus.filter(|_| opened.zoom.is_some());
                let zoomed = zoomed.and_then(|index| dashboard.widget(index)).map(|widget| &widget.kind);
                if let Some(kind) = zoomed.filter(|kind| !is_chart(kind)) {
                    if let Some(zoom) = opened.zoom.as_mut().filter(|_| is_table(kind)) {
                        let most = self.reach.get().across;
                        let at = zoom.across.min(most);
                        zoom.across =
                            if action == Action::Right { (at + 1).min(most) } else { at.saturating_sub(1) };
                    }
                    return Some(Vec::new());
                }
                opened.move_crosshair(action == Action::Left, dashboard, data, ctx);
                return Some(Vec::new());
            }
            // On a dashboard, live is first what it was made for.
            Action::Live => {
                let own = dashboard.range.and_then(|range| own_window(range, ctx.now.wall));
                return own.filter(|own| *own != ctx.window).map(|own| vec![Command::Window(own)]);
            }
            Action::Find => {
                let (label, initial) = ("/".into(), String::new());
                return Some(vec![Command::Edit(Edit { purpose: "widget", label, initial })]);
            }
            Action::NextHit | Action::PrevHit if !opened.find.is_empty() => {
                opened.find(action == Action::NextHit, false, dashboard, size);
                return Some(Vec::new());
            }
            _ => {}
        }
        let zoomed = opened.zoom.is_some();
        if !zoomed && opened.scroll(action, dashboard, size) {
            return Some(Vec::new());
        }
        let index = opened.current(dashboard, size)?;
        if zoomed && let Some(commands) = self.on_zoomed(action, index, dashboard, ctx) {
            return Some(commands);
        }
        match action {
            Action::Open if !zoomed => Some(self.enter(index, dashboard, ctx)),
            Action::Copy => Some(self.copy_widget(index, dashboard, ctx)),
            action if JUMPS.contains(&action) => Some(self.jump(action, index, dashboard, ctx)),
            _ => None,
        }
    }

    /// A verb on the widget that has the screen; `None` when it means there what it means on the board.
    fn on_zoomed(
        &mut self,
        action: Action,
        index: usize,
        dashboard: &Dashboard,
        ctx: &Ctx,
    ) -> Option<Vec<Command>> {
        let widget = dashboard.widget(index)?;
        let labels = self.labels(index, dashboard, ctx);
        let count = choices(&widget.kind, labels.len());
        let size = self.size.get();
        let opened = self.open.as_mut()?;
        let zoom = opened.zoom.as_mut()?;
        let chosen = labels.get(zoom.cursor);
        let page = usize::from(size.height / 2).max(1);
        let step = |at: usize, most: usize| match action {
            Action::Down => (at + 1).min(most),
            Action::Up => at.saturating_sub(1),
            Action::HalfDown | Action::PageDown => (at + page).min(most),
            Action::HalfUp | Action::PageUp => at.saturating_sub(page),
            Action::Top => 0,
            _ => most,
        };
        match action {
            Action::Down
            | Action::Up
            | Action::HalfDown
            | Action::HalfUp
            | Action::PageDown
            | Action::PageUp
            | Action::Top
            | Action::Bottom => {
                if count > 0 && !is_table(&widget.kind) {
                    zoom.cursor = step(zoom.cursor.min(count - 1), count - 1);
                } else {
                    let most = self.reach.get().down;
                    zoom.scroll = step(zoom.scroll.min(most), most);
                }
            }
            Action::NextPanel | Action::PrevPanel => {
                let board = super::layout::layout(dashboard, size.width);
                let next = board.step(opened.focus, action == Action::NextPanel);
                opened.focus_on(next, &board, size);
            }
            Action::Pause | Action::Mark => toggle(opened, index, chosen),
            Action::ShowAll => only(opened, index, &labels),
            Action::Open => return Some(self.follow(index, dashboard, ctx)),
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Enter on the board: a text with one link is a way there, everything else gets the screen.
    fn enter(&mut self, index: usize, dashboard: &Dashboard, ctx: &Ctx) -> Vec<Command> {
        let Some(opened) = &mut self.open else { return Vec::new() };
        opened.focus = Some(index);
        if let Some(WidgetKind::Text(text)) = dashboard.widget(index).map(|widget| &widget.kind)
            && let [only] = markdown::parse(&text.markdown).links.as_slice()
        {
            return link::follow(&only.url, &opened.key.target, ctx);
        }
        opened.zoom = Some(Zoom::default());
        Vec::new()
    }

    /// Enter on a zoomed widget: its chosen link, alarm or series.
    fn follow(&mut self, index: usize, dashboard: &Dashboard, ctx: &Ctx) -> Vec<Command> {
        let labels = self.labels(index, dashboard, ctx);
        let Some(opened) = &mut self.open else { return Vec::new() };
        let cursor = opened.zoom.unwrap_or_default().cursor;
        let target = opened.key.target.clone();
        let alarm = |name: &str| {
            vec![Command::Goto(Link::Alarms { alarm: Some((target.clone(), name.to_owned())), open: true })]
        };
        match dashboard.widget(index).map(|widget| &widget.kind) {
            Some(WidgetKind::Text(text)) => {
                let links = markdown::parse(&text.markdown).links;
                links.get(cursor).map(|to| link::follow(&to.url, &target, ctx)).unwrap_or_default()
            }
            Some(WidgetKind::Alarms(alarms)) => match view::tiles(alarms, &target, ctx).get(cursor) {
                Some(tile) if tile.alarm.is_some() => alarm(tile.name),
                Some(tile) => say(format!("{} is not among the alarms of this target", tile.name)),
                None => Vec::new(),
            },
            Some(WidgetKind::Metric(metric)) => {
                if let Some(arn) = metric.alarm() {
                    return alarm(arn.split_once(":alarm:").map_or(arn, |(_, name)| name));
                }
                toggle(opened, index, labels.get(cursor));
                Vec::new()
            }
            Some(WidgetKind::Explained(_)) | None => Vec::new(),
        }
    }

    /// A metric widget as it is drawn; `None` for others.
    fn metric<'a>(&self, index: usize, dashboard: &'a Dashboard, ctx: &Ctx) -> Option<Cow<'a, MetricWidget>> {
        let WidgetKind::Metric(metric) = &dashboard.widget(index)?.kind else { return None };
        view::resolved(metric, &self.open.as_ref()?.key.target, ctx).ok()
    }

    /// What is shown of a widget, given to `take`.
    fn with_shown<T: Default>(
        &self,
        index: usize,
        dashboard: &Dashboard,
        ctx: &Ctx,
        take: impl FnOnce(&[Shown]) -> T,
    ) -> T {
        let Some((metric, opened)) = self.metric(index, dashboard, ctx).zip(self.open.as_ref()) else {
            return T::default();
        };
        let rows = self.data(ctx).map(|data| data.widget(index)).unwrap_or_default();
        take(&shown::shown(index, &metric, rows, &opened.hidden, ctx.theme))
    }

    fn labels(&self, index: usize, dashboard: &Dashboard, ctx: &Ctx) -> Vec<String> {
        self.with_shown(index, dashboard, ctx, |shown| shown.iter().map(|s| s.data.label.clone()).collect())
    }

    /// `y`: of a metric widget each series with its value and where it comes from, of others their words.
    fn copy_widget(&self, index: usize, dashboard: &Dashboard, ctx: &Ctx) -> Vec<Command> {
        let Some(widget) = dashboard.widget(index) else { return Vec::new() };
        let crosshair = self.open.as_ref().and_then(|opened| opened.crosshair);
        let text = match &widget.kind {
            WidgetKind::Text(text) => text.markdown.clone(),
            WidgetKind::Explained(what) if !what.text.is_empty() => what.text.clone(),
            WidgetKind::Explained(what) => format!("{}\n{}", what.why, what.look),
            WidgetKind::Alarms(alarms) => alarms.alarms.join("\n"),
            WidgetKind::Metric(_) => self.with_shown(index, dashboard, ctx, |shown| {
                let lines: Vec<String> = shown.iter().map(|shown| line(shown, crosshair, ctx)).collect();
                lines.join("\n")
            }),
        };
        if text.is_empty() { say("nothing to copy yet") } else { vec![copy(text)] }
    }

    /// `l t c R`: to the service whose name a widget's metrics have, or by the alarm that it is about.
    fn jump(&self, action: Action, index: usize, dashboard: &Dashboard, ctx: &Ctx) -> Vec<Command> {
        let Some((opened, widget)) = self.open.as_ref().zip(dashboard.widget(index)) else {
            return Vec::new();
        };
        let target = &opened.key.target;
        if let WidgetKind::Explained(what) = &widget.kind {
            return jump_explained(action, what, target, opened.crosshair, ctx);
        }
        let store = ctx.store.target(target);
        let arn = match &widget.kind {
            WidgetKind::Metric(metric) => metric.alarm(),
            WidgetKind::Alarms(alarms) => {
                let tiles = view::tiles(alarms, target, ctx);
                let cursor = opened.zoom.unwrap_or_default().cursor;
                tiles.get(cursor).and_then(|tile| tile.alarm).map(|alarm| alarm.arn.as_str())
            }
            WidgetKind::Text(_) | WidgetKind::Explained(_) => None,
        };
        let list = store.and_then(|target| target.alarms.as_ref());
        let alarm = list.zip(arn).and_then(|(list, arn)| list.alarms.iter().find(|alarm| alarm.arn == arn));
        if let Some(alarm) = alarm {
            return crate::features::jump_from_alarm(action, target, alarm, ctx);
        }
        let WidgetKind::Metric(metric) = &widget.kind else { return say("this widget is about no service") };
        let values: Vec<String> = metric.dimension_values().collect();
        let services = store.map(|target| target.derived.services.list()).unwrap_or_default();
        let service = services.iter().find(|service| {
            let words = super::About::of(service).words;
            values.iter().any(|value| words.contains(value))
        });
        match service {
            Some(service) => jumps::jump(action, service, opened.crosshair, ctx),
            None => say("no service is known for these metrics"),
        }
    }

    /// What works here, most useful first.
    pub(super) fn hints_opened(&self, opened: &Opened, ctx: &Ctx) -> Vec<Action> {
        let Some(dashboard) = self.dashboard(ctx) else { return vec![Action::Back, Action::Url] };
        let mut hints = match opened.zoom {
            None => vec![
                Action::NextPanel,
                Action::Open,
                Action::Left,
                Action::ZoomIn,
                Action::Find,
                Action::Back,
            ],
            Some(_) => vec![Action::Back],
        };
        let zoomed = opened.focus.filter(|_| opened.zoom.is_some());
        match zoomed.and_then(|index| dashboard.widget(index)).map(|widget| &widget.kind) {
            None => hints.extend([Action::Logs, Action::Changes]),
            Some(WidgetKind::Metric(metric)) => {
                hints.extend((metric.alarm().is_some()).then_some(Action::Open));
                hints.extend(match metric.view {
                    View::TimeSeries => Some(Action::Left),
                    View::Table => Some(Action::Right),
                    _ => None,
                });
                hints.extend([Action::ZoomIn, Action::Logs, Action::Changes]);
                hints
                    .extend([Action::Mark, Action::ShowAll].into_iter().filter(|_| metric.alarm().is_none()));
            }
            Some(WidgetKind::Alarms(_)) => hints.extend([Action::Open, Action::Logs, Action::Changes]),
            Some(WidgetKind::Text(_)) => hints.push(Action::Open),
            Some(WidgetKind::Explained(what)) => hints.extend(what.logs.as_ref().map(|_| Action::Logs)),
        }
        hints.extend([Action::Copy, Action::Export, Action::Url]);
        hints
    }
}

/// From a box of words to what it names: its log groups, or the traces.
fn jump_explained(
    action: Action,
    what: &Explained,
    target: &TargetId,
    at: Option<Timestamp>,
    ctx: &Ctx,
) -> Vec<Command> {
    match (action, &what.logs) {
        (Action::Logs, Some(logs)) => {
            let own = ctx.store.target(target).and_then(|target| target.session.region.as_deref());
            if let Some(region) =
                logs.region.as_deref().filter(|region| own.is_some_and(|own| own != *region))
            {
                return say(format!("these logs are in {region}; {target} reads {}", own.unwrap_or("?")));
            }
            let (target, groups) = (target.clone(), logs.groups.clone());
            vec![Command::Goto(Link::Logs { target, groups, at, filter: String::new() })]
        }
        (Action::Traces, _) if what.kind == "trace" => vec![Command::Act(Action::Screen6)],
        _ => say("this widget is about no service"),
    }
}

fn is_chart(kind: &WidgetKind) -> bool {
    matches!(kind, WidgetKind::Metric(metric) if metric.view == View::TimeSeries)
}

fn is_table(kind: &WidgetKind) -> bool {
    matches!(kind, WidgetKind::Metric(metric) if metric.view == View::Table)
}

/// Switches a series off, or on again.
fn toggle(opened: &mut Opened, widget: usize, label: Option<&String>) {
    let Some(label) = label else { return };
    let key = (widget, label.clone());
    if !opened.hidden.remove(&key) {
        opened.hidden.insert(key);
    }
}

/// Shows all series again, or only the chosen one when none was off.
fn only(opened: &mut Opened, widget: usize, labels: &[String]) {
    let cursor = opened.zoom.unwrap_or_default().cursor;
    let before = opened.hidden.len();
    opened.hidden.retain(|(index, _)| *index != widget);
    if opened.hidden.len() == before && labels.len() > 1 {
        let others = labels.iter().enumerate().filter(|(at, _)| *at != cursor);
        opened.hidden.extend(others.map(|(_, label)| (widget, label.clone())));
    }
}

/// `checkout p99  1.41 s  AWS/ApplicationELB TargetResponseTime p99 {LoadBalancer=app/web/1}`
fn line(shown: &Shown, crosshair: Option<Timestamp>, ctx: &Ctx) -> String {
    let value = match crosshair {
        Some(at) => shown.at(at),
        None => shown.value(ctx.now.wall),
    };
    let value = value.map_or_else(|| "no value".to_owned(), |value| value_text(value, shown.unit, false));
    let from = match &shown.spec.source {
        SeriesSource::Expression(text) => text.clone(),
        SeriesSource::Metric(stat) => {
            let dimensions: Vec<String> = stat.dimensions.iter().map(|(n, v)| format!("{n}={v}")).collect();
            format!("{} {} {} {{{}}}", stat.namespace, stat.name, stat.stat, dimensions.join(", "))
        }
    };
    format!("{}  {value}  {from}", shown.data.label)
}
