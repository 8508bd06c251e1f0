//! The aliases that divide, for the list of rollouts: which functions are looked at, and how often.

use super::Reader;
use super::owner::Owners;
use crate::app::Now;
use crate::aws::operation::{LIST_ALIASES, LIST_METRICS};
use crate::aws::{Conn, ErrorClass, SourceError};
use crate::features::rollouts::model::{Owner, Rollout};
use crate::features::rollouts::source::ecs::text;
use crate::features::rollouts::source::{DAY, KEPT};
use aws_sdk_cloudwatch::types::{DimensionFilter, Metric, RecentlyActive};
use aws_sdk_lambda::types::AliasRoutingConfiguration;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Functions whose aliases are looked at.
const MAX_FUNCTIONS: usize = 50;
/// Pages of metrics and aliases that are followed.
const MAX_PAGES: usize = 5;
/// Shortest time between two questions for functions with metrics by version.
const FIND_AGE: Duration = Duration::from_mins(5);
/// Shortest time between two looks at a function that is not divided.
const LOOK_AGE: Duration = Duration::from_secs(30);
/// How long an answer about the owner holds in the list. Exact reads always ask.
const OWNER_AGE: SignedDuration = SignedDuration::from_mins(1);

/// The aliases that divide, for the list.
pub struct ListReader {
    conn: Conn,
    reader: Reader,
    /// Functions with metrics by executed version.
    found: BTreeSet<String>,
    found_at: Option<Duration>,
    /// What was seen of each function at the last look that told.
    looked: BTreeMap<String, Look>,
    /// Aliases that divided when they were looked at last and that no deployment moves, by ARN.
    dividing: BTreeSet<String>,
    /// Those that were seen to end, newest first.
    ended: Vec<Rollout>,
    /// What could not be read.
    notes: Vec<String>,
    /// Why functions cannot be found by themselves.
    blind: Option<String>,
    /// Something was told when it was asked last.
    told: bool,
}

/// A look at a function.
struct Look {
    at: Duration,
    /// Its aliases that divided.
    divided: Vec<Rollout>,
}

impl ListReader {
    /// A reader for one target.
    pub fn new(conn: &Conn) -> Self {
        Self {
            conn: conn.clone(),
            reader: Reader { owners: Owners::new(conn, OWNER_AGE), ..Reader::new(conn) },
            found: BTreeSet::new(),
            found_at: None,
            looked: BTreeMap::new(),
            dividing: BTreeSet::new(),
            ended: Vec::new(),
            notes: Vec::new(),
            blind: None,
            told: false,
        }
    }

    /// Reads the aliases that divide, with what could not be read.
    ///
    /// # Errors
    /// When a login or a key is missing; anything else is a note, so that ECS's shifts stay seen.
    pub async fn read(
        &mut self,
        named: &[String],
        now: Now,
    ) -> Result<(Vec<Rollout>, Vec<String>), SourceError> {
        let (mut asked, mut told) = (false, false);
        if self.found_at.is_none_or(|at| now.since_start.saturating_sub(at) >= FIND_AGE) {
            self.found_at = Some(now.since_start);
            asked = true;
            match self.find().await {
                Ok(found) => (self.found, self.blind, told) = (found, None, true),
                Err(error) if error.class.parks() => return Err(error),
                Err(error) => self.blind = Some(format!("Lambda aliases: {}", error.short())),
            }
        }
        // One that divides is followed until it no longer does, also when nobody invokes it.
        let dividing = self.looked.iter().filter(|(_, look)| !look.divided.is_empty());
        let all: BTreeSet<&String> =
            named.iter().chain(&self.found).chain(dividing.map(|(function, _)| function)).collect();
        self.notes.clear();
        self.notes.extend(self.blind.clone());
        if all.len() > MAX_FUNCTIONS {
            self.notes.push(format!(
                "of {} Lambda functions with aliases only {MAX_FUNCTIONS} are read",
                all.len()
            ));
        }
        let all: Vec<String> = all.into_iter().take(MAX_FUNCTIONS).cloned().collect();
        let (mut shifts, mut denied) = (Vec::new(), false);
        for function in &all {
            let rests = self.looked.get(function).is_some_and(|look| {
                look.divided.is_empty() && now.since_start.saturating_sub(look.at) < LOOK_AGE
            });
            if !rests && !denied {
                asked = true;
                match self.divided(function, now.wall).await {
                    Ok(divided) => {
                        told = true;
                        self.looked.insert(function.clone(), Look { at: now.since_start, divided });
                    }
                    Err(error) if error.class.parks() => return Err(error),
                    Err(error) => {
                        self.notes.push(format!("aliases of {function}: {}", error.short()));
                        denied = error.class == ErrorClass::Denied;
                        if error.code.as_deref() == Some("ResourceNotFoundException") {
                            self.looked.remove(function);
                        }
                    }
                }
            }
            // What could not be read this time stays as it was seen last.
            shifts
                .extend(self.looked.get(function).into_iter().flat_map(|look| look.divided.iter().cloned()));
        }
        self.looked.retain(|function, _| all.contains(function));
        if asked {
            self.told = told;
        }
        Ok((shifts, self.notes.clone()))
    }

    /// Whether CloudWatch or Lambda told something when they were asked last.
    pub fn told(&self) -> bool {
        self.told
    }

    /// The splits that were seen to end within a day.
    pub fn ended(&self) -> &[Rollout] {
        &self.ended
    }

    /// Functions whose aliases divided lately.
    async fn find(&self) -> Result<BTreeSet<String>, SourceError> {
        let conn = &self.conn;
        let (mut found, mut token) = (BTreeSet::new(), None);
        for _ in 0..MAX_PAGES {
            let request = conn
                .cloudwatch()
                .list_metrics()
                .namespace("AWS/Lambda")
                .metric_name("Invocations")
                .dimensions(DimensionFilter::builder().name("ExecutedVersion").build())
                .recently_active(RecentlyActive::Pt3H)
                .set_next_token(token);
            let answer = conn.call(&LIST_METRICS, request.send()).await?;
            let dimensions = answer.metrics().iter().flat_map(Metric::dimensions);
            let functions = dimensions.filter(|it| it.name() == Some("FunctionName"));
            found.extend(functions.map(|it| text(it.value())));
            token = answer.next_token;
            if token.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// The aliases of a function that divide.
    async fn divided(&mut self, function: &str, now: Timestamp) -> Result<Vec<Rollout>, SourceError> {
        let (mut aliases, mut marker) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let request = self.reader.conn.lambda().list_aliases().function_name(function).set_marker(marker);
            let answer = self.reader.conn.call(&LIST_ALIASES, request.send()).await?;
            marker = answer.next_marker.filter(|marker| !marker.is_empty());
            aliases.extend(answer.aliases.unwrap_or_default());
            if marker.is_none() {
                break;
            }
        }
        let mut divided = Vec::new();
        self.ended.retain(|shift| shift.finished_at.is_some_and(|at| now.duration_since(at) < DAY));
        for alias in &aliases {
            let arn = text(alias.alias_arn());
            let weights =
                alias.routing_config().and_then(AliasRoutingConfiguration::additional_version_weights);
            if weights.is_some_and(|weights| !weights.is_empty()) {
                let shift = self.reader.rollout(function, alias, now).await;
                // What a deployment moves is listed as that, and so is its end.
                if shift.as_ref().is_some_and(|shift| !matches!(shift.owner, Owner::Deployment(_))) {
                    self.dividing.insert(arn);
                } else {
                    self.dividing.remove(&arn);
                }
                divided.extend(shift);
            } else if self.dividing.remove(&arn)
                && let Some(shift) = self.reader.rollout(function, alias, now).await
            {
                let looked = self.looked.get(function).into_iter().flat_map(|look| &look.divided);
                let before = looked.into_iter().find(|open| open.deployment == shift.deployment);
                let shift = before.into_iter().fold(shift, Rollout::after);
                let shift = Rollout { finished_at: Some(now), ..shift };
                self.ended.retain(|old| old.deployment != shift.deployment);
                self.ended.insert(0, shift);
                self.ended.truncate(KEPT);
            }
        }
        Ok(divided)
    }
}
