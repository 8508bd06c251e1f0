//! Annotations of a metric widget: lines, bands, times, alarms.
//!
//! A band is a list of two where a line stands alone; a thing without its list is taken as one (both occur
//! in AWS's own examples). What is not visible is left out.

use super::read::{Props, color, line, number, time};
use super::rows::side;
use crate::features::dashboards::metric::{Annotations, Fill, Horizontal, Level, Mark, Vertical};
use serde_json::Value;

/// Annotations that are drawn at most.
const MAX: usize = 100;

/// Reads `annotations`.
pub fn annotations(value: Option<Value>, remarks: &mut Vec<String>) -> Annotations {
    let mut props = Props::new(value, "annotations");
    let mut read = Annotations::default();
    for value in props.list("horizontal").into_iter().take(MAX) {
        read.horizontal.extend(horizontal(value, &mut props.remarks));
    }
    for value in props.list("vertical").into_iter().take(MAX) {
        read.vertical.extend(vertical(value, &mut props.remarks));
    }
    let arns = props.list("alarms");
    read.alarms = arns.iter().filter_map(Value::as_str).map(line).take(MAX).collect();
    remarks.extend(props.rest().1.into_iter().map(|remark| format!("annotations: {remark}")));
    read
}

/// One or two ends.
fn ends(value: Value) -> (Option<Value>, Option<Value>) {
    match value {
        Value::Array(list) => {
            let mut list = list.into_iter();
            (list.next(), list.next())
        }
        single => (Some(single), None),
    }
}

fn horizontal(value: Value, remarks: &mut Vec<String>) -> Option<Horizontal> {
    let (first, second) = ends(value);
    let mut first = Props::new(first, "a horizontal annotation");
    let line = level(&mut first);
    let to = second
        .map(|second| Props::new(Some(second), "the end of a band"))
        .and_then(|mut second| level(&mut second));
    let side = first.read("yAxis", "left or right", side).unwrap_or_default();
    let fill = fill(&mut first, "below", "above");
    let visible = first.flag("visible").unwrap_or(true);
    remarks.extend(first.rest().1);
    let Some(line) = line else {
        remarks.push("a horizontal line without a value".to_owned());
        return None;
    };
    let fill = if to.is_some() { Fill::None } else { fill };
    visible.then_some(Horizontal { line, to, fill, side, alarm: false })
}

fn level(props: &mut Props) -> Option<Level> {
    let (value, label) = (props.read("value", "a number", number), props.text("label").unwrap_or_default());
    Some(Level { value: value?, label, color: props.read("color", "a colour", color) })
}

fn vertical(value: Value, remarks: &mut Vec<String>) -> Option<Vertical> {
    let (first, second) = ends(value);
    let mut first = Props::new(first, "a vertical annotation");
    let line = mark(&mut first);
    let to = second
        .map(|second| Props::new(Some(second), "the end of a span"))
        .and_then(|mut second| mark(&mut second));
    let fill = fill(&mut first, "before", "after");
    let visible = first.flag("visible").unwrap_or(true);
    remarks.extend(first.rest().1);
    let Some(line) = line else {
        remarks.push("a vertical line without a time".to_owned());
        return None;
    };
    let fill = if to.is_some() { Fill::None } else { fill };
    visible.then_some(Vertical { line, to, fill })
}

fn mark(props: &mut Props) -> Option<Mark> {
    let at = props.read("value", "a time", |value| time(value.as_str()?));
    let label = props.text("label").unwrap_or_default();
    Some(Mark { at: at?, label, color: props.read("color", "a colour", color) })
}

fn fill(props: &mut Props, before: &str, after: &str) -> Fill {
    let read = props.read("fill", "a side", |value| match value.as_str()? {
        "none" => Some(Fill::None),
        side if side == before => Some(Fill::Before),
        side if side == after => Some(Fill::After),
        _ => None,
    });
    read.unwrap_or_default()
}
