//! Event-stream frames, as Live Tail answers them.
//!
//! JSON 1.1 streams open with an `initial-response` frame, which botocore insists on and the Rust SDK
//! accepts; then one frame per event.

use super::{
    json,
    value::{Value, object},
};
use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;

/// The frame that opens a stream.
pub fn opening() -> Bytes {
    event("initial-response", &Value::empty())
}

/// One event's frame.
pub fn event(name: &'static str, payload: &Value) -> Bytes {
    frame("event", ":event-type", name, payload)
}

/// The frame of an error that ends a stream.
pub fn exception(name: &'static str, message: &'static str) -> Bytes {
    frame("exception", ":exception-type", name, &object([("message", message.into())]))
}

fn frame(kind: &'static str, name_header: &'static str, name: &'static str, payload: &Value) -> Bytes {
    let text = |value: &'static str| HeaderValue::String(value.into());
    let message = Message::new(json::encode(payload))
        .add_header(Header::new(":message-type", text(kind)))
        .add_header(Header::new(name_header, text(name)))
        .add_header(Header::new(":content-type", text("application/json")));
    let mut bytes = Vec::new();
    // Fails only for headers longer than 32 KB.
    if write_message_to(&message, &mut bytes).is_err() {
        bytes.clear();
    }
    bytes.into()
}
