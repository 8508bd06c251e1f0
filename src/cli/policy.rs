//! `eyewall policy`: the least IAM policy that the panes need, out of the table of operations. Pure.

use crate::aws::operation::{self, Operation};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The pane name under which the table keeps what only a rollback needs.
const ROLLBACK: &str = "rollback";
/// Needs no permission (the caller's identity), or one on roles that the config names (`sts:AssumeRole`).
const WITHOUT: &str = "all";

/// The policy as JSON.
pub fn text(rollback: bool) -> String {
    format!("{:#}\n", policy(operation::ALL, rollback))
}

fn policy(operations: &[&Operation], rollback: bool) -> Value {
    let mut by_pane: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for operation in operations.iter().filter(|operation| operation.pane != WITHOUT) {
        if operation.pane != ROLLBACK || rollback {
            by_pane.entry(operation.pane).or_default().push(operation.action);
        }
    }
    let statements: Vec<Value> = by_pane
        .into_iter()
        .map(|(pane, mut actions)| {
            actions.sort_unstable();
            actions.dedup();
            // What changes something is allowed on what it changes; most reads know no resources.
            let resource = if pane == ROLLBACK { "arn:aws:ecs:*:*:service-deployment/*/*/*" } else { "*" };
            json!({ "Sid": format!("Eyewall{}", capital(pane)), "Effect": "Allow", "Action": actions, "Resource": resource })
        })
        .collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_needs_no_action_that_changes_anything() {
        let reading = text(false);
        assert!(reading.contains("\"cloudwatch:DescribeAlarms\""));
        for action in ["Stop", "Update", "Put", "Delete", "Continue", "AssumeRole"] {
            assert!(!reading.contains(action), "{action}");
        }
        let writing: Value = serde_json::from_str(&text(true)).unwrap();
        let statements = writing["Statement"].as_array().unwrap();
        let rollback = statements.iter().find(|statement| statement["Sid"] == "EyewallRollback").unwrap();
        assert!(rollback["Action"].as_array().unwrap().contains(&json!("ecs:StopServiceDeployment")));
        assert_ne!(rollback["Resource"], "*");
    }

    #[test]
    fn every_operation_is_in_it_once() {
        let writing: Value = serde_json::from_str(&text(true)).unwrap();
        let statements = writing["Statement"].as_array().unwrap();
        let mut actions: Vec<&str> = statements
            .iter()
            .flat_map(|s| s["Action"].as_array().unwrap())
            .map(|a| a.as_str().unwrap())
            .collect();
        let listed = actions.len();
        actions.sort_unstable();
        actions.dedup();
        assert_eq!(actions.len(), listed);
        let expected = operation::ALL.iter().filter(|operation| operation.pane != WITHOUT).count();
        assert_eq!(actions.len(), expected);
    }
}
