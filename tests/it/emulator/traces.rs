//! X-Ray as moto keeps it: its list of traces is not what the API models say, which must not look like no traces.

use super::{connect, moto};
use crate::common::poll;
use eyewall::app::Window;
use eyewall::aws::ErrorClass;
use eyewall::features::traces::{ListQuery, ListSource, TraceQuery, TraceSource, id_in};
use eyewall::features::{Payload, Query};

#[tokio::test]
async fn a_list_of_another_shape_is_told_as_such_and_documents_are_read_all_the_same() {
    let Some(server) = moto("a_list_of_another_shape") else { return };
    let (conn, clock) = connect(server).await;
    let began = clock.wall().as_second() - 120;
    let id = format!("1-{began:08x}-00000000000000000000feed");
    let document = format!(
        r#"{{"trace_id":"{id}","id":"00000000000000aa","name":"checkout","start_time":{began}.0,"end_time":{began}.5}}"#
    );
    let put = conn.xray().put_trace_segments().trace_segment_documents(document).send().await.unwrap();
    assert!(put.unprocessed_trace_segments().is_empty(), "{put:?}");

    let list = Query::Traces(ListQuery { window: Window::Live { secs: 900 }, expression: String::new() });
    let error = poll(&mut ListSource::new(&conn), &list, clock).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::NotAws, "{error:?}");
    assert!(!error.message.is_empty() && !error.advice.is_empty(), "{error:?}");

    let trace = Query::Trace(TraceQuery { id: id_in(&id).unwrap() });
    let answer = poll(&mut TraceSource::new(&conn), &trace, clock).await;
    let Ok(Payload::Trace(read)) = answer else { panic!("no trace: {answer:?}") };
    let trace = read.trace.expect("moto keeps what was put");
    assert_eq!(trace.spans.len(), 1);
    assert_eq!((trace.spans[0].name.as_str(), trace.spans[0].duration()), ("checkout", Some(500_000)));
}
