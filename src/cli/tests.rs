//! The command line as its users see it: what parses, what is refused, what a snapshot prints.

use super::args::{Cli, Common};
use super::env::Environment;
use super::session::Setup;
use super::{Failure, targets};
use crate::app::{App, Window};
use crate::aws::{Env, TargetId};
use crate::config::{Config, State};
use crate::runtime::record::{Frame, Reader, Recorder};
use crate::runtime::{self, Outside, Shell, Until};
use clap::{CommandFactory, Parser};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use std::time::Duration;

fn parse(args: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once("eyewall").chain(args.split_whitespace()))
}

fn common(args: &str) -> Common {
    parse(args).unwrap().common
}

#[test]
fn the_grammar_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn arguments_parse_or_are_refused() {
    for good in [
        "",
        "demo",
        "demo --scenario quiet --seed 7 --speed 10",
        "demo --serve 127.0.0.1:4566",
        "--target a,b --target c",
        "snapshot alarms --open x --keys jj --size 80x24 --format svg --timeout 5",
        "snapshot alarms --demo --at 2026-11-21T04:19:00Z",
        "replay f --speed 4",
        "config check --config f",
        "policy --rollback",
        "completions zsh",
    ] {
        assert!(parse(good).is_ok(), "{good}");
    }
    for bad in [
        "snapshot",
        "snapshot alarms --size 80",
        "snapshot alarms --size 0x24",
        "snapshot alarms --size 59x24",
        "snapshot alarms --size 60x14",
        "snapshot alarms --timeout -1",
        "snapshot alarms --format png",
        "demo --speed 0",
        "demo --speed nan",
        "demo --speed 2 --at 2026-11-21T04:19:00Z",
        "demo --serve 127.0.0.1:1 --speed 2",
        "demo --at yesterday",
        "--target a --profile b",
        "--redact",
        "dmeo",
        "completions tcsh",
    ] {
        let error = parse(bad).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{bad}");
    }
    assert!(parse("dmeo").unwrap_err().to_string().contains("demo"), "near words are suggested");
}

#[test]
fn flags_of_the_simulated_aws_need_it() {
    for (args, flag) in [
        ("--scenario quiet", Some("--scenario")),
        ("--at 2026-11-21T04:19:00Z", Some("--at")),
        ("--speed 3", Some("--speed")),
        ("", None),
    ] {
        assert_eq!(common(args).demo_only(), flag, "{args}");
    }
    assert_eq!(common("--speed 3").replaying().demo_only(), None);
}

#[test]
fn targets_come_from_flags_or_config() {
    let two =
        "[[target]]\nname = \"prod\"\nregion = \"eu-west-2\"\n[[target]]\nname = \"dev\"\nprofile = \"d\"\n";
    let config = Config::parse(two, "c").unwrap();
    let none = Config::default();
    let env = Env { profile: Some("from-env".into()), ..Env::default() };
    let cases = [
        (&none, "", vec![("from-env", None, None)]),
        (&none, "--profile p --region eu-west-1", vec![("p", Some("p"), Some("eu-west-1"))]),
        (&config, "", vec![("prod", None, Some("eu-west-2")), ("dev", Some("d"), None)]),
        (&config, "--target dev", vec![("dev", Some("d"), None)]),
        (&config, "--target dev,prod,dev", vec![("dev", Some("d"), None), ("prod", None, Some("eu-west-2"))]),
        (&config, "--region us-east-1", vec![("from-env", None, Some("us-east-1"))]),
        (&config, "--demo", vec![("demo", None, None)]),
        (&config, "--demo --target prod", vec![("prod", None, Some("eu-west-2"))]),
    ];
    for (config, args, expected) in cases {
        let specs = targets::select(config, &common(args), &env).unwrap();
        let found: Vec<_> = specs
            .iter()
            .map(|spec| (spec.name.as_str(), spec.profile.as_deref(), spec.region.as_deref()))
            .collect();
        assert_eq!(found, expected, "{args}");
    }
}

#[test]
fn bad_targets_are_refused_with_what_was_meant() {
    let config = Config::parse("[[target]]\nname = \"prod\"\n", "c").unwrap();
    for (args, says) in [
        ("--target pord", "did you mean `prod`?"),
        ("--target x", "there are: prod"),
        ("--region eu-wset-1x", "--region: `eu-wset-1x` does not look like a region"),
        ("--region us-esat-1", "--region: there is no region `us-esat-1` (did you mean `us-east-1`?)"),
        ("--region eu-west", "did you mean `eu-west-1`?"),
        ("--endpoint-url localhost:4566", "--endpoint-url: must start with http:// or https://"),
    ] {
        let failure = targets::select(&config, &common(args), &Env::default()).unwrap_err();
        assert_eq!(failure.code(), 2, "{args}");
        assert!(failure.to_string().contains(says), "{args}: {failure}");
    }
    let failure = targets::select(&Config::default(), &common("--target x"), &Env::default()).unwrap_err();
    assert!(failure.to_string().contains("no [[target]]"), "{failure}");
}

#[test]
fn read_only_covers_every_target() {
    let config = Config { read_only: true, ..Config::default() };
    let specs = targets::select(&config, &common(""), &Env::default()).unwrap();
    assert!(specs.iter().all(|spec| spec.read_only));
}

fn setup(args: &str) -> Result<Setup, Failure> {
    // No config of whoever runs the tests takes part.
    let mut common = common(args);
    let empty = std::env::temp_dir().join(format!("eyewall-empty-{}.toml", std::process::id()));
    std::fs::write(&empty, "").unwrap();
    common.config.get_or_insert(empty);
    Setup::new(common, Environment::default())
}

#[test]
fn bad_names_are_refused_before_anything_is_drawn() {
    for (args, says) in [
        ("--theme drak", "did you mean `dark`?"),
        ("--demo --scenario quite", "did you mean `quiet`?"),
        ("--demo --scenario ./no-such-file.toml", "no-such-file.toml"),
        ("--config /no/such/config.toml", "/no/such/config.toml"),
        ("--speed 3", "--speed belongs to the simulated AWS"),
    ] {
        let failure = setup(args).err().unwrap_or_else(|| panic!("{args} was taken"));
        assert_eq!(failure.code(), 2, "{args}");
        assert!(failure.to_string().contains(says), "{args}: {failure}");
    }
    let failure = super::simulated::faults(&common("--demo --fault logs:x=explode")).unwrap_err();
    assert_eq!(failure.code(), 2);
}

#[test]
fn what_is_wrong_in_the_config_is_told_with_its_line() {
    let file = std::env::temp_dir().join(format!("eyewall-wrong-{}.toml", std::process::id()));
    for (text, says) in [
        ("[keys]\nopen = [\"Enter\"]\nrefresh = [\"j\"]\n", ":3: keys.refresh: j is claimed by both `down`"),
        ("[keys]\ndown = [\"r\"]\n", ":2: keys.down: r is claimed by both `down` and `refresh`"),
        ("[keys]\nrefresh = [\"Hyper-q\"]\n", ":2: keys.refresh: `Hyper-q` is not a key"),
        ("[ui]\nascii = true\nzone = \"Europe/Lodnon\"\n", ":3: ui.zone: there is no zone `Europe/Lodnon`"),
        (
            "[[target]]\nname = \"a\"\nregion = \"us-esat-1\"\n",
            "no region `us-esat-1` (did you mean `us-east-1`?)",
        ),
    ] {
        std::fs::write(&file, text).unwrap();
        let failure =
            setup(&format!("--config {}", file.display())).err().unwrap_or_else(|| panic!("{text}"));
        assert_eq!(failure.code(), 2, "{text}");
        assert!(failure.to_string().contains(says), "{failure}");
    }
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn a_frozen_world_gives_the_same_bytes_every_time() {
    let args = "snapshot alarms --demo --at 2026-11-21T04:19:00Z";
    let snapshot = || {
        let cli = parse(args).unwrap();
        let Some(super::args::Command::Snapshot(wanted)) = cli.command else { panic!("{args}") };
        super::snapshot::print(setup("--demo --at 2026-11-21T04:19:00Z").unwrap(), &wanted).unwrap()
    };
    let (first, second) = (snapshot(), snapshot());
    assert_eq!(first, second);
    assert!(first.text.contains("checkout-5xx"), "{}", first.text);
    assert_eq!(first.ended, crate::runtime::Ended::Settled);
}

#[test]
fn what_is_opened_by_name_must_be_there() {
    let args = "snapshot alarms --open checkout-5x --demo --at 2026-11-21T04:19:00Z";
    let Some(super::args::Command::Snapshot(wanted)) = parse(args).unwrap().command else { panic!("{args}") };
    let failure =
        super::snapshot::print(setup("--demo --at 2026-11-21T04:19:00Z").unwrap(), &wanted).unwrap_err();
    assert_eq!(failure.code(), 1);
    assert!(failure.to_string().contains("did you mean `checkout-5xx`?"), "{failure}");
}

/// Every kind of answer passes through a recording on one of these ways.
#[test]
fn a_replay_shows_what_was_seen() {
    let cases = [
        ("bad-deploy", "1", "TIMELINE"),
        ("bad-deploy", "2<Enter>", "production shift 20 %"),
        ("bad-deploy", "3j<Enter>", "ALARM"),
        ("bad-deploy", "4<Enter>", "Failed, percent by side"),
        ("bad-deploy", "5p/ecs/checkout<Enter>", "read from"),
        ("bad-deploy", "6<Enter>", "first fault"),
        ("leaked-key", "7<Enter>", "SIGNALS"),
        ("leaked-key", "8<Enter>", "CreateLoginProfile"),
        ("bad-deploy", "9", "POLLERS"),
    ];
    for (scenario, keys, word) in cases {
        let (seen, shown) = seen_and_replayed(scenario, keys);
        assert!(shown.contains("REPLAY") && !seen.contains("REPLAY"));
        let below_header = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(below_header(&seen), below_header(&shown), "{scenario} {keys}");
        assert!(seen.contains(word), "{scenario} {keys}: no {word} in\n{seen}");
    }
}

fn seen_and_replayed(scenario: &str, keys: &str) -> (String, String) {
    let file = std::env::temp_dir().join(format!("eyewall-replay-{}", std::process::id()));
    let setup = setup(&format!("--demo --at 2026-11-21T04:19:00Z --scenario {scenario}")).unwrap();
    let paused =
        || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();

    let seen = paused().block_on(async {
        let clock = setup.clock();
        let mut app = setup.app();
        let (mut shell, outside) = super::shell::shell(&setup, clock);
        let header = super::replay::header(&setup, &app, clock, Vec::new(), (120, 40));
        let recorder = Recorder::create(&file, &header, false).unwrap();
        shell.tap = Some(recorder.tap());
        let keys = super::keys::parse(keys).unwrap().into();
        shell.until = Some(Until { timeout: Duration::from_mins(1), open: None, keys });
        super::shell::connect(&setup.aws(clock).unwrap(), &setup.specs, true, false, &outside);
        let seen = drawn(&mut app, shell).await;
        recorder.finish().unwrap();
        seen
    });

    let (header, mut frames) =
        Reader::open(std::io::BufReader::new(std::fs::File::open(&file).unwrap())).unwrap();
    let shown = paused().block_on(async {
        let mut app = super::replay::app_of(&setup, &header);
        let (mut shell, outside) = super::shell::shell(&setup, setup.clock());
        shell.replay = Some(header.start);
        tokio::spawn(async move {
            for frame in frames.by_ref() {
                if let Frame::Told(now, msg) = frame {
                    outside.send(Outside::Replayed(Box::new(msg), now)).await.unwrap();
                }
            }
            assert!(!frames.is_cut(), "a frame that was written could not be read");
            // The last of it is drawn up to a frame later.
            tokio::time::sleep(Duration::from_secs(1)).await;
            outside.send(Outside::End).await.unwrap();
        });
        drawn(&mut app, shell).await
    });
    std::fs::remove_file(&file).unwrap();
    (super::picture::text(&seen), super::picture::text(&shown))
}

async fn drawn(app: &mut App, shell: Shell) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
    runtime::run(app, &mut terminal, futures::stream::pending(), shell).await.unwrap();
    terminal.backend().buffer().clone()
}

#[test]
fn where_the_console_was_left_it_starts_again() {
    let setup = setup("--demo").unwrap();
    let mut state = State::default();
    let mut app = setup.app();
    let now = setup.clock().now();
    assert!(super::console::remember(&app, &mut state), "the first time there is something to write");
    assert!(!super::console::remember(&app, &mut state));
    app.ui.pane = app.panes.iter().position(|pane| pane.name() == "logs").unwrap();
    app.ui.window = Window::Live { secs: 900 };
    let link = crate::features::remembered_link("demo", &["/ecs/checkout".into()]).unwrap();
    app.goto(&link, now);
    assert!(super::console::remember(&app, &mut state));

    let mut again = setup.app();
    super::console::recall(&mut again, &State::parse(&state.text()), now);
    assert_eq!(again.panes[again.ui.pane].name(), "logs");
    assert_eq!(again.ui.window, Window::Live { secs: 900 });
    let groups = again
        .panes
        .iter()
        .find_map(|p| crate::features::remembered_groups(&TargetId::new("demo"), &p.here()));
    assert_eq!(groups, Some(vec!["/ecs/checkout".to_owned()]));
}

#[test]
fn a_snapshot_of_which_nothing_was_read_says_why() {
    for (pane, fault, unread) in [
        ("rollouts", "*:*=deny", vec!["denied: ecs:ListClusters"]),
        ("alarms", "cloudwatch:*=deny", vec!["denied: cloudwatch:DescribeAlarms"]),
        ("overview", "cloudwatch:*=deny", vec![]),
        ("diagnostics", "cloudwatch:*=deny", vec![]),
    ] {
        let common = format!("--demo --at 2026-11-21T04:19:00Z --fault {fault}");
        let Some(super::args::Command::Snapshot(wanted)) =
            parse(&format!("snapshot {pane} {common}")).unwrap().command
        else {
            panic!("{pane}")
        };
        let printed = super::snapshot::print(setup(&common).unwrap(), &wanted).unwrap();
        assert_eq!(printed.unread, unread, "{pane}: {}", printed.text);
        assert!(!printed.text.is_empty(), "{pane}");
    }
}
