//! AWS Query: form parameters in, XML out (STS, load balancers, and CloudWatch when asked so).
//!
//! `A.member.1.B=x` becomes a list of structures. Every scalar arrives as text; `Value`'s accessors
//! read numbers and times out of it. Headers belong to `mod.rs`.

use super::value::Value;
use quick_xml::escape::escape;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Deeper parameter names than any model has; refuses hostile input.
const MAX_DEPTH: usize = 16;

/// The parameters of a form body or a query string, decoded.
pub fn pairs(form: &str) -> impl Iterator<Item = (String, String)> {
    form.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decode(name), percent_decode(value))
    })
}

/// Reads a form body into a tree.
pub fn decode(body: &[u8]) -> Result<Value, String> {
    let form = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    let mut root = Node::default();
    for (name, value) in pairs(form) {
        let path: Vec<&str> = name.split('.').collect();
        if path.len() > MAX_DEPTH {
            return Err(format!("parameter {name} is nested too deeply"));
        }
        let leaf =
            path.into_iter().fold(&mut root, |node, step| node.children.entry(step.to_owned()).or_default());
        leaf.text = Some(value);
    }
    Ok(root.into_structure())
}

/// Writes an answer as `<OpResponse><OpResult>..</OpResult>..</OpResponse>`.
pub fn encode(operation: &str, namespace: &str, result: &Value, request_id: &str) -> String {
    let mut xml = format!("<{operation}Response xmlns=\"{namespace}\">");
    element(&mut xml, &format!("{operation}Result"), result);
    xml.push_str("<ResponseMetadata>");
    element(&mut xml, "RequestId", &Value::Text(Cow::Owned(request_id.to_owned())));
    xml.extend(["</ResponseMetadata></", operation, "Response>"]);
    xml
}

/// Writes an error as AWS Query services do.
pub fn encode_error(namespace: &str, fault: &str, code: &str, message: &str, request_id: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{fault}</Type><Code>{}</Code><Message>{}</Message></Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>",
        escape(legal(code)),
        escape(legal(message)),
    )
}

fn element(xml: &mut String, name: &str, value: &Value) {
    xml.extend(["<", name, ">"]);
    match value {
        Value::Null => {}
        Value::Bool(flag) => xml.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => xml.push_str(&number.to_string()),
        Value::Float(number) => xml.extend([format!("{number:?}")]),
        Value::Text(text) => xml.push_str(&escape(legal(text))),
        Value::Time(time) => xml.extend([format!("{time:.3}")]),
        Value::List(items) => items.iter().for_each(|item| element(xml, "member", item)),
        Value::Map(members) => {
            for (key, value) in members.iter().filter(|(_, value)| *value != Value::Null) {
                element(xml, key, value);
            }
        }
    }
    xml.extend(["</", name, ">"]);
}

/// XML 1.0 has no way to write most control characters, escaped or not.
fn legal(text: &str) -> Cow<'_, str> {
    let illegal = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{7f}'..='\u{9f}');
    if text.contains(illegal) { Cow::Owned(text.replace(illegal, "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// Decodes `%41` and `+`; what is not a valid escape stays as it is.
pub fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = |at: usize| tail.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        rest = match (byte, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                tail.get(2..).unwrap_or_default()
            }
            (b'+', ..) => {
                decoded.push(b' ');
                tail
            }
            _ => {
                decoded.push(byte);
                tail
            }
        };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[derive(Default)]
struct Node {
    text: Option<String>,
    children: BTreeMap<String, Node>,
}

impl Node {
    fn into_structure(self) -> Value {
        Value::Map(
            self.children.into_iter().map(|(key, node)| (Cow::Owned(key), node.into_value())).collect(),
        )
    }

    fn into_value(mut self) -> Value {
        if self.children.is_empty() {
            return self.text.map_or(Value::Null, |text| Value::Text(Cow::Owned(text)));
        }
        let children = match self.children.remove("member") {
            Some(member) if self.children.is_empty() => member.children,
            Some(member) => {
                self.children.insert("member".to_owned(), member);
                self.children
            }
            None => self.children,
        };
        let numbered: Option<Vec<u32>> = children.keys().map(|key| key.parse().ok()).collect();
        match numbered {
            Some(numbers) => {
                let mut items: Vec<_> = numbers.into_iter().zip(children.into_values()).collect();
                items.sort_by_key(|(number, _)| *number);
                Value::List(items.into_iter().map(|(_, node)| node.into_value()).collect())
            }
            None => Self { text: None, children }.into_structure(),
        }
    }
}
