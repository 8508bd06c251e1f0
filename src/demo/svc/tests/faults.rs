//! Faults as the SDK clients see them, in each protocol; and the count of requests.

use super::Bench;
use crate::demo::fault::Faults;
use crate::demo::sim::Ceiling;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use bytes::Bytes;
use http::Request;
use std::time::Duration;

/// Error codes of one call to each service.
async fn codes(bench: &Bench) -> Vec<Option<String>> {
    fn code<T, E: ProvideErrorMetadata, R>(result: Result<T, SdkError<E, R>>) -> Option<String> {
        result
            .err()
            .and_then(|error| error.as_service_error().and_then(|error| error.code().map(str::to_owned)))
    }
    let config = &bench.config;
    let graph = aws_sdk_xray::Client::new(config)
        .get_service_graph()
        .start_time(bench.ago(60))
        .end_time(bench.ago(0));
    vec![
        code(aws_sdk_cloudwatch::Client::new(config).describe_alarms().send().await),
        code(aws_sdk_cloudwatchlogs::Client::new(config).describe_log_groups().send().await),
        code(aws_sdk_ecs::Client::new(config).list_clusters().send().await),
        code(aws_sdk_elasticloadbalancingv2::Client::new(config).describe_load_balancers().send().await),
        code(aws_sdk_lambda::Client::new(config).list_functions().send().await),
        code(graph.send().await),
        code(aws_sdk_sts::Client::new(config).get_caller_identity().send().await),
    ]
}

#[tokio::test]
async fn each_service_refuses_in_its_own_code() {
    let bench = Bench::new("quiet");
    let denied = "AccessDeniedException";
    let expired = "ExpiredTokenException";
    for (fault, expected) in [
        (
            "throttle",
            [
                "Throttling",
                "ThrottlingException",
                "ThrottlingException",
                "Throttling",
                "TooManyRequestsException",
                "ThrottledException",
                "Throttling",
            ],
        ),
        ("deny", [denied, denied, denied, "AccessDenied", denied, denied, "AccessDenied"]),
        ("expire", [expired, expired, expired, "ExpiredToken", expired, expired, "ExpiredToken"]),
    ] {
        bench.sim.set_faults(Faults::parse([format!("*:*={fault}").as_str()]).unwrap());
        assert_eq!(codes(&bench).await, expected.map(|code| Some(code.to_owned())), "{fault}");
    }
    bench.sim.set_faults(Faults::default());
    assert!(codes(&bench).await.iter().all(Option::is_none));
}

#[tokio::test]
async fn a_denial_names_the_action() {
    let bench = Bench::new("quiet");
    bench.sim.add_fault("ecs:ListServices=deny*1".parse().unwrap());
    let client = aws_sdk_ecs::Client::new(&bench.config);
    let error = client.list_services().cluster("shop").send().await.unwrap_err();
    assert!(
        error.message().unwrap().contains("is not authorized to perform: ecs:ListServices on resource: *")
    );
    assert!(aws_types::request_id::RequestId::request_id(&error).is_some());
    client.list_services().cluster("shop").send().await.unwrap();
}

#[tokio::test]
async fn cut_bodies_and_foreign_pages_are_not_service_errors() {
    let bench = Bench::new("quiet");
    for fault in ["cut:20", "garbage", "garbage:502"] {
        bench.sim.set_faults(Faults::parse([format!("*:*={fault}").as_str()]).unwrap());
        let alarms =
            aws_sdk_cloudwatch::Client::new(&bench.config).describe_alarms().send().await.unwrap_err();
        assert_eq!(alarms.code(), None, "{fault}: {alarms:?}");
        let clusters = aws_sdk_ecs::Client::new(&bench.config).list_clusters().send().await.unwrap_err();
        assert_eq!(clusters.code(), None, "{fault}: {clusters:?}");
        let identity =
            aws_sdk_sts::Client::new(&bench.config).get_caller_identity().send().await.unwrap_err();
        assert_eq!(identity.code(), None, "{fault}: {identity:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delay_waits_by_the_clients_sleep() {
    let bench = Bench::new("quiet");
    bench.sim.set_faults(Faults::parse(["sts:*=delay:8s"]).unwrap());
    let client = aws_sdk_sts::Client::new(&bench.config);
    let answered = tokio::time::timeout(Duration::from_millis(7_900), client.get_caller_identity().send());
    assert!(answered.await.is_err());
    let answered = tokio::time::timeout(Duration::from_millis(8_100), client.get_caller_identity().send());
    answered.await.unwrap().unwrap();
}

#[tokio::test]
async fn requests_are_counted_by_second() {
    let bench = Bench::new("quiet");
    let client = aws_sdk_sts::Client::new(&bench.config);
    for _ in 0..3 {
        client.get_caller_identity().send().await.unwrap();
    }
    bench.advance(1);
    client.get_caller_identity().send().await.unwrap();
    let expected = Ceiling {
        service: "sts".into(),
        operation: "GetCallerIdentity".into(),
        total: 4,
        peak_per_second: 3,
    };
    assert_eq!(bench.sim.ceilings(), [expected]);
}

#[test]
fn what_is_not_simulated_says_so() {
    let bench = Bench::new("quiet");
    let authorization = "AWS4-HMAC-SHA256 Credential=AKID/20261122/eu-west-1/ecs/aws4_request, Signature=0";
    let request = |region_ok: bool, target: &str, body: &'static [u8]| {
        let authorization =
            if region_ok { authorization.to_owned() } else { authorization.replace("eu-west-1", "Nowhere") };
        let builder = Request::builder().method("POST").uri("/").header("authorization", authorization);
        let builder =
            builder.header("content-type", "application/x-amz-json-1.1").header("x-amz-target", target);
        builder.body(Bytes::from_static(body)).unwrap()
    };
    for (request, expected) in [
        (request(true, "E.DeleteService", b"{}"), "UnknownOperationException"),
        (request(true, "E.ListClusters", b"{"), "SerializationException"),
        (request(false, "E.ListClusters", b"{}"), "InvalidSignatureException"),
    ] {
        let response = bench.sim.respond(&request);
        assert_eq!(response.status(), 400);
        assert!(String::from_utf8_lossy(response.body()).contains(expected), "{response:?}");
    }
}
