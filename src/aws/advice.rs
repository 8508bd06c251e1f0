//! What to do about an error, in one sentence: the exact login command, the missing permission, the proxy.
//!
//! Pure. The class stands already; the words depend on where the caller's credentials come from.

use super::error::{ErrorClass, SourceError};
use super::profile::CredentialsSource;

/// Who called: what the advice depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Where the credentials come from.
    pub source: CredentialsSource,
    /// The region called, when one is set.
    pub region: Option<String>,
    /// Seconds the local clock is ahead of AWS's, when known.
    pub skew_seconds: Option<i64>,
    /// Whether a custom endpoint is in force.
    pub custom_endpoint: bool,
}

/// One sentence without a full stop; empty when there is nothing useful to say.
pub(super) fn advice(error: &SourceError, caller: &Caller) -> String {
    let region = caller.region.as_deref().unwrap_or("this region");
    match error.class {
        ErrorClass::NoCredentials => missing(caller),
        ErrorClass::Expired => renew(caller),
        ErrorClass::MfaNeeded => "type the device's current code".to_owned(),
        ErrorClass::BadKeys => {
            let clock = caller.skew_seconds.filter(|seconds| seconds.abs() > 60);
            let clock = clock.map_or_else(
                || "the local clock".to_owned(),
                |seconds| format!("the local clock, which is {seconds} s off"),
            );
            format!("check the keys, {clock}, and whether {region} is enabled for the account")
        }
        ErrorClass::Denied => {
            format!("ask for the IAM action {}", missing_action(&error.message).unwrap_or(&error.operation))
        }
        ErrorClass::NotEnabled => format!("not there or not enabled in {region}"),
        ErrorClass::Network if caller.custom_endpoint => "check that the custom endpoint is up".to_owned(),
        ErrorClass::Network => reach(&error.message),
        ErrorClass::NotAws if caller.custom_endpoint => {
            "the custom endpoint does not speak this operation".to_owned()
        }
        ErrorClass::NotAws => {
            "a proxy or portal answered instead of AWS: check HTTPS_PROXY and NO_PROXY".to_owned()
        }
        ErrorClass::Invalid if matches!(caller.source, CredentialsSource::NoProfile { .. }) => {
            missing(caller)
        }
        ErrorClass::Invalid if caller.region.is_none() => {
            "set a region: `--region`, AWS_REGION, or `region` in the profile".to_owned()
        }
        ErrorClass::Throttled | ErrorClass::OverBudget | ErrorClass::Invalid | ErrorClass::Service => {
            String::new()
        }
    }
}

fn missing(caller: &Caller) -> String {
    match &caller.source {
        CredentialsSource::Process(profile) => {
            format!("run the credential_process of profile {profile} by hand to see why it fails")
        }
        CredentialsSource::NoProfile { name, near } => {
            let near = near.as_ref().map(|near| format!(" (did you mean `{near}`?)"));
            format!("there is no profile `{name}` in ~/.aws/config{}", near.unwrap_or_default())
        }
        CredentialsSource::Keys(profile) => {
            format!("profile {profile} gives no credentials: check ~/.aws/config and ~/.aws/credentials")
        }
        _ => "run `aws configure sso` or `aws login`, or choose a profile with `--profile`".to_owned(),
    }
}

fn renew(caller: &Caller) -> String {
    match &caller.source {
        CredentialsSource::Environment => {
            "export new keys and restart: keys from the environment cannot be reloaded".to_owned()
        }
        CredentialsSource::Keys(profile) => {
            format!("put new keys for profile {profile} into ~/.aws/credentials: they are taken within 5 s")
        }
        CredentialsSource::Process(profile) => {
            format!("the credential_process of profile {profile} gave expired credentials")
        }
        CredentialsSource::Machine => {
            "this machine's role gave expired credentials: check its clock".to_owned()
        }
        CredentialsSource::Simulated => {
            "a fault rule of the simulated AWS says so; in AWS the login command stands here".to_owned()
        }
        source => source.login_command().map(|command| format!("run `{command}`")).unwrap_or_default(),
    }
}

fn reach(message: &str) -> String {
    let lower = message.to_ascii_lowercase();
    let says = |part: &str| lower.contains(part);
    if says("unknownissuer") || says("unknown issuer") || says("invalid peer certificate") {
        "a proxy may re-sign TLS: set AWS_CA_BUNDLE to its certificate".to_owned()
    } else if says("dns") || says("lookup") {
        "the name does not resolve: check VPN, DNS, and HTTPS_PROXY".to_owned()
    } else {
        "check VPN, HTTPS_PROXY, NO_PROXY and AWS_CA_BUNDLE".to_owned()
    }
}

/// The action AWS names: `... is not authorized to perform: ecs:ListClusters on resource: ...`.
fn missing_action(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("not authorized to perform")?;
    let action = rest.trim_start_matches([':', ' ']).split_whitespace().next()?;
    action.contains(':').then_some(action)
}

#[cfg(test)]
mod tests {
    use super::*;
    use CredentialsSource as S;

    fn said(class: ErrorClass, message: &str, source: S) -> String {
        let caller = Caller {
            source,
            region: Some("ap-east-1".into()),
            skew_seconds: Some(-400),
            custom_endpoint: false,
        };
        advice(&SourceError::new(class, "cloudwatch:GetMetricData", message), &caller)
    }

    #[test]
    fn every_class_that_can_be_helped_says_how() {
        let cases = [
            (ErrorClass::Expired, "", S::Sso("prod".into()), "run `aws sso login --profile prod`"),
            (ErrorClass::Expired, "", S::Login("default".into()), "run `aws login`"),
            (
                ErrorClass::Expired,
                "",
                S::Environment,
                "export new keys and restart: keys from the environment cannot",
            ),
            (ErrorClass::Expired, "", S::Keys("k".into()), "put new keys for profile k"),
            (ErrorClass::NoCredentials, "", S::Machine, "run `aws configure sso`"),
            (
                ErrorClass::NoCredentials,
                "",
                S::Process("p".into()),
                "run the credential_process of profile p",
            ),
            (
                ErrorClass::NoCredentials,
                "",
                S::NoProfile { name: "porod".into(), near: Some("prod".into()) },
                "there is no profile `porod` in ~/.aws/config (did you mean `prod`?)",
            ),
            (
                ErrorClass::Invalid,
                "",
                S::NoProfile { name: "x".into(), near: None },
                "there is no profile `x` in ~/.aws/config",
            ),
            (ErrorClass::Expired, "", S::Simulated, "a fault rule of the simulated AWS"),
            (
                ErrorClass::BadKeys,
                "",
                S::Machine,
                "check the keys, the local clock, which is -400 s off, and whether ap-east-1",
            ),
            (
                ErrorClass::Denied,
                "User: arn:x is not authorized to perform: kms:Decrypt on resource: y",
                S::Machine,
                "ask for the IAM action kms:Decrypt",
            ),
            (ErrorClass::Denied, "no", S::Machine, "ask for the IAM action cloudwatch:GetMetricData"),
            (ErrorClass::NotEnabled, "", S::Machine, "not there or not enabled in ap-east-1"),
            (
                ErrorClass::Network,
                "invalid peer certificate: UnknownIssuer",
                S::Machine,
                "a proxy may re-sign TLS: set AWS_CA_BUNDLE",
            ),
            (ErrorClass::Network, "dns error: failed to lookup", S::Machine, "the name does not resolve"),
            (ErrorClass::Network, "connection refused", S::Machine, "check VPN, HTTPS_PROXY"),
            (ErrorClass::NotAws, "", S::Machine, "a proxy or portal answered"),
        ];
        for (class, message, source, start) in cases {
            let advice = said(class, message, source);
            assert!(advice.starts_with(start), "{class:?}: {advice}");
        }
        assert_eq!(said(ErrorClass::Throttled, "", S::Machine), "");
    }
}
