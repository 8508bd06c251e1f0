//! Lambda aliases whose weights divide the invocations, and the call that undoes that.
//!
//! Functions are not swept: an alias with weights has metrics by executed version, so one question to
//! CloudWatch every few minutes names them; the config adds others. Each function is one request, at most
//! every half minute unless it is divided, for all of Lambda's API shares 15 requests a second. Who owns the
//! weights is asked only for those that are set.

mod list;
mod owner;

pub use list::ListReader;

use crate::aws::operation::{GET_ALIAS, GET_FUNCTION_CONFIGURATION, UPDATE_ALIAS};
use crate::aws::{Conn, ErrorClass, SourceError};
use crate::features::rollouts::mechanism::lambda::{Alias, Call};
use crate::features::rollouts::model::{Image, Mechanism, Owner, Rollout, RolloutName, Side, Status};
use crate::features::rollouts::source::ecs::text;
use crate::features::rollouts::stages::Progress;
use aws_sdk_lambda::operation::RequestId;
use aws_sdk_lambda::types::{AliasConfiguration, AliasRoutingConfiguration};
use jiff::{SignedDuration, Timestamp};
use owner::Owners;
use std::collections::HashMap;

/// Versions, owners and shifts remembered.
const MAX_KNOWN: usize = 500;

/// When a version was published, and a hash of its code. Neither ever changes.
#[derive(Clone, Default)]
struct Version {
    published: Option<Timestamp>,
    code: Option<String>,
}

/// Reads aliases whole.
pub struct Reader {
    conn: Conn,
    versions: HashMap<(String, String), Version>,
    owners: Owners,
    progress: HashMap<String, Progress>,
}

impl Reader {
    /// A reader that asks who owns the weights each time.
    pub fn new(conn: &Conn) -> Self {
        Self {
            // What a rollback rests on is never refused for its price.
            conn: conn.uncapped(),
            versions: HashMap::new(),
            owners: Owners::new(conn, SignedDuration::ZERO),
            progress: HashMap::new(),
        }
    }

    /// One alias.
    ///
    /// # Errors
    /// When it cannot be read, or is no longer there.
    pub async fn alias(
        &mut self,
        function: &str,
        alias: &str,
        now: Timestamp,
    ) -> Result<Rollout, SourceError> {
        let request = self.conn.lambda().get_alias().function_name(function).name(alias);
        let answer = self.conn.call(&GET_ALIAS, request.send()).await?;
        let configuration = AliasConfiguration::builder()
            .set_alias_arn(answer.alias_arn)
            .set_name(answer.name)
            .set_function_version(answer.function_version)
            .set_routing_config(answer.routing_config)
            .set_revision_id(answer.revision_id)
            .build();
        self.rollout(function, &configuration, now).await.ok_or_else(|| {
            SourceError::new(ErrorClass::NotAws, GET_ALIAS.action, "the answer names no alias or version")
        })
    }

    /// The rollout that an alias is. `None` without the fields that name it.
    async fn rollout(
        &mut self,
        function: &str,
        found: &AliasConfiguration,
        now: Timestamp,
    ) -> Option<Rollout> {
        let (arn, name) = (text(Some(found.alias_arn()?)), text(Some(found.name()?)));
        let version = text(Some(found.function_version()?));
        let weights = found.routing_config().and_then(AliasRoutingConfiguration::additional_version_weights);
        let mut routing: Vec<(String, f64)> =
            weights.into_iter().flatten().map(|(version, share)| (text(Some(version)), *share)).collect();
        routing.sort_by(|a, b| a.0.cmp(&b.0));
        let share: f64 = routing.iter().map(|(_, share)| share * 100.0).sum();
        let old = self.side(function, &version, 100.0 - share).await;
        let new = match routing.first() {
            Some((version, _)) => self.side(function, version, share).await,
            None => Side { called: Some("no other version".to_owned()), weight: Some(0.0), ..Side::of("") },
        };
        let owner =
            if routing.is_empty() { Owner::Nobody } else { self.owners.of(function, &name, &arn, now).await };
        if self.progress.len() >= MAX_KNOWN {
            self.progress.clear();
        }
        let progress = self.progress.entry(arn.clone()).or_default();
        progress.observe(None, Some(share), None, now);
        let status = if routing.is_empty() { "one version" } else { "split" };
        let alias = Alias {
            function: function.to_owned(),
            alias: name.clone(),
            version,
            routing,
            divided: None,
            revision: found.revision_id().map(|id| text(Some(id))),
        };
        let (mechanism, status) = (Mechanism::Lambda(alias), Status::new(status));
        let name = RolloutName::Lambda { function: function.to_owned(), alias: name };
        let progress = progress.clone();
        let bare = Rollout::bare(name, arn, owner, mechanism, status, new, now);
        Some(Rollout { old: Some(old), progress, ..bare })
    }

    /// A side that is one version of a function.
    pub async fn side(&mut self, function: &str, version: &str, weight: f64) -> Side {
        let facts = self.version(function, version).await;
        Side {
            called: Some(format!("version {version}")),
            published: facts.published,
            images: facts
                .code
                .map(|code| Image { name: "code".to_owned(), digest: Some(code) })
                .into_iter()
                .collect(),
            weight: Some(weight),
            ..Side::of(version)
        }
    }

    /// What is known of a version; nothing when it cannot be read, which the plan says.
    async fn version(&mut self, function: &str, version: &str) -> Version {
        let key = (function.to_owned(), version.to_owned());
        if let Some(known) = self.versions.get(&key) {
            return known.clone();
        }
        let request = self.conn.lambda().get_function_configuration();
        let request = request.function_name(function).qualifier(version);
        let Ok(answer) = self.conn.call(&GET_FUNCTION_CONFIGURATION, request.send()).await else {
            return Version::default();
        };
        // `2026-11-20T03:56:00.000+0000`, which is not quite ISO 8601.
        let published = answer.last_modified().and_then(|at| {
            let utc = at.strip_suffix("+0000").map_or_else(|| at.to_owned(), |at| format!("{at}Z"));
            utc.parse().ok()
        });
        let found = Version { published, code: answer.code_sha256().map(|code| text(Some(code))) };
        // What `$LATEST` is changes; a published version does not.
        if version.bytes().all(|byte| byte.is_ascii_digit()) {
            if self.versions.len() >= MAX_KNOWN {
                self.versions.clear();
            }
            self.versions.insert(key, found.clone());
        }
        found
    }
}

/// Makes the call, once, and gives its request id.
pub async fn undo(call: &Call, conn: &Conn) -> Result<Option<String>, SourceError> {
    // The map must be there and empty: left out, the split would stay.
    let nothing = AliasRoutingConfiguration::builder().set_additional_version_weights(Some(HashMap::new()));
    let request = conn
        .lambda()
        .update_alias()
        .function_name(&call.function)
        .name(&call.alias)
        .function_version(&call.version)
        .routing_config(nothing.build())
        .set_revision_id(call.revision.clone());
    let answer = conn.mutate(&UPDATE_ALIAS, request.send()).await;
    answer.map(|answer| answer.request_id().map(str::to_owned))
}
