//! Recordings written, masked, cut off and read back.

use super::*;
use crate::app::{Input, PollKey, Polled};
use crate::aws::{ErrorClass, SourceError, TargetId, Usage};
use crate::features::changes::model as changes;
use crate::features::{Query, Topic, security};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::io::Cursor;
use std::path::PathBuf;
use std::time::Duration;

fn at(secs: u64) -> Now {
    let wall = jiff::Timestamp::from_second(1_800_000_000 + i64::try_from(secs).unwrap()).unwrap();
    Now { since_start: Duration::from_secs(secs), wall }
}

fn header() -> Header {
    let mut target = TargetSpec::named("prod");
    target.external_id = Some("a door opener".into());
    target.role_arn = Some("arn:aws:iam::111122223333:role/OnCall".into());
    Header {
        eyewall_recording: FORMAT,
        version: env!("CARGO_PKG_VERSION").into(),
        start: at(0),
        size: (120, 40),
        zone: "Europe/London".into(),
        ascii: false,
        demo: true,
        redacted: false,
        config: Config::default(),
        targets: vec![target],
        remembered: Vec::new(),
        pane: "alarms".into(),
    }
}

fn messages() -> Vec<Msg> {
    let mut error = SourceError::new(
        ErrorClass::Denied,
        "logs:FilterLogEvents",
        "arn:aws:sts::111122223333:assumed-role/OnCall/me from 10.1.2.3 is not authorized",
    );
    error.request_id = Some("r-1".into());
    let key = PollKey::new(&TargetId::new("prod"), Topic::Identity);
    let polled = Polled {
        key: key.clone(),
        query: Query::Identity,
        result: Err(error),
        next_in: Some(Duration::from_mins(10)),
        usage: Usage::default(),
    };
    vec![
        Msg::Tick,
        Msg::PollDropped { key },
        Msg::Polled(Box::new(polled)),
        Msg::Input(Input::Key(KeyEvent::new(KeyCode::Char('j'), KeyModifiers::NONE))),
        Msg::ThemesLoaded(vec![("mine".into(), "inherits = \"dark\"".into())]),
    ]
}

/// A file that is gone when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("eyewall-record-{}-{name}", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn record(name: &str, redact: bool) -> Vec<u8> {
    let file = Scratch::new(name);
    let recorder = Recorder::create(&file.0, &header(), redact).unwrap();
    let mut tap = recorder.tap();
    for (secs, msg) in messages().iter().enumerate() {
        tap(msg, at(secs as u64));
    }
    drop(tap);
    recorder.finish().unwrap();
    std::fs::read(&file.0).unwrap()
}

fn read(bytes: &[u8]) -> (Header, Vec<Frame>, bool) {
    let (header, mut reader) = Reader::open(Cursor::new(bytes)).unwrap();
    let frames = reader.by_ref().collect();
    (header, frames, reader.is_cut())
}

#[test]
fn what_was_told_comes_back_in_order_and_secrets_do_not() {
    let bytes = record("whole", false);
    let (found, frames, cut) = read(&bytes);
    assert_eq!(found, header().without_secrets());
    let expected: Vec<Frame> =
        messages().into_iter().enumerate().map(|(secs, msg)| Frame::Told(at(secs as u64), msg)).collect();
    assert_eq!(frames, expected);
    assert!(!cut);
    assert!(!String::from_utf8_lossy(&bytes).contains("a door opener"));
}

#[test]
fn a_file_cut_off_anywhere_reads_up_to_the_cut_and_says_so() {
    let bytes = record("cut", false);
    let whole = read(&bytes).1;
    let header = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for length in header..bytes.len() {
        let (_, frames, cut) = read(&bytes[..length]);
        // Behind the end mark nothing is missed.
        assert!(cut || frames.len() == whole.len(), "{length}");
        assert_eq!(frames, whole[..frames.len()], "{length}");
    }
    let mut broken = bytes.clone();
    let middle = header + (bytes.len() - header) / 2;
    broken[middle] ^= 0x55;
    // Whatever a damaged file says, reading it ends.
    let _ = read(&broken);
}

#[test]
fn other_files_are_refused() {
    let whole = record("other", false);
    let with = |from: &str, to: &str| String::from_utf8_lossy(&whole).replacen(from, to, 1).into_bytes();
    let version = env!("CARGO_PKG_VERSION");
    let other = with("\"eyewall_recording\":2", "\"eyewall_recording\":9");
    let older = with(&format!("\"version\":\"{version}\""), "\"version\":\"0.0.9\"");
    for (bytes, says) in [
        (b"".to_vec(), "not a recording"),
        (b"hello\n".to_vec(), "not a recording"),
        (b"{}\n".to_vec(), "not a recording"),
        (other, "made by eyewall"),
        (older, "made by eyewall 0.0.9"),
    ] {
        let error = Reader::open(Cursor::new(bytes)).err().unwrap();
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn a_redacted_recording_names_no_account_and_no_address() {
    let bytes = record("redacted", true);
    let (header, frames, _) = read(&bytes);
    let text = format!("{header:?} {frames:?}");
    for secret in ["111122223333", "10.1.2.3", "OnCall", "/me"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let role = header.targets[0].role_arn.clone().unwrap();
    let (account, name) = role.strip_prefix("arn:aws:iam::").unwrap().split_once(":role/").unwrap();
    assert!(
        account.len() == 12 && text.contains(&format!("arn:aws:sts::{account}:assumed-role/{name}/name-"))
    );
}

#[test]
fn masks_hide_who_it_was_and_leave_the_rest_alone() {
    // What stands between `<` and `>` is replaced by something of the same shape.
    let mask = Mask::default();
    for text in [
        "<111122223333>",
        "<111122223333>.dkr.ecr.eu-west-2.amazonaws.com/x",
        "id=<999988887777>,<111122223333>",
        "1732162740000 ms at 04:19:02",
        "from <10.0.3.7>:443.",
        "[<10.0.3.7>]",
        "<2a00:1450::1> said",
        "v1.2.3 on 127.0.0.1",
        "host ip-<10-0-3-7>.eu-west-2.compute.internal,",
        "ip-<10-0-3-7>",
        "ec2-<3-8-1-2>:443/x",
        "<10.0.0.1>-<10.0.0.5>",
        "key AKIA<EXAMPLEREPORTS00>, of AIDA<EXAMPLEREPORTS000>",
        "AKIAsmall and AROA",
        "ip-address at 2026-11-21T04:19:00Z",
        "arn:aws:iam::<111122223333>:role/<OnCall>",
        "arn:aws:sts::<111122223333>:assumed-role/<OnCall>/<me@example.com>.",
        "arn:aws:iam::<111122223333>:root",
        "arn:aws:iam::aws:role/*",
        "(arn:aws:ecs:eu-west-2:<111122223333>:service/shop/checkout)",
        "arn:aws",
        "6fd2c2a0-1f4e-4b43-9c2e-0d8a5ce1b7aa",
        "",
    ] {
        let masked = mask.text(&text.replace(['<', '>'], ""));
        let (secrets, mut kept) =
            (text.split(['<', '>']).skip(1).step_by(2), text.split(['<', '>']).step_by(2));
        for secret in secrets {
            assert!(!masked.contains(secret), "{text} became {masked}");
        }
        let mut rest = masked.strip_prefix(kept.next().unwrap()).unwrap_or_else(|| panic!("{masked}"));
        for part in kept {
            let (made_up, after) = match part {
                "" => (rest, ""),
                _ => rest.split_once(part).unwrap_or_else(|| panic!("{text} became {masked}")),
            };
            assert!(!made_up.is_empty(), "{text} became {masked}");
            rest = after;
        }
        assert_eq!(rest, "", "{text} became {masked}");
    }
}

#[test]
fn a_user_who_called_is_hidden_in_sentences_too() {
    #[derive(Serialize)]
    struct Seen {
        title: &'static str,
        arn: &'static str,
        things: [&'static str; 2],
        by: changes::Subject,
        who: security::Who,
        callers: [changes::Who; 3],
    }
    let caller = |kind, name: &str, session: Option<&str>| changes::Who {
        kind,
        name: name.into(),
        session: session.map(str::to_owned),
        via: None,
    };
    let seen = Seen {
        title: "User reports-export is anomalously reading objects, as reports-exporter did.",
        arn: "arn:aws:iam::111122223333:user/reports-export",
        things: ["iam:user/reports-export", "web-task"],
        by: changes::Subject::User("reports-export".into()),
        who: security::Who {
            kind: "IAMUser".into(),
            name: "reports-export".into(),
            ..security::Who::default()
        },
        callers: [
            caller(changes::Kind::Role, "web-task", Some("alice@example.com")),
            caller(changes::Kind::Role, "AWSServiceRoleForECS", None),
            caller(changes::Kind::Service, "ecs.amazonaws.com", None),
        ],
    };
    let mask = Mask::default();
    serde_json::to_value(Masked::to_learn(&seen, &mask)).unwrap();
    let value = serde_json::to_value(Masked::new(&seen, Some(&mask))).unwrap();
    let user = value["who"]["name"].as_str().unwrap();
    assert!(user.starts_with("name-"));
    assert_eq!(
        value["title"],
        format!("User {user} is anomalously reading objects, as reports-exporter did.")
    );
    assert_eq!(value["by"]["User"], user);
    assert!(value["arn"].as_str().unwrap().ends_with(&format!(":user/{user}")), "{value}");
    assert_eq!(value["things"], serde_json::json!([format!("iam:user/{user}"), "web-task"]));
    let [role, aws, service] = &value["callers"].as_array().unwrap()[..] else { panic!("{value}") };
    assert!(role["name"].as_str().unwrap().starts_with("name-"), "{value}");
    assert!(role["session"].as_str().unwrap().starts_with("name-"), "{value}");
    assert_eq!(aws["name"], "AWSServiceRoleForECS");
    assert_eq!(service["name"], "ecs.amazonaws.com");
}

#[test]
fn masks_are_the_same_within_a_recording_and_differ_between_two() {
    let (mask, other) = (Mask::default(), Mask::default());
    let account = mask.text("111122223333");
    assert!(account.len() == 12 && account.chars().all(|c| c.is_ascii_digit()), "{account}");
    assert_eq!(mask.text("arn:aws:iam::111122223333:root"), format!("arn:aws:iam::{account}:root"));
    assert_ne!(mask.text("999988887777"), account);
    assert_ne!(other.text("111122223333"), account);
    let address = mask.text("10.0.3.7");
    assert!(address.parse::<std::net::Ipv4Addr>().unwrap().octets()[0] >= 240, "{address}");
    assert_eq!(mask.text("ip-10-0-3-7.x"), format!("ip-{}.x", address.replace('.', "-")));
    let v6 = mask.text("2a00:1450::1");
    assert!(v6.starts_with("2001:db8:") && v6.parse::<std::net::Ipv6Addr>().is_ok(), "{v6}");
}

#[test]
fn a_slow_disk_costs_frames_and_says_how_many() {
    let (sender, frames) = sync_channel(2);
    let recorder = Recorder { sender, writer: std::thread::spawn(|| Ok(())) };
    let mut tap = recorder.tap();
    for secs in 0..5 {
        tap(&Msg::Tick, at(secs));
    }
    assert_eq!(
        frames.try_iter().collect::<Vec<_>>(),
        [Frame::Told(at(0), Msg::Tick), Frame::Told(at(1), Msg::Tick)]
    );
    tap(&Msg::Tick, at(9));
    assert_eq!(frames.try_iter().collect::<Vec<_>>(), [Frame::Gap(3), Frame::Told(at(9), Msg::Tick)]);
}
