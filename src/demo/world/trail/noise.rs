//! What AWS services call all day without anybody having asked: log streams, roles, scheduled jobs, reads.

use super::super::World;
use super::Deed;
use super::who::Who;
use serde_json::json;

/// Tasks that the scheduled report starts at once.
const REPORT_TASKS: i64 = 40;

impl World {
    /// The noise of an hour.
    pub(super) fn noise_deeds(&self, from: i64, _to: i64, deeds: &mut Vec<Deed>) {
        let hour = from.div_euclid(3_600_000);
        let dice = self.dice.named("noise").on(hour.cast_unsigned());
        // The busiest few are enough: an account of real size is not more telling, only slower.
        for (key, spec) in self.scenario.services.iter().take(12).enumerate() {
            let dice = dice.on(key as u64);
            let role = format!("{}-task", spec.name);
            for turn in 0..4 {
                let at = from + turn * 900_000 + dice.on(turn.cast_unsigned()).signed(800_000);
                deeds.push(
                    Deed::new(at, "sts", "AssumeRole", Who::Service("ecs-tasks.amazonaws.com".into()), dice)
                        .with(
                            json!({ "roleArn": format!("arn:aws:iam::{}:role/{role}", super::ACCOUNT),
                                    "roleSessionName": dice.on(turn.cast_unsigned()).hex(32) }),
                            json!(null),
                        )
                        .on("AWS::IAM::Role", format!("arn:aws:iam::{}:role/{role}", super::ACCOUNT))
                        .reading(),
                );
            }
        }
        for (key, spec) in self.scenario.functions.iter().take(12).enumerate() {
            let dice = dice.named("function").on(key as u64);
            for turn in 0..5 {
                let at = from + turn * 720_000 + dice.on(turn.cast_unsigned()).signed(700_000);
                let group = format!("/aws/lambda/{}", spec.name);
                let who = Who::role(&format!("{}-role", spec.name), &spec.name);
                let stream = format!("2026/[{}]{}", spec.version, dice.on(turn.cast_unsigned()).hex(16));
                deeds.push(
                    Deed::new(at, "logs", "CreateLogStream", who, dice.on(turn.cast_unsigned()))
                        .with(json!({ "logGroupName": group, "logStreamName": stream }), json!(null))
                        .by_agent("awslambda-worker/1.0 rusoto/0.48.0 rust/1.91.0 linux"),
                );
            }
        }
        // The report runs every second hour, in one burst.
        if hour.rem_euclid(2) == 0 && !self.scenario.services.is_empty() {
            let begin = from + 420_000;
            for turn in 0..REPORT_TASKS {
                let dice = dice.named("report").on(turn.cast_unsigned());
                deeds.push(
                    Deed::new(
                        begin + turn * 900,
                        "ecs",
                        "RunTask",
                        Who::role("reports-scheduler", "reports"),
                        dice,
                    )
                    .with(
                        json!({ "cluster": "batch", "taskDefinition": "reports:12", "count": 1 }),
                        json!(null),
                    )
                    .address("scheduler.amazonaws.com")
                    .by_agent("scheduler.amazonaws.com"),
                );
            }
        }
        let dice = dice.named("drift");
        if !self.scenario.services.is_empty() {
            let at = from + 1_500_000 + dice.signed(600_000);
            deeds.push(
                Deed::new(at, "ecs", "DescribeServices", Who::role("terraform", "drift"), dice)
                    .with(json!({ "cluster": "shop" }), json!(null))
                    .by_agent("APN/1.0 HashiCorp/1.0 Terraform/1.14.0")
                    .reading(),
            );
        }
    }
}
