//! Who the console is, in AWS's eyes: account, role, region, and how long the credentials last.

use super::conn::Conn;
use super::console::partition;
use super::error::SourceError;
use super::operation::GET_CALLER_IDENTITY;
use super::profile::CredentialsSource;
use crate::text::sanitize;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The caller behind a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// Twelve digits.
    pub account: String,
    /// As STS says it.
    pub arn: String,
    /// For the header: `oncall@Admin` for a role's session, the name for a user.
    pub user_short: String,
    /// The region called; empty when none is set.
    pub region: String,
    /// `aws`, `aws-cn`, ..: from the ARN, so right behind any endpoint.
    pub partition: String,
    /// When the credentials in use end; `None` when they do not.
    pub expires_at: Option<Timestamp>,
    /// Where the credentials come from.
    pub credentials_source: CredentialsSource,
    /// Seconds the local clock is ahead of AWS's; `None` when the answer carried no date.
    pub skew_seconds: Option<i64>,
}

/// Asks STS who we are.
pub async fn identity(conn: &Conn) -> Result<Identity, SourceError> {
    let answer = conn.call(&GET_CALLER_IDENTITY, conn.sts().get_caller_identity().send()).await?;
    let arn = sanitize(answer.arn().unwrap_or_default()).into_owned();
    let region = conn.region().unwrap_or_default();
    let named = arn.split(':').nth(1).filter(|partition| !partition.is_empty());
    Ok(Identity {
        account: sanitize(answer.account().unwrap_or_default()).into_owned(),
        user_short: user_short(&arn),
        partition: named.unwrap_or_else(|| partition(&region)).to_owned(),
        arn,
        region,
        expires_at: conn.expires_at(),
        credentials_source: conn.credentials_source(),
        skew_seconds: conn.skew_seconds(),
    })
}

/// The short form of a caller's ARN.
fn user_short(arn: &str) -> String {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or(arn);
    let parts: Vec<&str> = resource.split('/').collect();
    match parts.as_slice() {
        ["assumed-role", role, session] => format!("{session}@{}", role_short(role)),
        [.., name] => (*name).to_owned(),
        [] => String::new(),
    }
}

/// Identity Center's role names carry a prefix and a hash that nobody reads.
fn role_short(role: &str) -> &str {
    let Some(rest) = role.strip_prefix("AWSReservedSSO_") else { return role };
    match rest.rsplit_once('_') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => name,
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_shortened() {
        let cases = [
            ("arn:aws:sts::111122223333:assumed-role/Admin/oncall", "oncall@Admin"),
            (
                "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Power_User_0123456789abcdef/ana@corp.com",
                "ana@corp.com@Power_User",
            ),
            ("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Odd/x", "x@Odd"),
            ("arn:aws-cn:iam::111122223333:user/team/ana", "ana"),
            ("arn:aws:iam::111122223333:root", "root"),
            ("arn:aws:sts::111122223333:federated-user/bob", "bob"),
            ("", ""),
        ];
        for (arn, short) in cases {
            assert_eq!(user_short(arn), short);
        }
    }
}
