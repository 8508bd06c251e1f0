//! The console from start to end: keys in, screens out, over the simulated AWS.

use crate::common::{Driver, Options, target};
use eyewall::aws::{TargetId, TargetSpec};
use eyewall::runtime::{Ended, Outside};
use std::time::Duration;

/// A key must show its effect this soon: one frame, and a little for the clock's grain.
const FRAME: Duration = Duration::from_millis(40);
/// The keys of the screens that there are.
const SCREENS: [&str; 9] = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];

fn faulty(faults: &[&'static str]) -> Options {
    Options { faults: faults.to_vec(), ..Options::default() }
}

#[tokio::test(start_paused = true)]
async fn the_first_frame_comes_before_any_answer_and_says_that_it_waits() {
    let mut driver = Driver::start("first-frame", faulty(&["*:*=delay:3s"])).await;
    driver.advance(Duration::from_millis(1)).await;
    driver.shows("eyewall");
    driver.shows("◌");
    driver.settle().await;
    driver.press("3").await;
    driver.shows("checkout-5xx");
}

#[tokio::test(start_paused = true)]
async fn it_ends_by_key_and_by_signal() {
    let mut driver = Driver::bad_deploy("quit").await;
    driver.settle().await;
    driver.press("q").await;
    assert_eq!(driver.ended().await.0, Ended::Quit);

    let mut driver = Driver::bad_deploy("signal").await;
    driver.settle().await;
    driver.outside(Outside::End).await;
    assert_eq!(driver.ended().await.0, Ended::Signal);
}

#[tokio::test(start_paused = true)]
async fn it_ends_in_time_while_every_call_hangs() {
    let mut driver = Driver::start("quit-hanging", faulty(&["*:*=delay:60s"])).await;
    driver.advance(Duration::from_secs(1)).await;
    let before = driver.clock.since_start();
    driver.send("<Ctrl-c><Ctrl-c>");
    assert_eq!(driver.ended().await.0, Ended::Quit);
    assert!(driver.clock.since_start() < before + Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn every_screen_is_drawn_at_every_size() {
    let mut driver = Driver::bad_deploy("sizes").await;
    driver.settle().await;
    for (columns, rows) in [(120, 40), (80, 24), (60, 15), (200, 60)] {
        driver.resize(columns, rows).await;
        for key in SCREENS {
            driver.press(key).await;
            let text = driver.text();
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(lines.len(), usize::from(rows));
            assert!(lines[0].contains("eyewall"), "{columns}x{rows}, {key}:\n{text}");
            assert!(
                lines.last().is_some_and(|line| !line.is_empty()),
                "no footer at {columns}x{rows}:\n{text}"
            );
        }
    }
    driver.resize(59, 14).await;
    driver.shows("eyewall needs 60x15, has 59x14");
}

#[tokio::test(start_paused = true)]
async fn the_overview_ties_what_is_broken_to_its_service_and_leads_there() {
    let mut driver = Driver::bad_deploy("overview").await;
    driver.settle().await;
    for fact in ["1 rollout in trouble", "checkout-5xx", "3 scaling alarms", "old 80 new 20", "TIMELINE"] {
        driver.shows(fact);
    }
    driver.press("l").await;
    driver.wait_for("/ecs/checkout", Duration::from_secs(10)).await;
    driver.press("<Backspace>").await;
    driver.shows("1 rollout in trouble");
    driver.press("<Enter>").await;
    driver.shows("production shift 20 %");
}

#[tokio::test(start_paused = true)]
async fn diagnostics_tell_what_fails_and_how_often() {
    let mut driver =
        Driver::start("diagnostics", faulty(&["xray:*=deny", "cloudwatch:DescribeAlarms=throttle"])).await;
    driver.settle().await;
    driver.press("9").await;
    let text = driver.text();
    let row = |topic: &str| {
        text.lines().skip(4).find(|line| line.contains(topic)).map(str::to_owned).unwrap_or_default()
    };
    assert!(row("Rollouts").contains("✔ ok"), "{text}");
    assert!(row("Alarms").contains("throttled"), "{text}");
    driver.press("!").await;
    driver.shows("cloudwatch:DescribeAlarms");
}

#[tokio::test(start_paused = true)]
async fn alarms_of_the_bad_deploy_appear_and_open() {
    let mut driver = Driver::bad_deploy("alarms").await;
    driver.settle().await;
    driver.press("3").await;
    for name in ["checkout-5xx", "checkout-p99"] {
        driver.shows(name);
    }
    driver.press("/checkout-5xx<Enter>").await;
    driver.hides("checkout-p99");
    driver.press("<Enter>").await;
    driver.shows("More than 1 % of checkout requests fail");
    driver.shows("Alarm updated from OK to ALARM");
    driver.press("<Esc>").await;
    driver.shows("in ALARM");
}

#[tokio::test(start_paused = true)]
async fn log_groups_are_picked_tailed_and_filtered() {
    let mut driver = Driver::bad_deploy("logs").await;
    driver.settle().await;
    driver.press("5p").await;
    driver.shows("/ecs/checkout");
    driver.press("checkout<Enter>").await;
    driver.wait_for("lines", Duration::from_secs(30)).await;
    driver.shows("/ecs/checkout");
    let before = driver.text();
    driver.advance(Duration::from_secs(15)).await;
    assert_ne!(driver.text(), before, "new lines come in");
    driver.press("&ERROR<Enter>").await;
    driver.advance(Duration::from_secs(1)).await;
    driver.shows("ERROR");
    driver.hides("INFO");
}

/// The whole of it: seen, confirmed by the typed name, sent once, watched, recovered, in the journal.
#[tokio::test(start_paused = true)]
async fn the_bad_deploy_is_rolled_back_by_its_typed_name_and_recovers() {
    let mut driver = Driver::bad_deploy("rollback").await;
    driver.settle().await;
    driver.press("2").await;
    driver.shows("step 20 %");
    driver.press("<Enter>R").await;
    driver.wait_for("type  checkout  to roll back", Duration::from_secs(10)).await;
    driver.shows("will call  ecs:StopServiceDeployment");

    // Another name sends nothing, however often Enter is pressed.
    driver.press("checkou<Enter><Enter>").await;
    assert_eq!(sent(&driver), 0, "only the exact name sends:\n{}", driver.text());
    driver.press("t").await;
    driver.shows("Enter sends ecs:StopServiceDeployment");
    assert_eq!(sent(&driver), 0);
    driver.press("<Enter>").await;
    assert_eq!(sent(&driver), 1);
    driver.shows("checkout rollback sent");

    driver.wait_for("checkout rolled back", Duration::from_mins(3)).await;
    driver.wait_for("ROLLBACK_SUCCESSFUL", Duration::from_secs(30)).await;
    let journal = std::fs::read_to_string(driver.folder.join("journal.jsonl")).unwrap();
    for (step, line) in ["sending", "sent", "ended"].into_iter().zip(journal.lines()) {
        assert!(line.contains(&format!(r#""step":"{step}""#)), "{step}: {line}");
    }
    driver.press("<Esc>3/checkout-5xx<Enter>").await;
    driver.wait_for("✔ OK", Duration::from_mins(15)).await;
    assert_eq!(sent(&driver), 1, "sent once, watched to the end");
}

#[tokio::test(start_paused = true)]
async fn keys_typed_while_the_plan_is_being_drawn_are_not_for_it() {
    let mut driver = Driver::bad_deploy("blind").await;
    driver.settle().await;
    driver.press("2<Enter>").await;
    driver.send_while_drawing("will call  ecs:StopServiceDeployment", "checkout<Enter>");
    driver.press("R").await;
    driver.wait_for("type  checkout  to roll back", Duration::from_secs(10)).await;
    driver.settle().await;
    driver.shows("type  checkout  to roll back");
    assert_eq!(sent(&driver), 0, "nobody had seen it:\n{}", driver.text());
    driver.press("checkout").await;
    driver.shows("Enter sends ecs:StopServiceDeployment");
    driver.press("<Enter>").await;
    assert_eq!(sent(&driver), 1);
}

fn sent(driver: &Driver) -> u64 {
    let counts = driver.sims[0].ceilings();
    counts.iter().filter(|count| count.operation == "StopServiceDeployment").map(|count| count.total).sum()
}

#[tokio::test(start_paused = true)]
async fn a_read_only_target_offers_no_rollback() {
    let targets = vec![TargetSpec { read_only: true, ..target("demo") }];
    let mut driver = Driver::start("read-only", Options { targets, ..Options::default() }).await;
    driver.settle().await;
    driver.press("2").await;
    driver.shows("READ-ONLY");
    driver.hides("rollback…");
    driver.press("R").await;
    driver.wait_for("target demo is read-only", Duration::from_secs(10)).await;
    driver.hides("to roll back:");
    driver.press("checkout<Enter>").await;
    assert_eq!(sent(&driver), 0);
    driver.shows("nothing to type: y copies the command");
    driver.press("<Esc>?").await;
    driver.shows("Here");
    driver.hides("rollback dialog");
}

#[tokio::test(start_paused = true)]
async fn a_denied_operation_is_named_where_it_is_missing_and_the_other_target_goes_on() {
    let targets = vec![target("prod"), target("staging")];
    let mut driver = Driver::start("denied", Options { targets, ..Options::default() }).await;
    driver.sims[0].add_fault("cloudwatch:DescribeAlarms=deny".parse().unwrap());
    driver.settle().await;
    driver.press("3").await;
    driver.shows("denied: cloudwatch:DescribeAlarms");
    driver.shows("checkout-5xx");
    driver.shows("staging");
    driver.press("2").await;
    driver.shows("step 20 %");
    driver.send("<Ctrl-c><Ctrl-c>");
    let (_, app) = driver.ended().await;
    let alarms = |name: &str| {
        let target = app.store.target(&TargetId::new(name));
        target.and_then(|target| target.alarms.as_ref()).map(|list| list.alarms.len())
    };
    assert_eq!(alarms("prod"), None);
    assert!(alarms("staging") > Some(5));
}

#[tokio::test(start_paused = true)]
async fn what_was_read_stays_when_credentials_end_and_goes_on_with_new_ones() {
    let mut driver = Driver::bad_deploy("expired").await;
    driver.settle().await;
    driver.press("3").await;
    driver.sims[0].add_fault("*:*=expire".parse().unwrap());
    driver.wait_for("expired", Duration::from_mins(2)).await;
    driver.shows("checkout-5xx");
    driver.sims[0].set_faults(eyewall::demo::Faults::default());
    driver.outside(Outside::Wake).await;
    driver.advance(Duration::from_secs(5)).await;
    driver.hides("expired");
}

#[tokio::test(start_paused = true)]
async fn keys_are_answered_within_a_frame_while_every_call_hangs() {
    let mut driver = Driver::bad_deploy("hanging").await;
    driver.settle().await;
    driver.press("3.").await;
    driver.sims[0].add_fault("*:*=delay:30s".parse().unwrap());
    driver.advance(Duration::from_mins(1)).await;
    for key in ["j", "G", "g", "2", "3", "<Enter>", "?", "j", "?", "<Backspace>", "5", "p"] {
        let before = driver.screen.buffer();
        driver.send(key);
        driver.advance(FRAME).await;
        assert_ne!(driver.screen.buffer(), before, "{key} showed nothing:\n{}", driver.text());
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_to_the_terminal_while_nothing_changes() {
    let mut driver = Driver::start("still", Options { scenario: "quiet".into(), ..Options::default() }).await;
    driver.settle().await;
    driver.press("3").await;
    // Past the notices, and short of the next minute on the clock.
    driver.advance(Duration::from_secs(12)).await;
    let before = driver.screen.writes();
    driver.advance(Duration::from_secs(40)).await;
    assert_eq!(driver.screen.writes() - before, 0, "{}", driver.text());
}

/// 500 services, 2,000 alarms, 5,000 log groups: no second asks for more than AWS gives to one client.
#[tokio::test(start_paused = true)]
async fn a_big_account_never_passes_a_ceiling() {
    let mut driver = Driver::start("big", Options { scenario: "big".into(), ..Options::default() }).await;
    driver.advance(Duration::from_mins(3)).await;
    driver.send("3");
    driver.advance(Duration::from_mins(3)).await;
    driver.send("5p");
    driver.advance(Duration::from_mins(2)).await;
    driver.send("<Esc>2");
    driver.advance(Duration::from_mins(2)).await;
    let mut asked = 0;
    for count in driver.sims[0].ceilings() {
        let action = format!("{}:{}", count.service, count.operation);
        let operation = eyewall::aws::operation::ALL.iter().find(|operation| operation.action == action);
        let (rate, burst) = operation.unwrap_or_else(|| panic!("{action} is not in the table")).family.rate();
        let most = rate.ceil() as u64 + u64::from(burst);
        assert!(count.peak_per_second <= most, "{count:?}: at most {most}");
        // Over ten minutes the burst does not count.
        assert!(count.total as f64 <= rate * 600.0 + f64::from(burst), "{count:?}: {rate} a second");
        asked += count.total;
    }
    assert!(asked > 50, "{asked}");
}

/// Alarm texts and log lines are written by others, and shown by a terminal that obeys escape sequences.
#[tokio::test(start_paused = true)]
async fn hostile_text_never_reaches_the_screen() {
    let shipped = include_str!("../../src/demo/scenarios/bad-deploy.toml");
    let scenario =
        shipped.replace("of checkout", r"\u001b[2J\u001b]52;c;aGk=\u0007 \u009b31m \u202e of checkout");
    assert_ne!(scenario, shipped);
    let mut driver = Driver::start("hostile", Options { scenario, ..Options::default() }).await;
    driver.settle().await;
    driver.press("3/checkout-5xx<Enter><Enter>").await;
    driver.shows("of checkout requests fail");
    harmless(&driver);
    driver.press("x").await;
    driver.press("5p").await;
    driver.press("checkout<Enter>").await;
    driver.wait_for("lines", Duration::from_secs(30)).await;
    // The simulated services log something hostile now and then: an hour of lines passes by.
    for _ in 0..40 {
        driver.press("<PageUp>").await;
        harmless(&driver);
    }
    for entry in std::fs::read_dir(&driver.folder).unwrap() {
        let exported = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let control = exported.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(control, None, "{exported}");
    }
}

fn harmless(driver: &Driver) {
    for cell in &driver.screen.buffer().content {
        let hostile =
            |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!cell.symbol().contains(hostile), "{:?} on:\n{}", cell.symbol(), driver.text());
    }
}
