//! Weights of a Lambda alias on moto: read, planned, undone; what they are before and after says boto3.

use super::{Server, connect, moto, python};
use eyewall::aws::TargetId;
use eyewall::features::rollouts::model::Rollout;
use eyewall::features::rollouts::plan::Circumstances;
use eyewall::features::rollouts::rollback::SendResult;
use eyewall::features::rollouts::watch::{Ending, Watch};
use eyewall::features::rollouts::wire::{ShiftRef, ShiftsQuery};
use eyewall::features::rollouts::{Plan, RolloutName, Shifts, ShiftsSource, op};
use eyewall::runtime::clock::Clock;
use std::path::Path;
use tokio::process::Command;

/// Runs one part of the script and gives what it printed.
async fn boto(server: &Server, part: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/emulator/weights.py");
    let output = Command::new(python()).arg(script).arg(&server.url).arg(part).output().await.unwrap();
    assert!(output.status.success(), "{part}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn read(source: &mut ShiftsSource, name: &RolloutName, clock: Clock) -> (Rollout, Shifts) {
    let shift = ShiftRef { name: name.clone(), deployment: String::new(), again: None };
    let query = ShiftsQuery { shifts: vec![shift], caller: true };
    let reads = source.read(&query, clock.now()).await.unwrap();
    assert!(reads.failed.is_empty(), "{:?}", reads.failed);
    (reads.shifts[0].clone(), reads)
}

fn plan(shift: &Rollout, reads: &Shifts, clock: Clock) -> Plan {
    let place = Circumstances {
        target: TargetId::new("emulator"),
        region: "eu-west-2".into(),
        production: false,
        caller: reads.caller.clone().unwrap(),
        no_writes: reads.no_writes.clone(),
        word: shift.name.short().to_owned(),
    };
    Plan::new(shift, place, clock.wall())
}

#[tokio::test]
async fn an_alias_on_moto_is_rolled_back() {
    let Some(server) = moto("an_alias_on_moto_is_rolled_back") else { return };
    boto(server, "alias-make").await;
    let before = boto(server, "alias-read").await;
    assert_eq!(before, r#"{"version": "1", "weights": {"2": 0.2}}"#);

    let (conn, clock) = connect(server).await;
    let mut source = ShiftsSource::new(&conn);
    let name = RolloutName::parse("lambda/receipts:live").unwrap();
    let (shift, reads) = read(&mut source, &name, clock).await;
    assert_eq!(shift.share(), Some((20.0, false)));
    let plan = plan(&shift, &reads, clock);
    assert!(!plan.refused(), "{:?}", plan.checks);
    let journal = std::env::temp_dir().join(format!("eyewall-weights-{}.jsonl", std::process::id()));
    let result = op::send(&plan, &conn, &journal, || clock.wall()).await;
    assert!(matches!(result, SendResult::Sent { .. }), "{result:?}");

    let mut watch = Watch::begin(plan, &result).unwrap();
    watch.read(&read(&mut source, &name, clock).await.0, clock.wall());
    assert_eq!(watch.ended.map(|ended| ended.ending), Some(Ending::Done));
    assert_eq!(boto(server, "alias-read").await, r#"{"version": "1", "weights": {}}"#);
    let _ = std::fs::remove_file(journal);
}
