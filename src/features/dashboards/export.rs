//! What `x` and `snapshot --format json` write: the list, or the opened dashboard with the points that came
//! back. Pure.

use super::data::{DashboardData, RowData};
use super::model::{Dashboard, Origin, Widget, WidgetKind};
use super::opened::Opened;
use super::pane::Row;
use serde_json::{Value, json};

/// The list of dashboards.
pub fn list(rows: &[Row]) -> Option<String> {
    let row = |row: &Row| {
        json!({
            "name": row.key.name.name,
            "target": row.key.target.as_str(),
            "file": row.file.map(|file| file.unwrap_or_else(|problem| problem)),
            "modified": row.modified,
            "bytes": row.bytes,
        })
    };
    serde_json::to_string_pretty(&rows.iter().map(row).collect::<Vec<_>>()).ok()
}

/// The zoomed widget with its data, or all widgets of the dashboard.
pub fn opened(opened: &Opened, dashboard: &Dashboard, data: Option<&DashboardData>) -> Option<String> {
    let rows = |index| data.map(|data| data.widget(index)).unwrap_or_default();
    let one = opened.focus.filter(|_| opened.zoom.is_some()).and_then(|index| dashboard.widget(index));
    if let Some(widget) = one {
        return serde_json::to_string_pretty(&self::widget(widget, rows(widget.index))).ok();
    }
    let census = dashboard.census();
    let widgets: Vec<Value> = dashboard.widgets.iter().map(|w| widget(w, rows(w.index))).collect();
    let all = json!({
        "name": dashboard.name.name,
        "file": dashboard.name.origin == Origin::File,
        "widgets_drawn": census.drawn,
        "widgets_explained": census.explained,
        "widgets_failed": census.failed,
        "remarks": dashboard.remarks,
        "calls": data.map(|data| data.calls),
        "widgets": widgets,
    });
    serde_json::to_string_pretty(&all).ok()
}

fn widget(widget: &Widget, rows: &[RowData]) -> Value {
    let series: Vec<Value> = rows
        .iter()
        .flat_map(|row| row.series.iter().map(move |series| (row, series)))
        .map(|(row, series)| {
            json!({
                "row": row.key.row,
                "label": series.label,
                "period": series.period,
                "status": series.status,
                "points": series.points,
            })
        })
        .collect();
    let problems: Vec<&String> = rows.iter().filter_map(|row| row.problem.as_ref()).collect();
    let (kind, words) = match &widget.kind {
        WidgetKind::Metric(_) => ("metric", Value::Null),
        WidgetKind::Text(text) => ("text", json!(text.markdown)),
        WidgetKind::Alarms(alarms) => ("alarm", json!(alarms.alarms)),
        WidgetKind::Explained(what) => (what.kind.as_str(), json!(what.why)),
    };
    json!({"title": widget.title, "type": kind, "words": words, "series": series, "problems": problems, "remarks": widget.remarks})
}
