//! The rows of `metrics`: shorthand expanded, options read. One row is one metric or one expression.
//!
//! `.` copies the element at the same place of the row before, by place and not by dimension name; `...`
//! (also as one character) copies as many elements as make both rows equally long. Options are never
//! copied, and rows of expressions are not *the row before* (source: CloudWatch's dashboard body reference;
//! what it leaves open was settled by reading bodies in the wild).

use super::read::{Props, color, line, text};
use crate::features::dashboards::metric::{SeriesSource, SeriesSpec, Side};
use crate::features::metrics::Stat;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Rows of a widget that are read; AWS allows as many.
const MAX_ROWS: usize = 500;
/// Dimensions of a metric that AWS allows.
const MAX_DIMENSIONS: usize = 30;

/// What rows without options of their own take from their widget.
pub struct Defaults<'a> {
    /// The statistic.
    pub stat: &'a str,
    /// Account of the widget.
    pub account: Option<&'a str>,
    /// Values in force of the dashboard's variables, by dimension name.
    pub values: &'a [(String, String)],
}

/// The rows that can be read, and what is wrong with the others.
pub fn rows(list: Vec<Value>, defaults: &Defaults, remarks: &mut Vec<String>) -> Vec<SeriesSpec> {
    let mut series = Vec::new();
    let mut before: Vec<String> = Vec::new();
    let left_out = list.len().saturating_sub(MAX_ROWS);
    for (row, value) in nested(list).into_iter().take(MAX_ROWS).enumerate() {
        match one(row, value, &mut before, defaults, remarks) {
            Ok(spec) => series.push(spec),
            Err(problem) => remarks.push(format!("row {}: {problem}", row + 1)),
        }
    }
    if left_out > 0 {
        remarks.push(format!("{left_out} rows over {MAX_ROWS} are left out"));
    }
    for (place, spec) in series.iter().enumerate() {
        let twice = series.iter().take(place).any(|other| spec.id.is_some() && other.id == spec.id);
        if let (true, Some(id)) = (twice, &spec.id) {
            remarks.push(format!("row {}: the id {id} is taken already", spec.row + 1));
        }
    }
    series
}

/// AWS's own example has `"metrics": ["AWS/Lambda", "Errors"]`: one row that is not in a list of rows.
fn nested(list: Vec<Value>) -> Vec<Value> {
    if list.first().is_some_and(Value::is_string) { vec![Value::Array(list)] } else { list }
}

fn one(
    row: usize,
    value: Value,
    before: &mut Vec<String>,
    defaults: &Defaults,
    remarks: &mut Vec<String>,
) -> Result<SeriesSpec, String> {
    let (elements, options) = split(value)?;
    let mut options = Props::new(Some(Value::Object(options)), "options");
    // Queries are written over several lines, where a space does as well.
    let expression = options.read("expression", "a text", |value| {
        value.as_str().map(|text| line(&text.replace(['\n', '\r', '\t'], " ")))
    });
    let stat = options.text("stat").unwrap_or_else(|| defaults.stat.to_owned());
    let source = if elements.is_empty() {
        let expression = expression.filter(|text| !text.trim().is_empty());
        SeriesSource::Expression(with_values(
            expression.ok_or("it names neither a metric nor an expression")?,
            defaults.values,
        ))
    } else {
        let full = expand(elements, before)?;
        let metric = metric(&full, stat, defaults.values)?;
        *before = full;
        SeriesSource::Metric(Arc::new(metric))
    };
    let id = options.read("id", "an id (a lower-case letter, then letters, digits and _)", id);
    let spec = SeriesSpec {
        row,
        id,
        source,
        label: options.text("label"),
        region: options.region("region"),
        account: account(&mut options).or_else(|| defaults.account.map(str::to_owned)),
        period: options.whole("period").filter(|period| *period > 0),
        color: options.read("color", "a colour", color),
        side: options.read("yAxis", "left or right", side).unwrap_or_default(),
        visible: options.flag("visible").unwrap_or(true),
    };
    remarks.extend(options.rest().1.into_iter().map(|remark| format!("row {}: {remark}", row + 1)));
    Ok(spec)
}

/// An account's id. An example of AWS's spells the key with a capital D.
pub fn account(props: &mut Props) -> Option<String> {
    let digits =
        |value: &Value| text(value).filter(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()));
    let own = props.read("accountId", "an account id", digits);
    own.or_else(|| props.read("accountID", "an account id", digits))
}

/// Left or right.
pub fn side(value: &Value) -> Option<Side> {
    match value.as_str()? {
        "left" => Some(Side::Left),
        "right" => Some(Side::Right),
        _ => None,
    }
}

fn id(value: &Value) -> Option<String> {
    let id = value.as_str()?;
    let fits = id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.len() <= 255
        && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    fits.then(|| id.to_owned())
}

/// The elements of a row, and its options, which stand last.
fn split(value: Value) -> Result<(Vec<String>, Map<String, Value>), String> {
    let list = match value {
        Value::Array(list) => list,
        // An expression that was not put into a list of its own.
        Value::Object(options) => return Ok((Vec::new(), options)),
        other => return Err(format!("it is not a list: {}", super::read::shown(&other))),
    };
    let (mut elements, mut options) = (Vec::with_capacity(list.len()), Map::new());
    for value in list {
        match value {
            Value::Object(map) => options.extend(map),
            other => elements.push(
                text(&other)
                    .ok_or_else(|| format!("it holds what is no text: {}", super::read::shown(&other)))?,
            ),
        }
    }
    Ok((elements, options))
}

/// The row without shorthand.
fn expand(elements: Vec<String>, before: &[String]) -> Result<Vec<String>, String> {
    let is_rest = |element: &String| matches!(element.as_str(), "..." | "…");
    let full = match elements.iter().position(is_rest) {
        None => elements,
        Some(_) if before.is_empty() => return Err("`...` with no metric before it".into()),
        Some(head) => {
            let tail = elements.len() - head - 1;
            let from = before.iter().take(before.len().saturating_sub(tail)).skip(head);
            let explicit = elements.iter().take(head).chain(from).chain(elements.iter().skip(head + 1));
            explicit.cloned().collect()
        }
    };
    full.into_iter()
        .enumerate()
        .map(|(place, element)| match element.as_str() {
            "." => {
                before.get(place).cloned().ok_or_else(|| format!("`.` at place {} copies nothing", place + 1))
            }
            "..." | "…" => Err("`...` twice".to_owned()),
            _ => Ok(element),
        })
        .collect()
}

fn metric(full: &[String], stat: String, values: &[(String, String)]) -> Result<Stat, String> {
    let (namespace, rest) = full.split_first().ok_or("it is empty")?;
    let (name, pairs) = rest.split_first().ok_or("it names no metric")?;
    let (pairs, odd) = pairs.as_chunks::<2>();
    if let [name] = odd {
        return Err(format!("the dimension {name} has no value"));
    }
    if pairs.len() > MAX_DIMENSIONS {
        return Err(format!("it has {} dimensions; CloudWatch allows {MAX_DIMENSIONS}", pairs.len()));
    }
    let dimension = |[name, value]: &[String; 2]| {
        let chosen = values.iter().find(|(variable, _)| variable == name).map(|(_, value)| value);
        (name.clone(), chosen.unwrap_or(value).clone())
    };
    let dimensions = pairs.iter().map(dimension).collect();
    Ok(Stat { namespace: namespace.clone(), name: name.clone(), dimensions, stat })
}

/// A search with the values of variables put into its `Name="value"` terms.
fn with_values(expression: String, values: &[(String, String)]) -> String {
    values.iter().fold(expression, |text, (name, value)| {
        let marker = format!("{name}=\"");
        let mut parts = text.split(&marker);
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            out.push_str(&marker);
            let longer_name = out.strip_suffix(&marker).is_some_and(|before| {
                before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.'))
            });
            match part.split_once('"') {
                Some((_, rest)) if !longer_name => {
                    // It stands inside the quotes of a search inside the quotes of an expression.
                    out.extend(value.chars().filter(|c| !matches!(c, '"' | '\'' | '\\')));
                    out.push('"');
                    out.push_str(rest);
                }
                _ => out.push_str(part),
            }
        }
        out
    })
}
