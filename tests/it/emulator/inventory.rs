//! Load balancers, as moto keeps them: which target groups stand side by side in a weighted rule.

use super::{connect, moto, python};
use crate::common::poll;
use eyewall::features::discovery::{InventoryQuery, InventorySource};
use eyewall::features::{Payload, Query};
use std::path::Path;
use tokio::process::Command;

#[tokio::test]
async fn a_weighted_rule_on_moto_pairs_its_target_groups() {
    let Some(server) = moto("a_weighted_rule_on_moto") else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/emulator/balancer.py");
    let made = Command::new(python()).arg(script).arg(&server.url).output().await.unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

    let (conn, clock) = connect(server).await;
    let query = Query::Inventory(InventoryQuery::default());
    let answer = poll(&mut InventorySource::new(&conn), &query, clock).await;
    let Ok(Payload::Inventory(inventory)) = answer else { panic!("no inventory: {answer:?}") };
    let names: Vec<&str> = inventory.target_groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["checkout-blue", "checkout-green"]);
    let pair: Vec<&str> = inventory.target_groups.iter().map(|group| group.arn.as_str()).collect();
    assert_eq!(inventory.forwards.len(), 1, "{:?}", inventory.forwards);
    assert_eq!(inventory.forwards[0].groups, pair);
}
