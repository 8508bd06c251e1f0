//! How deployments by CodeDeploy go, and what may happen to them: stops, waits, hooks, alarms, a stack, other
//! people.

use super::{MINUTE, at, minute_of, target_groups, time};
use crate::demo::world::{
    CodeDeployError, CodeDeployTarget, CodeDeployment, Metric, Scenario, Stat, TaskSet, World,
};

const HEAD: &str = r#"
name = "x"
summary = "y"

[[service]]
name = "checkout"
rpm = 1500
error_rate = 0.0008
p50_ms = 62
p99_ms = 212
tasks = 4
family = "web-checkout"
revision = 40
path = "/checkout"

[[function]]
name = "receipts"
rpm = 600
error_rate = 0.002
p50_ms = 140
p99_ms = 900
alias = "live"
version = 17
queue = "receipts-queue"
memory = 256

[[alarm]]
name = "checkout-5xx"
watch = { errors = "checkout" }
threshold = 1
"#;

/// Traffic first moves 3.6 minutes in, if nobody waits.
const CANARY: &str = r#"
service = "checkout"
started = "+1m"
routing = { type = "TimeBasedCanary", percent = 20, minutes = 5 }
revision = 41
"#;

const ALIAS: &str = r#"
function = "receipts"
started = "+1m"
routing = { type = "TimeBasedLinear", percent = 30, minutes = 2 }
revision = 18
"#;

fn world(releases: &[&str]) -> World {
    let mut text = HEAD.to_owned();
    for release in releases {
        text.push_str("\n[[codedeploy]]\n");
        text.push_str(release);
    }
    World::new(Scenario::parse(&text, "test").unwrap(), 7, "eu-west-2", super::START.parse().unwrap())
}

fn all(world: &World, minutes: f64) -> Vec<CodeDeployment> {
    world.code_deployments(at(minutes))
}

fn newest(world: &World, minutes: f64) -> CodeDeployment {
    all(world, minutes).remove(0)
}

fn weight(deployment: &CodeDeployment) -> f64 {
    match &deployment.target {
        CodeDeployTarget::Service { sets, .. } => {
            sets.iter().find(|(label, _)| *label == "Green").map_or(0.0, |(_, set)| set.side.weight)
        }
        CodeDeployTarget::Alias { weight, .. } => *weight,
    }
}

/// Status and percent on the new side.
fn state(world: &World, minutes: f64) -> (&'static str, f64) {
    let now = newest(world, minutes);
    (now.status, weight(&now))
}

fn events(world: &World, minutes: f64) -> String {
    let words =
        newest(world, minutes).events.into_iter().map(|event| format!("{}:{}", event.name, event.status));
    words.collect::<Vec<_>>().join(" ")
}

fn sets(world: &World, minutes: f64) -> Vec<TaskSet> {
    world.task_sets("checkout", at(minutes)).unwrap()
}

/// Status and number, requested, running and pending tasks of each task set.
fn crew(world: &World, minutes: f64) -> Vec<(&'static str, u32, u32, u32, u32)> {
    let sets = sets(world, minutes).into_iter();
    sets.map(|set| {
        let side = set.side;
        (set.status, side.number, side.requested, side.running, side.pending)
    })
    .collect()
}

/// Share of a stream's requests that its sides had in a minute, in percent.
fn traffic(world: &World, name: &str, minutes: f64) -> Vec<f64> {
    let stream = &world.streams[world.by_name[name]];
    let slices = world.slices(stream, at(minutes).as_millisecond().div_euclid(MINUTE));
    let all: u32 = slices.iter().map(|slice| slice.count).sum();
    let of = |side| slices.iter().filter(|slice| slice.side == side).map(|slice| slice.count).sum::<u32>();
    (0..stream.course.sides.len())
        .map(|side| (100.0 * f64::from(of(side)) / f64::from(all)).round())
        .collect()
}

#[test]
fn a_canary_goes_through_its_events_and_traffic_follows() {
    let world = world(&[&format!("{CANARY}termination_minutes = 10")]);
    assert_eq!(world.code_deployments(at(0.9)), []);
    assert_eq!(state(&world, 1.01), ("Created", 0.0));
    assert_eq!(newest(&world, 1.01).started, None);
    assert_eq!(
        events(&world, 2.0),
        "BeforeInstall:Succeeded Install:InProgress AfterInstall:Pending AllowTestTraffic:Pending \
         AfterAllowTestTraffic:Pending BeforeAllowTraffic:Pending AllowTraffic:Pending AfterAllowTraffic:Pending"
    );
    assert_eq!(crew(&world, 2.0), [("PRIMARY", 40, 4, 4, 0), ("ACTIVE", 41, 4, 2, 1)]);
    assert_eq!(state(&world, 3.6), ("InProgress", 0.0));
    assert_eq!(state(&world, 3.8), ("InProgress", 20.0));
    assert_eq!(traffic(&world, "checkout", 6.0), [80.0, 20.0]);
    assert!(events(&world, 6.0).ends_with("AllowTraffic:InProgress AfterAllowTraffic:Pending"));
    assert_eq!(crew(&world, 6.0), [("PRIMARY", 40, 4, 4, 0), ("ACTIVE", 41, 4, 4, 0)]);
    assert_eq!(sets(&world, 6.0)[1].deployment, Some(newest(&world, 6.0).id));
    assert!(!newest(&world, 8.6).waits_to_clear);
    // All has moved: the new task set is the primary one, the old one is kept.
    let kept = newest(&world, 10.0);
    assert_eq!((kept.status, weight(&kept), kept.waits_to_clear), ("InProgress", 100.0, true));
    assert!(kept.events.iter().all(|event| event.status == "Succeeded"));
    assert_eq!(crew(&world, 10.0), [("PRIMARY", 41, 4, 4, 0), ("ACTIVE", 40, 4, 4, 0)]);
    assert_eq!(traffic(&world, "checkout", 10.0), [0.0, 100.0]);
    let done = newest(&world, 21.0);
    assert_eq!((done.status, done.completed), ("Succeeded", Some(done.updated)));
    assert_eq!(crew(&world, 21.0), [("PRIMARY", 41, 4, 4, 0)]);
    // ECS knows of no deployments of its own.
    assert_eq!(world.deployments("checkout", at(6.0)), []);
    let rule = &world.rules(at(6.0))[0].targets;
    assert_eq!(rule.iter().map(|(_, weight)| *weight).collect::<Vec<_>>(), [80, 20]);
}

#[test]
fn a_stop_that_rolls_back_makes_another_deployment_and_traffic_returns() {
    let broken = "broken = { error_rate = 0.2, p50_ms = 90, p99_ms = 800, ramp_minutes = 0 }";
    let mut world = world(&[&format!("{CANARY}{broken}")]);
    let id = newest(&world, 6.0).id;
    let failures = |world: &World, minutes: f64| {
        let from = minute_of(minutes) * MINUTE;
        target_groups(world, "HTTPCode_Target_5XX_Count", from, from + MINUTE).map(|count| count as u32)
    };
    assert!(failures(&world, 5.0)[1] > 30, "{:?}", failures(&world, 5.0));
    world.stop_code_deployment(&id, Some(true), at(6.0)).unwrap();
    // It says so a little later; a repeat until then changes nothing.
    assert_eq!(state(&world, 6.02), ("InProgress", 20.0));
    assert_eq!(world.stop_code_deployment(&id, Some(false), at(6.02)), Ok(()));
    let stopped = newest(&world, 6.06);
    assert_eq!((stopped.status, stopped.error.as_ref().unwrap().0), ("Stopped", "MANUAL_STOP"));
    assert!(events(&world, 6.06).ends_with("AllowTraffic:Failed AfterAllowTraffic:Skipped"));
    let back = newest(&world, 6.08);
    assert_eq!(
        (back.status, back.creator, back.takes_back.as_ref()),
        ("Created", "codeDeployRollback", Some(&id))
    );
    let stopped = world.code_deployment(&id, at(6.1)).unwrap();
    assert_eq!(stopped.taken_back_by.as_ref(), Some(&back.id));
    assert_eq!((back.revision, back.previous), (stopped.previous, stopped.revision));
    assert_eq!(state(&world, 6.14), ("InProgress", 20.0));
    assert_eq!(state(&world, 6.2), ("InProgress", 0.0));
    assert_eq!(state(&world, 6.4), ("Succeeded", 0.0));
    assert_eq!(traffic(&world, "checkout", 7.0), [100.0, 0.0]);
    assert_eq!(failures(&world, 7.0)[1], 0);
    assert_eq!(crew(&world, 7.0), [("PRIMARY", 40, 4, 4, 0)]);
    let again = world.stop_code_deployment(&id, Some(true), at(7.0));
    assert_eq!(again, Err(CodeDeployError::Completed(id)));
    assert!(matches!(
        world.stop_code_deployment("d-NOPE", Some(true), at(7.0)),
        Err(CodeDeployError::NotFound(_))
    ));
}

#[test]
fn a_stop_that_does_not_roll_back_leaves_it_half_way() {
    for (back, events) in
        [(Some(false), ""), (None, ""), (None, "rollback_on = [\"DEPLOYMENT_STOP_ON_REQUEST\"]")]
    {
        let mut world = world(&[&format!("{CANARY}{events}")]);
        let id = newest(&world, 6.0).id;
        world.stop_code_deployment(&id, back, at(6.0)).unwrap();
        let left = events.is_empty();
        assert_eq!(all(&world, 8.0).len(), if left { 1 } else { 2 });
        assert_eq!(state(&world, 8.0), if left { ("Stopped", 20.0) } else { ("Succeeded", 0.0) });
        assert_eq!(traffic(&world, "checkout", 60.0), if left { [80.0, 20.0] } else { [100.0, 0.0] });
        assert_eq!(sets(&world, 60.0).len(), if left { 2 } else { 1 });
    }
}

#[test]
fn a_way_back_while_the_old_tasks_are_kept_is_quick_and_later_slow() {
    let kept = format!("{CANARY}termination_minutes = 10");
    for (stop, back) in [(12.0, 12.3), (19.0, 21.7)] {
        let mut world = world(&[&kept]);
        let id = newest(&world, stop).id;
        assert!(newest(&world, stop).waits_to_clear);
        world.stop_code_deployment(&id, Some(true), at(stop)).unwrap();
        assert_eq!(state(&world, back - 0.2), ("InProgress", 100.0), "{stop}");
        assert_eq!(state(&world, back), ("InProgress", 0.0), "{stop}");
        assert_eq!(newest(&world, back + 0.5).status, "Succeeded");
        assert_eq!(crew(&world, back + 1.0), [("PRIMARY", 40, 4, 4, 0)], "{stop}");
    }
    // Or the way back does not work.
    let mut world = world(&[&format!("{kept}\nstuck = true")]);
    let id = newest(&world, 6.0).id;
    world.stop_code_deployment(&id, Some(true), at(6.0)).unwrap();
    assert_eq!(state(&world, 8.0), ("Failed", 20.0));
    assert!(newest(&world, 8.0).error.is_some());
}

#[test]
fn it_waits_for_somebody_before_traffic_moves() {
    let waits = format!("{CANARY}ready_minutes = 10");
    let mut world = world(&[&waits]);
    assert_eq!(state(&world, 5.0), ("Ready", 0.0));
    assert!(events(&world, 5.0).contains("AfterAllowTestTraffic:Succeeded BeforeAllowTraffic:Pending"));
    // Nobody comes.
    assert_eq!(state(&world, 14.0), ("Stopped", 0.0));
    assert_eq!(newest(&world, 14.0).error.unwrap().0, "TIMEOUT");
    let id = newest(&world, 5.0).id;
    let wrong = world.continue_code_deployment(&id, true, at(5.0));
    assert_eq!(wrong, Err(CodeDeployError::NotWaiting(id.clone())));
    world.continue_code_deployment(&id, false, at(5.0)).unwrap();
    assert_eq!(state(&world, 5.1), ("InProgress", 20.0));
    assert_eq!(world.continue_code_deployment(&id, false, at(5.1)), Err(CodeDeployError::NotWaiting(id)));
    // Stopped there, nothing has to move back.
    let mut world = self::world(&[&waits]);
    let id = newest(&world, 5.0).id;
    world.stop_code_deployment(&id, Some(true), at(5.0)).unwrap();
    assert_eq!((state(&world, 6.0), sets(&world, 6.0).len()), (("Succeeded", 0.0), 1));
    // Somebody continues it by the scenario.
    assert_eq!(state(&self::world(&[&format!("{waits}\ncontinued = \"+4m\"")]), 4.1), ("InProgress", 20.0));
}

#[test]
fn old_tasks_may_be_let_go_before_their_time() {
    let mut world = world(&[&format!("{CANARY}termination_minutes = 60")]);
    let id = newest(&world, 12.0).id;
    world.continue_code_deployment(&id, true, at(12.0)).unwrap();
    assert_eq!(crew(&world, 12.1)[1], ("DRAINING", 40, 0, 2, 0));
    assert_eq!(state(&world, 13.1), ("Succeeded", 100.0));
}

#[test]
fn hooks_take_their_time_and_may_say_no() {
    let hook = |fails: bool| {
        format!("{CANARY}hooks = [{{ event = \"BeforeAllowTraffic\", minutes = 2, fails = {fails} }}]")
    };
    let good = world(&[&hook(false)]);
    assert!(events(&good, 5.0).contains("BeforeAllowTraffic:InProgress AllowTraffic:Pending"));
    assert_eq!(state(&good, 5.7), ("InProgress", 20.0));
    let bad = world(&[&hook(true)]);
    let failed = all(&bad, 8.0).remove(1);
    assert_eq!((failed.status, failed.error.unwrap().0), ("Failed", "HOOK_EXECUTION_FAILURE"));
    assert!(failed.events[5].message.is_some() && failed.taken_back_by.is_some());
    assert_eq!(state(&bad, 8.0), ("Succeeded", 0.0), "the group rolls back what fails");
    assert_eq!(sets(&bad, 8.0).len(), 1);
    let stays = world(&[&format!("{}\nrollback_on = []", hook(true))]);
    assert_eq!((state(&stays, 8.0), sets(&stays, 8.0).len()), (("Failed", 0.0), 2));
    // Nor does it go on with tasks that never become healthy.
    let broken =
        "broken = { error_rate = 0.2, p50_ms = 90, p99_ms = 800, ramp_minutes = 0, start = \"exit\" }";
    let sick = world(&[&format!("{CANARY}{broken}")]);
    assert_eq!(state(&sick, 30.0), ("InProgress", 0.0));
    assert_eq!(all(&sick, 63.0)[1].error.as_ref().unwrap().0, "TIMEOUT");
    assert_eq!(sets(&sick, 63.0).len(), 1);
}

#[test]
fn an_alarm_stops_it_when_it_is_watched() {
    let broken = "broken = { error_rate = 0.2, p50_ms = 90, p99_ms = 800, ramp_minutes = 0 }\nalarms = [\"checkout-5xx\"]\n";
    let ignored = world(&[&format!("{CANARY}{broken}")]);
    assert_eq!(all(&ignored, 20.0).len(), 1);
    let watched = format!("{CANARY}{broken}alarm_watch = true\n");
    let stopped = world(&[&watched]);
    assert_eq!((all(&stopped, 20.0).len(), state(&stopped, 20.0)), (1, ("Stopped", 20.0)));
    assert_eq!(newest(&stopped, 20.0).error.unwrap().0, "ALARM_ACTIVE");
    let world = world(&[&format!("{watched}rollback_on = [\"DEPLOYMENT_STOP_ON_ALARM\"]")]);
    assert_eq!((all(&world, 20.0).len(), state(&world, 20.0)), (2, ("Succeeded", 0.0)));
    // A stop before it comes first: then there is no alarm.
    let mut first = self::world(&[&watched]);
    let id = newest(&first, 4.0).id;
    first.stop_code_deployment(&id, Some(true), at(4.0)).unwrap();
    assert_eq!(first.code_deployment(&id, at(20.0)).unwrap().error.unwrap().0, "MANUAL_STOP");
}

#[test]
fn one_at_a_time_and_the_next_one_begins_where_the_last_one_ended() {
    let next = CANARY.replace("+1m", "+8m").replace("41", "42");
    // It would begin while another one goes on.
    assert_eq!(all(&world(&[CANARY, &next]), 30.0).len(), 1);
    // Somebody stopped that one before.
    let stopped = format!("{CANARY}stopped = {{ at = \"+6m\" }}");
    let world = world(&[&stopped, &next]);
    assert_eq!(all(&world, 9.0).len(), 3);
    assert_eq!(state(&world, 12.0), ("InProgress", 20.0));
    assert_eq!(crew(&world, 12.0), [("PRIMARY", 40, 4, 4, 0), ("ACTIVE", 42, 4, 4, 0)]);
    // Or left it half way: what was left goes.
    let half = format!("{CANARY}stopped = {{ at = \"+6m\", rollback = false }}");
    let world = self::world(&[&half, &next]);
    assert_eq!(traffic(&world, "checkout", 9.0), [100.0, 0.0, 0.0]);
    assert_eq!(crew(&world, 12.0), [("PRIMARY", 40, 4, 4, 0), ("ACTIVE", 42, 4, 4, 0)]);

    // Callers make deployments too.
    let mut world = self::world(&[CANARY]);
    let application = newest(&world, 6.0).settings.application;
    let busy = world.create_code_deployment(&application, 41, at(6.0));
    assert_eq!(busy, Err(CodeDeployError::Busy(newest(&world, 6.0).id)));
    let missing = world.create_code_deployment(&application, 77, at(20.0));
    assert_eq!(missing, Err(CodeDeployError::NoRevision("77".to_owned())));
    let id = world.create_code_deployment(&application, 40, at(20.0)).unwrap();
    assert_eq!((newest(&world, 23.0).id, state(&world, 23.0)), (id, ("InProgress", 20.0)));
    assert_eq!(crew(&world, 23.0), [("PRIMARY", 41, 4, 4, 0), ("ACTIVE", 40, 4, 4, 0)]);
}

#[test]
fn what_a_stack_makes_is_not_ours_to_stop() {
    let mut world = world(&[&format!("{CANARY}stack = \"shop\"")]);
    let made = newest(&world, 6.0);
    assert_eq!((made.creator, made.stack.unwrap().contains(":stack/shop/")), ("CloudFormation", true));
    assert_eq!(world.service("checkout", at(6.0)).unwrap().controller, "EXTERNAL");
    let refused = world.stop_code_deployment(&made.id, Some(true), at(6.0));
    assert!(matches!(refused, Err(CodeDeployError::Stack(_))));
}

#[test]
fn an_alias_is_moved_and_moved_back() {
    let broken = "broken = { error_rate = 0.2, p50_ms = 90, p99_ms = 800, ramp_minutes = 0 }";
    let mut world = world(&[&format!("{ALIAS}{broken}")]);
    let errors = |world: &World, minutes: f64| {
        let version =
            [("ExecutedVersion", "18"), ("FunctionName", "receipts"), ("Resource", "receipts:live")];
        let from = minute_of(minutes) * MINUTE;
        let metric = Metric::new("AWS/Lambda", "Errors", &version);
        let points = world.series(&metric, Stat::Sum, 60, time(from), time(from + MINUTE), at(60.0));
        points.first().map(|(_, value)| *value)
    };
    assert!(errors(&world, 4.0) > Some(50.0), "{:?}", errors(&world, 4.0));
    let alias = |world: &World, minutes: f64| {
        let state = world.alias("receipts", "live", at(minutes)).unwrap();
        (state.version, state.extra)
    };
    assert_eq!(alias(&world, 1.0), (17, None));
    assert_eq!(alias(&world, 2.0), (17, Some((18, 0.3))));
    assert_eq!(alias(&world, 4.0), (17, Some((18, 0.6))));
    assert_eq!(alias(&world, 7.5), (18, None));
    assert_eq!(state(&world, 7.6), ("Succeeded", 100.0));
    assert_eq!(traffic(&world, "receipts", 4.0), [40.0, 60.0]);
    assert_eq!(
        events(&world, 4.0),
        "BeforeAllowTraffic:Succeeded AllowTraffic:InProgress AfterAllowTraffic:Pending"
    );
    assert_eq!(world.versions("receipts").last().unwrap().0, 18);
    // By hand it can be changed; the next step of CodeDeploy overrides that.
    let before = world.alias("receipts", "live", at(2.0)).unwrap().revision;
    let by_hand = world.update_alias(("receipts", "live"), None, Some(None), Some(&before), at(2.0)).unwrap();
    assert_ne!(by_hand.revision, before);
    assert_eq!((alias(&world, 3.0), alias(&world, 4.0)), ((17, None), (17, Some((18, 0.6)))));
    let id = newest(&world, 4.5).id;
    world.stop_code_deployment(&id, Some(true), at(4.5)).unwrap();
    assert_eq!(alias(&world, 4.6), (17, Some((18, 0.6))));
    assert_eq!(alias(&world, 5.0), (17, None));
    assert_eq!(state(&world, 5.0), ("Succeeded", 0.0));
    assert_eq!(traffic(&world, "receipts", 6.0), [100.0, 0.0]);
    assert_eq!(errors(&world, 6.0), None, "a version that is not invoked reports nothing");
}

#[test]
fn one_alias_of_the_scenario_goes_back_by_itself() {
    let world = super::world("codedeploy-lambda");
    let of = |minutes: f64| {
        let all = all(&world, minutes).into_iter().filter(|it| it.settings.application == "AppLambda-mailer");
        all.map(|it| (it.status, it.error.map(|error| error.0))).collect::<Vec<_>>()
    };
    assert_eq!(of(1.0), [("InProgress", None)]);
    assert_eq!(of(6.0), [("Succeeded", None), ("Stopped", Some("ALARM_ACTIVE"))]);
    assert_eq!(world.alias("mailer", "prod", at(6.0)).unwrap().extra, None);
    assert_eq!(world.alias("receipts", "live", at(0.0)).unwrap().extra, Some((18, 0.3)));
    assert_eq!(world.alias("invoices", "live", at(6.0)).unwrap().extra, Some((6, 0.1)));
}

#[test]
fn cloudtrail_tells_who_made_and_who_stopped_it() {
    let mut world = world(&[CANARY, ALIAS]);
    let id = newest(&world, 6.0).id;
    world.stop_code_deployment(&id, Some(true), at(6.0)).unwrap();
    let events: Vec<_> = world.trail(at(0.0), at(20.0), at(60.0)).collect();
    let of = |name: &str| {
        let named = events.iter().filter(|event| event.name == name);
        named.map(|event| event.username.clone().unwrap_or_default()).collect::<Vec<_>>()
    };
    let made = of("CreateDeployment");
    assert_eq!((made.len(), made.iter().filter(|name| name.starts_with("github-")).count()), (3, 2));
    assert_eq!(of("StopDeployment"), ["demo"]);
    let stop = events.iter().find(|event| event.name == "StopDeployment").unwrap();
    assert!(stop.document.contains(&id) && stop.source == "codedeploy.amazonaws.com");
    assert!(of("CreateTaskSet").len() == 1 && of("UpdateAlias20150331").len() >= 3);
}
