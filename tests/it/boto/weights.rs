//! Weights of listener rules as boto3 reads and writes them, and as it reads them before and after a rollback by the
//! program itself.

use super::{Served, check};
use crate::binary::command;
use crate::common::scratch;
use crate::emulator::skipped;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_writes_weights_and_sees_a_rollback() {
    if skipped("boto3_writes_weights_and_sees_a_rollback") {
        return;
    }
    let served = Served::start("alb-weights").await;
    let before = check(&served.address, "weights", served.now().as_second()).await;
    for line in [
        "elbv2 describe_rules 10: search-blue 90, search-green 10",
        "elbv2 describe_rules 20: account-blue 50, account-green 50, sticky",
        "elbv2 describe_rules default: storefront-blue 700, storefront-green 300",
        "elbv2 describe_tags: aws:cloudformation:stack-name=shop-catalog",
        "elbv2 modify_rule without a secret: InvalidLoadBalancerAction",
        "elbv2 modify_rule over 999: ValidationError",
        "elbv2 modify_rule: account-blue 70, account-green 0, sticky",
        "elbv2 modify_rule whole: account-blue 70, account-green 0",
        "elbv2 modify_rule unknown group: TargetGroupNotFound",
        "elbv2 modify_rule unknown rule: RuleNotFound",
        "elbv2 modify_rule default: OperationNotPermitted",
        "elbv2 modify_listener: account-blue 70, account-green 0",
    ] {
        assert!(before.contains(line), "no `{line}` in\n{before}");
    }
    served.stop().await;

    let served = Served::start("alb-weights").await;
    let mut eyewall = command(&scratch("boto-weights"));
    eyewall.args(["--endpoint-url", &served.address, "--region", "eu-west-2"]);
    eyewall.args([
        "rollback",
        "alb/shop-web/443/10",
        "--to",
        "search-blue",
        "--confirm",
        "alb/shop-web/443/10",
    ]);
    eyewall.env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
    let output = tokio::task::spawn_blocking(move || eyewall.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("search-blue has all traffic"), "{said}");
    let after = check(&served.address, "weights", served.now().as_second()).await;
    assert!(after.contains("elbv2 describe_rules 10: search-blue 100, search-green 0"), "{after}");
    served.stop().await;
}
