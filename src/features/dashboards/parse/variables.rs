//! Variables of a dashboard: what can be chosen, and the defaults put in force.
//!
//! A pattern replaces text in the whole body; a property replaces the value of that key in every widget, or
//! of the dimension of that name (`rows.rs`). A default that AWS would look up first (`__FIRST`) and an
//! empty one leave the body as it is written.

use super::read::Props;
use crate::features::dashboards::model::{Replaces, Variable};
use regex::{NoExpand, RegexBuilder};
use serde_json::Value;

/// Variables that AWS allows.
const MAX_VARIABLES: usize = 25;
/// Values of a variable that AWS allows.
const MAX_VALUES: usize = 500;
/// Bytes that a compiled pattern may take.
const MAX_PATTERN: usize = 1 << 20;
/// The default that stands for the first value found by a search.
const FIRST: &str = "__FIRST";

/// Reads `variables`.
pub fn variables(list: Vec<Value>, remarks: &mut Vec<String>) -> Vec<Variable> {
    let mut read = Vec::new();
    for value in list.into_iter().take(MAX_VARIABLES) {
        let mut props = Props::new(Some(value), "a variable");
        read.extend(variable(&mut props));
        remarks.extend(props.rest().1.into_iter().map(|remark| format!("variable: {remark}")));
    }
    read
}

fn variable(props: &mut Props) -> Option<Variable> {
    let id = props.text("id").unwrap_or_default();
    let replaces = match props.text("type").as_deref() {
        Some("pattern") => props.text("pattern").map(Replaces::Pattern),
        _ => props.text("property").map(Replaces::Property),
    };
    let label = props.text("label").filter(|label| !label.is_empty()).unwrap_or_else(|| id.clone());
    let values = props.list("values").into_iter().take(MAX_VALUES).filter_map(|value| {
        let mut value = Props::new(Some(value), "a value");
        let (text, label) = (value.text("value")?, value.text("label"));
        Some((text.clone(), label.unwrap_or(text)))
    });
    let values = values.collect();
    let default = props.text("defaultValue").filter(|value| !value.is_empty());
    if default.as_deref() == Some(FIRST) {
        props.remarks.push(format!("{label} takes the first value that a search finds: shown as written"));
    }
    let value = default.filter(|value| value != FIRST);
    let Some(replaces) = replaces else {
        props.remarks.push(format!("{label} names nothing to replace"));
        return None;
    };
    Some(Variable { id, label, replaces, value, values })
}

/// The body with the values of patterns put in; `None` when there is nothing to replace.
pub fn replace_patterns(body: &str, variables: &[Variable], remarks: &mut Vec<String>) -> Option<String> {
    let mut text: Option<String> = None;
    for variable in variables {
        let (Replaces::Pattern(pattern), Some(value)) = (&variable.replaces, &variable.value) else {
            continue;
        };
        match RegexBuilder::new(pattern).size_limit(MAX_PATTERN).build() {
            Ok(pattern) => {
                // Inside the quotes of a JSON string.
                let quoted = Value::String(value.clone()).to_string();
                let inside = quoted.trim_matches('"');
                let from = text.as_deref().unwrap_or(body);
                text = Some(pattern.replace_all(from, NoExpand(inside)).into_owned());
            }
            Err(_) => remarks.push(format!("variable {}: its pattern is not understood", variable.label)),
        }
    }
    text
}

/// Puts values into the properties of their name, wherever they stand in a widget.
pub fn replace_properties(value: &mut Value, values: &[(String, String)]) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter_mut() {
                match values.iter().find(|(property, _)| property == key) {
                    Some((_, chosen)) if inner.is_string() || inner.is_number() => {
                        *inner = Value::String(chosen.clone());
                    }
                    _ => replace_properties(inner, values),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| replace_properties(inner, values)),
        _ => {}
    }
}

/// Property variables with the values in force.
pub fn chosen(variables: &[Variable]) -> Vec<(String, String)> {
    let pair = |variable: &Variable| match (&variable.replaces, &variable.value) {
        (Replaces::Property(property), Some(value)) => Some((property.clone(), value.clone())),
        _ => None,
    };
    variables.iter().filter_map(pair).collect()
}
