//! Segments put into moto and read back: it keeps documents byte for byte, so what is printed must be the same
//! as from the documents themselves.

use super::{connect, moto};
use crate::common::poll;
use eyewall::app::Window;
use eyewall::aws::ErrorClass;
use eyewall::cli::picture;
use eyewall::features::traces::{ListQuery, ListSource, Trace, TraceQuery, TraceSource, id_in, print, read};
use eyewall::features::{Payload, Query};
use eyewall::text::Zone;
use eyewall::theme::Theme;
use std::path::Path;

fn printed(trace: &Trace) -> String {
    picture::text(&print::picture(trace, 110, &Zone::utc(), &Theme::plain()))
}

/// The documents of a saved answer.
fn documents(name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces").join(name));
    let answer: serde_json::Value = serde_json::from_str(&text.unwrap()).unwrap();
    let segments = answer["Traces"][0]["Segments"].as_array().unwrap();
    segments.iter().map(|segment| segment["Document"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn segments_kept_by_moto_come_back_as_the_trace_they_were() {
    let Some(server) = moto("segments_kept_by_moto") else { return };
    let (conn, clock) = connect(server).await;
    for name in ["fault.json", "dynamodb.json"] {
        let documents = documents(name);
        let expected = read::trace(None, documents.iter().map(String::as_str));
        // As daemons and SDKs do: several documents in one request, in whatever order they ended.
        let put = conn.xray().put_trace_segments().set_trace_segment_documents(Some(documents));
        let answer = put.send().await.unwrap();
        assert_eq!(answer.unprocessed_trace_segments(), [], "{name}");

        let id = expected.id.unwrap();
        let mut source = TraceSource::new(&conn);
        let payload = poll(&mut source, &Query::Trace(TraceQuery { id }), clock).await;
        let Ok(Payload::Trace(read)) = payload else { panic!("{name}: {payload:?}") };
        let trace = read.trace.unwrap_or_else(|| panic!("{name} was not kept"));
        assert_eq!(printed(&trace), printed(&expected), "{name}");
        insta::assert_snapshot!(format!("moto_{name}"), printed(&trace));
    }

    let none = id_in("1-6743f1c2-ffffffffffffffffffffffff").unwrap();
    let payload = poll(&mut TraceSource::new(&conn), &Query::Trace(TraceQuery { id: none }), clock).await;
    match payload {
        Ok(Payload::Trace(read)) => assert!(read.trace.is_none(), "an unknown id has no trace"),
        other => panic!("{other:?}"),
    }
}

/// moto's list is not what the API models say, which must not look like no traces.
#[tokio::test]
async fn a_list_of_another_shape_is_told_as_such() {
    let Some(server) = moto("a_list_of_another_shape") else { return };
    let (conn, clock) = connect(server).await;
    let began = clock.wall().as_second() - 120;
    let document = format!(
        r#"{{"trace_id":"1-{began:08x}-00000000000000000000feed","id":"00000000000000aa","name":"checkout",
            "start_time":{began}.0,"end_time":{began}.5}}"#
    );
    let put = conn.xray().put_trace_segments().trace_segment_documents(document).send().await.unwrap();
    assert_eq!(put.unprocessed_trace_segments(), []);
    let list = Query::Traces(ListQuery { window: Window::Live { secs: 900 }, expression: String::new() });
    let error = poll(&mut ListSource::new(&conn), &list, clock).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::NotAws, "{error:?}");
    assert!(!error.message.is_empty() && !error.advice.is_empty(), "{error:?}");
}
