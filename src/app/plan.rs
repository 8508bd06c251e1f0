//! What should be polled: derived from what is on screen, published to the pollers.

use crate::aws::TargetId;
use crate::features::{Query, Topic};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// One poller: a topic of a target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PollKey {
    /// Whose.
    pub target: TargetId,
    /// What.
    pub topic: Topic,
}

impl PollKey {
    /// A key from its parts.
    pub fn new(target: &TargetId, topic: Topic) -> Self {
        Self { target: target.clone(), topic }
    }
}

/// Who needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// Only a badge or a running shift: the idle cadence.
    Background,
    /// Somebody looks at it.
    Visible,
}

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Cadence {
    /// Again this long after each answer.
    Every(Duration),
    /// Once for each new query or refresh.
    Once,
}

impl Cadence {
    /// Every so many seconds.
    pub const fn secs(seconds: u64) -> Self {
        Self::Every(Duration::from_secs(seconds))
    }
}

/// One thing to poll.
#[derive(Debug, Clone, PartialEq)]
pub struct Want {
    /// Who needs it.
    pub level: Level,
    /// How often.
    pub cadence: Cadence,
    /// What to ask. A changed query drops the running read.
    pub query: Query,
    /// Counts `r`: a new value asks again at once.
    pub refreshes: u32,
}

/// Everything to poll, by target and topic. Topics that are not in it are off.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PollPlan {
    wants: BTreeMap<PollKey, Want>,
}

impl PollPlan {
    /// Adds a want. The more urgent of two wants for one topic wins; at the same level the first query
    /// stays and the faster cadence counts.
    pub fn want(&mut self, target: &TargetId, level: Level, cadence: Cadence, query: Query) {
        let key = PollKey::new(target, query.topic());
        let new = Want { level, cadence, query, refreshes: 0 };
        match self.wants.get_mut(&key) {
            Some(old) if old.level > level => {}
            Some(old) if old.level == level => old.cadence = old.cadence.min(cadence),
            _ => {
                self.wants.insert(key, new);
            }
        }
    }

    /// The want for one topic, when it is on.
    pub fn get(&self, key: &PollKey) -> Option<&Want> {
        self.wants.get(key)
    }

    /// All wants in order.
    pub fn iter(&self) -> impl Iterator<Item = (&PollKey, &Want)> {
        self.wants.iter()
    }

    /// Marks what is visible with the count of refreshes asked for.
    pub(super) fn stamp(&mut self, refreshes: u32) {
        for want in self.wants.values_mut().filter(|want| want.level == Level::Visible) {
            want.refreshes = refreshes;
        }
    }
}
