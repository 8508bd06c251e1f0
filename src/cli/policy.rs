//! `eyewall policy`: the least IAM policy that the panes need, out of the table of operations. Pure.
//!
//! JSON takes no comments, so what a statement is for stands in its name, and what to narrow in [`NOTE`].

use crate::aws::operation::{self, Operation};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The pane name under which the table keeps what only a rollback needs.
const ROLLBACK: &str = "rollback";
/// Needs no permission (the caller's identity), or one on roles that the config names (`sts:AssumeRole`).
const WITHOUT: &str = "all";

/// What to know about the policy for rollbacks: it goes to standard error.
pub const NOTE: &str = "EyewallRollbackTaskRoles: ecs:UpdateService needs iam:PassRole where task definitions name \
    roles; narrow its Resource to the task and execution roles of your services, or leave it out where there are none";

/// The policy as JSON.
pub fn text(rollback: bool) -> String {
    format!("{:#}\n", policy(operation::ALL, rollback))
}

fn policy(operations: &[&Operation], rollback: bool) -> Value {
    let mut by_pane: BTreeMap<(&str, &str, &str), Vec<&str>> = BTreeMap::new();
    for operation in operations.iter().filter(|operation| operation.pane != WITHOUT) {
        if operation.pane != ROLLBACK || rollback {
            // What changes something is allowed on what it changes; most reads know no resources.
            let (what, resource) =
                if operation.pane == ROLLBACK { changed_by(operation.action) } else { ("", "*") };
            by_pane.entry((operation.pane, what, resource)).or_default().push(operation.action);
        }
    }
    let mut statements: Vec<Value> = by_pane
        .into_iter()
        .map(|((pane, what, resource), mut actions)| {
            actions.sort_unstable();
            actions.dedup();
            json!({ "Sid": format!("Eyewall{}{what}", capital(pane)), "Effect": "Allow", "Action": actions, "Resource": resource })
        })
        .collect();
    if rollback {
        // A service whose tasks have roles is updated only by somebody who may hand these to ECS.
        statements.push(json!({
            "Sid": "EyewallRollbackTaskRoles",
            "Effect": "Allow",
            "Action": ["iam:PassRole"],
            "Resource": "arn:aws:iam::*:role/*",
            "Condition": { "StringEquals": { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
        }));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// What a rollback's action changes: its name in a statement's, each of which may stand only once, and its ARN.
fn changed_by(action: &str) -> (&'static str, &'static str) {
    match action.split(':').next().unwrap_or_default() {
        "ecs" if action == "ecs:UpdateService" => ("EcsService", "arn:aws:ecs:*:*:service/*/*"),
        "ecs" => ("Ecs", "arn:aws:ecs:*:*:service-deployment/*/*/*"),
        "lambda" => ("Lambda", "arn:aws:lambda:*:*:function:*"),
        _ => ("", "*"),
    }
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
        for (sid, action) in [
            ("EyewallRollbackEcs", "ecs:StopServiceDeployment"),
            ("EyewallRollbackEcsService", "ecs:UpdateService"),
            ("EyewallRollbackTaskRoles", "iam:PassRole"),
            ("EyewallRollbackLambda", "lambda:UpdateAlias"),
        ] {
            let rollback = statements.iter().find(|statement| statement["Sid"] == sid).unwrap();
            assert!(rollback["Action"].as_array().unwrap().contains(&json!(action)));
            assert_ne!(rollback["Resource"], "*");
        }
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
        // Beside the operations only the right to hand task roles to ECS.
        let expected = operation::ALL.iter().filter(|operation| operation.pane != WITHOUT).count() + 1;
        assert_eq!(actions.len(), expected);
    }
}
