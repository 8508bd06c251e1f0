//! The exact list of actions that is written: order, logins, stickiness and all else kept, weights changed.

use super::*;
use crate::features::rollouts::mechanism::alb;
use aws_sdk_elasticloadbalancingv2::types::{
    ActionTypeEnum, AuthenticateCognitoActionConfig, AuthenticateOidcActionConfig, FixedResponseActionConfig,
    ForwardActionConfig, JwtValidationActionAdditionalClaim, JwtValidationActionConfig,
    TargetGroupStickinessConfig, TargetGroupTuple,
};

const RULE: &str = "arn:aws:elasticloadbalancing:eu-west-2:1:listener-rule/app/web/50dc/f2f7/9683";

fn arn(name: &str) -> String {
    format!("arn:aws:elasticloadbalancing:eu-west-2:1:targetgroup/{name}/50dc")
}

fn forward(groups: &[(&str, Option<i32>)], sticky: Option<(bool, Option<i32>)>) -> Action {
    let tuple = |(name, weight): &(&str, Option<i32>)| {
        TargetGroupTuple::builder().target_group_arn(arn(name)).set_weight(*weight).build()
    };
    let sticky = sticky.map(|(enabled, seconds)| {
        TargetGroupStickinessConfig::builder().enabled(enabled).set_duration_seconds(seconds).build()
    });
    let config = ForwardActionConfig::builder()
        .set_target_groups(Some(groups.iter().map(tuple).collect()))
        .set_target_group_stickiness_config(sticky)
        .build();
    Action::builder().r#type(ActionTypeEnum::Forward).order(2).forward_config(config).build()
}

fn oidc() -> Action {
    let config = AuthenticateOidcActionConfig::builder()
        .issuer("https://login.example")
        .authorization_endpoint("https://login.example/authorize")
        .token_endpoint("https://login.example/token")
        .user_info_endpoint("https://login.example/userinfo")
        .client_id("web")
        .session_timeout(604_800)
        .authentication_request_extra_params("prompt", "login")
        .authentication_request_extra_params("display", "page")
        .build();
    Action::builder()
        .r#type(ActionTypeEnum::AuthenticateOidc)
        .order(1)
        .authenticate_oidc_config(config)
        .build()
}

/// The call for these actions with `stable` told, and the list that it writes.
fn undone(actions: &[Action], stable: &str) -> (alb::Call, Vec<Action>) {
    let mut split = actions::split(RULE, false, actions);
    assert_eq!(split.unwritable, None);
    split.stable = split.stable_among(&[stable.to_owned()]);
    let call = alb::call(&split);
    let written = actions::with_weights(actions.to_vec(), &weights_in(&call.after));
    assert_eq!(actions::to_json(&written), call.after, "what is shown is what is sent");
    (call, written)
}

fn weights(action: &Action) -> Vec<i32> {
    action.forward_config().unwrap().target_groups().iter().map(|group| group.weight().unwrap()).collect()
}

#[test]
fn only_the_weights_are_others() {
    let before = [oidc(), forward(&[("blue", Some(90)), ("green", Some(10))], Some((true, Some(3600))))];
    let (call, after) = undone(&before, "blue");
    assert_eq!(weights(&after[1]), [100, 0]);
    // The login is as it was, but for the secret that nobody is told.
    let (was, is) =
        (before[0].authenticate_oidc_config().unwrap(), after[0].authenticate_oidc_config().unwrap());
    assert_eq!((is.use_existing_client_secret(), is.client_secret()), (Some(true), None));
    let mut kept = is.clone();
    kept.use_existing_client_secret = None;
    assert_eq!(&kept, was);
    assert_eq!((after[0].order(), after[1].order()), (Some(1), Some(2)));
    let sticky = after[1].forward_config().unwrap().target_group_stickiness_config().unwrap();
    assert_eq!((sticky.enabled(), sticky.duration_seconds()), (Some(true), Some(3600)));
    assert!(
        call.before.contains(r#""AuthenticationRequestExtraParams":{"display":"page","prompt":"login"}"#)
    );
    assert_eq!(call.before.replace("90", "100").replace(r#""Weight":10}"#, r#""Weight":0}"#), call.after);
}

#[test]
fn weights_of_all_sizes_stay_in_bounds() {
    for (groups, stable, expected) in [
        (vec![("a", Some(999)), ("b", Some(999))], "b", vec![0, 999]),
        (vec![("a", None), ("b", None)], "a", vec![2, 0]),
        (vec![("a", Some(0)), ("b", Some(1)), ("c", Some(1))], "a", vec![2, 0, 0]),
        (vec![("a", Some(0)), ("b", Some(0))], "a", vec![1, 0]),
    ] {
        let (_, after) = undone(&[forward(&groups, None)], stable);
        assert_eq!(weights(&after[0]), expected, "{groups:?}");
        assert_eq!(after[0].target_group_arn(), None);
    }
}

#[test]
fn other_logins_are_kept_whole() {
    let cognito = AuthenticateCognitoActionConfig::builder()
        .user_pool_arn("arn:aws:cognito-idp:eu-west-2:1:userpool/p")
        .user_pool_client_id("client")
        .user_pool_domain("shop")
        .build();
    let claim = JwtValidationActionAdditionalClaim::builder().name("scope").values("a b").values("c").build();
    let jwt = JwtValidationActionConfig::builder()
        .issuer("https://login.example")
        .jwks_endpoint("https://login.example/jwks")
        .additional_claims(claim)
        .build();
    let first = Action::builder().order(1);
    for login in [
        first
            .clone()
            .r#type(ActionTypeEnum::AuthenticateCognito)
            .authenticate_cognito_config(cognito)
            .build(),
        first.r#type(ActionTypeEnum::from("jwt-validation")).jwt_validation_config(jwt).build(),
    ] {
        let (call, after) = undone(&[login.clone(), forward(&[("a", Some(1)), ("b", Some(1))], None)], "a");
        assert_eq!(after[0], login);
        assert!(call.after.contains("example") || call.after.contains("userpool/p"), "{}", call.after);
    }
}

#[test]
fn what_is_not_known_whole_is_not_written() {
    let strange = Action::builder().r#type(ActionTypeEnum::from("new-in-2027")).order(1).build();
    let split = actions::split(RULE, false, &[strange, forward(&[("a", Some(1)), ("b", Some(1))], None)]);
    assert_eq!(split.unwritable.as_deref(), Some("an action of type new-in-2027"));
    let mut hostile = oidc();
    hostile.authenticate_oidc_config.as_mut().unwrap().client_id = Some("web\u{1b}[2J".into());
    let split = actions::split(RULE, false, &[hostile, forward(&[("a", Some(1)), ("b", Some(1))], None)]);
    assert!(!split.actions.contains('\u{1b}'), "{}", split.actions);
}

#[test]
fn what_no_longer_divides_is_read_too() {
    let alone = Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(arn("a")).build();
    let split = actions::split(RULE, false, &[alone]);
    assert_eq!((split.groups.as_slice(), split.standing()), ([(arn("a"), 1)].as_slice(), Standing::Ended));
    let fixed = FixedResponseActionConfig::builder().status_code("503").build();
    let fixed = Action::builder().r#type(ActionTypeEnum::FixedResponse).fixed_response_config(fixed).build();
    let split = actions::split(RULE, false, &[fixed]);
    assert_eq!((split.groups.len(), split.standing()), (0, Standing::Ended));
}

#[test]
fn load_balancers_are_named_by_their_rules() {
    let balancer = "arn:aws:elasticloadbalancing:eu-west-2:1:loadbalancer/app/web/50dc";
    assert_eq!(balancer_of(RULE).as_deref(), Some(balancer));
    assert_eq!(
        balancer_of(&RULE.replace("listener-rule", "listener").replace("/9683", "")).as_deref(),
        Some(balancer)
    );
    assert_eq!(balancer_of("nonsense"), None);
}

#[test]
fn only_the_tags_of_a_split_itself_say_whose_it_is() {
    use super::owner::read;
    use aws_sdk_elasticloadbalancingv2::types::{Tag, TagDescription};
    let stack = "aws:cloudformation:stack-name";
    let tagged = |arn: &str, tags: &[(&str, &str)]| {
        let tags = tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build());
        TagDescription::builder().resource_arn(arn).set_tags(Some(tags.collect())).build()
    };
    let listener = RULE.replace("listener-rule", "listener").replace("/9683", "");
    let balancer = balancer_of(RULE).unwrap();
    let all = |rule: &[(&str, &str)]| {
        [
            tagged(RULE, rule),
            tagged(&arn("blue"), &[(stack, "shop\u{1b}[2J")]),
            tagged(&arn("green"), &[(stack, "shop\u{1b}[2J"), ("team", "web")]),
            tagged(&listener, &[(stack, "net")]),
            tagged(&balancer, &[(stack, "net")]),
        ]
    };
    let told = format!("{:?}", read(&all(&[("team", "web")]), RULE));
    assert!(told.contains("owner: None") && !told.contains("\\u{1b}"), "{told}");
    assert!(told.contains("target group blue, target group green\")"), "{told}");
    assert!(told.contains("(\"net\", \"the rule's listener, load balancer web\")"), "{told}");
    let told = format!("{:?}", read(&all(&[(stack, "web")]), RULE));
    assert!(told.contains("owner: Some(Stack(\"web\"))"), "{told}");
    let told = format!("{:?}", read(&[tagged(&arn("blue"), &[("elbv2.k8s.aws/cluster", "shop")])], RULE));
    assert!(told.contains("owner: Some(Other(\"Kubernetes\"))"), "{told}");
}

#[test]
fn a_hostile_name_of_a_load_balancer_is_shown_safely() {
    let listener = "arn:aws:elasticloadbalancing:eu-west-2:1:listener/app/we\u{1b}[2Jb\u{202e}/50dc/f2f7";
    let name = balancer_name(listener).unwrap();
    assert!(name.starts_with("we") && !name.contains(['\u{1b}', '\u{202e}']), "{name:?}");
}
