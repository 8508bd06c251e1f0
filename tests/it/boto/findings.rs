//! Findings of the simulator against the same criteria in Python, and against Eyewall's own list.

use super::{Served, check};
use crate::emulator::skipped;
use serde_json::Value;
use std::process::Command;

/// The types on the screen, from top to bottom.
fn screen() -> Vec<String> {
    let home = std::env::temp_dir().join(format!("eyewall-findings-{}", std::process::id()));
    let output = Command::new(env!("CARGO_BIN_EXE_eyewall"))
        .args(["snapshot", "security", "--demo", "--scenario", "leaked-key", "--format", "json", "--region", "us-east-1"])
        .env("HOME", &home)
        .env("XDG_CONFIG_HOME", &home)
        .env("XDG_STATE_HOME", &home)
        .output()
        .unwrap();
    let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
    let kind = |finding: &Value| finding["kind"].as_str().unwrap().to_owned();
    findings.as_array().unwrap().iter().filter(|it| it["region"] == "us-east-1").map(kind).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_picks_the_findings_that_the_simulator_picks() {
    if skipped("python_picks_the_findings_that_the_simulator_picks") {
        return;
    }
    let served = Served::start("leaked-key").await;
    let said = check(&served.address, "findings", served.now().as_second()).await;
    for line in [
        "guardduty get_detector: ENABLED, administered by 999988887777",
        "guardduty list_findings: 8 criteria agree",
        "guardduty get_findings: a sequence of 14 signals",
    ] {
        assert!(said.contains(line), "no `{line}` in\n{said}");
    }
    let listed = said.lines().find_map(|line| line.strip_prefix("guardduty types: ")).unwrap();
    let (mut listed, mut shown): (Vec<String>, _) = (listed.split(' ').map(str::to_owned).collect(), screen());
    // Among equal severities the screen has those seen last first.
    assert_eq!(shown.first().unwrap(), "AttackSequence:IAM/CompromisedCredentials");
    listed.sort();
    shown.sort();
    assert_eq!(shown, listed);
    served.stop().await;
}
