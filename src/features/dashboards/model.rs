//! What a dashboard is: its widgets as they are drawn, not as they were written. Pure data.
//!
//! `parse/` makes these out of a body, `metric.rs` has what is inside a metric widget, `data.rs` what
//! CloudWatch answered. Places are on AWS's grid of 24 columns; `layout.rs` turns them into cells. Colours
//! here are what the body says; what the terminal makes of them is for the view.

use super::metric::MetricWidget;
use crate::aws::TargetId;
use crate::features::alarms::AlarmState;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Columns of the grid.
pub const COLUMNS: u16 = 24;

/// Where a dashboard comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// A file on this machine, given with `--dashboard`. Before those of the account.
    File,
    /// The account's, in `CloudWatch`.
    Account,
}

/// Which dashboard of a target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name {
    /// Where it comes from.
    pub origin: Origin,
    /// Its name: unique in an account, of a file its name without `.json`.
    pub name: String,
}

impl Name {
    /// A dashboard of the account.
    pub fn account(name: impl Into<String>) -> Self {
        Self { origin: Origin::Account, name: name.into() }
    }

    /// A dashboard in a file.
    pub fn file(name: impl Into<String>) -> Self {
        Self { origin: Origin::File, name: name.into() }
    }
}

/// A dashboard of a target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Where its metrics are read, and where it is stored unless it is a file.
    pub target: TargetId,
    /// Which.
    pub name: Name,
}

/// A row of the list of dashboards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// When it was last written.
    pub modified: Option<Timestamp>,
    /// How long its body is, in bytes.
    pub bytes: Option<u64>,
    /// What its metrics are about; `None` when its body was not read.
    pub about: Option<BTreeSet<String>>,
}

/// All dashboards of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DashboardList {
    /// By name.
    pub dashboards: Vec<Listed>,
    /// There are more than are kept.
    pub more: bool,
    /// Why bodies that were to be looked into could not be read.
    pub unread: Option<String>,
}

/// A dashboard given as a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocalDashboard {
    /// The file as it was given.
    pub path: String,
    /// What is in it.
    pub found: Found,
    /// What its metrics are about.
    pub about: BTreeSet<String>,
}

/// What is asked about all dashboards of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListQuery {
    /// Look into each one for what its metrics are about.
    pub bodies: bool,
}

/// A dashboard as it was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Which.
    pub name: Name,
    /// What is in it, or why that cannot be read: one line.
    pub dashboard: Result<Dashboard, String>,
}

/// One dashboard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dashboard {
    /// Which.
    pub name: Name,
    /// In the order of the body; [`Widget::index`] is the place here.
    pub widgets: Vec<Widget>,
    /// The time range it was made for; `None` leaves it to the console.
    pub range: Option<OwnRange>,
    /// Whether widgets keep the period they were written with.
    pub period_override: PeriodOverride,
    /// What can be chosen on it.
    pub variables: Vec<Variable>,
    /// What was odd about the body, one line each: unknown keys, values that were not understood.
    pub remarks: Vec<String>,
    /// Keys of the body that mean nothing here, as they were written.
    #[serde(with = "crate::text::as_json")]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

impl Dashboard {
    /// A widget by its place in the body.
    pub fn widget(&self, index: usize) -> Option<&Widget> {
        self.widgets.get(index)
    }

    /// The values of all dimensions that its metrics and searches name, and the names of its alarms.
    pub fn about(&self) -> BTreeSet<String> {
        let mut about = BTreeSet::new();
        for widget in &self.widgets {
            match &widget.kind {
                WidgetKind::Metric(metric) => {
                    about.extend(metric.dimension_values());
                    about.extend(metric.annotations.alarms.iter().filter_map(|arn| alarm_name(arn)));
                }
                WidgetKind::Alarms(alarms) => {
                    about.extend(alarms.alarms.iter().filter_map(|arn| alarm_name(arn)));
                }
                WidgetKind::Text(_) | WidgetKind::Explained(_) => {}
            }
        }
        about
    }

    /// How many widgets are drawn, explained, failed.
    pub fn census(&self) -> Census {
        let mut census = Census::default();
        for widget in &self.widgets {
            match &widget.kind {
                WidgetKind::Explained(what) if what.failed => census.failed += 1,
                WidgetKind::Explained(_) => census.explained += 1,
                _ => census.drawn += 1,
            }
        }
        census
    }
}

fn alarm_name(arn: &str) -> Option<String> {
    arn.split_once(":alarm:").map(|(_, name)| name.to_owned())
}

/// What became of a dashboard's widgets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    /// Drawn.
    pub drawn: usize,
    /// A box that says what it is and where to look.
    pub explained: usize,
    /// A box that says why it cannot be read.
    pub failed: usize,
}

/// Whose word counts for periods (`periodOverride`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PeriodOverride {
    /// They adapt to the time range; never finer than written.
    #[default]
    Auto,
    /// Each widget keeps its own, as far as CloudWatch keeps the data.
    Inherit,
}

/// A moment as dashboards write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Moment {
    /// So many seconds before now.
    Ago(i64),
    /// A fixed time.
    At(Timestamp),
}

/// A time range that a dashboard or a widget brings along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OwnRange {
    /// Where it starts.
    pub start: Moment,
    /// Where it ends; now, unless said.
    pub end: Moment,
}

/// One widget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Widget {
    /// Its place in the body: what data and focus know it by.
    pub index: usize,
    /// Its title, one line; empty when it has none.
    pub title: String,
    /// Where it stands, after missing places and overlaps were settled.
    pub place: Place,
    /// What it shows.
    pub kind: WidgetKind,
    /// What was odd about it, one line each.
    pub remarks: Vec<String>,
    /// Properties that mean nothing here, as they were written.
    #[serde(with = "crate::text::as_json")]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

/// A place on the grid of 24 columns; no two widgets of a [`Dashboard`] share a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Column, from 0.
    pub x: u16,
    /// Row, from 0.
    pub y: u32,
    /// Columns, 1 to 24.
    pub width: u16,
    /// Rows, 1 to 1000.
    pub height: u16,
}

/// What a widget shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum WidgetKind {
    /// Metrics, or the metric of an alarm.
    Metric(Box<MetricWidget>),
    /// Text.
    Text(TextWidget),
    /// States of alarms.
    Alarms(AlarmsWidget),
    /// Something that is not drawn, with what it is and where to look; or something broken.
    Explained(Explained),
}

/// A text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextWidget {
    /// Markdown; lines are kept.
    pub markdown: String,
    /// No box of its own (`"background": "transparent"`).
    pub transparent: bool,
}

/// A grid of alarm states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmsWidget {
    /// ARNs, in the order of the body.
    pub alarms: Vec<String>,
    /// Their order on screen.
    pub sort: AlarmSort,
    /// Only alarms in these states; empty means all.
    pub states: Vec<AlarmState>,
}

/// The order of an alarm grid (`sortBy`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlarmSort {
    /// By name.
    #[default]
    Name,
    /// By state, then the newest change first.
    State,
    /// The newest change first.
    Recent,
}

/// A box of words in place of a drawing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// The type as the body has it.
    pub kind: String,
    /// What it is, or why it is not drawn: one sentence.
    pub why: String,
    /// Where to look instead: one sentence; empty when there is no such place.
    pub look: String,
    /// What it would have shown, for a query its text. Lines are kept.
    pub text: String,
    /// The log groups that a query reads, and their region when it names one.
    pub logs: Option<LogGroups>,
    /// It is broken: it should have been drawn.
    pub failed: bool,
}

/// Log groups that a widget names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogGroups {
    /// Their region; `None` is the target's.
    pub region: Option<String>,
    /// Their names, never empty.
    pub groups: Vec<String>,
}

/// Something to choose on a dashboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub label: String,
    /// What it replaces.
    pub replaces: Replaces,
    /// The value in force: its default, or the first of its values.
    pub value: Option<String>,
    /// What may be chosen: value and label.
    pub values: Vec<(String, String)>,
}

/// What a variable replaces in the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Replaces {
    /// The value of this property, or of the dimension of this name.
    Property(String),
    /// What matches this regular expression.
    Pattern(String),
}

/// A colour as the body writes it: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rgb(pub u8, pub u8, pub u8);
