//! Weights on moto, undone by the program itself without a screen: of a Lambda alias, of a listener rule and of a
//! default action. What they are before and after says boto3.

use super::binary::eyewall;
use super::{Server, moto, python};
use std::path::Path;
use std::process::Output;
use tokio::process::Command;

/// Runs one part of the script and gives what it printed. Regions of a moto know nothing of each other.
async fn boto(server: &Server, part: &str, region: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/emulator/weights.py");
    let mut command = Command::new(python());
    let output = command.arg(script).args([&server.url, part, region]).output().await.unwrap();
    assert!(output.status.success(), "{part}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Runs the program in a region, with this config, and expects its exit code and these texts.
async fn run(test: &str, server: &Server, region: &str, config: &str, arguments: &[&str]) -> Output {
    let mut command = eyewall(test, server, arguments);
    let file = std::env::temp_dir().join(format!("eyewall-weights-{}-{test}.toml", std::process::id()));
    std::fs::write(&file, config).unwrap();
    command.env("AWS_REGION", region).arg("--config").arg(&file);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let _ = std::fs::remove_file(file);
    output
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn ends(output: &Output, code: i32, texts: &[&str]) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for text in texts {
        assert!(said.contains(text), "no `{text}` in\n{said}");
    }
}

#[tokio::test]
async fn an_alias_on_moto_is_rolled_back_by_the_command() {
    let Some(server) = moto("an_alias_on_moto_is_rolled_back") else { return };
    let region = "eu-west-2";
    boto(server, "alias-make", region).await;
    let before = boto(server, "alias-read", region).await;
    assert_eq!(before, r#"{"version": "1", "weights": {"2": 0.2}}"#);

    // moto has no metrics by version to find the function by.
    let config = "[[service]]\nname = \"receipts\"\nlambda = \"receipts:live\"\n";
    let dry = ["rollback", "lambda/receipts:live", "--dry-run"];
    let output = run("moto-alias-dry", server, region, config, &dry).await;
    ends(
        &output,
        0,
        &["version 1", "80 % -> 100 %", "the call: lambda:UpdateAlias", "a dry run: nothing was sent"],
    );
    assert_eq!(boto(server, "alias-read", region).await, before);
    let send = ["rollback", "lambda/receipts:live", "--confirm", "receipts"];
    let output = run("moto-alias", server, region, config, &send).await;
    ends(&output, 0, &["receipts rolled back", "version 1 has all invocations again"]);
    assert_eq!(boto(server, "alias-read", region).await, r#"{"version": "1", "weights": {}}"#);
    ends(&run("moto-alias", server, region, config, &send).await, 2, &["there is no rollout"]);
}

#[tokio::test]
async fn weights_of_a_load_balancer_on_moto_are_rolled_back_by_the_command() {
    let Some(server) = moto("weights_of_a_load_balancer_on_moto") else { return };
    // A region of its own: other tests count the load balancers of theirs.
    let region = "eu-west-1";
    boto(server, "rules-make", region).await;
    let split = r#""sticky": 600}, "paths": ["/search*"], "default": {"weights": {"search-blue": 300, "search-green": 100}, "sticky": 600}}"#;
    let before = boto(server, "rules-read", region).await;
    assert_eq!(
        before,
        format!(r#"{{"rule": {{"weights": {{"search-blue": 90, "search-green": 10}}, {split}"#)
    );

    let listed = run("moto-rules-list", server, region, "", &["rollouts"]).await;
    ends(&listed, 0, &["alb/shop/80/10", "split 90/10", "alb/shop/80/default", "split 300/100"]);
    let rule = |rest: &[&'static str]| [&["rollback", "alb/shop/80/10"], rest].concat();
    // Without the side nothing is guessed.
    let output = run("moto-rules-none", server, region, "", &rule(&["--confirm", "alb/shop/80/10"])).await;
    ends(&output, 2, &["search-blue 90, search-green 10", "--to search-blue or search-green"]);
    let output = run("moto-rules-wrong", server, region, "", &rule(&["--to", "blue", "--dry-run"])).await;
    ends(&output, 2, &["--to blue: the target groups are search-blue 90, search-green 10"]);
    let output =
        run("moto-rules-dry", server, region, "", &rule(&["--to", "search-blue", "--dry-run"])).await;
    ends(
        &output,
        0,
        &["the call: elasticloadbalancing:ModifyRule", "aws elbv2 modify-rule", "search-blue has 0 of 0"],
    );
    assert_eq!(boto(server, "rules-read", region).await, before);

    let send = rule(&["--to", "search-blue", "--confirm", "alb/shop/80/10"]);
    let output = run("moto-rules", server, region, "", &send).await;
    ends(&output, 0, &["shop/80/10 rolled back", "search-blue has all traffic"]);
    let after = boto(server, "rules-read", region).await;
    assert_eq!(
        after,
        format!(r#"{{"rule": {{"weights": {{"search-blue": 100, "search-green": 0}}, {split}"#)
    );

    // The default action, with the side told by the config, to the other group.
    let config = "[[service]]\nname = \"search\"\ntarget_groups = [\"search-blue\", \"search-green\"]\n\
                  stable_target_group = \"search-green\"\n";
    let send = ["rollback", "shop", "--confirm", "shop"];
    let output = run("moto-default", server, region, config, &send).await;
    ends(&output, 0, &["shop/80/default rolled back", "search-green has all traffic"]);
    let after = boto(server, "rules-read", region).await;
    assert!(
        after.ends_with(r#""default": {"weights": {"search-blue": 0, "search-green": 400}, "sticky": 600}}"#),
        "{after}"
    );
}
