//! The commands against a simulator behind a socket: the world changes between two reads, credentials end, the
//! program is interrupted, killed, and started again.

use super::{Run, journal};
use crate::binary::command;
use crate::common::scratch;
use eyewall::demo::world::Scenario;
use eyewall::demo::{Faults, SimAws, serve};
use jiff::{SignedDuration, Timestamp};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// Nothing takes this long, even on a busy machine.
const LONGEST: Duration = Duration::from_mins(1);

/// A simulator, its address, and how far its time is ahead.
struct World {
    sim: SimAws,
    address: String,
    ahead: Arc<AtomicI64>,
    home: PathBuf,
    _runtime: Runtime,
}

impl World {
    fn start(test: &str) -> Self {
        Self::of(test, "bad-deploy")
    }

    fn of(test: &str, scenario: &str) -> Self {
        let clock = eyewall::runtime::clock::Clock::system();
        let ahead = Arc::new(AtomicI64::new(0));
        let told = Arc::clone(&ahead);
        let now =
            move || -> Timestamp { clock.wall() + SignedDuration::from_secs(told.load(Ordering::Relaxed)) };
        let sim = SimAws::new(Scenario::builtin(scenario).unwrap(), 7, clock.wall(), Arc::new(now));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let listener = runtime.block_on(serve::bind("127.0.0.1:0".parse().unwrap())).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(serve::run(listener, sim.clone(), CancellationToken::new()));
        Self { sim, address, ahead, home: scratch(test), _runtime: runtime }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(&self.home);
        command
            .args(["--endpoint-url", &self.address, "--region", "eu-west-2"])
            .args(arguments)
            .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&self.command(arguments).output().unwrap(), self.home.clone())
    }

    fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    fn end(&self, child: Child) -> Run {
        Run::of(&child.wait_with_output().unwrap(), self.home.clone())
    }

    fn calls(&self, operation: &str) -> u64 {
        self.sim.ceilings().iter().filter(|it| it.operation == operation).map(|it| it.total).sum()
    }

    fn wait_for(&self, operation: &str, calls: u64) {
        #[expect(clippy::disallowed_methods, reason = "a test that waits for another process")]
        let begin = Instant::now();
        while self.calls(operation) < calls {
            assert!(begin.elapsed() < LONGEST, "{operation} was not called {calls} times");
            pause();
        }
    }

    fn fault(&self, rules: &[&str]) {
        self.sim.set_faults(Faults::parse(rules.iter().copied()).unwrap());
    }

    fn pass(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
    }

    fn journal(&self) -> PathBuf {
        self.home.join(".local/state/eyewall/journal.jsonl")
    }

    fn steps(&self) -> Vec<String> {
        journal(&self.journal()).iter().map(|line| line["step"].as_str().unwrap().to_owned()).collect()
    }
}

fn pause() {
    #[expect(clippy::disallowed_methods, reason = "a test that waits for another process")]
    std::thread::sleep(Duration::from_millis(20));
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn wait_for_text(file: &Path, text: &str) {
    #[expect(clippy::disallowed_methods, reason = "a test that waits for another process")]
    let begin = Instant::now();
    while !std::fs::read_to_string(file).unwrap_or_default().contains(text) {
        assert!(begin.elapsed() < LONGEST, "no {text} in {}", file.display());
        pause();
    }
}

const SEND: [&str; 4] = ["rollback", "checkout", "--confirm", "checkout"];

#[test]
fn a_dry_run_and_an_unconfirmed_one_change_nothing() {
    let world = World::start("served-dry");
    world.run(&["rollback", "checkout", "--dry-run"]).ends(0, &["a dry run: nothing was sent"]);
    world.run(&["rollback", "checkout"]).ends(3, &["pass --confirm checkout"]);
    world.run(&["rollback", "checkout", "--confirm", "cart"]).ends(3, &["nothing was sent"]);
    world.run(&["rollouts", "watch", "checkout", "--timeout", "1"]).ends(5, &["timed out"]);
    for operation in world.sim.ceilings() {
        let reads = ["Describe", "List", "Get"].iter().any(|verb| operation.operation.starts_with(verb));
        assert!(reads, "{operation:?}");
    }
    assert_eq!(world.steps(), [""; 0]);
}

#[test]
fn a_rollback_is_sent_once_and_watched_while_the_world_goes_back() {
    let world = World::start("served-done");
    let child = world.spawn(&SEND);
    wait_for_text(&world.journal(), r#""step":"sent""#);
    world.pass(90);
    world.end(child).ends(0, &["checkout rollback sent", "checkout rolled back"]);
    assert_eq!(world.calls("StopServiceDeployment"), 1);
    assert_eq!(world.steps(), ["sending", "sent", "ended"]);
    let again = world.run(&SEND);
    again.ends(
        3,
        &[
            "nothing was sent",
            "its last deployment was rolled back already (ROLLBACK_SUCCESSFUL), and no other revision",
        ],
    );
    world.run(&["rollouts", "watch", "checkout"]).ends(3, &["ROLLBACK_SUCCESSFUL", "rolled back"]);
    assert_eq!(world.calls("StopServiceDeployment"), 1);
}

#[test]
fn what_somebody_else_does_between_plan_and_call_stops_it() {
    for (case, seconds, said) in [
        ("somebody rolls back", 0, "status was in progress, is already rolling back"),
        ("it finishes", 7200, "status was in progress, is ended"),
    ] {
        let world = World::start("served-race");
        world.fault(&["sts:GetCallerIdentity=delay:3s*1"]);
        let child = world.spawn(&SEND);
        // The shift was read for the plan; who is calling takes its time.
        world.wait_for("GetCallerIdentity", 1);
        let mut others = 0;
        if seconds == 0 {
            let other = World { home: scratch("served-race-other"), ..world_of(&world) };
            other.run(&[&SEND[..], &["--timeout", "0"]].concat()).ends(5, &["AWS carries on"]);
            others = 1;
        }
        world.pass(seconds);
        world.end(child).ends(3, &["nothing was sent", "the plan no longer holds", said]);
        assert_eq!(world.calls("StopServiceDeployment"), others, "{case}");
        assert_eq!(world.steps(), ["sending", "changed"], "{case}");
    }
}

/// An alias remembers nothing: that it went back follows from what was seen before.
#[test]
fn a_split_that_is_watched_ends_as_what_is_left_of_it() {
    let world = World::of("served-alias", "lambda-canary");
    let child = world.spawn(&["rollouts", "watch", "receipts"]);
    world.wait_for("GetAlias", 1);
    let other = World { home: scratch("served-alias-other"), ..world_of(&world) };
    other.run(&["rollback", "receipts", "--confirm", "receipts"]).ends(0, &["receipts rolled back"]);
    let said = ["new 20 %", "new 0 %", "rolled back: old has all traffic again (version 17"];
    world.end(child).ends(3, &said);
}

/// The same world, for somebody else.
fn world_of(world: &World) -> World {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    World {
        sim: world.sim.clone(),
        address: world.address.clone(),
        ahead: Arc::clone(&world.ahead),
        home: PathBuf::new(),
        _runtime: runtime,
    }
}

#[test]
fn credentials_that_end_after_sending_only_pause_the_reading() {
    let world = World::start("served-expired");
    let child = world.spawn(&SEND);
    wait_for_text(&world.journal(), r#""step":"sent""#);
    world.fault(&["ecs:*=expire*2"]);
    let before = world.calls("DescribeServices");
    world.wait_for("DescribeServices", before + 2);
    world.pass(90);
    world.end(child).ends(0, &["AWS carries on · ", "checkout rolled back"]);
    assert_eq!(world.calls("StopServiceDeployment"), 1);
}

#[test]
fn an_interrupt_says_that_aws_carries_on() {
    let world = World::start("served-interrupt");
    let child = world.spawn(&SEND);
    wait_for_text(&world.journal(), r#""step":"sent""#);
    signal(&child, "INT");
    world.end(child).ends(5, &["stopped: it was sent", "AWS carries on"]);
    // Interrupted while the call itself is on its way: its answer is still waited for.
    let world = World::start("served-interrupt-early");
    world.fault(&["ecs:StopServiceDeployment=delay:2s"]);
    let child = world.spawn(&SEND);
    world.wait_for("StopServiceDeployment", 1);
    signal(&child, "INT");
    world.end(child).ends(5, &["rollback sent", "cannot be called back", "request id"]);
    assert_eq!((world.calls("StopServiceDeployment"), world.steps().len()), (1, 2));
}

#[test]
fn what_a_killed_one_sent_is_told_by_the_next_start() {
    for (case, fault, steps) in [
        ("after the answer", "ecs:StopServiceDeployment=delay:0s", 2),
        ("before the answer", "ecs:StopServiceDeployment=delay:20s", 1),
    ] {
        let world = World::start("served-killed");
        world.fault(&[fault]);
        let mut child = world.spawn(&SEND);
        world.wait_for("StopServiceDeployment", 1);
        if steps == 2 {
            wait_for_text(&world.journal(), r#""step":"sent""#);
        }
        signal(&child, "KILL");
        child.wait().unwrap();
        assert_eq!(world.steps().len(), steps, "{case}");
        let second = world.run(&SEND);
        second.ends(
            3,
            &["from an earlier run: checkout rollback sent", "nothing was sent", "one is in flight already"],
        );
        world.pass(90);
        world
            .run(&["rollouts"])
            .ends(0, &["ROLLBACK_SUCCESSFUL", "from an earlier run: checkout rolled back"]);
        assert_eq!(world.steps().last().unwrap(), "ended", "{case}");
        assert!(!world.run(&["rollouts"]).err.contains("earlier run"), "{case}: told once");
        assert_eq!(world.calls("StopServiceDeployment"), 1, "{case}");
    }
}
