//! The wire by tables: the same value in every protocol, requests of every protocol, errors as clients read them.

use super::*;
use jiff::Timestamp;

fn sample() -> Value {
    object([
        ("Text", "a <b> & \"c\" \u{1b}[31m".into()),
        ("Whole", 42.into()),
        ("Double", 20.0.into()),
        ("Flag", true.into()),
        ("When", "2026-11-22T01:02:03.25Z".parse::<Timestamp>().unwrap().into()),
        ("Names", list(["x", "y"])),
        ("Empty", Value::List(Vec::new())),
        ("Absent", Value::Null),
        ("Inner", object([("N", (-1).into())])),
    ])
}

fn request(headers: &[(&str, &str)], uri: &str, body: &[u8]) -> Request<Bytes> {
    let mut builder = Request::builder().method("POST").uri(uri);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Bytes::copy_from_slice(body)).unwrap()
}

fn signed(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKID/20261122/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

#[test]
fn json_is_written_as_aws_writes_it() {
    let text = String::from_utf8(json::encode(&sample())).unwrap();
    assert_eq!(
        text,
        r#"{"Text":"a <b> & \"c\" \u001b[31m","Whole":42,"Double":20.0,"Flag":true,"When":1795309323.25,"Names":["x","y"],"Empty":[],"Inner":{"N":-1}}"#
    );
}

#[test]
fn xml_is_written_as_aws_writes_it() {
    let text = query::encode("Op", "urn:x", &sample(), "id-1");
    assert_eq!(
        text,
        "<OpResponse xmlns=\"urn:x\"><OpResult><Text>a &lt;b&gt; &amp; &quot;c&quot; \u{fffd}[31m</Text><Whole>42</Whole>\
         <Double>20.0</Double><Flag>true</Flag><When>2026-11-22T01:02:03.250Z</When>\
         <Names><member>x</member><member>y</member></Names><Empty></Empty><Inner><N>-1</N></Inner></OpResult>\
         <ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></OpResponse>"
    );
}

#[test]
fn cbor_comes_back_as_it_went() {
    let sent = sample();
    let Value::Map(mut members) = sent.clone() else { panic!("not a map") };
    members.retain(|(_, value)| *value != Value::Null);
    assert_eq!(cbor::decode(&cbor::encode(&sent)), Ok(Value::Map(members)));
    // Tag 1 around a double: what the SDK insists on for times.
    let time = cbor::encode(&Value::Time(Timestamp::from_second(1).unwrap()));
    assert_eq!(time.first(), Some(&0xc1));
    assert!(cbor::decode(b"\xff\xff").is_err());
    assert_eq!(cbor::decode(b""), Ok(Value::empty()));
}

#[test]
fn requests_are_understood_in_every_protocol() {
    let names = object([("AlarmNames", list(["a b", "c"])), ("MaxRecords", 5.into())]);
    let form = b"Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.2=c&AlarmNames.member.1=a+b&MaxRecords=5";
    let target = ("x-amz-target", "GraniteServiceVersion20100801.DescribeAlarms");
    let authorization = signed("monitoring");
    let auth = ("authorization", authorization.as_str());
    for (protocol, request) in [
        (
            Protocol::Cbor,
            request(
                &[auth],
                "/service/GraniteServiceVersion20100801/operation/DescribeAlarms",
                &cbor::encode(&names),
            ),
        ),
        (
            Protocol::Json10,
            request(
                &[auth, target, ("content-type", "application/x-amz-json-1.0")],
                "/",
                &json::encode(&names),
            ),
        ),
        (
            Protocol::Json11,
            request(
                &[auth, target, ("content-type", "application/x-amz-json-1.1")],
                "/",
                &json::encode(&names),
            ),
        ),
        (
            Protocol::Query,
            request(&[auth, ("content-type", "application/x-www-form-urlencoded; charset=utf-8")], "/", form),
        ),
    ] {
        let call = decode(&request).unwrap();
        assert_eq!(call.protocol, protocol);
        assert_eq!(
            (call.service.as_str(), call.operation.as_str(), call.region.as_str()),
            ("cloudwatch", "DescribeAlarms", "eu-west-1")
        );
        assert_eq!(call.input.texts("AlarmNames"), ["a b", "c"], "{protocol:?}");
        assert_eq!(call.input.int("MaxRecords"), Some(5), "{protocol:?}");
    }
}

#[test]
fn query_lists_may_hold_structures() {
    let input =
        query::decode(b"Q.member.1.Id=m1&Q.member.1.Stat.Period=60&Q.member.10.Id=m10&Q.member.2.Id=m2&T=")
            .unwrap();
    let ids: Vec<_> = input.list("Q").iter().filter_map(|query| query.text("Id")).collect();
    assert_eq!(ids, ["m1", "m2", "m10"]);
    assert_eq!(input.list("Q")[0].get("Stat").unwrap().int("Period"), Some(60));
    assert_eq!(input.text("T"), None);
    assert!(query::decode("a.".repeat(40).as_bytes()).is_err());
}

#[test]
fn rest_paths_name_operations() {
    for (service, method, path, form, operation, member) in [
        ("xray", "POST", "/ServiceGraph", "", "GetServiceGraph", None),
        ("xray", "POST", "/TraceSummaries", "", "GetTraceSummaries", None),
        ("xray", "POST", "/Traces", "", "BatchGetTraces", None),
        ("xray", "POST", "/TraceGraph", "", "GetTraceGraph", None),
        ("lambda", "GET", "/2015-03-31/functions/", "MaxItems=5", "ListFunctions", Some(("MaxItems", "5"))),
        (
            "lambda",
            "GET",
            "/2015-03-31/functions/a%3Ab/aliases",
            "",
            "ListAliases",
            Some(("FunctionName", "a:b")),
        ),
        ("lambda", "GET", "/2015-03-31/event-source-mappings", "", "ListEventSourceMappings", None),
        ("lambda", "DELETE", "/2015-03-31/functions/x", "", "DELETE /2015-03-31/functions/x", None),
    ] {
        let (found, input) = rest::decode(service, method, path, form, b"").unwrap();
        assert_eq!(found, operation);
        if let Some((name, value)) = member {
            assert_eq!(input.text(name), Some(value), "{path}");
        }
    }
}

#[test]
fn region_and_service_come_from_the_signature_or_the_host() {
    for (host, authorization, expected) in [
        ("127.0.0.1", signed("ecs"), ("ecs", "eu-west-1")),
        ("logs.us-west-2.amazonaws.com", String::new(), ("logs", "us-west-2")),
        ("stream-logs.us-west-2.amazonaws.com", String::new(), ("logs", "us-west-2")),
        ("monitoring.eu-west-1.amazonaws.com", String::new(), ("cloudwatch", "eu-west-1")),
        ("sts.amazonaws.com", String::new(), ("sts", "us-east-1")),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", authorization.parse().unwrap());
        let (service, region) = scope(&headers, Some(host));
        assert_eq!((service.as_str(), region.as_str()), expected, "{host}");
    }
}

#[test]
fn errors_carry_the_headers_that_clients_read() {
    let failure = Failure::refused("InvalidParameterValue", "no");
    for (protocol, service, header, body) in [
        (Protocol::Cbor, "cloudwatch", Some(("x-amzn-query-error", "InvalidParameterValue;Sender")), None),
        (
            Protocol::Json10,
            "cloudwatch",
            Some(("x-amzn-query-error", "InvalidParameterValue;Sender")),
            Some(r#""__type":"InvalidParameterValueException""#),
        ),
        (Protocol::Json11, "ecs", None, Some(r#"{"__type":"InvalidParameterValue","message":"no"}"#)),
        (
            Protocol::RestJson,
            "lambda",
            Some(("x-amzn-errortype", "InvalidParameterValue")),
            Some(r#""message":"no""#),
        ),
        (
            Protocol::Query,
            "sts",
            None,
            Some("<Error><Type>Sender</Type><Code>InvalidParameterValue</Code><Message>no</Message></Error>"),
        ),
    ] {
        let response = encode_failure(protocol, service, &failure, "rid");
        assert_eq!(response.status(), 400);
        assert_eq!(response.headers()["x-amzn-requestid"], "rid");
        if let Some((name, value)) = header {
            assert_eq!(response.headers()[name], value, "{protocol:?}");
        }
        if let Some(part) = body {
            let text = String::from_utf8_lossy(response.body()).into_owned();
            assert!(text.contains(part), "{protocol:?}: {text}");
        }
    }
}

#[test]
fn times_are_read_in_every_spelling() {
    let expected: Timestamp = "2026-11-22T01:02:03Z".parse().unwrap();
    for value in [
        Value::Time(expected),
        Value::Int(1_795_309_323),
        Value::Float(1_795_309_323.0),
        Value::from("2026-11-22T01:02:03Z"),
        Value::from("2026-11-22T02:02:03+01:00"),
        Value::from("1795309323"),
    ] {
        assert_eq!(object([("T", value.clone())]).time("T"), Some(expected), "{value:?}");
    }
    assert_eq!(object([("T", "soon".into())]).time("T"), None);
    assert_eq!(object([("T", f64::NAN.into())]).time("T"), None);
}

#[test]
fn percent_escapes_are_decoded_and_broken_ones_kept() {
    for (text, expected) in
        [("a%20b+c", "a b c"), ("%e2%82%ac", "€"), ("100%", "100%"), ("%zz", "%zz"), ("%", "%"), ("", "")]
    {
        assert_eq!(query::percent_decode(text), expected);
    }
}

proptest::proptest! {
    #[test]
    fn no_request_panics(content_type in "[ -~]{0,40}", target in "[ -~]{0,20}", path in "/[a-z/%0-9]{0,30}", body: Vec<u8>) {
        let headers = [("content-type", content_type.as_str()), ("x-amz-target", target.as_str())];
        let _ = decode(&request(&headers, &path, &body));
    }

    #[test]
    fn no_form_panics(form in "([a-z.%+&=0-9]|member){0,40}") {
        let _ = query::decode(form.as_bytes());
    }

    #[test]
    fn text_survives_cbor_and_json(text: String) {
        let value = object([("T", text.into())]);
        proptest::prop_assert_eq!(&cbor::decode(&cbor::encode(&value)).unwrap(), &value);
        proptest::prop_assert_eq!(&json::decode(&json::encode(&value)).unwrap(), &value);
    }
}
