//! Dashboards: the account's own and local files, drawn on their grid, with the metrics they name.
//!
//! `model.rs` and `metric.rs` say what a dashboard is, `parse/` reads a body, `layout.rs` maps the grid to
//! cells, `plan.rs` and `pack.rs` make the fewest calls for what is on screen, `source.rs` has the SDK,
//! `data.rs` what came back. `pane.rs` is the screen, `opened.rs` what an opened dashboard remembers, `verbs.rs`
//! what its widgets answer to; `shown.rs` puts rows and answers together, `view/` draws.

mod about;
mod data;
mod export;
mod expression;
mod label;
mod layout;
mod link;
mod metric;
mod model;
mod opened;
mod pack;
mod pane;
#[cfg(test)]
mod pane_tests;
mod parse;
mod plan;
#[cfg(test)]
mod plan_tests;
pub mod shown;
mod source;
mod verbs;
pub mod view;

pub use about::{About, found};
pub use data::{Ask, Company, DashboardData, DataQuery, Draw, DrawnAs, RowData, RowKey, Scope, Stretch};
pub use layout::{Board, Spot, layout};
pub use metric::{
    Annotations, Axis, Fill, Horizontal, Legend, Level, Mark, MetricWidget, SeriesSource, SeriesSpec, Side,
    Summary, TableOptions, Vertical, View,
};
pub use model::{
    AlarmSort, AlarmsWidget, COLUMNS, Census, Dashboard, DashboardList, Explained, Found, Key, ListQuery,
    Listed, LocalDashboard, LogGroups, Moment, Name, Origin, OwnRange, PeriodOverride, Place, Replaces, Rgb,
    TextWidget, Variable, Widget, WidgetKind,
};
pub use pack::{Call, pack};
pub use pane::DashboardsPane;
pub use parse::{MAX_BYTES, parse};
pub use plan::{PlanCtx, plan, resolve};
pub use source::{BodySource, DataSource, ListSource, read_files};
