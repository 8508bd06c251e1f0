//! Who called: `userIdentity` as CloudTrail writes it, and what goes with it.
//!
//! Ids are made up from the name alone, so that one caller has the same ids in every event.

use super::super::hash::Dice;
use super::super::time;
use super::super::types::ACCOUNT;
use serde_json::{Value as Json, json};

/// A caller.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::demo::world) enum Who {
    /// An IAM user, with the id of the key when it is a certain one.
    User(String, Option<String>),
    /// A session of a role.
    Role { role: String, session: String, key: Option<String> },
    /// A service that uses its linked role.
    Linked { role: &'static str, session: &'static str, host: &'static str },
    /// A service by itself: its host name.
    Service(String),
    /// The account's root user.
    Root,
}

impl Who {
    pub(in crate::demo::world) fn role(role: &str, session: &str) -> Self {
        Self::Role { role: role.to_owned(), session: session.to_owned(), key: None }
    }

    pub(super) fn user(name: &str) -> Self {
        Self::User(name.to_owned(), None)
    }

    /// `user/NAME`, `role/NAME/SESSION`, `role/NAME`, `service/NAME` or `root`.
    pub(in crate::demo::world) fn parse(text: &str, key: Option<String>) -> Self {
        let mut parts = text.splitn(3, '/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("user"), Some(name), _) => Self::User(name.to_owned(), key),
            (Some("role"), Some(role), session) => {
                let session = session.unwrap_or(role).to_owned();
                Self::Role { role: role.to_owned(), session, key }
            }
            (Some("service"), Some(name), _) => Self::Service(format!("{name}.amazonaws.com")),
            _ => Self::Root,
        }
    }

    /// The name that `LookupEvents` looks up.
    pub(super) fn username(&self) -> Option<String> {
        match self {
            Self::User(name, _) => Some(name.clone()),
            Self::Role { session, .. } => Some(session.clone()),
            Self::Linked { session, .. } => Some((*session).to_owned()),
            Self::Service(_) => None,
            Self::Root => Some("root".to_owned()),
        }
    }

    /// Where it calls from; people call from the office.
    pub(super) fn address(&self) -> Option<String> {
        match self {
            Self::Linked { host, .. } => Some((*host).to_owned()),
            Self::Service(host) => Some(host.clone()),
            _ => None,
        }
    }

    pub(super) fn agent(&self) -> &str {
        match self {
            Self::User(..) | Self::Root => {
                "aws-cli/2.31.5 md/awscrt#0.27.6 ua/2.1 os/macos#25.1.0 lang/python#3.13.7"
            }
            Self::Role { .. } => {
                "Boto3/1.40.61 md/Botocore#1.40.61 ua/2.1 os/linux#6.8.0 lang/python#3.12.11"
            }
            Self::Linked { host, .. } => host,
            Self::Service(host) => host,
        }
    }

    /// `userIdentity`.
    pub(super) fn identity(&self, dice: Dice, at: i64) -> Json {
        match self {
            Self::User(name, key) => {
                let key = key.clone().unwrap_or_else(|| format!("AKIA{}", id(name, 16)));
                json!({
                    "type": "IAMUser",
                    "principalId": format!("AIDA{}", id(name, 17)),
                    "arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}"),
                    "accountId": ACCOUNT,
                    "accessKeyId": key,
                    "userName": name,
                })
            }
            Self::Role { role, session, key } => {
                // A session's key lives for an hour.
                let turn = at.div_euclid(3_600_000).to_string();
                let fresh = || format!("ASIA{}", id(&format!("{role}/{session}/{turn}"), 16));
                let mut identity = assumed(role, session, at, dice);
                if let Some(fields) = identity.as_object_mut() {
                    fields.insert("accessKeyId".into(), key.clone().unwrap_or_else(fresh).into());
                }
                identity
            }
            Self::Linked { role, session, host } => {
                let mut identity = assumed(role, session, at, dice);
                if let Some(fields) = identity.as_object_mut() {
                    fields.insert("invokedBy".into(), (*host).into());
                }
                identity
            }
            Self::Service(host) => json!({ "type": "AWSService", "invokedBy": host }),
            Self::Root => json!({
                "type": "Root",
                "principalId": ACCOUNT,
                "arn": format!("arn:aws:iam::{ACCOUNT}:root"),
                "accountId": ACCOUNT,
            }),
        }
    }
}

fn assumed(role: &str, session: &str, at: i64, dice: Dice) -> Json {
    let principal = format!("AROA{}", id(role, 17));
    let began = at - 60_000 - dice.on(8).signed(1_800_000);
    json!({
        "type": "AssumedRole",
        "principalId": format!("{principal}:{session}"),
        "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}"),
        "accountId": ACCOUNT,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": principal,
                "arn": format!("arn:aws:iam::{ACCOUNT}:role/{role}"),
                "accountId": ACCOUNT,
                "userName": role,
            },
            "attributes": {
                "creationDate": time(began).strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                "mfaAuthenticated": "false",
            },
        },
    })
}

/// Capital letters and digits, as in ids of IAM.
fn id(name: &str, length: u64) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let dice = Dice::new(0).named(name);
    (0..length).filter_map(|at| dice.on(at).pick(LETTERS)).map(|byte| char::from(*byte)).collect()
}
