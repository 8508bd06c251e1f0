//! A split of a load balancer on the screen and in the dialog: told which side is the old one, not told, and
//! somebody else's.

use super::screen::{answer_dialog, asked, body, key, opened, polled, screen};
use super::*;
use crate::config::Config;
use crate::features::rollouts::find;
use crate::features::rollouts::mechanism::alb::Split;
use crate::features::rollouts::wire::{
    Comparison, RolloutDetail, RolloutList, RolloutsQuery, Sides, stable_groups,
};
use crate::features::{Payload, Query, Topic};
use crossterm::event::KeyCode;

const BALANCER: &str = "arn:aws:elasticloadbalancing:eu-west-2:111122223333";

/// Rule 10 of `shop-web`, 10 % on the green group; `stable` where it was told which is the old one.
pub fn divided(stable: bool) -> Rollout {
    let rule =
        format!("{BALANCER}:listener-rule/app/shop-web/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee");
    let arn = |colour| format!("{BALANCER}:targetgroup/search-{colour}/6d0ecf831eec9f09");
    let group = |colour, share| TargetGroup {
        arn: arn(colour),
        rule: Some(rule.clone()),
        rule_share: Some(share),
        health: Health::Counted { healthy: 4, total: 4 },
    };
    let [blue, green] = [group("blue", 90.0), group("green", 10.0)];
    let side =
        |called: &str, weight, groups| Side { called: Some(called.into()), weight, groups, ..Side::of("") };
    let tuple = |colour, weight| format!(r#"{{"TargetGroupArn":"{}","Weight":{weight}}}"#, arn(colour));
    let actions = format!(
        r#"[{{"ForwardConfig":{{"TargetGroupStickinessConfig":{{"DurationSeconds":3600,"Enabled":true}},"TargetGroups":[{},{}]}},"Order":1,"Type":"forward"}}]"#,
        tuple("blue", 90),
        tuple("green", 10)
    );
    let split = Split {
        arn: rule.clone(),
        default: false,
        actions,
        groups: vec![(arn("blue"), 90), (arn("green"), 10)],
        sticky: Some(Duration::from_hours(1)),
        stable: stable.then(|| arn("blue")),
        divided: None,
        uncovered: Some(vec!["eu-west-2c".into()]),
        unwritable: None,
        claimed_by: None,
        stacks: Vec::new(),
    };
    let images = ["search-blue 90 %, 4/4 healthy", "search-green 10 %, 4/4 healthy"];
    let images = images.map(|name| Image { name: name.into(), digest: None });
    let (old, new) = if stable {
        (Some(side("search-blue", Some(90.0), vec![blue])), side("search-green", Some(10.0), vec![green]))
    } else {
        (None, Side { images: images.to_vec(), ..side("2 target groups", None, vec![blue, green]) })
    };
    let mut progress = Progress::default();
    progress.observe(None, new.weight, None, at(0));
    Rollout {
        name: RolloutName::parse("alb/shop-web/443/10").unwrap(),
        deployment: rule,
        current: None,
        owner: Owner::Nobody,
        mechanism: Mechanism::Alb(split),
        status: Status::new("split"),
        stage: None,
        old,
        new,
        progress,
        bake: None,
        created_at: None,
        started_at: None,
        updated_at: None,
        ..canary()
    }
}

fn answered(app: &mut crate::app::App, shift: &Rollout, against: Against) {
    let query = asked(app, Topic::RolloutDetail).expect("the detail is asked for");
    let Query::RolloutDetail(detail) = &query else { panic!("{query:?}") };
    {
        let metrics = detail.metrics.as_ref().expect("both groups are compared");
        assert_eq!(metrics.settings.against, against);
        let Sides::TargetGroups { old, new } = &metrics.sides else { panic!("{metrics:?}") };
        let dimensions = |colour| {
            let group = format!("targetgroup/search-{colour}/6d0ecf831eec9f09");
            vec![("app/shop-web/50dc6c495c0c9188".to_owned(), group)]
        };
        assert_eq!((old, new), (&dimensions("blue"), &dimensions("green")));
    }
    let mut metrics =
        Comparison { deployment: shift.deployment.clone(), ..compared((19_480.0, 23.0), (2_164.0, 172.0)) };
    metrics.verdict.settings.against = against;
    let detail = RolloutDetail {
        name: shift.name.clone(),
        history: Vec::new(),
        events: Vec::new(),
        metrics: Some(Box::new(metrics)),
        metrics_error: None,
        stopped: None,
    };
    polled(app, query, Ok(Payload::RolloutDetail(detail)), 0);
}

#[test]
fn a_split_at_both_sizes() {
    let shift = divided(true);
    let mut app = opened(&shift);
    answered(&mut app, &shift, Against::Beside);
    insta::assert_snapshot!("alb_120", body(&app, 120, 20, 0));
    insta::assert_snapshot!("alb_80", body(&app, 80, 24, 0));
    key(&mut app, KeyCode::Char('R'), 0);
    answer_dialog(&mut app, shift, 1);
    insta::assert_snapshot!("alb_dialog_120", screen(&app, 120, 40, 1));
    insta::assert_snapshot!("alb_dialog_80", screen(&app, 80, 24, 1));
    for c in "shop-web".chars() {
        key(&mut app, KeyCode::Char(c), 1);
    }
    assert!(screen(&app, 80, 24, 1).contains("Enter sends elasticloadbalancing:ModifyRule"));
}

#[test]
fn sides_that_nobody_told_apart_are_shown_as_what_they_are() {
    let shift = divided(false);
    let mut app = opened(&shift);
    answered(&mut app, &shift, Against::Peer);
    insta::assert_snapshot!("alb_not_told_80", body(&app, 80, 24, 0));
    insta::assert_snapshot!("alb_not_told_120", body(&app, 120, 20, 0));
    key(&mut app, KeyCode::Char('R'), 0);
    answer_dialog(&mut app, shift, 1);
    insta::assert_snapshot!("alb_not_told_dialog_80", screen(&app, 80, 24, 1));
    let effects = key(&mut app, KeyCode::Char('y'), 2);
    let command = "eyewall rollback alb/shop-web/443/10 --to 'THE OLD ONE OF search-blue or search-green'";
    assert_eq!(effects, [crate::app::Effect::Copy(command.to_owned())]);
}

#[test]
fn a_split_of_which_one_group_fails_stands_out_also_untold() {
    let shift = divided(false);
    let mut app = super::screen::app();
    let list = RolloutList { shifts: vec![shift.clone()], ..super::screen::list() };
    polled(&mut app, Query::Rollouts(RolloutsQuery::default()), Ok(Payload::Rollouts(list)), 0);
    let query = asked(&app, Topic::Verdicts).expect("both groups are compared");
    let mut seen =
        Comparison { deployment: shift.deployment.clone(), ..compared((19_480.0, 23.0), (2_164.0, 172.0)) };
    seen.verdict.settings.against = Against::Peer;
    polled(&mut app, query, Ok(Payload::Verdicts(vec![seen.clone()])), 0);
    let row = |app: &crate::app::App| {
        let shown = screen(app, 80, 24, 0);
        let row = shown.lines().find(|line| line.contains("split 90/10")).unwrap().to_owned();
        (row, shown)
    };
    let (split, shown) = row(&app);
    assert!(split.contains("differ") && split.trim_end().ends_with(">9m"), "{shown}");
    assert!(shown.contains("Ro▲"), "the badge warns: {shown}");
    seen.verdict = compared((19_480.0, 23.0), (2_164.0, 3.0)).verdict;
    seen.verdict.settings.against = Against::Peer;
    seen.read_at = at(60);
    // It goes on from the start that was found.
    let query = asked(&app, Topic::Verdicts).unwrap();
    polled(&mut app, query, Ok(Payload::Verdicts(vec![seen])), 0);
    let (split, shown) = row(&app);
    assert!(!split.contains("differ") && !shown.contains("Ro▲"), "{shown}");
}

#[test]
fn what_is_advised_to_tell_the_sides_apart_works_when_it_is_followed() {
    let shift = divided(false);
    let plan = plan_of(&shift);
    let advice = plan.refusals().next().unwrap();
    let (_, config) = advice.split_once("in one [[service]] with any name: ").unwrap();
    let (groups, stable) = config.split_once(" and stable_target_group = ").unwrap();
    for group in stable.split(" or ") {
        let text = format!("[[service]]\nname = \"any\"\n{groups}\nstable_target_group = {group}\n");
        let config = Config::parse(&text, "config.toml").unwrap();
        assert_eq!(stable_groups(&config, &TargetId::new("prod")), [group.trim_matches('"')]);
    }
    assert!(find::undecided(&shift).unwrap().ends_with(config));
    // What the command has for the name is none of the groups, so that nothing happens when it is run as it is.
    let command = plan.command().unwrap();
    let (_, to) = command.split_once("--to ").unwrap();
    assert!(find::side(to.trim_matches('\''), &shift).is_err(), "{command}");
    // Whose it is decides first: what is somebody's need not be told.
    let theirs = plan_of(&Rollout { owner: Owner::Other("Kubernetes".into()), ..shift });
    assert_eq!(theirs.refusals().collect::<Vec<_>>(), ["Kubernetes owns this split: roll back there"]);
    assert_eq!(theirs.instead_title(), "what shows whose it is and how it stands");
    assert!(theirs.command().unwrap().starts_with("aws elbv2 describe-tags "));
}

#[test]
fn a_long_list_of_actions_stays_on_a_small_screen() {
    let mut shift = divided(true);
    let Mechanism::Alb(split) = &mut shift.mechanism else { panic!("{shift:?}") };
    let login = r#"[{"AuthenticateOidcConfig":{"AuthorizationEndpoint":"https://login.shop.example/authorize","ClientId":"shop-web","Issuer":"https://login.shop.example","OnUnauthenticatedRequest":"authenticate","Scope":"openid","SessionCookieName":"AWSELBAuthSessionCookie","SessionTimeout":604800,"TokenEndpoint":"https://login.shop.example/token","UseExistingClientSecret":true,"UserInfoEndpoint":"https://login.shop.example/userinfo"},"Order":1,"Type":"authenticate-oidc"},"#;
    split.actions = format!("{login}{}", split.actions.strip_prefix('[').unwrap());
    let mut app = opened(&shift);
    key(&mut app, KeyCode::Char('R'), 0);
    answer_dialog(&mut app, shift, 1);
    insta::assert_snapshot!("alb_long_dialog_80", screen(&app, 80, 24, 1));
    for c in "shop-web".chars() {
        key(&mut app, KeyCode::Char(c), 1);
    }
    assert!(screen(&app, 80, 24, 1).contains("Enter sends elasticloadbalancing:ModifyRule"));
}

#[test]
fn what_a_stack_owns_hands_over_a_command_that_looks() {
    let shift = Rollout { owner: Owner::Stack("shop-search".into()), ..divided(true) };
    let mut app = opened(&shift);
    key(&mut app, KeyCode::Char('R'), 0);
    answer_dialog(&mut app, shift, 1);
    let shown = screen(&app, 80, 24, 1);
    insta::assert_snapshot!("alb_stack_80", shown);
    let effects = key(&mut app, KeyCode::Char('y'), 2);
    let command = "aws cloudformation describe-stack-resources --stack-name shop-search --region eu-west-2";
    assert_eq!(effects, [crate::app::Effect::Copy(command.to_owned())]);
}
