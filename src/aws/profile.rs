//! Where a target's credentials come from: its settings and the shared config files, turned into a plan.
//!
//! [`plan`] is pure and decides; `provider.rs` builds what it decided. The SDK ignores `mfa_serial`, so a
//! profile whose chain has one is unrolled here into the profile it starts from and the roles on top.

use super::target::TargetSpec;
use crate::config::suggest;
use aws_config::profile::{Profile, ProfileSet};
use aws_types::os_shim_internal::{Env as OsEnv, Fs};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What of the process environment matters here, read once by the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Env {
    /// `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` are set: they win over profiles in the default chain.
    pub has_keys: bool,
    /// `AWS_PROFILE`.
    pub profile: Option<String>,
    /// `AWS_CA_BUNDLE`.
    pub ca_bundle: Option<PathBuf>,
    /// `AWS_CONFIG_FILE`, or `~/.aws/config`.
    pub config_file: Option<PathBuf>,
    /// `AWS_SHARED_CREDENTIALS_FILE`, or `~/.aws/credentials`.
    pub credentials_file: Option<PathBuf>,
    /// Folders with cached tokens: `~/.aws/sso/cache`, `~/.aws/login/cache` or `AWS_LOGIN_CACHE_DIRECTORY`.
    pub token_caches: Vec<PathBuf>,
}

impl Env {
    /// The environment as `get` tells it: the command line passes the real one.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| get(name).filter(|value| !value.is_empty());
        let path = |name: &str| value(name).map(PathBuf::from);
        let aws = path("HOME").or_else(|| path("USERPROFILE")).map(|home| home.join(".aws"));
        let in_aws = |name: &str| aws.as_ref().map(|folder| folder.join(name));
        let login_cache = path("AWS_LOGIN_CACHE_DIRECTORY").or_else(|| in_aws("login/cache"));
        Self {
            has_keys: value("AWS_ACCESS_KEY_ID").is_some() && value("AWS_SECRET_ACCESS_KEY").is_some(),
            profile: value("AWS_PROFILE"),
            ca_bundle: path("AWS_CA_BUNDLE"),
            config_file: path("AWS_CONFIG_FILE").or_else(|| in_aws("config")),
            credentials_file: path("AWS_SHARED_CREDENTIALS_FILE").or_else(|| in_aws("credentials")),
            token_caches: in_aws("sso/cache").into_iter().chain(login_cache).collect(),
        }
    }

    /// What a person should know at start: two settings that contradict each other.
    pub fn warning(&self) -> Option<String> {
        let profile = self.profile.as_ref().filter(|_| self.has_keys)?;
        Some(format!("AWS_ACCESS_KEY_ID is set and wins over AWS_PROFILE={profile}"))
    }
}

/// What kind of credentials a target uses, for the advice when they fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialsSource {
    /// The simulated world's fixed ones.
    Simulated,
    /// Keys from the environment: the one kind that cannot be renewed without a restart.
    Environment,
    /// IAM Identity Center, by the profile of this name.
    Sso(String),
    /// `aws login`, by the profile of this name.
    Login(String),
    /// A helper program named in the profile.
    Process(String),
    /// Keys in the shared files, in the profile of this name.
    Keys(String),
    /// The role of the machine or container, or nothing at all.
    Machine,
    /// A profile that no shared file has.
    NoProfile {
        /// As asked for.
        name: String,
        /// The one that was probably meant.
        near: Option<String>,
    },
}

impl CredentialsSource {
    /// The command that renews them, when there is one.
    pub fn login_command(&self) -> Option<String> {
        let (command, profile) = match self {
            Self::Sso(profile) => ("aws sso login", profile),
            Self::Login(profile) => ("aws login", profile),
            _ => return None,
        };
        Some(match profile.as_str() {
            "default" => command.to_owned(),
            plain if plain.chars().all(|c| c.is_ascii_alphanumeric() || "-_.@/+:".contains(c)) => {
                format!("{command} --profile {plain}")
            }
            odd => format!("{command} --profile '{}'", odd.replace('\'', r"'\''")),
        })
    }
}

/// One role to assume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RoleStep {
    pub role_arn: String,
    pub external_id: Option<String>,
    pub session_name: Option<String>,
    /// Serial number or ARN of the device whose code STS wants.
    pub mfa_serial: Option<String>,
    pub duration_seconds: Option<i32>,
}

/// What the roles stand on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Base {
    /// The SDK's default chain.
    Default,
    /// One profile of the shared files, as the SDK reads it; the environment's keys do not matter.
    Profile(String),
    /// Static keys of a profile that is its own `source_profile`.
    Keys { id: String, secret: String, token: Option<String> },
}

/// How to get a target's credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub base: Base,
    /// Roles to assume, in order.
    pub roles: Vec<RoleStep>,
    pub source: CredentialsSource,
    /// The region of the target or of its profile; the environment's when absent.
    pub region: Option<String>,
}

impl Plan {
    /// Names the credentials source: targets with the same name share rate limiters.
    pub fn key(&self) -> String {
        let mut key = match &self.base {
            Base::Default => "default".to_owned(),
            Base::Profile(name) => format!("profile {name}"),
            Base::Keys { id, .. } => format!("key {id}"),
        };
        for role in &self.roles {
            key.push_str(" > ");
            key.push_str(&role.role_arn);
        }
        key
    }
}

/// Reads the shared files as the SDK does. `None` when they are broken: the SDK then says why at the first call.
pub(super) async fn load(profile: Option<&str>) -> Option<ProfileSet> {
    load_from(&Fs::real(), &OsEnv::real(), profile).await
}

async fn load_from(fs: &Fs, env: &OsEnv, profile: Option<&str>) -> Option<ProfileSet> {
    let profile = profile.map(|name| name.to_owned().into());
    // The files' type is only named by a deprecated alias; the default is all that is wanted.
    let files = <_>::default();
    match aws_config::profile::load(fs, env, &files, profile).await {
        Ok(set) => Some(set),
        Err(error) => {
            tracing::warn!("the shared AWS config files cannot be read: {error}");
            None
        }
    }
}

/// Decides where a target's credentials come from.
pub(super) fn plan(spec: &TargetSpec, env: &Env, set: Option<&ProfileSet>) -> Plan {
    let explicit = spec.profile.as_deref();
    let name = explicit.or(env.profile.as_deref()).unwrap_or("default");
    let chain = set.map(|set| source_chain(set, name)).unwrap_or_default();
    let env_wins = explicit.is_none() && env.has_keys;
    let (base, mut roles) = match unrolled(&chain) {
        Some(unrolled) if !env_wins => unrolled,
        _ => (explicit.map_or(Base::Default, |name| Base::Profile(name.to_owned())), Vec::new()),
    };
    roles.extend(spec.role_arn.as_ref().map(|role_arn| RoleStep {
        role_arn: role_arn.clone(),
        external_id: spec.external_id.clone(),
        session_name: None,
        mfa_serial: spec.mfa_serial.clone(),
        duration_seconds: None,
    }));
    // A serial on the target without a role of its own completes the profile's role.
    if spec.role_arn.is_none()
        && let (Some(serial), Some(last)) = (&spec.mfa_serial, roles.last_mut())
    {
        last.mfa_serial.get_or_insert_with(|| serial.clone());
    }
    let unknown =
        set.filter(|set| (explicit.is_some() || env.profile.is_some()) && set.get_profile(name).is_none());
    let source = match unknown {
        _ if env_wins => CredentialsSource::Environment,
        Some(set) => {
            CredentialsSource::NoProfile { name: name.to_owned(), near: suggest(name, set.profiles()) }
        }
        None => source_of(&chain, explicit.is_some()),
    };
    let profile_region =
        explicit.and_then(|_| chain.first()).and_then(|profile| profile.get("region")).map(str::to_owned);
    Plan { base, roles, source, region: spec.region.clone().or(profile_region) }
}

/// The profile and those it names as `source_profile`, nearest first. A loop ends the walk.
fn source_chain<'a>(set: &'a ProfileSet, name: &str) -> Vec<&'a Profile> {
    let mut chain: Vec<&Profile> = Vec::new();
    let mut next = set.get_profile(name);
    while let Some(profile) = next {
        if chain.iter().any(|seen| seen.name() == profile.name()) {
            break;
        }
        chain.push(profile);
        next = profile.get("source_profile").and_then(|source| set.get_profile(source));
    }
    chain
}

/// The base and the roles of a chain that needs MFA; `None` when the SDK can do it alone.
fn unrolled(chain: &[&Profile]) -> Option<(Base, Vec<RoleStep>)> {
    let needs_mfa =
        |profile: &Profile| profile.get("role_arn").is_some() && profile.get("mfa_serial").is_some();
    if !chain.iter().any(|profile| needs_mfa(profile)) {
        return None;
    }
    let root = chain.last()?;
    let own_source = root.get("source_profile") == Some(root.name());
    let base = match (own_source, root.get("aws_access_key_id"), root.get("aws_secret_access_key")) {
        (true, Some(id), Some(secret)) => Base::Keys {
            id: id.to_owned(),
            secret: secret.to_owned(),
            token: root.get("aws_session_token").map(str::to_owned),
        },
        _ => Base::Profile(root.name().to_owned()),
    };
    let with_roles = if own_source { chain } else { chain.split_last().map_or(chain, |(_, rest)| rest) };
    let roles = with_roles
        .iter()
        .rev()
        .filter_map(|profile| {
            Some(RoleStep {
                role_arn: profile.get("role_arn")?.to_owned(),
                external_id: profile.get("external_id").map(str::to_owned),
                session_name: profile.get("role_session_name").map(str::to_owned),
                mfa_serial: profile.get("mfa_serial").map(str::to_owned),
                duration_seconds: profile.get("duration_seconds").and_then(|text| text.parse().ok()),
            })
        })
        .collect();
    Some((base, roles))
}

/// The kind of the credentials at the end of a chain, named after the profile that holds them.
fn source_of(chain: &[&Profile], explicit: bool) -> CredentialsSource {
    let Some(root) = chain.last() else { return CredentialsSource::Machine };
    let name = root.name().to_owned();
    let has = |key: &str| root.get(key).is_some();
    if has("sso_session") || has("sso_start_url") {
        CredentialsSource::Sso(name)
    } else if has("login_session") {
        CredentialsSource::Login(name)
    } else if has("credential_process") {
        CredentialsSource::Process(name)
    } else if has("aws_access_key_id") {
        CredentialsSource::Keys(name)
    } else if root.get("credential_source") == Some("Environment") {
        CredentialsSource::Environment
    } else if explicit && !has("credential_source") && !has("web_identity_token_file") {
        // A profile that was asked for by name and holds nothing: its file is where to look.
        CredentialsSource::Keys(name)
    } else {
        CredentialsSource::Machine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "
[default]
region = eu-central-1
[profile sso]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Admin
region = eu-west-1
[sso-session corp]
sso_region = eu-west-1
sso_start_url = https://corp.awsapps.com/start
[profile through-sso]
role_arn = arn:aws:iam::444455556666:role/Ops
source_profile = sso
[profile console]
login_session = arn:aws:iam::111122223333:user/ana
[profile helper]
credential_process = /bin/helper
[profile keys]
aws_access_key_id = AKIA1
aws_secret_access_key = s1
[profile mfa]
role_arn = arn:aws:iam::111122223333:role/Mfa
source_profile = keys
mfa_serial = arn:aws:iam::111122223333:mfa/ana
duration_seconds = 7200
external_id = ext
[profile on-mfa]
role_arn = arn:aws:iam::444455556666:role/Second
source_profile = mfa
[profile self]
role_arn = arn:aws:iam::111122223333:role/Self
source_profile = self
mfa_serial = 123
aws_access_key_id = AKIA2
aws_secret_access_key = s2
[profile loop-a]
role_arn = arn:aws:iam::111122223333:role/A
source_profile = loop-b
mfa_serial = 9
[profile loop-b]
role_arn = arn:aws:iam::111122223333:role/B
source_profile = loop-a
[profile region-only]
region = us-west-2
";

    async fn planned(spec: &TargetSpec, env: &Env) -> Plan {
        let fs = Fs::from_slice(&[("config", CONFIG)]);
        let os = OsEnv::from_slice(&[("AWS_CONFIG_FILE", "config"), ("HOME", "/nowhere")]);
        let set = load_from(&fs, &os, spec.profile.as_deref()).await;
        plan(spec, env, set.as_ref())
    }

    fn spec(profile: Option<&str>) -> TargetSpec {
        TargetSpec { profile: profile.map(str::to_owned), ..TargetSpec::named("t") }
    }

    #[test]
    fn the_environment_is_read_once() {
        let get = |vars: &'static [(&str, &str)]| {
            move |name: &str| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        let env = Env::read(get(&[
            ("HOME", "/h"),
            ("AWS_PROFILE", "p"),
            ("AWS_ACCESS_KEY_ID", "A"),
            ("AWS_CA_BUNDLE", ""),
        ]));
        assert!(!env.has_keys, "half a key is none");
        assert_eq!((env.ca_bundle.clone(), env.warning()), (None, None));
        assert_eq!(env.config_file, Some("/h/.aws/config".into()));
        assert_eq!(
            env.token_caches,
            [PathBuf::from("/h/.aws/sso/cache"), PathBuf::from("/h/.aws/login/cache")]
        );
        let moved = Env::read(get(&[
            ("AWS_CONFIG_FILE", "/c"),
            ("AWS_LOGIN_CACHE_DIRECTORY", "/l"),
            ("AWS_PROFILE", "p"),
            ("AWS_ACCESS_KEY_ID", "A"),
            ("AWS_SECRET_ACCESS_KEY", "S"),
        ]));
        assert_eq!((moved.config_file.clone(), moved.credentials_file.clone()), (Some("/c".into()), None));
        assert_eq!(moved.token_caches, [PathBuf::from("/l")]);
        assert!(moved.warning().is_some_and(|warning| warning.ends_with("AWS_PROFILE=p")));
    }

    #[tokio::test]
    async fn the_source_is_named_after_the_profile_that_holds_it() {
        use CredentialsSource as S;
        let cases = [
            (None, S::Machine, None),
            (Some("sso"), S::Sso("sso".into()), Some("aws sso login --profile sso")),
            (Some("through-sso"), S::Sso("sso".into()), Some("aws sso login --profile sso")),
            (Some("console"), S::Login("console".into()), Some("aws login --profile console")),
            (Some("helper"), S::Process("helper".into()), None),
            (Some("keys"), S::Keys("keys".into()), None),
            (Some("on-mfa"), S::Keys("keys".into()), None),
            (Some("region-only"), S::Keys("region-only".into()), None),
            (Some("missing"), S::NoProfile { name: "missing".into(), near: None }, None),
            (Some("kyes"), S::NoProfile { name: "kyes".into(), near: Some("keys".into()) }, None),
        ];
        for (profile, source, login) in cases {
            let plan = planned(&spec(profile), &Env::default()).await;
            assert_eq!(plan.source, source, "{profile:?}");
            assert_eq!(plan.source.login_command().as_deref(), login, "{profile:?}");
        }
        assert_eq!(S::Sso("default".into()).login_command().as_deref(), Some("aws sso login"));
        assert_eq!(
            S::Sso("it's mine".into()).login_command().as_deref(),
            Some(r"aws sso login --profile 'it'\''s mine'")
        );
    }

    #[tokio::test]
    async fn environment_keys_win_unless_a_profile_is_asked_for_by_name() {
        let env = Env { has_keys: true, profile: Some("mfa".into()), ..Env::default() };
        let implicit = planned(&spec(None), &env).await;
        assert_eq!((implicit.base, implicit.source), (Base::Default, CredentialsSource::Environment));
        assert!(implicit.roles.is_empty());
        let named = planned(&spec(Some("sso")), &env).await;
        assert_eq!(named.base, Base::Profile("sso".into()));
        let only_profile = planned(&spec(None), &Env { has_keys: false, ..env }).await;
        assert_eq!(only_profile.base, Base::Profile("keys".into()), "AWS_PROFILE with MFA is unrolled too");
    }

    #[tokio::test]
    async fn chains_with_mfa_are_unrolled_and_others_are_left_to_the_sdk() {
        type Roles = &'static [(&'static str, Option<&'static str>)];
        let cases: [(&str, Base, Roles); 6] = [
            ("through-sso", Base::Profile("through-sso".into()), &[]),
            ("mfa", Base::Profile("keys".into()), &[("Mfa", Some("arn:aws:iam::111122223333:mfa/ana"))]),
            (
                "on-mfa",
                Base::Profile("keys".into()),
                &[("Mfa", Some("arn:aws:iam::111122223333:mfa/ana")), ("Second", None)],
            ),
            (
                "self",
                Base::Keys { id: "AKIA2".into(), secret: "s2".into(), token: None },
                &[("Self", Some("123"))],
            ),
            ("loop-a", Base::Profile("loop-b".into()), &[("A", Some("9"))]),
            ("missing", Base::Profile("missing".into()), &[]),
        ];
        for (profile, base, roles) in cases {
            let plan = planned(&spec(Some(profile)), &Env::default()).await;
            assert_eq!(plan.base, base, "{profile}");
            let seen: Vec<_> = plan
                .roles
                .iter()
                .map(|role| (role.role_arn.rsplit('/').next().unwrap(), role.mfa_serial.as_deref()))
                .collect();
            assert_eq!(seen, roles, "{profile}");
        }
    }

    #[tokio::test]
    async fn the_targets_own_role_comes_last_and_its_region_first() {
        let target = TargetSpec {
            role_arn: Some("arn:aws:iam::444455556666:role/Prod".into()),
            external_id: Some("x".into()),
            mfa_serial: Some("m".into()),
            ..spec(Some("sso"))
        };
        let plan = planned(&target, &Env::default()).await;
        assert_eq!(plan.region.as_deref(), Some("eu-west-1"), "the profile's");
        assert_eq!(plan.roles.last().unwrap().mfa_serial.as_deref(), Some("m"));
        assert_eq!(plan.key(), "profile sso > arn:aws:iam::444455556666:role/Prod");
        let elsewhere = TargetSpec { region: Some("us-east-1".into()), ..target };
        assert_eq!(planned(&elsewhere, &Env::default()).await.region.as_deref(), Some("us-east-1"));
        assert_eq!(planned(&spec(None), &Env::default()).await.region, None, "left to the default chain");
    }
}
