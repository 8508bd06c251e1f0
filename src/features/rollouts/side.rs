//! One side of a shift: a service revision with its images, tasks, target groups and their health.
//!
//! Re-exported by `model.rs`. Missing and zero are different here: a weight, a share or a count that was not
//! read is `None`. Pure.

use super::model::arn_tail;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a container runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Repository and tag without the registry: `web:7f3c2a`.
    pub name: String,
    /// Digest without `sha256:`, when AWS resolved one.
    pub digest: Option<String>,
}

impl Image {
    /// From AWS's image reference and digest.
    pub fn new(reference: &str, digest: Option<&str>) -> Self {
        let name = arn_tail(reference);
        let name = name.split_once('@').map_or(name, |(name, _)| name);
        let digest = digest.or_else(|| reference.split_once('@').map(|(_, digest)| digest));
        Self {
            name: name.to_owned(),
            digest: digest.map(|text| text.strip_prefix("sha256:").unwrap_or(text).to_owned()),
        }
    }

    /// Name and the digest's first 12 characters: `web:7f3c2a @0f3a9c…`.
    pub fn with_digest(&self) -> String {
        match &self.digest {
            Some(digest) => format!("{} @{}", self.name, digest.chars().take(12).collect::<String>()),
            None => self.name.clone(),
        }
    }
}

/// Task counts of one revision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tasks {
    /// Wanted.
    pub requested: u32,
    /// Running.
    pub running: u32,
    /// Starting.
    pub pending: u32,
}

/// What the load balancer says about one target group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Health {
    /// Not asked yet.
    Unread,
    /// Counted. Targets in no use (`unused`) are in the total, not among the healthy.
    Counted {
        /// Targets in state `healthy`.
        healthy: u32,
        /// All registered targets that are not draining.
        total: u32,
    },
    /// Asked and not told: the error in one line.
    Unreadable(String),
}

/// One target group of a side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetGroup {
    /// Its ARN.
    pub arn: String,
    /// The production listener rule that sends to it, or the listener by its default action, if the service is
    /// behind an application load balancer.
    pub rule: Option<String>,
    /// Share of that rule in percent, as the load balancer reports it; `None` when not read.
    pub rule_share: Option<f64>,
    /// What the load balancer says about its targets.
    pub health: Health,
}

impl TargetGroup {
    /// The name within the ARN: `checkout-green`.
    pub fn name(&self) -> &str {
        self.arn.rsplit('/').nth(1).unwrap_or(&self.arn)
    }

    /// Its metrics' dimensions `LoadBalancer` and `TargetGroup`, as far as the ARNs tell: a target group names
    /// no load balancer, a listener rule does.
    pub fn dimensions(&self) -> Option<(String, String)> {
        let group = self.arn.split_once(":targetgroup/")?.1;
        let rule = self.rule.as_deref()?;
        let (_, rule) = rule.split_once(":listener-rule/").or_else(|| rule.split_once(":listener/"))?;
        let balancer: Vec<&str> = rule.split('/').take(3).collect();
        // Only application load balancers count requests and answers.
        (balancer.len() == 3 && balancer.first() == Some(&"app"))
            .then(|| (balancer.join("/"), format!("targetgroup/{group}")))
    }
}

/// What one side did, from the load balancer's metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct SideMetrics {
    /// Requests; `None` when there is no datapoint.
    pub requests: Option<f64>,
    /// Requests that were answered by neither 2XX, 3XX nor 4XX.
    pub failed: Option<f64>,
    /// Highest p99 of the minutes, in seconds.
    pub p99: Option<f64>,
}

impl SideMetrics {
    /// Failed of all requests in percent; `None` without requests.
    pub fn failed_percent(&self) -> Option<f64> {
        match (self.failed, self.requests) {
            (Some(failed), Some(requests)) if requests > 0.0 => Some(100.0 * failed / requests),
            _ => None,
        }
    }
}

/// One side of a shift: a service revision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// Service revision ARN.
    pub revision: String,
    /// What it is called, where that is not its revision's number: `version 18`.
    pub called: Option<String>,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// `family:number` of its task definition, once the revision was read.
    pub task_definition: Option<String>,
    /// Images of its containers.
    pub images: Vec<Image>,
    /// Share of production traffic in percent, 0 to 100, as ECS requested it.
    pub weight: Option<f64>,
    /// Share of test traffic in percent.
    pub test_weight: Option<f64>,
    /// Task counts; `None` where it runs none that are counted, or they were not read.
    pub tasks: Option<Tasks>,
    /// Its target groups.
    pub groups: Vec<TargetGroup>,
}

impl Side {
    /// A side of which only the revision is known.
    pub fn of(revision: &str) -> Self {
        Self {
            revision: revision.to_owned(),
            called: None,
            published: None,
            task_definition: None,
            images: Vec::new(),
            weight: None,
            test_weight: None,
            tasks: None,
            groups: Vec::new(),
        }
    }

    /// What it is called: `rev 42`, from the task definition; the revision's own id when that is not known.
    pub fn label(&self) -> String {
        if let Some(called) = &self.called {
            return called.clone();
        }
        let number = self.task_definition.as_deref().and_then(|name| name.rsplit(':').next());
        format!("rev {}", number.unwrap_or_else(|| arn_tail(&self.revision)))
    }

    /// The first container's image, and how many more there are.
    pub fn image(&self) -> Option<String> {
        let first = self.images.first()?;
        Some(match self.images.len() {
            1 => first.name.clone(),
            n => format!("{} +{}", first.name, n - 1),
        })
    }

    /// Health of all its target groups together: unreadable if any is, unread if any is.
    pub fn health(&self) -> Health {
        let mut sum = (0, 0);
        if self.groups.is_empty() {
            return Health::Unread;
        }
        for group in &self.groups {
            match &group.health {
                Health::Counted { healthy, total } => sum = (sum.0 + healthy, sum.1 + total),
                other => return other.clone(),
            }
        }
        Health::Counted { healthy: sum.0, total: sum.1 }
    }

    /// What the load balancer's rule says, when that differs from what ECS requested by more than a point.
    pub fn rule_disagrees(&self) -> Option<f64> {
        let requested = self.weight?;
        self.groups.iter().filter_map(|group| group.rule_share).find(|share| (share - requested).abs() > 1.0)
    }
}
