//! A call that would go to another account or region than what was read.

use super::world::Lab;
use super::*;
use crate::aws::TargetSpec;
use crate::features::rollouts::rollback::SendResult;

const ROLE: &str = "arn:aws:iam::444455556666:role/Deployer";

async fn lab(scenario: &str, role: &str) -> Lab {
    let spec = TargetSpec { write_role_arn: Some(role.into()), ..TargetSpec::named("prod") };
    Lab::with(scenario, spec).await
}

async fn plan(lab: &Lab, scenario: &str) -> Plan {
    match scenario {
        "found-late" => lab.again("checkout", None).await,
        "lambda-canary" => lab.plan_for("receipts").await,
        "codedeploy-ecs" => lab.plan_for("AppECS-shop-checkout").await,
        _ => lab.plan().await,
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_of_another_account_are_refused_and_both_are_named() {
    for (scenario, operation) in [
        ("found-late", "UpdateService"),
        ("lambda-canary", "UpdateAlias"),
        ("bad-deploy", "StopServiceDeployment"),
        ("codedeploy-ecs", "StopDeployment"),
    ] {
        let theirs = lab(scenario, ROLE).await;
        let refused = plan(&theirs, scenario).await;
        let why = refused.refusals().collect::<Vec<_>>().join("; ");
        assert!(
            why.starts_with(
                "what was read is in account 111122223333, and the call would go to account 444455556666"
            ),
            "{scenario}: {why}"
        );
        // Even a plan that was confirmed with the right credentials.
        let ours = lab(scenario, "arn:aws:iam::111122223333:role/Deployer").await;
        let confirmed = plan(&ours, scenario).await;
        assert!(!confirmed.refused(), "{scenario}: {:?}", confirmed.checks);
        let journal =
            std::env::temp_dir().join(format!("eyewall-elsewhere-{}-{scenario}", std::process::id()));
        let result = theirs.send(&confirmed, &journal).await;
        let SendResult::Changed(newer) = &result else { panic!("{scenario}: {result:?}") };
        assert_eq!(confirmed.diff(newer)[0].field, "account", "{scenario}");
        assert_eq!(theirs.calls(operation), 0, "{scenario}");
        assert!(matches!(ours.send(&confirmed, &journal).await, SendResult::Sent { .. }), "{scenario}");
        let _ = std::fs::remove_file(journal);
    }
}

#[test]
fn another_region_is_refused_and_both_are_named() {
    let at_home = plan_of(&canary());
    assert!(!at_home.refused());
    let mut moved = place();
    moved.caller.as_mut().unwrap().region = "eu-west-1".into();
    let refusals =
        |place| Plan::new(&canary(), place, at(0)).refusals().map(str::to_owned).collect::<Vec<_>>();
    let [why] = &refusals(moved)[..] else { panic!() };
    assert!(
        why.starts_with("what was read is in region eu-west-2, and the call would go to region eu-west-1"),
        "{why}"
    );
    // Whoever calls is not known, and where is.
    let caller = Err(error(ErrorClass::Throttled));
    let unknown = Circumstances { region: "eu-west-1".into(), caller: caller.clone(), ..place() };
    assert_eq!(refusals(unknown).len(), 1);
    assert_eq!(refusals(Circumstances { caller, ..place() }), [""; 0]);
}
