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
    let mut by_pane: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for operation in operations.iter().filter(|operation| operation.pane != WITHOUT) {
        if operation.pane != ROLLBACK || rollback {
            let service = operation.action.split(':').next().unwrap_or_default();
            // What changes something is allowed on what it changes; most reads know no resources.
            let resource = if operation.pane == ROLLBACK { changed_by(service) } else { "*" };
            by_pane.entry((operation.pane, resource)).or_default().push(operation.action);
        }
    }
    let statements: Vec<Value> = by_pane
        .into_iter()
        .map(|((pane, resource), mut actions)| {
            actions.sort_unstable();
            actions.dedup();
            // Of rollbacks there is a statement for each service, and a name may stand only once.
            let service = if pane == ROLLBACK { resource.split(':').nth(2).unwrap_or_default() } else { "" };
            json!({ "Sid": format!("Eyewall{}{}", capital(pane), capital(service)), "Effect": "Allow", "Action": actions, "Resource": resource })
        })
        .collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// What a rollback changes in a service.
fn changed_by(service: &str) -> &'static str {
    match service {
        "ecs" => "arn:aws:ecs:*:*:service-deployment/*/*/*",
        "lambda" => "arn:aws:lambda:*:*:function:*",
        // Of rules and listeners of application load balancers.
        "elasticloadbalancing" => "arn:aws:elasticloadbalancing:*:*:listener*/app/*",
        _ => "*",
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
        for action in ["Stop", "Update", "Put", "Delete", "Continue", "Modify", "AssumeRole"] {
            assert!(!reading.contains(action), "{action}");
        }
        let writing: Value = serde_json::from_str(&text(true)).unwrap();
        let statements = writing["Statement"].as_array().unwrap();
        for (sid, action) in [
            ("EyewallRollbackEcs", "ecs:StopServiceDeployment"),
            ("EyewallRollbackLambda", "lambda:UpdateAlias"),
            ("EyewallRollbackElasticloadbalancing", "elasticloadbalancing:ModifyRule"),
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
        let expected = operation::ALL.iter().filter(|operation| operation.pane != WITHOUT).count();
        assert_eq!(actions.len(), expected);
    }
}
