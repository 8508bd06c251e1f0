//! Text to [`Config`]: syntax, then unknown keys and words, then types, then the sense of values.
//!
//! Known keys and words are taken from the JSON schema, so there is one list of them. All unknown ones are
//! reported at once, each with its place; serde alone would stop at the first.

use super::{Config, ConfigError, Origin, suggest, validate};
use schemars::generate::SchemaSettings;
use serde_json::Value;
use std::ops::Range;
use toml_edit::{Document, Item, TableLike};

/// Reads a whole file.
pub(super) fn read(origin: Origin<'_>) -> Result<Config, Vec<ConfigError>> {
    let document = Document::parse(origin.text).map_err(|error| vec![origin.syntax(&error)])?;
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<Config>().to_value();
    let mut errors = Vec::new();
    walk(origin, document.as_table(), &schema, "", &mut errors);
    if !errors.is_empty() {
        return Err(errors);
    }
    let deserializer = toml_edit::de::Deserializer::from(document.clone());
    let config: Config = serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let key = error.path().to_string();
        let inner = error.into_inner();
        vec![origin.error(inner.span(), &key, format!("{key}: {}", plain(inner.message())), None)]
    })?;
    let errors = validate::values(&config, origin, &document);
    if errors.is_empty() { Ok(config) } else { Err(errors) }
}

/// Compares a table's keys with the schema's properties, and texts with the words a key may have.
fn walk(
    origin: Origin<'_>,
    table: &dyn TableLike,
    schema: &Value,
    path: &str,
    errors: &mut Vec<ConfigError>,
) {
    // A table whose keys are the user's own, such as `[keys]`, has no properties in the schema.
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    for (key, item) in table.iter() {
        let here = join(path, key);
        let Some(schema) = properties.get(key) else {
            let span = table.key(key).and_then(toml_edit::Key::span).or_else(|| item.span());
            let place = if path.is_empty() { String::new() } else { format!(" in {}", section(path)) };
            let suggestion = suggest(key, properties.keys().map(String::as_str));
            errors.push(origin.error(span, &here, format!("unknown key `{key}`{place}"), suggestion));
            continue;
        };
        let list = schema.get("items");
        if let (Item::Table(table), Some(_)) = (item, list) {
            let message = format!("{here} is a list: its entries begin with [[{here}]]");
            errors.push(origin.error(table.span(), &here, message, None));
            continue;
        }
        for (at, entry) in entries(item) {
            let here = at.map_or_else(|| here.clone(), |at| format!("{here}[{at}]"));
            walk(origin, entry, list.unwrap_or(schema), &here, errors);
        }
        if let (Some(word), Some(words)) = (item.as_str(), words(schema))
            && !words.contains(&word)
        {
            let message = format!("{here}: `{word}` is none of {}", words.join(", "));
            errors.push(origin.error(item.span(), &here, message, suggest(word, words)));
        }
    }
}

/// The tables in an item, however it is written: a table itself, or the entries of a list with their index.
fn entries(item: &Item) -> Vec<(Option<usize>, &dyn TableLike)> {
    if let Some(table) = item.as_table_like() {
        return vec![(None, table)];
    }
    let listed = item.as_array_of_tables().into_iter().flatten().map(|table| table as &dyn TableLike);
    let inline = item.as_array().into_iter().flatten().filter_map(toml_edit::Value::as_inline_table);
    let all = listed.chain(inline.map(|table| table as &dyn TableLike));
    all.enumerate().map(|(at, table)| (Some(at), table)).collect()
}

/// Serde's message in the words of people who write TOML.
fn plain(message: &str) -> String {
    let words = [
        ("invalid type: ", ""),
        ("invalid value: ", ""),
        ("expected a sequence", "expected a list"),
        ("expected a map", "expected a table"),
        ("map, ", "a table, "),
        ("sequence, ", "a list, "),
        ("expected u32", "expected a whole number, 0 or above"),
        ("a boolean", "true or false"),
    ];
    let message = message.lines().collect::<Vec<_>>().join(", ");
    words.iter().fold(message, |message, (from, to)| message.replace(from, to))
}

/// The words a key may have, when it may not have any other.
fn words(schema: &Value) -> Option<Vec<&str>> {
    let variants = schema.get("oneOf")?.as_array()?;
    variants.iter().map(|variant| variant.get("const")?.as_str()).collect()
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// How a table's path reads in the file: `[ui]`, `[[target]]`.
fn section(path: &str) -> String {
    match path.split_once('[') {
        Some((name, _)) => format!("[[{name}]]"),
        None => format!("[{path}]"),
    }
}

/// Where a value stands: `path` goes through tables by key and through lists by index.
pub(super) fn span_of(document: &Document<&str>, path: &[&str]) -> Option<Range<usize>> {
    let mut item: &Item = document.as_item();
    for step in path {
        let found = match step.parse::<usize>() {
            Ok(at) => item.get(at),
            Err(_) => item.get(*step),
        };
        // A value inside a plain list has no item of its own: its list is near enough.
        match found {
            Some(found) => item = found,
            None => break,
        }
    }
    item.span()
}
