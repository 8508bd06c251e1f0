//! What a finding is in lists, how a region stands, and what follows without asking anybody. Pure.

use crate::app::Now;
use crate::features::changes::Subject;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

/// Findings that are kept at most.
pub const MAX_FINDINGS: usize = 10_000;
/// Bytes that kept findings may take: with the 40 MiB of the trail, 60.
pub const MAX_BYTES: usize = 20 << 20;
/// A finding last seen longer ago than this stands folded.
const OLD: Duration = Duration::from_hours(24);

/// How severe, by GuardDuty's own bands of its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// Below 4.0.
    Low,
    /// 4.0 to 6.9.
    Medium,
    /// 7.0 to 8.9.
    High,
    /// 9.0 and above: attack sequences.
    Critical,
}

impl Level {
    /// The band of a number.
    pub fn of(severity: f64) -> Self {
        match severity {
            severity if severity >= 9.0 => Self::Critical,
            severity if severity >= 7.0 => Self::High,
            severity if severity >= 4.0 => Self::Medium,
            _ => Self::Low,
        }
    }

    /// The word in lists.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }

    /// Worst first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];
}

/// Whose credentials were used, as far as a finding says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// `IAMUser`, `AssumedRole`, `Root`, .. It stands before the name that recordings hide by it.
    pub kind: String,
    /// User or role name; empty when not told.
    pub name: String,
    /// The access key's id.
    pub key: String,
    /// The unique id of the principal.
    pub principal: String,
}

/// Something a finding is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// AWS's word: `AccessKey`, `S3Bucket`, `Instance`, ..
    pub kind: String,
    /// What people call it; its id when it has no name.
    pub name: String,
    /// What AWS's commands call it: an id, a name or an ARN.
    pub id: String,
    /// The cluster, VPC or other thing it is in, when a command needs it.
    pub within: String,
}

/// One finding, as lists need it. All text in it is sanitized.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Unique in an account and region.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Where it was found.
    pub region: String,
    /// Whose it is: an administrator sees those of its members.
    pub account: String,
    /// `Purpose:ResourceType/Family.Mechanism!Artifact`
    pub kind: String,
    /// From 1.0 to 10.0; `None` when AWS did not say.
    pub severity: Option<f64>,
    /// One line.
    pub title: String,
    /// A sentence or more.
    pub description: String,
    /// When it grew last.
    pub updated: Option<Timestamp>,
    /// Its first event.
    pub first: Option<Timestamp>,
    /// Its last event.
    pub last: Option<Timestamp>,
    /// How many events it stands for.
    pub count: Option<i64>,
    /// Put away by hand or by a rule.
    pub archived: bool,
    /// The resource did it, rather than suffered it.
    pub actor: bool,
    /// Whose credentials were used.
    pub who: Option<Who>,
    /// Addresses at the other end.
    pub addresses: Vec<String>,
    /// What it is about, the most telling first.
    pub resources: Vec<Resource>,
}

impl Finding {
    /// Its band; one of unknown severity is worth a look.
    pub fn level(&self) -> Level {
        self.severity.map_or(Level::Medium, Level::of)
    }

    /// It is about who may do what: the type says `IAM`.
    pub fn about_identity(&self) -> bool {
        let resource = self.kind.split_once(':').map_or("", |(_, rest)| rest);
        resource.starts_with("IAM")
    }

    /// What its type says after the slash: `InstanceCredentialExfiltration.OutsideAWS`. What is only anomalous
    /// is told by its purpose: `Exfiltration/AnomalousBehavior`.
    pub fn threat(&self) -> Cow<'_, str> {
        let (before, threat) = self.kind.split_once('/').unwrap_or(("", &self.kind));
        match before.split_once(':') {
            Some((purpose, _)) if threat.starts_with("AnomalousBehavior") => {
                format!("{purpose}/{threat}").into()
            }
            _ => threat.into(),
        }
    }

    /// Several findings and events that belong together.
    pub fn is_sequence(&self) -> bool {
        self.kind.starts_with("AttackSequence:")
    }

    /// The order of lists: worst first, of equal ones the last seen first.
    pub fn before(&self, other: &Self) -> Ordering {
        // One of unknown severity stands with those that are worth a look.
        let severity = |it: &Self| it.severity.unwrap_or(4.0);
        let worse = severity(other).total_cmp(&severity(self));
        worse.then_with(|| other.seen().cmp(&self.seen())).then_with(|| self.id.cmp(&other.id))
    }

    /// When it was seen last, as well as is known.
    pub fn seen(&self) -> Option<Timestamp> {
        self.last.or(self.updated)
    }

    /// How long ago it was seen last.
    pub fn age(&self, now: Now) -> Option<Duration> {
        self.seen().map(|at| Duration::try_from(now.wall.duration_since(at)).unwrap_or_default())
    }

    /// Last seen over a day ago.
    pub fn old(&self, now: Now) -> bool {
        self.age(now).is_some_and(|age| age > OLD)
    }

    /// Bad enough for Overview: High and above, and Medium when it is about an identity.
    pub fn matters(&self) -> bool {
        !self.archived
            && (self.level() >= Level::High || self.level() >= Level::Medium && self.about_identity())
    }

    /// What it is about, in a word or two.
    pub fn on(&self) -> &str {
        let who = self.who.as_ref().map(|who| who.name.as_str()).filter(|name| !name.is_empty());
        let first = self.resources.first();
        let name = first.map(|resource| resource.name.as_str()).filter(|name| !name.is_empty());
        // A key is known by its user.
        match first {
            Some(resource) if resource.kind == "AccessKey" => who.or(name),
            _ => name.or(who),
        }
        .unwrap_or_default()
    }

    /// Whose doings to look for: the key, the session, the user, else the address, else the resource.
    pub fn subject(&self) -> Option<Subject> {
        let told = |text: &String| (!text.is_empty()).then(|| text.clone());
        let who = self.who.as_ref();
        // A key says more than its user, who may also be at work; a session's key changes while it lasts. CloudTrail
        // cannot be asked for a role: it knows the sessions by their names, which the principal's id ends with.
        let session = |who: &Who| who.principal.split_once(':').map(|(_, session)| session.to_owned());
        who.filter(|who| who.key.starts_with("AKIA"))
            .and_then(|who| told(&who.key).map(Subject::AccessKey))
            .or_else(|| who.and_then(session).filter(|it| !it.is_empty()).map(Subject::User))
            .or_else(|| {
                let temporary = who.filter(|who| who.key.starts_with("ASIA"));
                temporary.map(|who| Subject::AccessKey(who.key.clone()))
            })
            .or_else(|| who.and_then(|who| told(&who.name)).map(Subject::User))
            .or_else(|| self.addresses.first().and_then(told).map(Subject::Address))
            .or_else(|| self.resources.first().and_then(|it| told(&it.name)).map(Subject::Resource))
    }

    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        let texts = [&self.id, &self.arn, &self.region, &self.account, &self.kind, &self.title];
        let own: usize = texts.iter().map(|text| text.len()).sum();
        let who = self
            .who
            .as_ref()
            .map_or(0, |who| who.name.len() + who.kind.len() + who.key.len() + who.principal.len());
        let each = |it: &Resource| {
            size_of::<Resource>() + it.kind.len() + it.name.len() + it.id.len() + it.within.len()
        };
        let addresses: usize = self.addresses.iter().map(|text| size_of::<String>() + text.len()).sum();
        size_of::<Self>()
            + own
            + self.description.len()
            + who
            + addresses
            + self.resources.iter().map(each).sum::<usize>()
    }
}

/// How GuardDuty stands in a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Coverage {
    /// It is at work.
    On,
    /// It was never switched on.
    Off,
    /// It is suspended: nothing new is found.
    Suspended,
    /// It could not be read: why, in a few words.
    Failed(String),
}

/// One region of a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionState {
    /// Its name.
    pub region: String,
    /// Id of its detector; empty without one.
    pub detector: String,
    /// How GuardDuty stands there.
    pub coverage: Coverage,
    /// The account that administers GuardDuty for this one.
    pub administrator: Option<String>,
    /// Kinds of data that are not looked at.
    pub features_off: Vec<String>,
    /// Findings are still being read for the first time.
    pub reading: bool,
    /// How GuardDuty is set up was read, where it is at all.
    pub told: bool,
    /// What could not be read besides, in a few words.
    pub note: Option<String>,
}

/// The findings of a target that are not archived.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FindingList {
    /// Worst first, then last seen first. Shared with the source, which hands over most of them again and again.
    pub findings: Vec<Arc<Finding>>,
    /// Every region asked for.
    pub regions: Vec<RegionState>,
    /// Findings that were read and dropped for room: the mildest and oldest.
    pub dropped: usize,
}

impl FindingList {
    /// Sorts, and drops what there is no room for.
    pub fn settle(&mut self, most: usize, most_bytes: usize) {
        self.findings.sort_by(|a, b| a.before(b));
        let mut bytes = 0;
        let fits = self.findings.iter().take(most).take_while(|finding| {
            bytes += finding.bytes();
            bytes <= most_bytes
        });
        let keep = fits.count();
        self.dropped += self.findings.len() - keep;
        self.findings.truncate(keep);
    }

    /// One finding.
    pub fn get(&self, region: &str, id: &str) -> Option<&Finding> {
        self.findings.iter().map(AsRef::as_ref).find(|finding| finding.id == id && finding.region == region)
    }

    /// Those of this level and above: the head of the list.
    pub fn at_least(&self, level: Level) -> &[Arc<Finding>] {
        let end = self.findings.partition_point(|finding| finding.level() >= level);
        self.findings.get(..end).unwrap_or_default()
    }

    /// Some region is still being read for the first time.
    pub fn reading(&self) -> bool {
        self.regions.iter().any(|region| region.reading || !region.told)
    }

    /// A region's state.
    pub fn region(&self, name: &str) -> Option<&RegionState> {
        self.regions.iter().find(|region| region.region == name)
    }
}

/// Findings for Overview: fresh ones that matter, worst first.
pub fn fresh(list: &FindingList, now: Now) -> impl Iterator<Item = &Finding> {
    let worth = list.at_least(Level::Medium).iter().map(AsRef::as_ref);
    worth.filter(move |finding: &&Finding| !finding.old(now) && finding.matters())
}

/// How many fresh findings matter, and the worst level among them.
pub fn badge<'a>(lists: impl Iterator<Item = &'a FindingList>, now: Now) -> Option<(Level, usize)> {
    let levels = lists.flat_map(|list| fresh(list, now)).map(Finding::level);
    levels.fold(None, |worst, level| match worst {
        Some((worst, count)) => Some((level.max(worst), count + 1)),
        None => Some((level, 1)),
    })
}

/// Which regions to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListQuery {
    /// The target's own when empty.
    pub regions: Vec<String>,
}

/// Which finding to look into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetailQuery {
    /// Where.
    pub region: String,
    /// By which detector.
    pub detector: String,
    /// Its id.
    pub id: String,
    /// When it grew last, as far as is known: another time is another question.
    pub updated: Option<Timestamp>,
}

/// One labelled value. Both are sanitized.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is.
    pub label: String,
    /// Its value; several are parted by commas.
    pub value: String,
}

/// Facts that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// In words, lower case.
    pub title: String,
    /// In AWS's order.
    pub facts: Vec<Fact>,
}

/// One part of an attack sequence.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// `FINDING`, `CLOUD_TRAIL`, `S3_DATA_EVENTS`, ..
    pub kind: String,
    /// What happened: a finding's type or an operation.
    pub name: String,
    /// As a finding's; `None` when AWS did not say.
    pub severity: Option<f64>,
    /// How often.
    pub count: Option<i64>,
    /// First seen.
    pub first: Option<Timestamp>,
    /// Last seen.
    pub last: Option<Timestamp>,
}

/// Everything a finding says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingDetail {
    /// Where.
    pub region: String,
    /// Whose detail.
    pub id: String,
    /// Who, what, where, how, in this order.
    pub sections: Vec<Section>,
    /// What an attack sequence is made of, oldest first.
    pub signals: Vec<Signal>,
    /// Facts and signals that were left out for room.
    pub dropped: usize,
}
