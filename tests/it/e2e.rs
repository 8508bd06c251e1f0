//! The console from start to end: keys in, screens out, over the simulated AWS.

use crate::common::{Driver, Options, target};
use eyewall::runtime::Ended;
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn the_first_frame_comes_before_any_answer_and_says_that_it_waits() {
    let mut driver =
        Driver::start("first-frame", Options { faults: vec!["*:*=delay:3s"], ..Options::default() }).await;
    driver.advance(Duration::from_millis(1)).await;
    driver.shows("eyewall");
    driver.shows("◌");
    driver.settle().await;
    driver.press("3").await;
    driver.shows("checkout-5xx");
}

#[tokio::test(start_paused = true)]
async fn quitting_ends_the_loop() {
    let mut driver = Driver::bad_deploy("quit").await;
    driver.settle().await;
    driver.press("q").await;
    assert_eq!(driver.ended().await.0, Ended::Quit);
}

#[tokio::test(start_paused = true)]
async fn alarms_of_the_bad_deploy_appear_and_open() {
    let mut driver = Driver::bad_deploy("alarms").await;
    driver.settle().await;
    driver.press("3").await;
    for name in ["checkout-5xx", "checkout-p99"] {
        driver.shows(name);
    }
    driver.press("/checkout-5xx<Enter><Enter>").await;
    driver.shows("More than 1 % of checkout requests fail");
    driver.shows("Alarm updated from OK to ALARM");
    driver.press("<Esc>").await;
    driver.shows("in ALARM");
}

#[tokio::test(start_paused = true)]
async fn a_denied_operation_is_named_where_it_is_missing_and_nothing_else_stops() {
    let options = Options { targets: vec![target("prod"), target("staging")], ..Options::default() };
    let mut driver = Driver::start("denied", options).await;
    driver.sims[0].add_fault("cloudwatch:DescribeAlarms=deny".parse().unwrap());
    driver.settle().await;
    driver.press("3").await;
    driver.shows("denied: cloudwatch:DescribeAlarms");
    driver.shows("checkout-5xx");
    driver.shows("staging");
    let (_, app) = {
        driver.send("<Ctrl-c><Ctrl-c>");
        driver.ended().await
    };
    let alarms = |name: &str| {
        let id = eyewall::aws::TargetId::new(name);
        app.store.target(&id).and_then(|target| target.alarms.as_ref()).map(|list| list.alarms.len())
    };
    assert_eq!(alarms("prod"), None);
    assert!(alarms("staging") > Some(5));
}
