//! Which dashboards are about a service: by the config, by what their metrics name, by their own name. Pure.

use super::model::{DashboardList, Found, Key, Name, Origin};
use crate::app::pane::Ctx;
use crate::aws::TargetId;
use crate::service::Service;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A service, as dashboards would name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Where it is.
    pub target: TargetId,
    /// The service's name.
    pub service: String,
    /// Values of dimensions and names of alarms that are the service's own.
    pub words: BTreeSet<String>,
    /// Dashboards that the config gives it.
    pub configured: Vec<String>,
}

impl About {
    /// What tells a service's dashboards.
    pub fn of(service: &Service) -> Self {
        let mut words = BTreeSet::from([service.name.clone()]);
        words.extend(service.ecs.iter().map(|place| place.service.clone()));
        words.extend(service.target_groups.iter().map(|group| group.dimension.clone()));
        words.extend(service.own_balancer.iter().chain(&service.lambda).chain(&service.queue).cloned());
        words.extend(service.alarms.iter().cloned());
        Self {
            target: service.target.clone(),
            service: service.name.clone(),
            words,
            configured: service.dashboards.clone(),
        }
    }

    /// Whether a dashboard is about it: what it names, when that is known, and its own name.
    pub fn matches(&self, name: &str, named: Option<&BTreeSet<String>>) -> bool {
        let by_metrics = named.is_some_and(|named| self.words.iter().any(|word| named.contains(word)));
        let own_name = self.service.to_lowercase();
        let by_name = name.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|part| part == own_name);
        by_metrics || by_name || self.configured.iter().any(|configured| configured == name)
    }

    /// The dashboards that are about it: those of the config first, then files, then those of the account.
    pub fn dashboards(&self, ctx: &Ctx) -> Vec<Key> {
        let key = |name| Key { target: self.target.clone(), name };
        let mut keys: Vec<Key> = self.configured.iter().cloned().map(Name::account).map(key).collect();
        let mut add = |name: Name| {
            let key = key(name);
            if !keys.contains(&key) {
                keys.push(key);
            }
        };
        for local in &ctx.store.local_dashboards {
            if self.matches(&local.found.name.name, Some(&local.about)) {
                add(local.found.name.clone());
            }
        }
        let list = ctx.store.target(&self.target).and_then(|target| target.dashboards.as_ref());
        for listed in list.map(|list| list.dashboards.as_slice()).unwrap_or_default() {
            if self.matches(&listed.name, listed.about.as_ref()) {
                add(Name::account(listed.name.clone()));
            }
        }
        keys
    }

    /// Whether all that can be known about the account's dashboards is known.
    pub fn is_settled(list: &DashboardList) -> bool {
        list.unread.is_some() || list.dashboards.iter().all(|listed| listed.about.is_some())
    }
}

/// A dashboard as far as it was read: `None` until then.
pub fn found<'a>(key: &Key, ctx: &Ctx<'a>) -> Option<&'a Found> {
    let store = ctx.store;
    match key.name.origin {
        Origin::File => {
            store.local_dashboards.iter().map(|local| &local.found).find(|found| found.name == key.name)
        }
        Origin::Account => {
            store.target(&key.target)?.dashboard.as_ref().filter(|found| found.name == key.name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashboards_are_matched_by_config_metrics_and_name() {
        let about = About {
            target: TargetId::new("prod"),
            service: "checkout".into(),
            words: BTreeSet::from(["targetgroup/checkout-green/1".to_owned(), "checkout-5xx".to_owned()]),
            configured: vec!["money".into()],
        };
        let named =
            |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<_>>());
        for (name, named, expected) in [
            ("money", None, true),
            ("shop", named(&["targetgroup/checkout-green/1"]), true),
            ("shop", named(&["cart"]), false),
            ("Checkout-overview", None, true),
            ("team.checkout", None, true),
            ("checkouts", None, false),
            ("shop", None, false),
        ] {
            assert_eq!(about.matches(name, named.as_ref()), expected, "{name}");
        }
    }
}
