//! A listener's or rule's actions as JSON with AWS's names, and with other weights.
//!
//! AWS replaces the list whole, so all of it is written back: order, stickiness and authentication as they were
//! read. The client secret of OIDC is not told to readers: `UseExistingClientSecret` keeps it.

use crate::features::rollouts::mechanism::alb::Split;
use crate::text::sanitize;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, AuthenticateCognitoActionConditionalBehaviorEnum as CognitoBehavior,
    AuthenticateOidcActionConditionalBehaviorEnum as OidcBehavior, ForwardActionConfig,
    JwtValidationActionAdditionalClaimFormatEnum as ClaimFormat, TargetGroupTuple,
};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// Kinds of actions that can stand before a forward and are known here, whole.
const KNOWN: [&str; 4] = ["forward", "authenticate-oidc", "authenticate-cognito", "jwt-validation"];

fn set(map: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        map.insert(name.to_owned(), value.into());
    }
}

/// The actions as AWS takes them, in order.
pub fn to_json(actions: &[Action]) -> String {
    Value::Array(actions.iter().map(action).collect()).to_string()
}

fn action(action: &Action) -> Value {
    let mut map = Map::new();
    set(&mut map, "Type", action.r#type().map(ActionTypeEnum::as_str));
    set(&mut map, "Order", action.order());
    if let Some(config) = action.authenticate_oidc_config() {
        let mut oidc = Map::new();
        set(&mut oidc, "Issuer", config.issuer());
        set(&mut oidc, "AuthorizationEndpoint", config.authorization_endpoint());
        set(&mut oidc, "TokenEndpoint", config.token_endpoint());
        set(&mut oidc, "UserInfoEndpoint", config.user_info_endpoint());
        set(&mut oidc, "ClientId", config.client_id());
        set(&mut oidc, "SessionCookieName", config.session_cookie_name());
        set(&mut oidc, "Scope", config.scope());
        set(&mut oidc, "SessionTimeout", config.session_timeout());
        set(
            &mut oidc,
            "AuthenticationRequestExtraParams",
            extra(config.authentication_request_extra_params()),
        );
        set(
            &mut oidc,
            "OnUnauthenticatedRequest",
            config.on_unauthenticated_request().map(OidcBehavior::as_str),
        );
        oidc.insert("UseExistingClientSecret".to_owned(), true.into());
        map.insert("AuthenticateOidcConfig".to_owned(), oidc.into());
    }
    if let Some(config) = action.authenticate_cognito_config() {
        let mut cognito = Map::new();
        set(&mut cognito, "UserPoolArn", config.user_pool_arn());
        set(&mut cognito, "UserPoolClientId", config.user_pool_client_id());
        set(&mut cognito, "UserPoolDomain", config.user_pool_domain());
        set(&mut cognito, "SessionCookieName", config.session_cookie_name());
        set(&mut cognito, "Scope", config.scope());
        set(&mut cognito, "SessionTimeout", config.session_timeout());
        let params = extra(config.authentication_request_extra_params());
        set(&mut cognito, "AuthenticationRequestExtraParams", params);
        let otherwise = config.on_unauthenticated_request().map(CognitoBehavior::as_str);
        set(&mut cognito, "OnUnauthenticatedRequest", otherwise);
        map.insert("AuthenticateCognitoConfig".to_owned(), cognito.into());
    }
    if let Some(config) = action.jwt_validation_config() {
        let mut jwt = Map::new();
        set(&mut jwt, "JwksEndpoint", config.jwks_endpoint());
        set(&mut jwt, "Issuer", config.issuer());
        let claims = config.additional_claims().iter().map(|claim| {
            let format = claim.format().map(ClaimFormat::as_str);
            json!({ "Format": format, "Name": claim.name(), "Values": claim.values() })
        });
        jwt.insert("AdditionalClaims".to_owned(), claims.collect());
        map.insert("JwtValidationConfig".to_owned(), jwt.into());
    }
    match action.forward_config().filter(|config| !config.target_groups().is_empty()) {
        Some(config) => {
            map.insert("ForwardConfig".to_owned(), forward(config));
        }
        // Without a list everything goes to its one group.
        None => set(&mut map, "TargetGroupArn", action.target_group_arn()),
    }
    map.into()
}

/// Sorted, so that two reads of the same agree.
fn extra(params: Option<&HashMap<String, String>>) -> Option<Value> {
    let sorted: std::collections::BTreeMap<&String, &String> = params?.iter().collect();
    Some(sorted.into_iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect())
}

fn forward(config: &ForwardActionConfig) -> Value {
    let groups = config.target_groups().iter().map(|group| {
        let mut map = Map::new();
        set(&mut map, "TargetGroupArn", group.target_group_arn());
        map.insert("Weight".to_owned(), weight(group).into());
        Value::from(map)
    });
    let mut map = Map::new();
    map.insert("TargetGroups".to_owned(), groups.collect());
    if let Some(sticky) = config.target_group_stickiness_config() {
        let mut own = Map::new();
        set(&mut own, "Enabled", sticky.enabled());
        set(&mut own, "DurationSeconds", sticky.duration_seconds());
        map.insert("TargetGroupStickinessConfig".to_owned(), own.into());
    }
    map.into()
}

fn weight(group: &TargetGroupTuple) -> u32 {
    // Left out it is 1.
    u32::try_from(group.weight().unwrap_or(1)).unwrap_or_default()
}

/// What the actions forward to, and how much to each. Whose it is, is not in them.
pub fn split(arn: &str, default: bool, actions: &[Action]) -> Split {
    let clean = |text: &str| sanitize(text).into_owned();
    let forward = actions.iter().find(|it| it.r#type().is_some_and(|kind| kind.as_str() == "forward"));
    let config = forward.and_then(Action::forward_config);
    let listed = config.map(ForwardActionConfig::target_groups).unwrap_or_default();
    let mut groups: Vec<(String, u32)> =
        listed.iter().filter_map(|group| Some((clean(group.target_group_arn()?), weight(group)))).collect();
    if groups.is_empty() {
        groups.extend(forward.and_then(Action::target_group_arn).map(|arn| (clean(arn), 1)));
    }
    let sticky = config.and_then(ForwardActionConfig::target_group_stickiness_config);
    let sticky = sticky.filter(|it| it.enabled() == Some(true));
    let sticky = sticky.and_then(|it| u64::try_from(it.duration_seconds()?).ok()).map(Duration::from_secs);
    let json = to_json(actions);
    let safe = clean(&json);
    let strange = actions.iter().find_map(|action| {
        let kind = action.r#type().map_or("", |kind| kind.as_str());
        (!KNOWN.contains(&kind)).then(|| format!("an action of type {}", clean(kind)))
    });
    let unwritable = strange.or_else(|| (safe != json).then(|| "control characters in it".to_owned()));
    Split {
        arn: clean(arn),
        default,
        actions: safe,
        groups,
        sticky,
        stable: None,
        divided: None,
        uncovered: None,
        unwritable,
        claimed_by: None,
        stacks: Vec::new(),
    }
}

/// The same actions with these weights, as they are sent. A group that is not named gets nothing.
pub fn with_weights(mut actions: Vec<Action>, weights: &[(String, u32)]) -> Vec<Action> {
    for action in &mut actions {
        if let Some(oidc) = &mut action.authenticate_oidc_config {
            oidc.use_existing_client_secret = Some(true);
            oidc.client_secret = None;
        }
        let Some(groups) = action.forward_config.as_mut().and_then(|it| it.target_groups.as_mut()) else {
            continue;
        };
        // AWS refuses a single group beside a list of several.
        action.target_group_arn = None;
        for group in groups {
            let own = weights.iter().find(|(arn, _)| Some(arn.as_str()) == group.target_group_arn());
            group.weight = Some(own.and_then(|(_, weight)| i32::try_from(*weight).ok()).unwrap_or_default());
        }
    }
    actions
}
