//! The commands with the simulator inside, where the same arguments print the same text.

use super::demo;
use std::collections::BTreeSet;

const SEND: [&str; 4] = ["rollback", "checkout", "--confirm", "checkout"];

#[test]
fn shifts_are_listed() {
    let run = demo("rollouts-list", &["rollouts"]);
    run.ends(0, &["ecs/shop/checkout  ECS CANARY  ECS    step 20 %", "WORSE"]);
    assert_eq!(run.err, "");
    let none = demo("rollouts-none", &["rollouts", "--scenario", "quiet"]);
    none.ends(0, &["no shift in flight and none that ended within a day"]);
    let ascii = demo("rollouts-ascii", &["rollouts", "--ascii"]);
    assert!(ascii.out.is_ascii(), "{}", ascii.out);
}

#[test]
fn what_moves_and_what_is_moved_is_one_line() {
    let moved = ["--scenario", "codedeploy-ecs"];
    let run = |arguments: &[&str]| demo("rollouts-moved", &[&moved[..], arguments].concat());
    let list = run(&["rollouts"]);
    list.ends(0, &[]);
    for (name, rest) in
        [("cart", "CodeDeploy ECS  CloudFormation"), ("checkout", "CodeDeploy ECS  CodeDeploy")]
    {
        let row = list.out.lines().find(|line| line.starts_with(&format!("ecs/shop/{name} ")));
        assert!(row.is_some_and(|row| row.contains(rest)), "{name}: {}", list.out);
    }
    let twice = ["alb/", "codedeploy/AppECS-shop-cart", "codedeploy/AppECS-shop-checkout"];
    assert!(twice.iter().all(|name| !list.out.contains(name)), "{}", list.out);
    run(&["rollback", "cart", "--dry-run"])
        .ends(3, &["4/4 healthy", "CloudFormation stack shop-cart owns this split"]);
}

#[test]
fn a_split_is_judged_by_the_side_that_was_told() {
    let split = ["rollback", "alb/shop-web/443/10", "--dry-run", "--scenario", "alb-weights"];
    let run = demo("split-told", &[&split[..], &["--to", "search-blue"]].concat());
    run.ends(0, &["to    old (blue)  search-blue", "verdict: new is WORSE than old"]);
}

#[test]
fn a_split_answers_to_the_name_that_the_config_gives_its_service() {
    let asked = ["rollback", "search", "--dry-run", "--scenario", "alb-weights"];
    demo("split-unnamed", &asked).ends(2, &["there is no rollout `search`", "alb/shop-web/443/10"]);
    let file = crate::common::scratch("split").join("config.toml");
    let config = "[[service]]\nname = \"search\"\ntarget_groups = [\"search-blue\", \"search-green\"]\n\
                  stable_target_group = \"search-blue\"\n";
    std::fs::write(&file, config).unwrap();
    let with = ["--config", file.to_str().unwrap()];
    demo("split-named", &[&asked[..], &with].concat())
        .ends(0, &["ALB weights, rule app/shop-web/", "to    old (blue)  search-blue"]);
}

#[test]
fn a_list_as_json_has_what_its_description_says() {
    let run = demo("rollouts-json", &["rollouts", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["v", "kind", "at", "targets", "rollouts"]);
    assert_eq!((&value["v"], &value["kind"]), (&1.into(), &"rollouts".into()));
    let shift = &value["rollouts"][0];
    assert_eq!((&shift["name"], &shift["new"]["weight"]), (&"ecs/shop/checkout".into(), &20.0.into()));
    assert_eq!((&shift["verdict"]["ruling"], &shift["noVerdict"]), (&"WORSE".into(), &().into()));
    let documented = include_str!("../../../docs/json.md");
    for key in shift.as_object().unwrap().keys() {
        assert!(documented.contains(&format!("`{key}")), "{key}");
    }
}

#[test]
fn a_shift_is_followed_to_its_end() {
    let run = demo("watch", &["rollouts", "watch", "checkout"]);
    run.ends(0, &["rev 41 -> rev 42", "new 20 %", "new 100 %", "BAKE_TIME", "SUCCESSFUL", "success"]);
    assert!(run.out.lines().all(|line| line.chars().count() <= 80), "{}", run.out);
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!(lines.iter().collect::<BTreeSet<_>>().len(), lines.len(), "nothing is said twice");
    assert!(run.out.contains("times in UTC"), "{}", run.out);
    let clock = |line: &&str| line.get(..8).filter(|text| text.matches(':').count() == 2).map(str::to_owned);
    let times: Vec<String> = lines.iter().filter_map(clock).collect();
    assert!(times.is_sorted() && times.len() > 3, "{}", run.out);

    let run = demo("watch-json", &["rollouts", "watch", "ecs/shop/checkout", "--json"]);
    assert_eq!(run.code, 0);
    let lines = run.json();
    let (last, changes) = lines.split_last().unwrap();
    assert!(changes.iter().all(|line| line["kind"] == "change" && line["v"] == 1), "{changes:?}");
    let changed = |line: &serde_json::Value| line["changed"].as_array().unwrap().len();
    assert!(
        changes[1..].iter().all(|line| (1..changed(&changes[0])).contains(&changed(line))),
        "{changes:?}"
    );
    assert_eq!((&last["outcome"], &last["exitCode"]), (&"SUCCESS".into(), &0.into()));
}

#[test]
fn a_watch_ends_when_its_time_is_up() {
    let run = demo("watch-timeout", &["rollouts", "watch", "checkout", "--timeout", "12"]);
    run.ends(5, &["new 20 %", "10:00:12  timed out"]);
    let run = demo("watch-timeout-json", &["rollouts", "watch", "checkout", "--timeout", "0", "--json"]);
    assert_eq!(run.json().last().unwrap()["outcome"], "TIMED_OUT");
}

#[test]
fn a_watch_that_cannot_read_says_so_once_and_tries_on() {
    let fault = ["--fault", "ecs:DescribeServices=deny@0.5"];
    let run =
        demo("watch-denied", &[&["rollouts", "watch", "checkout", "--timeout", "120"][..], &fault].concat());
    let trouble: Vec<&str> = run.out.lines().filter_map(|line| line.split("  ").nth(1)).collect();
    let trouble: Vec<&str> = trouble.into_iter().filter(|line| line.contains("read")).collect();
    assert!(trouble.len() > 3, "{}", run.out);
    for pair in trouble.chunks(2) {
        assert!(
            pair[0].starts_with("cannot be read, trying on: denied: ecs:DescribeServices"),
            "{}",
            run.out
        );
        assert!(pair.get(1).is_none_or(|line| *line == "read again"), "{}", run.out);
    }
}

#[test]
fn names_mean_one_rollout_or_none() {
    for (name, said) in [
        ("chekcout", "there is no rollout `chekcout` (ecs/shop/checkout"),
        ("ecs/other/checkout", "there is no rollout"),
        ("", "there is no rollout"),
    ] {
        for arguments in [&["rollouts", "watch", name][..], &["rollback", name, "--dry-run"]] {
            demo("name", arguments).ends(2, &[said]);
        }
    }
    demo("at-rest", &["rollouts", "watch", "orders"])
        .ends(1, &["ecs/shop/orders has no deployment within a day"]);
    demo("at-rest", &["rollback", "orders", "--dry-run"])
        .ends(0, &["this is a NEW deployment, of an earlier revision", "taskDefinition = ", "a dry run"]);
}

#[test]
fn an_earlier_revision_is_deployed_again_once_and_not_twice_unasked() {
    let late = ["--scenario", "found-late"];
    let run = |home, arguments: &[&str]| demo(home, &[&late[..], arguments].concat());
    run("again-to", &["rollback", "checkout", "--dry-run", "--to", "40"])
        .ends(0, &["brings back: task definition web-checkout:40", "earlier revisions: rev 41, rev 40"]);
    run("again-none", &["rollback", "checkout", "--dry-run", "--to", "7"])
        .ends(2, &["rev 42 runs; it ran rev 41, rev 40 earlier"]);
    run("again-first", &["rollback", "wishes", "--dry-run"]).ends(3, &["a first deployment"]);
    run("again-inactive", &["rollback", "search", "--confirm", "search"])
        .ends(3, &["web-search:5 is INACTIVE"]);
    let sent = run("again-sent", &["rollback", "checkout", "--confirm", "checkout"]);
    sent.ends(0, &["reading once more, then ecs:UpdateService", "web-checkout:41 is deployed again"]);
    assert_eq!(sent.journal("demo").len(), 3);
}

#[test]
fn several_targets_are_told_apart_and_confirmed_by_target() {
    let home = crate::common::scratch("several");
    let file = home.join("config.toml");
    let target = |name: &str| format!("[[target]]\nname = \"{name}\"\nregion = \"eu-west-2\"\n");
    std::fs::write(&file, target("prod") + &target("staging")).unwrap();
    let file = file.display().to_string();
    let both = ["--config", &file, "--target", "prod,staging"];
    let run = |arguments: &[&str]| demo("several-run", &[&both[..], arguments].concat());
    run(&["rollouts"]).ends(0, &["target", "prod", "staging"]);
    let said = "`checkout` is the name of 2 rollouts (prod: ecs/shop/checkout, staging: ecs/shop/checkout)";
    run(&["rollback", "checkout", "--dry-run"]).ends(2, &[said, "say which with --target"]);
    run(&["rollouts", "watch", "checkout"]).ends(2, &[said]);
    let one = ["--config", &file, "--target", "staging", "rollback", "checkout", "--confirm", "checkout"];
    demo("several-one", &one).ends(0, &["checkout rolled back"]);
}

#[test]
fn a_dry_run_shows_the_plan_and_sends_nothing() {
    let run = demo("dry-run", &["rollback", "checkout", "--dry-run"]);
    run.ends(0, &["the call: ecs:StopServiceDeployment", "aws ecs stop-service-deployment", "a dry run"]);
    run.ends(0, &["verdict: new is WORSE than old: roll back, worse by "]);
    assert_eq!(run.journal("demo"), [""; 0], "nothing is in the journal");
    let run = demo("dry-run-json", &["rollback", "checkout", "--dry-run", "--json"]);
    let lines = run.json();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["plan"]["parameters"]["stopType"], "ROLLBACK");
    assert_eq!(lines[0]["plan"]["verdict"]["rollBack"], true);
    assert_eq!(lines[1]["outcome"], "PLANNED");
}

#[test]
fn it_is_confirmed_sent_once_and_watched_to_its_end() {
    let run = demo("done", &SEND);
    run.ends(
        0,
        &["reading once more, then ecs:StopServiceDeployment", "rollback sent 10:00:00", "rolled back"],
    );
    assert_eq!(run.journal("demo"), ["sending", "sent", "ended"]);
    let run = demo("done-json", &[&SEND[..], &["--json"]].concat());
    let lines = run.json();
    let kinds: Vec<&str> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!((kinds[0], kinds[1], *kinds.last().unwrap()), ("plan", "step", "end"));
    assert_eq!(lines.last().unwrap()["exitCode"], 0);
    let step = |line: &serde_json::Value| line.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let names = ["v", "kind", "at", "sentAt", "requestId", "answerLost", "status", "weight", "error", "text"];
    assert_eq!(step(&lines[1]), names);
}

#[test]
fn without_the_exact_name_nothing_is_sent() {
    demo("unconfirmed", &["rollback", "checkout"]).ends(3, &["nothing was sent", "pass --confirm checkout"]);
    for word in ["checkou", "checkout ", "Checkout", "ecs/shop/checkout", "y", ""] {
        let run = demo("misnamed", &["rollback", "checkout", "--confirm", word]);
        run.ends(3, &["nothing was sent", "is not the name: it is checkout"]);
        assert_eq!(run.journal("demo"), [""; 0], "{word}");
    }
}

#[test]
fn only_the_old_side_can_be_asked_for() {
    for to in ["old", "41", "rev 41"] {
        demo("to-old", &["rollback", "checkout", "--dry-run", "--to", to]).ends(0, &["a dry run"]);
    }
    let said = "--to new: there are old (rev 41), which takes the traffic back, and new (rev 42)";
    demo("to-new", &["rollback", "checkout", "--dry-run", "--to", "new"]).ends(2, &[said]);
}

#[test]
fn what_takes_no_writes_shows_the_plan_and_why() {
    let run = demo("read-only", &[&SEND[..], &["--read-only"]].concat());
    run.ends(3, &["is read-only", "aws ecs stop-service-deployment", "nothing was sent", "is read-only"]);
    assert_eq!(run.journal("demo"), [""; 0]);
}

#[test]
fn refusals_lost_answers_and_credentials() {
    for (fault, code, said) in [
        // Before anything is known.
        ("*:*=expire", 3, &["expired", "nothing was sent"][..]),
        ("ecs:ListClusters=deny", 3, &["denied: ecs:ListClusters", "nothing was sent"]),
        // At the plan's own reads.
        ("sts:GetCallerIdentity=deny", 0, &["who is calling could not be read", "checkout rolled back"]),
        // At the call.
        (
            "ecs:StopServiceDeployment=deny",
            4,
            &[
                "AWS refused it: nothing changed",
                "missing: ecs:StopServiceDeployment",
                "for someone who may: aws ecs",
            ],
        ),
        ("ecs:StopServiceDeployment=expire", 4, &["nothing changed", "expired"]),
        ("ecs:StopServiceDeployment=throttle", 4, &["nothing changed", "throttled"]),
        // It arrived, and its answer did not.
        (
            "ecs:StopServiceDeployment=cut:1",
            0,
            &["no answer, reading what became of it", "checkout rolled back"],
        ),
        // It never arrived.
        (
            "ecs:StopServiceDeployment=garbage:502",
            4,
            &["no answer", "checkout rollback FAILED: the call never arrived"],
        ),
        ("ecs:StopServiceDeployment=delay:30s", 0, &["no answer", "checkout rolled back"]),
    ] {
        let run = demo("faults", &[&SEND[..], &["--fault", fault]].concat());
        assert_eq!(run.code, code, "{fault}:\n{}\n{}", run.out, run.err);
        run.ends(code, &[]);
        let all = format!("{}{}", run.out, run.err);
        for words in said {
            assert!(all.contains(words), "{fault}: no `{words}` in\n{all}");
        }
        let sent = run.journal("demo").iter().filter(|step| *step == "sending").count();
        assert!(sent <= 1, "{fault}");
    }
}

#[test]
fn without_credentials_to_write_nothing_is_sent_and_it_says_so() {
    let file = crate::common::scratch("unsent-config").join("config.toml");
    let target = "[[target]]\nname = \"prod\"\nregion = \"eu-west-2\"\n";
    let role = "write_role_arn = \"arn:aws:iam::111122223333:role/Breakglass\"\n";
    std::fs::write(&file, format!("{target}{role}")).unwrap();
    let file = file.display().to_string();
    for (fault, said) in [
        (
            "sts:AssumeRole=deny",
            &["nothing was sent", "denied: sts:AssumeRole", "missing: sts:AssumeRole"][..],
        ),
        ("sts:AssumeRole=delay:60s", &["nothing was sent", "timed out"]),
    ] {
        let with = ["--config", &file, "--target", "prod", "--fault", fault];
        let run = demo("unsent", &[&with[..], &SEND[..]].concat());
        run.ends(3, said);
        assert!(!run.err.contains("AWS refused it"), "{}", run.err);
        assert_eq!(run.journal("demo"), ["sending", "rejected"]);
    }
}

#[test]
fn after_its_time_it_is_unknown_and_aws_carries_on() {
    let run = demo("timeout", &[&SEND[..], &["--timeout", "7"]].concat());
    run.ends(5, &["timed out: it was sent 10:00:00, request id", "AWS carries on"]);
    assert_eq!(run.journal("demo"), ["sending", "sent"], "its end is still open");
}

/// Somebody deploys again while the rollback is under way.
#[test]
fn a_newer_deployment_supersedes_it() {
    let shipped = include_str!("../../../src/demo/scenarios/bad-deploy.toml");
    let newer =
        "[[deployment]]\nservice = \"checkout\"\nstarted = \"+10s\"\nstrategy = \"CANARY\"\nrevision = 43\n";
    let file = crate::common::scratch("newer").join("newer.toml");
    std::fs::write(&file, shipped.replacen("[[gauge]]", &format!("{newer}\n[[gauge]]"), 1)).unwrap();
    let run = demo("superseded", &[&SEND[..], &["--scenario", &file.display().to_string()]].concat());
    run.ends(
        6,
        &["ROLLBACK_IN_PROGRESS", "checkout rollback superseded: the service moved on to deployment"],
    );
    assert_eq!(run.journal("demo"), ["sending", "sent", "ended"]);
}

#[test]
fn the_fast_world_is_followed_as_fast() {
    let home = crate::common::scratch("speed");
    let output = crate::binary::command(&home)
        .args(["--demo", "--speed", "60", "--region", "eu-west-2"])
        .args(SEND)
        .output()
        .unwrap();
    super::Run::of(&output, home).ends(0, &["checkout rolled back"]);
}

#[test]
fn a_recording_is_not_made() {
    demo("record", &["rollouts", "--record", "x"]).ends(2, &["--record belongs to the console"]);
}

#[test]
fn what_codedeploy_moves_is_listed_planned_undone_and_followed() {
    let run =
        |arguments: &[&str]| demo("codedeploy", &[arguments, &["--scenario", "codedeploy-ecs"]].concat());
    let name = "codedeploy/AppECS-shop-checkout/DgpECS-shop-checkout";
    run(&["rollouts"]).ends(0, &["ecs/shop/checkout", "AllowTraffic", "Succeeded"]);
    let command = "aws deploy stop-deployment --deployment-id d-";
    run(&["rollback", name, "--dry-run"]).ends(0, &["autoRollbackEnabled = true", command, "a dry run"]);
    run(&["rollback", "checkout", "--confirm", "checkout"]).ends(
        0,
        &["reading once more, then codedeploy:StopDeployment", "checkout rolled back", "took it back"],
    );
    let json = run(&["rollback", "checkout", "--confirm", "checkout", "--json"]).json();
    assert_eq!(json.last().unwrap()["outcome"], "DONE");
    let stack = "codedeploy/AppECS-shop-cart/DgpECS-shop-cart";
    run(&["rollback", stack, "--confirm", stack]).ends(
        3,
        &["CloudFormation stack shop-cart owns this split", "aws cloudformation cancel-update-stack"],
    );
    run(&["rollouts", "watch", "checkout"]).ends(0, &["new 100 %", "TERMINATION_WAIT", "success"]);
}

#[test]
fn a_role_for_lambda_alone_rolls_an_alias_back() {
    let only = ["--scenario", "lambda-canary", "--fault", "ecs:*=deny"];
    let run = |arguments: &[&str]| demo("lambda-alone", &[arguments, &only].concat());
    run(&["rollouts"]).ends(0, &["lambda/receipts:live", "ECS: denied: ecs:ListClusters"]);
    run(&["rollback", "receipts", "--confirm", "receipts"])
        .ends(0, &["reading once more, then lambda:UpdateAlias", "receipts rolled back"]);
    // A name that is not found may be of a service that could not be read.
    run(&["rollback", "checkout", "--dry-run"]).ends(
        3,
        &["services of ECS: denied: ecs:ListClusters", "checkout was not found in what could be read"],
    );
}
