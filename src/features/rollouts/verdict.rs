//! Whether the new side fails more than the old one, from counts per minute that are looked at again and again.
//!
//! Failure rates are compared within each minute (Mantel and Haenszel's difference), so that neither a base
//! rate that drifts nor weights that change can pass for an effect. The interval is a normal-mixture
//! confidence sequence (Robbins 1970; Howard and others, *Time-uniform, nonparametric,
//! nonasymptotic confidence sequences*, 2021, eq. 14; for counts with estimated variances asymptotically:
//! Waudby-Smith et al. 2021): it holds at all looks together, so looking often costs nothing. The variance is
//! the one that the difference asked about implies (a score interval), which is exact for no difference.
//!
//! Assumed: within a minute both sides get the same kind of requests. Requests need not fail independently:
//! where the minutes scatter more than counting alone makes them (of the old side in the hour before, and of
//! the difference itself once there are `ENOUGH`), the interval is wider. Bursts of failures that only the
//! new side has and never had before are its doing as far as anyone can tell. Pure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::ops::AddAssign;

/// Failures that the interval is narrowest for, roughly a thirteenth of it: low enough to see 5 points in
/// three minutes of 300 requests, high enough that single failures decide nothing.
const PRIOR: f64 = 4.0;
/// Minutes from which on the scatter between them can be told.
const ENOUGH: usize = 6;
/// Median of the square of a standard normal number.
const CHI_SQUARE_MEDIAN: f64 = 0.455;
/// Scatter from which on the minutes before the shift count: an hour of them often shows less by chance.
const NOTICED: f64 = 1.5;
/// Halvings when an end of the interval is sought: a millionth of a point.
const HALVINGS: usize = 30;

/// What one side did in some time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Requests, at least 0.
    pub requests: f64,
    /// Those that failed, 0 to `requests`.
    pub failed: f64,
}

impl Counts {
    /// Failed of all requests in percent; `None` without requests.
    pub fn failed_percent(&self) -> Option<f64> {
        (self.requests > 0.0).then(|| 100.0 * self.failed / self.requests)
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.failed += other.failed;
    }
}

/// One whole minute. A side that reported nothing is `None`, which is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Minute {
    /// Its start.
    pub at: Timestamp,
    /// The old side.
    pub old: Option<Counts>,
    /// The new side.
    pub new: Option<Counts>,
}

/// What the new side is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Against {
    /// The old side in the same minutes.
    Beside,
    /// The same, but nobody said which of the two is the old one: the one with more traffic stands in its place.
    Peer,
    /// The old side before the shift, for mechanisms that move everything at once. What changed elsewhere in
    /// the meantime cannot be told from the new side's doing.
    Before,
}

/// What is asked of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// What with.
    pub against: Against,
    /// Percentage points of failures, above 0: a difference that is surely smaller is none.
    pub margin: f64,
    /// Chance, 0 to 1, that sides which are alike are called better or worse at any look of a whole shift.
    pub false_alarms: f64,
}

/// The answer in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ruling {
    /// New surely fails less.
    Better,
    /// Surely no difference larger than the margin.
    Same,
    /// New surely fails more.
    Worse,
    /// Nothing is sure yet.
    TooLittle,
    /// There is nothing to compare.
    NoData,
}

/// Why there is nothing to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lack {
    /// Neither side reported anything.
    Nothing,
    /// Both reported, but no request.
    Idle,
    /// The new side had no request.
    New,
    /// The old side had no request.
    Old,
    /// Both had requests, never in the same minute.
    Apart,
}

/// How much more the new side fails, in percentage points; negative is better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// The estimate, -100 to 100.
    pub points: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The comparison of two sides.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// In a word.
    pub ruling: Ruling,
    /// How much; `None` when there is nothing to compare.
    pub effect: Option<Effect>,
    /// Why there is nothing to compare.
    pub lack: Option<Lack>,
    /// What the old side did in the minutes compared, or in all when none could be; `None` when it reported
    /// nothing.
    pub old: Option<Counts>,
    /// The same of the new side.
    pub new: Option<Counts>,
    /// Minutes compared, of the new side.
    pub minutes: u32,
    /// How many times more the minutes scatter than counting alone makes them, at least 1.
    pub scatter: f64,
    /// What was asked.
    pub settings: Settings,
}

impl Verdict {
    /// New is worse, and by more than the margin as far as can be told.
    pub fn says_roll_back(&self) -> bool {
        self.ruling == Ruling::Worse && self.told() && self.by_more()
    }

    /// One of two fails more, by more than the margin, and nobody said which is the old one.
    pub fn sets_apart(&self) -> bool {
        matches!(self.ruling, Ruling::Worse | Ruling::Better) && !self.told() && self.by_more()
    }

    /// Whether it was told which side is the old one.
    pub fn told(&self) -> bool {
        self.settings.against != Against::Peer
    }

    fn by_more(&self) -> bool {
        self.effect.is_some_and(|it| it.points.abs() >= self.settings.margin)
    }
}

/// Compares the sides over these minutes, which may be in any number but must be in order and whole. `from`
/// is when traffic began to shift. Of earlier minutes the old side is what [`Against::Before`] compares with;
/// otherwise they only tell how much minutes scatter.
pub fn judge(minutes: &[Minute], from: Timestamp, settings: Settings) -> Verdict {
    match Sample::new(minutes, from, settings) {
        Ok(sample) => Verdict {
            ruling: sample.ruling(),
            effect: Some(sample.effect()),
            lack: None,
            old: Some(sample.old),
            new: Some(sample.new),
            minutes: sample.minutes,
            scatter: sample.scatter,
            settings,
        },
        Err(lack) => {
            let seen = minutes.iter().filter(|it| it.at >= from || settings.against == Against::Before);
            let sides: Vec<_> = seen.map(|it| (it.old, it.new)).collect();
            Verdict {
                ruling: Ruling::NoData,
                effect: None,
                lack: Some(lack),
                old: total(sides.iter().filter_map(|side| side.0)),
                new: total(sides.iter().filter_map(|side| side.1)),
                minutes: 0,
                scatter: 1.0,
                settings,
            }
        }
    }
}

/// The ruling alone, without the interval: what a test of many shifts needs.
#[cfg(test)]
pub(super) fn rule(minutes: &[Minute], from: Timestamp, settings: Settings) -> Ruling {
    Sample::new(minutes, from, settings).map_or(Ruling::NoData, |sample| sample.ruling())
}

fn total(counts: impl Iterator<Item = Counts>) -> Option<Counts> {
    counts.reduce(|mut sum, more| {
        sum += more;
        sum
    })
}

/// Both sides of one stratum, each with at least one request.
#[derive(Debug, Clone, Copy)]
struct Pair {
    old: Counts,
    new: Counts,
}

impl Pair {
    fn all(&self) -> f64 {
        self.old.requests + self.new.requests
    }

    /// Failures of the new side beyond its share of all failures.
    fn excess(&self) -> f64 {
        (self.new.failed * self.old.requests - self.old.failed * self.new.requests) / self.all()
    }

    /// What a difference of 1 in the rates adds to the excess.
    fn weight(&self) -> f64 {
        self.new.requests * self.old.requests / self.all()
    }

    /// Variance of the excess if the rates differ by `difference` (-1 to 1) and the failures are as many as
    /// they are. Without a difference it is the hypergeometric's, whatever the base rate.
    fn variance(&self, difference: f64) -> f64 {
        let all = self.all();
        let failed = self.old.failed + self.new.failed;
        let (least, most) = ((-difference).max(0.0), (1.0 - difference).min(1.0));
        let old = ((failed - difference * self.new.requests) / all).clamp(least, most.max(least));
        let new = (old + difference).clamp(0.0, 1.0);
        let (share_old, share_new) = (self.old.requests / all, self.new.requests / all);
        let variance = share_old.powi(2) * self.new.requests * new * (1.0 - new)
            + share_new.powi(2) * self.old.requests * old * (1.0 - old);
        variance * all / (all - 1.0).max(1.0)
    }
}

/// What is compared.
struct Sample {
    pairs: Vec<Pair>,
    old: Counts,
    new: Counts,
    minutes: u32,
    excess: f64,
    weight: f64,
    scatter: f64,
    settings: Settings,
}

impl Sample {
    fn new(minutes: &[Minute], from: Timestamp, settings: Settings) -> Result<Self, Lack> {
        let (earlier, since): (Vec<&Minute>, Vec<&Minute>) = minutes.iter().partition(|it| it.at < from);
        let compared = match settings.against {
            Against::Beside | Against::Peer => since.clone(),
            Against::Before => earlier.iter().chain(&since).copied().collect(),
        };
        let busy = |counts: Option<Counts>| counts.filter(|it| it.requests > 0.0);
        let base: Vec<Counts> = earlier.iter().filter_map(|it| busy(it.old)).collect();
        let (pairs, scatter, minutes) = match settings.against {
            Against::Beside | Against::Peer => {
                let both = |it: &&Minute| Some(Pair { old: busy(it.old)?, new: busy(it.new)? });
                let pairs: Vec<Pair> = since.iter().filter_map(both).collect();
                let (scatter, minutes) = (scatter_of_pairs(&pairs).max(usual_scatter(&base)), pairs.len());
                (pairs, scatter, minutes)
            }
            Against::Before => {
                let news: Vec<Counts> = since.iter().filter_map(|it| busy(it.new)).collect();
                let pair = total(base.iter().copied()).zip(total(news.iter().copied()));
                let pairs = pair.map(|(old, new)| Pair { old, new }).into_iter().collect();
                (pairs, scatter_of_rates(&base), news.len())
            }
        };
        let mut sample = Self {
            old: Counts::default(),
            new: Counts::default(),
            minutes: minutes as u32,
            excess: pairs.iter().map(Pair::excess).sum(),
            weight: pairs.iter().map(Pair::weight).sum(),
            scatter,
            settings,
            pairs,
        };
        for pair in &sample.pairs {
            sample.old += pair.old;
            sample.new += pair.new;
        }
        if sample.weight > 0.0 { Ok(sample) } else { Err(lack(&compared)) }
    }

    /// The rates' difference, -1 to 1.
    fn difference(&self) -> f64 {
        self.excess / self.weight
    }

    /// Whether so large a difference (-1 to 1) is out of the question.
    fn excludes(&self, difference: f64) -> bool {
        let variance: f64 = self.pairs.iter().map(|pair| pair.variance(difference)).sum();
        let level = ((variance + PRIOR) / PRIOR).ln() - 2.0 * self.settings.false_alarms.ln();
        let bound = (self.scatter * (variance + PRIOR) * level).sqrt();
        (self.excess - difference * self.weight).abs() > bound
    }

    fn ruling(&self) -> Ruling {
        let margin = self.settings.margin / 100.0;
        if self.excludes(0.0) {
            if self.excess > 0.0 { Ruling::Worse } else { Ruling::Better }
        } else if self.difference().abs() < margin && self.excludes(margin) && self.excludes(-margin) {
            Ruling::Same
        } else {
            Ruling::TooLittle
        }
    }

    fn effect(&self) -> Effect {
        let points = 100.0 * self.difference();
        Effect { points, low: 100.0 * self.end(-1.0), high: 100.0 * self.end(1.0) }
    }

    /// The end of the interval on one side (-1 or 1). It passes the differences that the ruling asks about in
    /// turn, so that both always agree.
    fn end(&self, side: f64) -> f64 {
        let margin = self.settings.margin / 100.0;
        let mut inside = self.difference();
        let mut marks = [-margin, 0.0, margin, side];
        marks.sort_by(|a, b| (a * side).total_cmp(&(b * side)));
        for mark in marks.into_iter().filter(|mark| mark * side > self.difference() * side) {
            if self.excludes(mark) {
                let mut outside = mark;
                for _ in 0..HALVINGS {
                    let middle = f64::midpoint(inside, outside);
                    if self.excludes(middle) {
                        outside = middle;
                    } else {
                        inside = middle;
                    }
                }
                return inside;
            }
            inside = mark;
        }
        side
    }
}

fn lack(minutes: &[&Minute]) -> Lack {
    let old = total(minutes.iter().filter_map(|it| it.old));
    let new = total(minutes.iter().filter_map(|it| it.new));
    let had = |counts: Option<Counts>| counts.is_some_and(|it| it.requests > 0.0);
    match (had(old), had(new)) {
        (true, true) => Lack::Apart,
        (true, false) => Lack::New,
        (false, true) => Lack::Old,
        (false, false) if old.is_none() && new.is_none() => Lack::Nothing,
        (false, false) => Lack::Idle,
    }
}

/// How many times more the excess scatters from minute to minute than counting alone makes it. Differences
/// between neighbours tell: an effect that grows is no scatter.
fn scatter_of_pairs(pairs: &[Pair]) -> f64 {
    let weight: f64 = pairs.iter().map(Pair::weight).sum();
    if pairs.len() < ENOUGH || weight <= 0.0 {
        return 1.0;
    }
    let difference = pairs.iter().map(Pair::excess).sum::<f64>() / weight;
    let residues =
        pairs.iter().map(|pair| (pair.excess() - difference * pair.weight(), pair.variance(difference)));
    let residues: Vec<(f64, f64)> = residues.collect();
    let (mut seen, mut expected) = (0.0, 0.0);
    for (one, next) in residues.iter().zip(residues.iter().skip(1)) {
        seen += (next.0 - one.0).powi(2);
        expected += next.1 + one.1;
    }
    if expected > 0.0 { (seen / expected).max(1.0) } else { 1.0 }
}

/// How many times more neighbouring minutes of one side differ than counting alone makes them: of most, so
/// that an outage of minutes, which both sides would have suffered, does not count.
fn usual_scatter(minutes: &[Counts]) -> f64 {
    let Some(all) = total(minutes.iter().copied()).filter(|_| minutes.len() >= ENOUGH) else { return 1.0 };
    let rate = all.failed / all.requests;
    let pairs = minutes.iter().zip(minutes.iter().skip(1));
    let mut ratios: Vec<f64> = pairs
        .map(|(one, next)| {
            let step = next.failed / next.requests - one.failed / one.requests;
            let expected = rate * (1.0 - rate) * (1.0 / one.requests + 1.0 / next.requests);
            if expected > 0.0 { step.powi(2) / expected } else { 0.0 }
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let scatter = ratios.get(ratios.len() / 2).map_or(1.0, |median| median / CHI_SQUARE_MEDIAN);
    if scatter < NOTICED { 1.0 } else { scatter }
}

/// The same for one side alone as a whole, whose rate may drift too.
fn scatter_of_rates(minutes: &[Counts]) -> f64 {
    let Some(all) = total(minutes.iter().copied()).filter(|_| minutes.len() >= ENOUGH) else { return 1.0 };
    let rate = all.failed / all.requests;
    let unit = rate * (1.0 - rate) * (minutes.len() - 1) as f64;
    let terms = minutes.iter().map(|it| (it.failed - rate * it.requests).powi(2) / it.requests);
    if unit > 0.0 { (terms.sum::<f64>() / unit).max(1.0) } else { 1.0 }
}
