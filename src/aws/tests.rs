//! The connection, the credentials and the error classes through real SDK clients, against canned answers.

use super::advice::Caller;
use super::meter::OperationUsage;
use super::operation as op;
use super::*;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use jiff::Timestamp;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const START: &str = "2026-11-22T01:00:00Z";

#[derive(Debug, Clone)]
enum Answer {
    Http { status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8> },
    Broken(&'static str),
    Silence,
}

impl Answer {
    fn new(status: u16, kind: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self::Http { status, headers: vec![("content-type", kind.to_owned())], body: body.into() }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Http { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

/// Answers in turn, the last one for ever; keeps what was asked.
#[derive(Debug, Clone, Default)]
struct Canned {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl Canned {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self { answers: Arc::new(Mutex::new(answers.into_iter().collect())), asked: Arc::default() }
    }

    fn client(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self.clone());
        http_client_fn(move |_, _| connector.clone())
    }

    fn asked(&self) -> Vec<(String, String)> {
        self.asked.lock().unwrap().clone()
    }
}

impl HttpConnector for Canned {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        self.asked.lock().unwrap().push((request.uri().to_owned(), body));
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        match answer.unwrap() {
            Answer::Silence => HttpConnectorFuture::new(std::future::pending()),
            Answer::Broken(text) => HttpConnectorFuture::ready(Err(ConnectorError::io(text.into()))),
            Answer::Http { status, headers, body } => {
                let mut response =
                    HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body));
                for (name, value) in headers {
                    response.headers_mut().insert(name, value);
                }
                HttpConnectorFuture::ready(Ok(response))
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the paused clock of the test drives everything")]
fn clocks() -> Clocks {
    let start = tokio::time::Instant::now();
    let wall_start: Timestamp = START.parse().unwrap();
    Clocks {
        monotonic: Arc::new(move || start.elapsed()),
        wall: Arc::new(move || wall_start + start.elapsed()),
        sleep: SharedAsyncSleep::new(TokioSleep::new()),
    }
}

fn aws(canned: &Canned, cap: Option<f64>) -> Aws {
    Aws::new(Access::Simulated { http: canned.client() }, clocks(), cap)
}

async fn conn(canned: &Canned) -> Conn {
    aws(canned, None).connect(&TargetSpec::named("t")).await
}

fn json(status: u16, code: &str, message: &str) -> Answer {
    let body = serde_json::json!({"__type": code, "message": message}).to_string();
    Answer::new(status, "application/x-amz-json-1.1", body).with("x-amzn-requestid", "req-1")
}

fn cbor(status: u16, code: &str, message: &str) -> Answer {
    let mut body = Vec::new();
    ciborium::into_writer(&serde_json::json!({"__type": code, "message": message}), &mut body).unwrap();
    Answer::new(status, "application/cbor", body).with("smithy-protocol", "rpc-v2-cbor")
}

fn xml(status: u16, code: &str, message: &str) -> Answer {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
         <RequestId>req-2</RequestId></ErrorResponse>"
    );
    Answer::new(status, "text/xml", body)
}

fn rest(status: u16, code: &str, message: &str) -> Answer {
    let body = serde_json::json!({"Message": message}).to_string();
    Answer::new(status, "application/json", body).with("x-amzn-errortype", code)
}

fn html(status: u16) -> Answer {
    Answer::new(status, "text/html", "<html><h1>Blocked</h1><p>by \x1b[31mcorp proxy</p></html>")
}

async fn ask(service: &str, conn: &Conn) -> Result<(), SourceError> {
    match service {
        "cloudwatch" => {
            conn.call(&op::DESCRIBE_ALARMS, conn.cloudwatch().describe_alarms().send()).await.map(drop)
        }
        "logs" => {
            conn.call(&op::DESCRIBE_LOG_GROUPS, conn.logs().describe_log_groups().send()).await.map(drop)
        }
        "ecs" => conn.call(&op::LIST_CLUSTERS, conn.ecs().list_clusters().send()).await.map(drop),
        "elb" => conn
            .call(&op::DESCRIBE_RULES, conn.elb().describe_rules().listener_arn("l").send())
            .await
            .map(drop),
        "lambda" => conn.call(&op::LIST_FUNCTIONS, conn.lambda().list_functions().send()).await.map(drop),
        _ => conn.call(&op::GET_CALLER_IDENTITY, conn.sts().get_caller_identity().send()).await.map(drop),
    }
}

#[tokio::test(start_paused = true)]
async fn every_protocol_ends_in_the_same_classes() {
    use ErrorClass as C;
    let not_authorized =
        "User: arn:aws:iam::1:user/a is not authorized to perform: ecs:ListClusters on resource: *";
    let cases = [
        (
            "cloudwatch",
            cbor(400, "com.amazonaws.cloudwatch#ThrottlingException", "Rate exceeded"),
            C::Throttled,
        ),
        ("cloudwatch", cbor(403, "ExpiredTokenException", "expired"), C::Expired),
        ("cloudwatch", cbor(403, "AccessDeniedException", "no"), C::Denied),
        ("cloudwatch", cbor(400, "InvalidParameterValueException", "bad"), C::Invalid),
        ("cloudwatch", cbor(500, "InternalServiceFault", "oops"), C::Service),
        ("cloudwatch", html(404), C::NotAws),
        ("cloudwatch", html(200), C::NotAws),
        (
            "cloudwatch",
            Answer::new(200, "application/cbor", [0xbf, 0x61]).with("smithy-protocol", "rpc-v2-cbor"),
            C::NotAws,
        ),
        ("logs", json(400, "UnrecognizedClientException", "bad token"), C::BadKeys),
        ("logs", json(400, "ResourceNotFoundException", "no group"), C::NotEnabled),
        ("logs", json(400, "com.amazonaws.logs#LimitExceededException", "slow"), C::Throttled),
        ("logs", json(400, "UnknownOperationException", ""), C::NotEnabled),
        ("logs", Answer::new(200, "application/x-amz-json-1.1", "{\"logGroups\": [{\"logGr"), C::NotAws),
        ("logs", html(403), C::NotAws),
        ("ecs", json(400, "AccessDeniedException", not_authorized), C::Denied),
        ("ecs", json(400, "InvalidSignatureException", "Signature expired"), C::BadKeys),
        ("elb", xml(403, "ExpiredToken", "The security token is expired"), C::Expired),
        ("elb", xml(400, "Throttling", "Rate exceeded"), C::Throttled),
        ("elb", html(502), C::NotAws),
        ("sts", xml(403, "InvalidClientTokenId", "invalid"), C::BadKeys),
        ("sts", xml(403, "SignatureDoesNotMatch", "skew"), C::BadKeys),
        ("lambda", rest(403, "AccessDeniedException", "no"), C::Denied),
        ("lambda", rest(429, "TooManyRequestsException", "Rate exceeded"), C::Throttled),
        ("lambda", Answer::Broken("dns error: failed to lookup address"), C::Network),
        ("sts", Answer::Broken("invalid peer certificate: UnknownIssuer"), C::Network),
        ("logs", Answer::Silence, C::Network),
        ("sts", Answer::new(503, "text/plain", ""), C::NotAws),
        ("lambda", Answer::new(503, "text/plain", "").with("x-amzn-requestid", "r"), C::Service),
    ];
    for (service, answer, class) in cases {
        let canned = Canned::new([answer.clone()]);
        let error = ask(service, &conn(&canned).await).await.unwrap_err();
        assert_eq!(error.class, class, "{service} {answer:?}: {error:?}");
        assert!(!error.message.is_empty() && !error.message.chars().any(char::is_control), "{error:?}");
        assert!(canned.asked().len() <= 2, "reads are tried twice at most");
    }
}

#[tokio::test(start_paused = true)]
async fn what_aws_says_is_kept() {
    let answer = json(400, "AccessDeniedException", "is not authorized to perform: kms:Decrypt on \u{1b}[2J")
        .with("retry-after", "7");
    let error = ask("logs", &conn(&Canned::new([answer])).await).await.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("AccessDeniedException"));
    assert_eq!(error.request_id.as_deref(), Some("req-1"));
    assert_eq!(error.operation, "logs:DescribeLogGroups");
    assert_eq!(error.advice, "ask for the IAM action kms:Decrypt");
    assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
    let error = ask(
        "elb",
        &conn(&Canned::new([xml(403, "AccessDenied", "no").with("x-amz-request-id", "req-2")])).await,
    )
    .await
    .unwrap_err();
    assert_eq!(error.request_id.as_deref(), Some("req-2"));
    let error = ask("sts", &conn(&Canned::new([html(403)])).await).await.unwrap_err();
    assert!(error.message.starts_with("HTTP 403 with text/html: Blocked by"), "{}", error.message);
}

#[tokio::test(start_paused = true)]
async fn a_silent_service_is_given_up_after_8_s() {
    let clock = clocks().monotonic;
    let error = ask("ecs", &conn(&Canned::new([Answer::Silence])).await).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Network);
    assert!((8.0..8.1).contains(&clock().as_secs_f64()), "{:?}", clock());
}

#[tokio::test(start_paused = true)]
async fn without_a_region_it_says_how_to_set_one() {
    let canned = Canned::new([html(200)]);
    let sdk = aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::v2026_01_12())
        .http_client(canned.client())
        .build();
    let failed = aws_sdk_ecs::Client::new(&sdk).list_clusters().send().await.unwrap_err();
    let caller = Caller {
        source: CredentialsSource::Machine,
        region: None,
        skew_seconds: None,
        custom_endpoint: false,
    };
    let error = classify::classify(&op::LIST_CLUSTERS, &failed, &caller);
    assert_eq!(error.class, ErrorClass::Invalid, "{error:?}");
    assert!(error.advice.starts_with("set a region"), "{error:?}");
    assert_eq!(canned.asked().len(), 0);
}

#[test]
fn failed_credentials_are_told_apart() {
    use aws_credential_types::provider::error::CredentialsError as E;
    use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;
    use aws_smithy_runtime_api::client::result::SdkError;
    use {CredentialsSource as S, ErrorClass as C};
    let cases = [
        (
            E::not_loaded("no providers in chain provided credentials"),
            S::Machine,
            C::NoCredentials,
            "run `aws configure sso`",
        ),
        (
            E::not_loaded("profile `x` was not defined"),
            S::Keys("x".into()),
            C::NoCredentials,
            "profile x gives no",
        ),
        (
            E::unhandled("cached Login token is expired"),
            S::Login("p".into()),
            C::Expired,
            "run `aws login --profile p`",
        ),
        (
            E::provider_error("the SSO token has expired"),
            S::Sso("p".into()),
            C::Expired,
            "run `aws sso login --profile p`",
        ),
        (
            E::provider_error("failed to load the cached SSO token"),
            S::Sso("p".into()),
            C::Expired,
            "run `aws sso login",
        ),
        (
            E::provider_error("UnauthorizedException: Session token not found"),
            S::Sso("p".into()),
            C::Expired,
            "run `aws sso",
        ),
        (E::provider_error("dispatch failure: io error"), S::Sso("p".into()), C::Network, "check VPN"),
        (
            E::provider_error("dispatch failure: connect timeout to 169.254.169.254"),
            S::Machine,
            C::NoCredentials,
            "run `aws configure sso`",
        ),
        (E::provider_timed_out(Duration::from_secs(5)), S::Sso("p".into()), C::Network, "check VPN"),
        (
            E::provider_timed_out(Duration::from_secs(5)),
            S::Machine,
            C::NoCredentials,
            "run `aws configure sso`",
        ),
        (
            E::provider_error("helper exited with 1"),
            S::Process("h".into()),
            C::NoCredentials,
            "run the credential_process",
        ),
        (
            E::provider_error(super::mfa::MfaError::Needed { serial: "m".into() }),
            S::Keys("k".into()),
            C::MfaNeeded,
            "type the",
        ),
    ];
    for (failure, source, class, advice) in cases {
        let text = format!("{failure:?}");
        let caller = Caller { source, region: None, skew_seconds: None, custom_endpoint: false };
        let error = SdkError::<GetCallerIdentityError, HttpResponse>::construction_failure(failure);
        let found = classify::classify(&op::GET_CALLER_IDENTITY, &error, &caller);
        assert_eq!(found.class, class, "{text}");
        assert!(found.advice.starts_with(advice), "{text}: {}", found.advice);
    }
}

fn caller_identity(arn: &str) -> Answer {
    Answer::new(
        200,
        "text/xml",
        format!(
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{arn}</Arn><UserId>U</UserId>\
             <Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
        ),
    )
    .with("date", "Sun, 22 Nov 2026 00:58:00 GMT")
}

fn assumed(expires: &str) -> Answer {
    Answer::new(
        200,
        "text/xml",
        format!(
            "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA1</AccessKeyId>\
             <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>{expires}</Expiration>\
             </Credentials></AssumeRoleResult></AssumeRoleResponse>"
        ),
    )
}

#[tokio::test(start_paused = true)]
async fn identity_and_clock_skew_come_from_one_answer() {
    let canned = Canned::new([caller_identity("arn:aws-cn:sts::111122223333:assumed-role/Admin/oncall")]);
    let spec = TargetSpec { region: Some("cn-north-1".into()), ..TargetSpec::named("t") };
    let conn = aws(&canned, None).connect(&spec).await;
    assert_eq!(conn.skew_seconds(), None);
    let me = identity(&conn).await.unwrap();
    assert_eq!((me.account.as_str(), me.user_short.as_str()), ("111122223333", "oncall@Admin"));
    assert_eq!((me.region.as_str(), me.partition.as_str()), ("cn-north-1", "aws-cn"));
    assert_eq!((me.skew_seconds, me.expires_at), (Some(120), None));
    assert_eq!(me.credentials_source, CredentialsSource::Simulated);
}

#[tokio::test(start_paused = true)]
async fn mfa_waits_for_a_code_uses_it_once_and_keeps_what_it_bought() {
    let refused =
        xml(403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.");
    let me = caller_identity("arn:aws:sts::111122223333:assumed-role/Prod/eyewall");
    let canned = Canned::new([refused, assumed("2026-11-22T02:00:00Z"), me]);
    let spec = TargetSpec {
        role_arn: Some("arn:aws:iam::111122223333:role/Prod".into()),
        mfa_serial: Some("arn:aws:iam::111122223333:mfa/ana".into()),
        external_id: Some("ext".into()),
        ..TargetSpec::named("t")
    };
    let conn = aws(&canned, None).connect(&spec).await;
    let error = identity(&conn).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::MfaNeeded);
    assert!(error.message.contains("mfa/ana"), "{}", error.message);
    assert_eq!(canned.asked().len(), 0, "nothing is sent without a code");

    let code = MfaCode::new("123 456");
    assert!(
        code.is_complete() && !MfaCode::new("12345").is_complete() && !MfaCode::new("12345x").is_complete()
    );
    assert_eq!(format!("{code:?}"), "***");
    conn.give_mfa(code);
    let error = identity(&conn).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::MfaNeeded);
    assert!(error.message.contains("invalid MFA"), "{}", error.message);
    assert_eq!(identity(&conn).await.unwrap_err().class, ErrorClass::MfaNeeded, "a refused code is gone");
    assert_eq!(canned.asked().len(), 1);

    conn.give_mfa(MfaCode::new("654321"));
    let me = identity(&conn).await.unwrap();
    assert_eq!(me.expires_at, Some("2026-11-22T02:00:00Z".parse().unwrap()));
    let asked = canned.asked();
    assert_eq!(asked.len(), 3);
    for part in ["TokenCode=654321", "SerialNumber=arn%3Aaws", "ExternalId=ext", "Action=AssumeRole"] {
        assert!(asked[1].1.contains(part), "{part} in {}", asked[1].1);
    }
    // A connection for writes with the same role does not ask again.
    let writer = conn.for_writes().await.unwrap();
    identity(&writer).await.unwrap();
    assert_eq!(canned.asked().len(), 4);
    assert_eq!(conn.usage().by_operation["sts:AssumeRole"].requests, 2);

    tokio::time::sleep(Duration::from_hours(1)).await;
    assert_eq!(identity(&conn).await.unwrap_err().class, ErrorClass::MfaNeeded, "the hour is over");
}

#[tokio::test(start_paused = true)]
async fn a_role_that_may_not_be_assumed_is_denied_by_name() {
    let denied =
        xml(403, "AccessDenied", "User: u is not authorized to perform: sts:AssumeRole on resource: r");
    let spec = TargetSpec { role_arn: Some("arn:aws:iam::1:role/R".into()), ..TargetSpec::named("t") };
    let error = identity(&aws(&Canned::new([denied]), None).connect(&spec).await).await.unwrap_err();
    assert_eq!((error.class, error.short().as_str()), (ErrorClass::Denied, "denied: sts:AssumeRole"));
    assert_eq!(error.code.as_deref(), Some("AccessDenied"));
}

#[tokio::test(start_paused = true)]
async fn reads_are_retried_and_writes_are_not() {
    let fail = json(500, "ServerException", "oops");
    let canned = Canned::new([fail]);
    let conn = conn(&canned).await;
    ask("ecs", &conn).await.unwrap_err();
    assert_eq!((canned.asked().len(), conn.usage().retries), (2, 1));

    let stop = |conn: &Conn| conn.ecs().stop_service_deployment().service_deployment_arn("arn").send();
    let error = conn.mutate(&op::STOP_SERVICE_DEPLOYMENT, stop(&conn)).await.unwrap_err();
    assert_eq!(
        (error.class, canned.asked().len()),
        (ErrorClass::Invalid, 2),
        "a reading connection sends no write"
    );
    let writer = conn.for_writes().await.unwrap();
    let error = writer.mutate(&op::STOP_SERVICE_DEPLOYMENT, stop(&writer)).await.unwrap_err();
    assert_eq!((error.class, canned.asked().len()), (ErrorClass::Service, 3), "sent once");
    let usage = conn.usage();
    assert_eq!(usage.requests, 2, "both connections count on one meter");
    assert_eq!(
        usage.by_operation["ecs:StopServiceDeployment"],
        OperationUsage { requests: 1, throttled: 0, usd: 0.0 }
    );
}

#[tokio::test(start_paused = true)]
async fn a_read_only_target_gives_no_connection_for_writes() {
    let spec = TargetSpec { read_only: true, ..TargetSpec::named("prod") };
    let conn = aws(&Canned::new([html(200)]), None).connect(&spec).await;
    let error = conn.for_writes().await.unwrap_err();
    assert_eq!((error.class, error.message.as_str()), (ErrorClass::Invalid, "target prod is read-only"));
}

#[tokio::test(start_paused = true)]
async fn a_config_that_becomes_read_only_stops_writers_that_are_out_already() {
    let canned = Canned::new([html(200)]);
    let aws = aws(&canned, None);
    let conn = aws.connect(&TargetSpec::named("prod")).await;
    let writer = conn.for_writes().await.unwrap();
    aws.forbid_writes();
    assert_eq!(conn.writes_refused().as_deref(), Some(endpoint::CONFIG_READ_ONLY));
    assert!(conn.for_writes().await.is_err());
    let stop = writer.ecs().stop_service_deployment().service_deployment_arn("arn").send();
    let error = writer.mutate(&op::STOP_SERVICE_DEPLOYMENT, stop).await.unwrap_err();
    assert_eq!((error.class, error.message.as_str()), (ErrorClass::Invalid, endpoint::CONFIG_READ_ONLY));
    assert_eq!(canned.asked().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_cap_refuses_priced_reads_but_never_a_rollbacks() {
    let ok = Answer::new(200, "application/cbor", [0xbf, 0xff]).with("smithy-protocol", "rpc-v2-cbor");
    let canned = Canned::new([ok]);
    let conn = aws(&canned, Some(0.005)).connect(&TargetSpec::named("t")).await;
    let read = |conn: Conn| async move {
        let request = conn.cloudwatch().get_metric_data();
        let request = request.start_time(aws_smithy_types::DateTime::from_secs(0));
        let request =
            request.end_time(aws_smithy_types::DateTime::from_secs(60)).set_metric_data_queries(Some(vec![]));
        conn.call_units(&op::GET_METRIC_DATA, 500, request.send()).await.map(drop)
    };
    read(conn.clone()).await.unwrap();
    let refused = read(conn.clone()).await.unwrap_err();
    assert_eq!((refused.class, canned.asked().len()), (ErrorClass::OverBudget, 1));
    read(conn.uncapped()).await.unwrap();
    assert_eq!(canned.asked().len(), 2);
    assert!((conn.usage().usd - 0.01).abs() < 1e-9);
    tokio::time::sleep(Duration::from_hours(1)).await;
    read(conn).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn throttled_calls_are_counted() {
    let conn = conn(&Canned::new([json(400, "ThrottlingException", "Rate exceeded")])).await;
    ask("logs", &conn).await.unwrap_err();
    let usage = conn.usage();
    assert_eq!((usage.requests, usage.throttled, usage.retries), (1, 1, 1));
}

/// A target as in real use, but for the client: the chain and the files are the SDK's own business here.
async fn real(canned: &Canned, env: Env, endpoint_url: &str) -> Conn {
    let access = Access::Real { env, http: canned.client() };
    let spec = TargetSpec {
        endpoint_url: Some(endpoint_url.into()),
        region: Some("eu-west-1".into()),
        ..TargetSpec::named("t")
    };
    Aws::new(access, clocks(), None).connect(&spec).await
}

#[tokio::test(start_paused = true)]
async fn a_custom_endpoint_is_known_and_takes_no_writes_unless_it_is_here() {
    let canned = Canned::new([html(200)]);
    for (url, writable) in [("http://127.0.0.1:4700", true), ("http://emulator.corp:4700", false)] {
        let conn = real(&canned, Env::default(), url).await;
        assert_eq!(conn.endpoints(), [endpoint::Endpoint::new(url, None)]);
        assert_eq!(conn.for_writes().await.is_ok(), writable, "{url}");
    }
}

#[tokio::test(start_paused = true)]
async fn live_tail_stays_on_a_custom_endpoints_host() {
    let canned = Canned::new([html(404)]);
    let conn = real(&canned, Env::default(), "http://127.0.0.1:4700").await;
    let keys = aws_credential_types::Credentials::new("A", "s", None, None, "test");
    let with_keys = aws_sdk_cloudwatchlogs::config::Builder::new()
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(keys));
    let tail =
        conn.logs().start_live_tail().log_group_identifiers("g").customize().config_override(with_keys);
    assert!(tail.send().await.is_err());
    let asked = canned.asked();
    assert!(
        !asked.is_empty() && asked.iter().all(|(uri, _)| uri.starts_with("http://127.0.0.1:4700/")),
        "{asked:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn new_credentials_on_disk_are_taken_once() {
    let cache = std::env::temp_dir().join(format!("eyewall-reload-{}", std::process::id()));
    std::fs::create_dir_all(&cache).unwrap();
    let env = Env { token_caches: vec![cache.clone()], ..Env::default() };
    let conn = real(&Canned::new([html(200)]), env, "http://127.0.0.1:4700").await;
    assert!(!conn.reload_if_changed().await);
    std::fs::write(cache.join("token.json"), "{}").unwrap();
    let clone = conn.clone();
    assert!(conn.reload_if_changed().await);
    assert!(!clone.reload_if_changed().await, "all clones see it");
    std::fs::remove_dir_all(&cache).unwrap();
}

#[tokio::test(start_paused = true)]
async fn other_regions_are_asked_themselves_and_count_on_the_same_meter() {
    let canned = Canned::new([caller_identity("arn:aws:iam::111122223333:user/oncall")]);
    let conn = conn(&canned).await;
    let home = conn.region().unwrap();
    let away = conn.in_region("ap-southeast-2").await;
    assert_eq!(away.region().as_deref(), Some("ap-southeast-2"));
    assert_eq!(conn.in_region(&home).await.region(), Some(home.clone()));
    identity(&away).await.unwrap();
    identity(&conn).await.unwrap();
    let hosts: Vec<String> = canned.asked().into_iter().map(|(host, _)| host).collect();
    assert!(hosts[0].contains("ap-southeast-2") && hosts[1].contains(&home), "{hosts:?}");
    assert_eq!(conn.usage(), away.usage());
    assert!(away.for_writes().await.unwrap().region().as_deref() == Some("ap-southeast-2"));
}
