//! From a dashboard's body to a [`Dashboard`]: softly, because CloudWatch takes bodies with warnings and
//! templates leave odd ones behind. Pure.
//!
//! Only a body that is no JSON object fails. A widget that cannot be read becomes a box that says why; a
//! value that cannot be read a remark; what means nothing here is kept as it is. `read.rs` reads values,
//! `rows.rs` metrics, `place.rs` settles the grid. All text is made safe on the way in.

mod annotations;
mod explain;
mod metric;
mod place;
mod read;
mod rows;
mod variables;

#[cfg(test)]
mod tests;

use super::model::{
    AlarmSort, AlarmsWidget, Dashboard, Name, Origin, PeriodOverride, TextWidget, Widget, WidgetKind,
};
use crate::features::alarms::AlarmState;
use read::{Props, block, line, shown};
use serde_json::Value;

/// Widgets of a dashboard that AWS allows.
const MAX_WIDGETS: usize = 500;
/// Bytes of a body that are read.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Alarms of one widget that AWS allows.
const MAX_ALARMS: usize = 100;
/// Bytes of a text that are kept.
const MAX_TEXT: usize = 64 * 1024;

/// Reads a body.
///
/// # Errors
/// One line that says why it is no dashboard at all: too long, no JSON (with line and column), no object.
pub fn parse(name: Name, body: &str) -> Result<Dashboard, String> {
    if body.len() > MAX_BYTES {
        return Err(format!("the body has {} bytes; {MAX_BYTES} are read", body.len()));
    }
    let mut root = object(body)?;
    let mut remarks = Vec::new();
    let mut variables = variables::variables(root.list("variables"), &mut remarks);
    if let Some(replaced) = variables::replace_patterns(body, &variables, &mut remarks) {
        match object(&replaced) {
            Ok(mut with_values) => {
                with_values.take("variables");
                root = with_values;
            }
            Err(problem) => {
                remarks.push(format!("the values of variables break the body ({problem}): shown as written"));
                for variable in &mut variables {
                    variable.value = None;
                }
            }
        }
    }
    let values = variables::chosen(&variables);
    let mut widgets = widgets(root.list("widgets"), &values, &mut remarks);
    if name.origin == Origin::File {
        for widget in &mut widgets {
            if let WidgetKind::Explained(what) = &mut widget.kind {
                explain::of_file(what);
            }
        }
    }
    let period_override = root.read("periodOverride", "auto or inherit", |value| match value.as_str()? {
        "auto" => Some(PeriodOverride::Auto),
        "inherit" => Some(PeriodOverride::Inherit),
        _ => None,
    });
    let range = metric::range(&mut root);
    let (unknown, own) = root.rest();
    remarks.extend(own);
    Ok(Dashboard {
        name,
        widgets,
        range,
        period_override: period_override.unwrap_or_default(),
        variables,
        remarks,
        unknown,
    })
}

fn object(body: &str) -> Result<Props, String> {
    let value: Value = serde_json::from_str(body)
        .map_err(|error| format!("the body is no JSON: {}", line(&error.to_string())))?;
    match value {
        Value::Object(_) => Ok(Props::new(Some(value), "the body")),
        other => Err(format!("the body is no JSON object but {}", shown(&other))),
    }
}

fn widgets(list: Vec<Value>, values: &[(String, String)], remarks: &mut Vec<String>) -> Vec<Widget> {
    let left_out = list.len().saturating_sub(MAX_WIDGETS);
    if left_out > 0 {
        remarks.push(format!("{left_out} widgets over {MAX_WIDGETS} are left out"));
    }
    let list = list.into_iter().take(MAX_WIDGETS);
    let (wanted, mut widgets): (Vec<_>, Vec<_>) =
        list.enumerate().map(|(index, value)| widget(index, value, values)).unzip();
    for (widget, place) in widgets.iter_mut().zip(place::settle(&wanted)) {
        widget.place = place;
    }
    widgets
}

/// One widget; its place is settled when all are known.
fn widget(index: usize, mut value: Value, values: &[(String, String)]) -> (place::Wanted, Widget) {
    if !values.is_empty()
        && let Some(properties) = value.get_mut("properties")
    {
        variables::replace_properties(properties, values);
    }
    let is_object = value.is_object();
    let mut envelope = Props::new(Some(value), "the widget");
    let wanted = place::wanted(&mut envelope);
    let kind = envelope.text("type");
    let mut props = envelope.inner("properties");
    let title = props.text("title").unwrap_or_default();
    let kind = match kind.as_deref() {
        _ if !is_object => {
            let why = envelope.remarks.pop().unwrap_or_default();
            WidgetKind::Explained(explain::broken("?", why))
        }
        None => WidgetKind::Explained(explain::broken("?", "It has no type.")),
        Some("metric") => metric_kind(&mut props, values),
        Some("text") => text_kind(&mut props),
        Some("alarm") => alarm_kind(&mut props),
        Some(other) => WidgetKind::Explained(explain::other(other, &mut props)),
    };
    let (mut unknown, mut remarks) = envelope.rest();
    let (own, own_remarks) = props.rest();
    unknown.extend(own);
    remarks.extend(own_remarks);
    let place = super::model::Place { x: 0, y: 0, width: wanted.width, height: wanted.height };
    (wanted, Widget { index, title, place, kind, remarks, unknown })
}

fn metric_kind(props: &mut Props, values: &[(String, String)]) -> WidgetKind {
    let metric = metric::metric(props, values);
    let rows_failed = props.remarks.iter().find(|remark| remark.starts_with("row ")).cloned();
    match (metric.series.is_empty() && metric.annotations.alarms.is_empty(), rows_failed) {
        (false, _) => WidgetKind::Metric(Box::new(metric)),
        (true, Some(why)) => {
            WidgetKind::Explained(explain::broken("metric", format!("No row can be read; {why}")))
        }
        (true, None) => WidgetKind::Explained(explain::no_metrics(props)),
    }
}

fn text_kind(props: &mut Props) -> WidgetKind {
    let markdown = props.read("markdown", "a text", |value| {
        let (text, _) = crate::text::cap(value.as_str()?, MAX_TEXT);
        Some(block(text))
    });
    match markdown {
        Some(markdown) => {
            let transparent = props.text("background").as_deref() == Some("transparent");
            WidgetKind::Text(TextWidget { markdown, transparent })
        }
        None => WidgetKind::Explained(explain::broken("text", "It has no text.")),
    }
}

fn alarm_kind(props: &mut Props) -> WidgetKind {
    let list = props.list("alarms");
    let left_out = list.len().saturating_sub(MAX_ALARMS);
    if left_out > 0 {
        props.remarks.push(format!("{left_out} alarms over {MAX_ALARMS} are left out"));
    }
    let alarms: Vec<String> = list.iter().filter_map(Value::as_str).map(line).take(MAX_ALARMS).collect();
    if alarms.is_empty() {
        return WidgetKind::Explained(explain::broken("alarm", "It names no alarms."));
    }
    let sort = props.read("sortBy", "an order", |value| match value.as_str()? {
        "default" => Some(AlarmSort::Name),
        "stateUpdatedTimestamp" => Some(AlarmSort::State),
        "timestamp" => Some(AlarmSort::Recent),
        _ => None,
    });
    let states = props.list("states");
    let states = states.iter().filter_map(Value::as_str).map(|word| AlarmState::parse(&line(word))).collect();
    WidgetKind::Alarms(AlarmsWidget { alarms, sort: sort.unwrap_or_default(), states })
}
