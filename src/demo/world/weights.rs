//! Weights that people set by hand on listener rules, between the two target groups of a service that runs on
//! instances and not on ECS.
//!
//! Callers write the list of actions whole, as at AWS; the traffic follows it from that moment on.

use super::World;
use super::shift::{Course, SideSpec, Span, Split};
use super::spec::{ServiceSpec, WeightsSpec};
use super::types::{Login, Rule};
use jiff::Timestamp;

/// Milliseconds from the start of the new side's targets to the first weights.
const WARM: i64 = 300_000;
/// Milliseconds from one target to the next.
const UP: i64 = 20_000;

/// What a rule's forward says from a time on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written {
    pub(super) at: i64,
    pub(super) targets: Vec<(String, u32)>,
    pub(super) sticky: Option<u32>,
    pub(super) login: Option<Login>,
}

impl World {
    /// The specification of a service's weights, if people set them.
    fn weights_of(&self, index: usize) -> Option<(&ServiceSpec, &WeightsSpec)> {
        let spec = self.scenario.services.get(index)?;
        Some((spec, spec.weights.as_ref()?))
    }

    /// What was written to a service's rule, in order of time.
    fn written(&self, index: usize) -> Vec<Written> {
        let Some((spec, weights)) = self.weights_of(index) else { return Vec::new() };
        let group = |blue| self.target_group_arn(&spec.name, blue);
        let first = |at, blue, green| Written {
            at,
            targets: vec![(group(true), blue), (group(false), green)],
            sticky: weights.sticky,
            login: weights.login.then(login),
        };
        let since = self.start + weights.since.0;
        let mut all = vec![first(i64::MIN, 100, 0), first(since, weights.blue, weights.green)];
        all.extend(self.written.get(&index).into_iter().flatten().cloned());
        all
    }

    /// What holds for a service's rule at a time; none where ECS sets the weights.
    pub(super) fn written_at(&self, index: usize, ms: i64) -> Option<Written> {
        self.written(index).into_iter().rev().find(|written| written.at <= ms)
    }

    /// The service whose division is the default action of a listener.
    pub(super) fn default_of(&self, listener: usize) -> Option<usize> {
        self.services_of(listener).find(|index| self.is_default(*index))
    }

    /// Whether a service's division is its listener's default action, so that it has no rule of its own.
    pub(super) fn is_default(&self, index: usize) -> bool {
        self.weights_of(index).is_some_and(|(_, weights)| weights.default)
    }

    /// Tags of anything about load balancers.
    pub fn tags_of(&self, arn: &str) -> Vec<(String, String)> {
        let rule = self.ruled_by(arn).and_then(|index| self.weights_of(index));
        let rule = rule.map(|(_, weights)| weights.tags.clone());
        let own = rule.or_else(|| self.tags_of_group(arn)).unwrap_or_default();
        own.into_iter().chain([("Project".to_owned(), "shop".to_owned())]).collect()
    }

    fn tags_of_group(&self, arn: &str) -> Option<Vec<(String, String)>> {
        let mut divided = (0..self.scenario.services.len()).filter_map(|index| self.weights_of(index));
        let is_its = |spec: &ServiceSpec| [true, false].map(|blue| self.target_group_arn(&spec.name, blue));
        let found = divided.find(|(spec, _)| is_its(spec).iter().any(|known| known == arn));
        found.map(|(_, weights)| weights.group_tags.clone())
    }

    /// The service whose weights are in a rule, or in a listener's default action.
    fn ruled_by(&self, arn: &str) -> Option<usize> {
        (0..self.scenario.services.len())
            .find(|index| self.weights_of(*index).is_some() && self.rule_of(*index) == arn)
    }

    /// The whole list of actions of a rule, or of a listener's default action, from now on. `false` where it is
    /// not one whose weights people set.
    pub fn write_actions(&mut self, arn: &str, rule: &Rule, at: Timestamp) -> bool {
        let Some(index) = self.ruled_by(arn) else { return false };
        self.written.entry(index).or_default().push(Written {
            at: at.as_millisecond(),
            targets: rule.targets.clone(),
            sticky: rule.sticky,
            login: rule.login.clone(),
        });
        self.lay_out_weights(index);
        if let Ok(mut memo) = self.memo.lock() {
            memo.clear();
        }
        true
    }

    /// Works out where the requests of a service go whose weights people set.
    pub(super) fn lay_out_weights(&mut self, index: usize) {
        let Some((spec, weights)) = self.weights_of(index) else { return };
        let since = self.start + weights.since.0;
        let side = |number, blue: bool, span| SideSpec {
            number,
            blue,
            broken: weights.broken.clone().filter(|_| !blue),
            first_traffic: if blue { i64::MIN } else { since },
            spans: vec![span],
        };
        let sides = vec![
            side(spec.revision, true, Span::since(None, 0)),
            side(weights.revision, false, Span::since(Some(since - WARM), UP)),
        ];
        let green = self.target_group_arn(&spec.name, false);
        let splits = self.written(index).into_iter().map(|written| {
            let sum: u32 = written.targets.iter().map(|(_, weight)| weight).sum();
            let own = written
                .targets
                .iter()
                .filter(|(arn, _)| *arn == green)
                .map(|(_, weight)| weight)
                .sum::<u32>();
            // Where all weights are 0 AWS answers 503 itself, which is not simulated.
            Split { at: written.at, old: 0, new: 1, share: f64::from(own) / f64::from(sum.max(1)) }
        });
        let course =
            Course { sides, born: None, shifts: Vec::new(), releases: Vec::new(), splits: splits.collect() };
        if let Some(stream) = self.streams.get_mut(index) {
            stream.course = course;
        }
    }
}

/// How users log in before a request is forwarded.
fn login() -> Login {
    let company = "https://login.shop.example";
    [
        ("Issuer", company.to_owned()),
        ("AuthorizationEndpoint", format!("{company}/authorize")),
        ("TokenEndpoint", format!("{company}/token")),
        ("UserInfoEndpoint", format!("{company}/userinfo")),
        ("ClientId", "shop-web".to_owned()),
        ("SessionCookieName", "AWSELBAuthSessionCookie".to_owned()),
        ("Scope", "openid".to_owned()),
        ("SessionTimeout", "604800".to_owned()),
        ("OnUnauthenticatedRequest", "authenticate".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}
