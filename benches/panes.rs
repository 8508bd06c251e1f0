//! Redraws of whole screens at 200x60 over the data of the demo, budget 1 ms each; and the largest answer
//! that the core takes in, budget 2 ms.
//!
//! Each screen is what the real loop shows once everything it asked for has come; the clock is paused.
#![expect(clippy::print_stderr, reason = "memory is told beside the times")]
#![expect(clippy::expect_used, reason = "a bench that cannot start has nothing to measure")]

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use divan::Bencher;
use eyewall::app::{App, Keymap, Msg, Now, PollKey, Polled, Settings};
use eyewall::aws::{Access, Aws, Clocks, TargetSpec, Usage};
use eyewall::cli::keys;
use eyewall::config::Config;
use eyewall::demo::SimAws;
use eyewall::demo::world::Scenario;
use eyewall::features::security::Finding;
use eyewall::features::session::SessionInfo;
use eyewall::features::{OpCtx, Payload, Query, Store, Topic};
use eyewall::runtime::clock::Clock;
use eyewall::runtime::{Shell, Until, run};
use eyewall::text::Zone;
use eyewall::theme::{ColorDepth, Theme};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;
use std::time::Duration;

fn main() {
    divan::main();
}

const AREA: Rect = Rect { x: 0, y: 0, width: 200, height: 60 };
/// Keys to a screen, in the scenario where it shows the most.
const SCREENS: [(&str, &str); 11] = [
    ("bad-deploy", "1"),
    ("bad-deploy", "2"),
    ("bad-deploy", "2<Enter>"),
    ("bad-deploy", "3"),
    ("bad-deploy", "3<Enter>"),
    ("bad-deploy", "5p/ecs/checkout<Enter>"),
    ("leaked-key", "7"),
    ("leaked-key", "7<Enter>"),
    ("bad-deploy", "9"),
    ("big", "3."),
    ("big", "1"),
];

/// The console after these keys, everything settled, and the time it was then.
async fn console(scenario: &str, keys: &str) -> (App, Now) {
    let clock = Clock::starting_at("2026-11-22T10:00:00Z".parse().expect("a time"));
    let scenario = Scenario::builtin(scenario).expect("a shipped scenario");
    let sim = SimAws::new(scenario, 7, clock.wall(), Arc::new(move || clock.wall()));
    let clocks = Clocks {
        monotonic: Arc::new(move || clock.since_start()),
        wall: Arc::new(move || clock.wall()),
        sleep: SharedAsyncSleep::new(TokioSleep::new()),
    };
    let aws = Aws::new(Access::Simulated { http: SharedHttpClient::new(sim) }, clocks, None);
    let conn = aws.connect(&TargetSpec::named("demo")).await;
    let settings = Settings {
        config: Config::default(),
        keymap: Keymap::default(),
        user_themes: Vec::new(),
        depth: ColorDepth::True,
        theme: Theme::plain(),
    };
    let store = Store::new([(conn.spec().clone(), SessionInfo::of(&conn, true))]);
    let mut app = App::new(store, settings, Zone::utc());
    let folder = std::env::temp_dir();
    let ops = OpCtx {
        dashboards: Vec::new(),
        conns: vec![conn.clone()],
        folder: folder.clone(),
        state_folder: folder,
        in_tmux: false,
        clock,
    };
    // The sender must live as long as the loop does.
    let (_outside, queue) = tokio::sync::mpsc::channel(1);
    let shell = Shell {
        clock,
        conns: vec![conn],
        ops,
        seed: 7,
        outside: queue,
        tap: None,
        until: Some(Until {
            timeout: Duration::from_mins(10),
            keys: keys::parse(keys).expect("keys").into(),
            open: None,
        }),
        idle: None,
        replay: None,
    };
    let mut terminal = Terminal::new(TestBackend::new(AREA.width, AREA.height)).expect("a screen in memory");
    let ended = run(&mut app, &mut terminal, futures::stream::pending(), shell).await;
    ended.expect("a screen in memory does not fail");
    (app, clock.now())
}

#[divan::bench(args = SCREENS, sample_count = 50)]
fn redraw(bencher: Bencher, (scenario, keys): (&str, &str)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let (app, now) = runtime.expect("a runtime").block_on(console(scenario, keys));
    bencher.with_inputs(|| Buffer::empty(AREA)).bench_local_refs(|buf| app.render(buf, now));
}

/// All 2,000 alarms of a big account arrive: stored, services derived, panes told.
#[divan::bench(sample_count = 50)]
fn handle_the_largest_answer(bencher: Bencher) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let (mut app, now) = runtime.expect("a runtime").block_on(console("big", "1"));
    let target = app.store.active().next().expect("one target").clone();
    let list = app.store.target(&target).and_then(|target| target.alarms.clone()).expect("alarms");
    let answer = || {
        Msg::Polled(Box::new(Polled {
            key: PollKey::new(&target, Topic::Alarms),
            query: Query::Alarms,
            result: Ok(Payload::Alarms(list.clone())),
            next_in: Some(Duration::from_secs(30)),
            usage: Usage::default(),
        }))
    };
    bencher.with_inputs(answer).bench_local_values(|msg| app.handle(msg, now));
}

/// Security with as many findings as are kept.
fn ten_thousand_findings() -> (App, Now) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let (mut app, now) = runtime.expect("a runtime").block_on(console("leaked-key", "7"));
    let target = app.store.active().next().expect("one target").clone();
    let mut list = app.store.target(&target).and_then(|target| target.findings.clone()).expect("findings");
    let samples = list.findings.clone();
    for nth in 0..10_000 - samples.len() {
        let sample = samples.get(nth % samples.len()).expect("a sample");
        let mut finding = Finding { id: format!("{nth:032x}"), ..(**sample).clone() };
        for resource in &mut finding.resources {
            resource.name = format!("{}-{}", resource.name, nth % 300);
        }
        list.findings.push(Arc::new(finding));
    }
    list.settle(10_000, usize::MAX);
    let bytes: usize = list.findings.iter().map(|finding| finding.bytes()).sum();
    eprintln!("{} findings take {:.1} MiB", list.findings.len(), bytes as f64 / 1_048_576.0);
    let query =
        app.plan(now).get(&PollKey::new(&target, Topic::Findings)).expect("it is wanted").query.clone();
    let polled = Polled {
        key: PollKey::new(&target, Topic::Findings),
        query,
        result: Ok(Payload::Findings(Box::new(list))),
        next_in: Some(Duration::from_mins(1)),
        usage: Usage::default(),
    };
    app.handle(Msg::Polled(Box::new(polled)), now);
    (app, now)
}

/// Ten thousand findings arrive once more, some of them changed; then grouped another way, high ones only and
/// all again, a letter of a filter, a filter that nothing fits: budget 20 ms each, and they run in the core.
#[divan::bench(args = ["s", ".", "e", "zebra crossing"], sample_count = 50)]
fn arrange_ten_thousand_findings(bencher: Bencher, typed: &str) {
    let (mut app, now) = ten_thousand_findings();
    let press = |app: &mut App, keys: &str| {
        for key in keys::parse(keys).expect("keys") {
            app.handle(Msg::Input(key), now);
        }
    };
    if matches!(typed, "s" | ".") {
        return bencher.bench_local(|| press(&mut app, typed));
    }
    // All but the last letter stand in the filter already; it is taken away again outside of the measure.
    let (before, last) = typed.split_at(typed.len() - 1);
    press(&mut app, &format!("/{before}"));
    let app = std::cell::RefCell::new(app);
    bencher
        .with_inputs(|| press(&mut app.borrow_mut(), "<Backspace>"))
        .bench_local_values(|()| press(&mut app.borrow_mut(), last));
}

/// The same list again, as every poll brings it: shared with the source, stored, arranged, the old one dropped.
#[divan::bench(sample_count = 50)]
fn handle_ten_thousand_findings(bencher: Bencher) {
    let (mut app, now) = ten_thousand_findings();
    let target = app.store.active().next().expect("one target").clone();
    let key = PollKey::new(&target, Topic::Findings);
    let list = app.store.target(&target).and_then(|target| target.findings.clone()).expect("findings");
    let query = app.plan(now).get(&key).expect("it is wanted").query.clone();
    let answer = || {
        Msg::Polled(Box::new(Polled {
            key: key.clone(),
            query: query.clone(),
            result: Ok(Payload::Findings(Box::new(list.clone()))),
            next_in: Some(Duration::from_mins(1)),
            usage: Usage::default(),
        }))
    };
    bencher.with_inputs(answer).bench_local_values(|msg| app.handle(msg, now));
}

/// The first of them on screen.
#[divan::bench(sample_count = 50)]
fn redraw_ten_thousand_findings(bencher: Bencher) {
    let (app, now) = ten_thousand_findings();
    bencher.with_inputs(|| Buffer::empty(AREA)).bench_local_refs(|buf| app.render(buf, now));
}
