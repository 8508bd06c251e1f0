//! Lambda functions, and what their aliases send where.
//!
//! An alias points at one version and may send a share of the invocations to a second one. Callers change
//! that; each change makes a new revision id, as at AWS.

use super::release::{Group, Release, ReleaseChanges, ReleaseSpec};
use super::shift::{Course, SideSpec, Span, Split};
use super::spec::FunctionSpec;
use super::types::Function;
use super::{World, time};
use jiff::Timestamp;

/// What an alias says from a time on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Routing {
    pub(super) at: i64,
    pub(super) version: u32,
    /// The second version and its share, 0 to 1.
    pub(super) extra: Option<(u32, f64)>,
}

/// An alias at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct AliasState {
    /// Version it points at.
    pub version: u32,
    /// The second version and its share, 0 to 1.
    pub extra: Option<(u32, f64)>,
    /// Changes with each change of the alias.
    pub revision: String,
}

/// Why an alias was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AliasError {
    /// There is no such function, alias or version.
    #[error("{0} not found")]
    NotFound(String),
    /// It was changed meanwhile.
    #[error(
        "The RevisionId provided does not match the latest RevisionId. Call the GetFunction or the GetAlias API to retrieve the latest RevisionId for your resource."
    )]
    Changed,
}

impl World {
    /// All Lambda functions.
    pub fn functions(&self) -> Vec<Function> {
        let functions = self.scenario.functions.iter().map(|spec| Function {
            name: spec.name.clone(),
            arn: self.arn("lambda", &format!("function:{}", spec.name)),
            alias: spec.alias.clone(),
            log_group: format!("/aws/lambda/{}", spec.name),
            runtime: "python3.13",
            memory: spec.memory,
            timeout: 30,
            queue_arn: (!spec.queue.is_empty()).then(|| self.arn("sqs", &spec.queue)),
            mapping: (!spec.queue.is_empty()).then(|| self.dice.named("mapping").named(&spec.name).uuid()),
            modified: time(self.start - 11 * 86_400_000),
        });
        functions.collect()
    }

    fn routings_of(&self, index: usize) -> Vec<Routing> {
        let Some(spec) = self.scenario.functions.get(index) else { return Vec::new() };
        let mut all = vec![Routing { at: i64::MIN, version: spec.version, extra: None }];
        all.extend(spec.canary.as_ref().map(|canary| Routing {
            at: self.start + canary.since.0,
            version: spec.version,
            extra: Some((canary.version, canary.percent / 100.0)),
        }));
        all.extend(self.routings.get(&index).into_iter().flatten());
        all.extend(self.alias_releases(index).1);
        all.sort_by_key(|routing| routing.at);
        all
    }

    /// The deployments by CodeDeploy of a function's alias, and what they make of it.
    fn alias_releases(&self, index: usize) -> (Vec<Release>, Vec<Routing>) {
        let stream = self.scenario.services.len() + index;
        let Some((spec, known)) = self.scenario.functions.get(index).zip(self.streams.get(stream)) else {
            return Default::default();
        };
        let untouched = ReleaseChanges::default();
        let changes = self.released.get(&stream).unwrap_or(&untouched);
        let specs = changes.with(&self.scenario.releases, &spec.name);
        Group { first: spec.version, tasks: 0, specs, start: self.start, dice: known.dice, changes }
            .of_alias()
    }

    /// Deployments by CodeDeploy that the scenario lists for a function.
    fn listed_releases<'a>(&'a self, function: &'a str) -> impl Iterator<Item = &'a ReleaseSpec> {
        let of = move |spec: &&ReleaseSpec| spec.function.as_ref().is_some_and(|it| it.get_ref() == function);
        self.scenario.releases.iter().filter(of)
    }

    /// The alias of a function at a time; none when the function has no such alias.
    pub fn alias(&self, function: &str, alias: &str, now: Timestamp) -> Option<AliasState> {
        let index = self.scenario.functions.iter().position(|spec| spec.name == function)?;
        self.scenario.functions.get(index).filter(|spec| spec.alias == alias)?;
        let all = self.routings_of(index);
        let number = all.iter().rposition(|routing| routing.at <= now.as_millisecond())?;
        let routing = all.get(number)?;
        let revision = self.dice.named("alias").named(function).on(number as u64).uuid();
        Some(AliasState { version: routing.version, extra: routing.extra, revision })
    }

    /// `UpdateAlias`: what is not given stays.
    ///
    /// # Errors
    /// An unknown name, or a revision id that is not the present one.
    pub fn update_alias(
        &mut self,
        (function, alias): (&str, &str),
        version: Option<u32>,
        extra: Option<Option<(u32, f64)>>,
        revision: Option<&str>,
        at: Timestamp,
    ) -> Result<AliasState, AliasError> {
        let unknown = |what: String| AliasError::NotFound(what);
        let now = self.alias(function, alias, at).ok_or_else(|| unknown(format!("{function}:{alias}")))?;
        if revision.is_some_and(|revision| revision != now.revision) {
            return Err(AliasError::Changed);
        }
        let (version, extra) = (version.unwrap_or(now.version), extra.unwrap_or(now.extra));
        let index = self.scenario.functions.iter().position(|spec| spec.name == function);
        let index = index.ok_or_else(|| unknown(function.to_owned()))?;
        let known = self.versions(function);
        for wanted in [Some(version), extra.map(|(version, _)| version)].into_iter().flatten() {
            if !known.iter().any(|(known, _)| *known == wanted) {
                return Err(unknown(format!("{function}:{wanted}")));
            }
        }
        self.routings.entry(index).or_default().push(Routing { at: at.as_millisecond(), version, extra });
        self.changed(self.scenario.services.len() + index, at.as_millisecond());
        self.alias(function, alias, at).ok_or_else(|| unknown(format!("{function}:{alias}")))
    }

    /// Versions of a function with the time each was published, oldest first: the last three there are.
    pub fn versions(&self, function: &str) -> Vec<(u32, Timestamp)> {
        let Some(spec) = self.scenario.functions.iter().find(|spec| spec.name == function) else {
            return Vec::new();
        };
        let brought = spec.canary.iter().map(|canary| (canary.version, canary.since.0));
        let released = self.listed_releases(function).map(|release| (release.revision, release.made().0));
        let brought: Vec<(u32, i64)> = brought.chain(released).collect();
        let newest = brought.iter().map(|(version, _)| *version).fold(spec.version, u32::max);
        let published = |version: u32| match brought.iter().find(|(number, _)| *number == version) {
            Some((_, at)) => self.start + at - 240_000,
            None => {
                self.start
                    - 11 * 86_400_000
                    - i64::from(spec.version.saturating_sub(version)) * 7 * 86_400_000
            }
        };
        (newest.saturating_sub(2).max(1)..=newest)
            .map(|version| (version, time(published(version))))
            .collect()
    }

    /// The stack that a function belongs to.
    pub fn stack_of_function(&self, function: &str) -> Option<&str> {
        let spec = self.scenario.functions.iter().find(|spec| spec.name == function)?;
        spec.canary.as_ref()?.stack.as_deref()
    }

    /// The versions that have metrics of their own: those between which an alias divides.
    pub(super) fn weighted_versions(&self, spec: &FunctionSpec) -> Vec<u32> {
        let canary = spec.canary.iter().map(|canary| canary.version);
        let brought = canary.chain(self.listed_releases(&spec.name).map(|release| release.revision));
        let mut versions: Vec<u32> = brought.collect();
        if !versions.is_empty() {
            versions.insert(0, spec.version);
        }
        versions.dedup();
        versions
    }

    /// Works out where the invocations of a function go, with what callers made of its alias.
    pub(super) fn lay_out_function(&mut self, index: usize) {
        let Some(spec) = self.scenario.functions.get(index) else { return };
        let routings = self.routings_of(index);
        let (releases, _) = self.alias_releases(index);
        let mut numbers = vec![spec.version];
        numbers.extend(spec.canary.as_ref().map(|canary| canary.version));
        numbers.extend(releases.iter().map(|release| release.numbers.1));
        numbers.extend(
            routings.iter().flat_map(|it| [Some(it.version), it.extra.map(|(version, _)| version)]).flatten(),
        );
        let mut seen = std::collections::BTreeSet::new();
        numbers.retain(|number| seen.insert(*number));
        let canary = spec.canary.as_ref();
        let sides = numbers.iter().map(|number| {
            let canary = canary.filter(|canary| canary.version == *number);
            let release = releases.iter().find(|release| release.numbers.1 == *number);
            let since = canary.map(|canary| self.start + canary.since.0);
            let since = since.or(release.map(Release::first_traffic));
            let broken = canary.and_then(|canary| canary.broken.clone());
            SideSpec {
                number: *number,
                blue: *number == spec.version,
                broken: broken.or_else(|| release.and_then(Release::broken)),
                first_traffic: since.unwrap_or(i64::MIN),
                spans: vec![Span::since(None, 0)],
            }
        });
        let side_of = |version: u32| numbers.iter().position(|number| *number == version).unwrap_or(0);
        let splits = routings.iter().map(|routing| {
            let old = side_of(routing.version);
            let (new, share) = routing.extra.map_or((old, 0.0), |(version, share)| (side_of(version), share));
            Split { at: routing.at, old, new, share }
        });
        let (sides, splits) = (sides.collect(), splits.collect());
        let course = Course { sides, releases, splits, ..Course::default() };
        if let Some(stream) = self.streams.get_mut(self.scenario.services.len() + index) {
            stream.course = course;
        }
        if let Ok(mut memo) = self.memo.lock() {
            memo.clear();
        }
    }
}
