//! Changes from start to end: by keys alone from what is broken to what caused it, over the simulated AWS.

use crate::common::{Driver, Options, target};
use eyewall::aws::TargetSpec;
use std::time::Duration;

fn scenario(name: &str) -> Options {
    Options { scenario: name.into(), ..Options::default() }
}

/// The rows of the list, without frame and titles.
fn rows(driver: &Driver) -> Vec<String> {
    driver.text().lines().filter(|line| line.contains(':')).map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn one_key_leads_from_exhausted_connections_to_the_scaling_that_caused_it() {
    let mut driver = Driver::start("db-connections", scenario("db-connections")).await;
    driver.settle().await;
    driver.shows("orders-db-connections");
    driver.shows("UpdateService");
    driver.press("c").await;
    driver.shows("CHANGES  of orders, what it depends on and what calls it");
    let all = rows(&driver);
    let row =
        |word: &str| all.iter().position(|row| row.contains(word)).unwrap_or_else(|| panic!("{all:#?}"));
    assert!(all[row("UpdateService")].contains("running 4 → desired 40"), "{all:#?}");
    assert!(all[row("UpdateService")].contains("auto scaling"));
    assert!(all[row("PutScalingPolicy")].contains("carol"));
    assert!(row("orders-5xx") < row("UpdateService"), "the newest first: effect, then cause");
    driver.shows("CloudTrail may lag 15 min");
    driver.hides("ROLLOUT");
    driver.press("<Esc>").await;
    driver.shows("SERVICES");
}

#[tokio::test(start_paused = true)]
async fn a_deployment_stands_in_changes_with_who_made_it() {
    let wide = Options { size: (180, 40), ..Options::default() };
    let mut driver = Driver::start("changes-of-a-deployment", wide).await;
    driver.settle().await;
    driver.press("3").await;
    driver.press("/checkout-5xx<Enter><Enter>").await;
    driver.press("c").await;
    driver.shows("CHANGES  of checkout");
    driver.shows("role ci-deploy");
    driver.shows("task definition web-checkout:41 → web-checkout:42");
    driver.shows("ROLLOUT");
}

#[tokio::test(start_paused = true)]
async fn a_denied_trail_is_named_and_nothing_else_suffers() {
    let options = Options { faults: vec!["cloudtrail:*=deny"], ..Options::default() };
    let mut driver = Driver::start("changes-denied", options).await;
    driver.settle().await;
    driver.shows("checkout-5xx");
    driver.press("8").await;
    driver.shows("denied: cloudtrail:LookupEvents");
    driver.hides("no change by people");
}

#[tokio::test(start_paused = true)]
async fn the_quota_of_the_trail_is_never_passed() {
    let targets = vec![target("one"), TargetSpec { region: Some("us-east-1".into()), ..target("two") }];
    let mut driver = Driver::start("changes-quota", Options { targets, ..Options::default() }).await;
    driver.press("8").await;
    for keys in ["Z", "Z", "z", "Z", "1", "8", "0"] {
        driver.press(keys).await;
        driver.advance(Duration::from_secs(20)).await;
    }
    driver.settle().await;
    for sim in &driver.sims {
        for call in sim.ceilings().iter().filter(|call| call.operation == "LookupEvents") {
            // One second of the clock may hold the end of one and the start of the next.
            assert!(call.peak_per_second <= 4, "{call:?}");
            assert!(call.total > 3, "{call:?}");
        }
    }
    driver.hides("throttled");
}

#[tokio::test(start_paused = true)]
async fn a_calm_list_asks_once_a_minute() {
    let mut driver = Driver::bad_deploy("changes-calm").await;
    driver.press("8").await;
    driver.settle().await;
    let asked = |driver: &Driver| -> u64 {
        let calls = driver.sims.iter().flat_map(eyewall::demo::SimAws::ceilings);
        calls.filter(|call| call.operation == "LookupEvents").map(|call| call.total).sum()
    };
    let before = asked(&driver);
    driver.advance(Duration::from_mins(10)).await;
    // Two streams: everything written here, and what global services wrote.
    let more = asked(&driver) - before;
    assert!((10..=26).contains(&more), "{more} requests in ten minutes");
}

/// Overview, where the finding is, to what was done with its key in three regions.
#[test]
fn one_key_leads_from_a_leaked_key_to_what_it_did_in_other_regions() {
    let at = "2026-11-22T04:00:00Z";
    let scene = ["--demo", "--scenario", "leaked-key", "--at", at, "--size", "140x45", "--keys", "c"];
    let said = crate::binary::output("leaked-key", &[&["snapshot", "overview"], scene.as_slice()].concat());
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success(), "{text}{}", String::from_utf8_lossy(&said.stderr));
    assert!(text.contains("by key AKIAEXAMPLEREPORTS00 in us-east-1 eu-central-1 ap-southeast-1"), "{text}");
    for (call, region) in
        [("RunInstances", "ap-southeast-1"), ("CreateKeyPair", "eu-central-1"), ("CreateUser", "iam")]
    {
        assert!(text.lines().any(|line| line.contains(call) && line.contains(region)), "{call}: {text}");
    }
    assert!(text.contains("refused: AccessDenied"), "{text}");
}
