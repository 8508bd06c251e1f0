//! How often the verdict is wrong, and how soon it is right: measured on made-up shifts, printed, and held to.
//!
//! `cargo test --lib verdict_figures -- --nocapture` shows the figures. Metrics arrive as late as `CloudWatch`'s do,
//! each by itself. Looked at every 30 seconds, a shift shows a new settled minute at every second look, so that one
//! look per minute is the same.

use super::{SignedDuration, Timestamp, at};
use crate::features::rollouts::span::{MINUTE, SETTLE, settled};
use crate::features::rollouts::verdict::{Against, Counts, Minute, Ruling, Settings, rule};

/// Minutes of a shift.
const MINUTES: i64 = 30;
/// More of them, which have not settled at the last look.
const YOUNGER: i64 = 2;
/// Shifts per line of figures.
const SHIFTS: u64 = 340;
/// The same of sides that are alike: there are 45 lines of them.
const ALIKE: u64 = 150;
/// Seconds after the end of a minute within which its requests come, and then what was answered to them.
const COME: (f64, f64) = (10.0, 75.0);
const ANSWERED: (f64, f64) = (15.0, 120.0);

/// Small, deterministic random numbers (splitmix64).
struct Random(u64);

impl Random {
    /// Above 0, up to 1.
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((bits ^ (bits >> 31)) >> 11) as f64 + 1.0) / (1u64 << 53) as f64
    }

    /// Successes in `tries`: from one success to the next.
    fn binomial(&mut self, tries: f64, chance: f64) -> f64 {
        let (mut at, mut found) = (0.0, 0.0);
        let pace = 1.0 / (1.0 - chance).ln();
        loop {
            at += 1.0 + (self.unit().ln() * pace).floor();
            if at > tries {
                return found;
            }
            found += 1.0;
        }
    }
}

/// Share of the new side, 0 to 1, in a minute from 0.
type Share = fn(i64) -> f64;

/// One kind of shift.
#[derive(Clone, Copy)]
struct Kind {
    against: Against,
    /// Minutes before it.
    before: i64,
    /// Requests per minute of both sides together.
    rpm: f64,
    /// Failure rate, 0 to 1, of both sides.
    base: f64,
    /// What the base rate is multiplied with by the end of the shift.
    drift: f64,
    share: Share,
    /// Failures of the new side beyond the base rate, 0 to 1.
    rise: f64,
    /// Failures come so many at a time.
    burst: f64,
}

impl Kind {
    fn counts(&self, random: &mut Random, share: f64, rate: f64) -> Option<Counts> {
        // Traffic is not the same every minute either.
        let requests = (self.rpm * share * (0.9 + 0.2 * random.unit())).round();
        let bursts = random.binomial((requests / self.burst).floor(), rate);
        (requests > 0.0).then_some(Counts { requests, failed: bursts * self.burst })
    }

    /// A shift by its seed.
    fn shift(&self, seed: u64) -> Vec<Minute> {
        let mut random = Random(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let minutes = (-self.before..MINUTES + YOUNGER).map(|minute| {
            let rate = self.base * (1.0 + (self.drift - 1.0) * minute.max(0) as f64 / MINUTES as f64);
            let share = if minute < 0 { 0.0 } else { (self.share)(minute) };
            Minute {
                at: at(minute * 60),
                old: self.counts(&mut random, 1.0 - share, rate),
                new: self.counts(&mut random, share, rate + self.rise),
            }
        });
        minutes.collect()
    }

    /// What can be read of a shift at a time: a minute's requests may be there without the answers to them.
    fn shown(shift: &[Minute], now: Timestamp, seed: u64) -> Vec<Minute> {
        let ended = shift.partition_point(|it| it.at + MINUTE <= now);
        let mut minutes = shift[..ended].to_vec();
        for minute in minutes.iter_mut().rev().take_while(|it| !settled(it.at, now)) {
            let age = now.duration_since(minute.at + MINUTE).as_secs() as f64;
            // The same at each look.
            let mut random = Random(seed ^ minute.at.as_second() as u64);
            let mut is_there = |(first, last): (f64, f64)| age >= first + (last - first) * random.unit();
            for side in [&mut minute.old, &mut minute.new] {
                let (come, answered) = (is_there(COME), is_there(ANSWERED));
                *side = side.filter(|_| come);
                if let Some(side) = side.as_mut().filter(|_| !answered) {
                    side.failed = side.requests;
                }
            }
        }
        minutes
    }

    /// Of how many of so many shifts one of the looks at up to so many minutes says one of these. Looked at right
    /// when a minute has settled, or half a minute after its end (`early`).
    fn told(&self, shifts: u64, minutes: i64, words: &[Ruling], early: bool) -> u64 {
        let settings = Settings { against: self.against, margin: 0.5, false_alarms: 0.01 };
        let age = if early { SignedDuration::from_secs(30) } else { SETTLE };
        let says = |seed: &u64| {
            let shift = self.shift(*seed + 1);
            (1..=minutes).any(|minute| {
                let now = at(0) + SignedDuration::from_mins(minute) + age;
                let mut shown = Self::shown(&shift, now, *seed);
                shown.retain(|it| early || settled(it.at, now));
                words.contains(&rule(&shown, at(0), settings))
            })
        };
        (0..shifts).filter(says).count() as u64
    }
}

fn percent(told: u64, of: u64) -> f64 {
    100.0 * told as f64 / of as f64
}

/// The rate in percent that is surely (95 %) not exceeded when it was told so often (Clopper and Pearson).
fn at_most(told: u64, of: u64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let rate = f64::midpoint(low, high);
        let mut term = (1.0_f64 - rate).powf(of as f64);
        let mut sum = term;
        for n in 1..=told {
            term *= (of - n + 1) as f64 / n as f64 * rate / (1.0 - rate);
            sum += term;
        }
        if sum > 0.05 { low = rate } else { high = rate }
    }
    100.0 * high
}

fn canary(_: i64) -> f64 {
    0.2
}

fn half(_: i64) -> f64 {
    0.5
}

/// 10 % more every three minutes.
fn linear(minute: i64) -> f64 {
    0.1 * (1 + minute / 3) as f64
}

fn at_once(_: i64) -> f64 {
    1.0
}

#[test]
fn verdict_figures_of_sides_that_are_alike() {
    let (mut wrong, mut all) = (0, 0);
    println!("better or worse said of sides that are alike, of {ALIKE} shifts of 30 minutes each:");
    let shapes = [
        ("canary 20 %", canary as Share, Against::Beside, 1.0),
        ("canary 20 %, base falls to a third", canary, Against::Beside, 1.0 / 3.0),
        ("linear 10 % per 3m", linear, Against::Beside, 1.0),
        ("linear, base rate rises fourfold", linear, Against::Beside, 4.0),
        ("blue/green, against before", at_once, Against::Before, 1.0),
    ];
    for (name, share, against, drift) in shapes {
        let (mut wrong_here, mut here) = (0, 0);
        for rpm in [150.0, 1500.0, 5000.0] {
            for base in [0.0005, 0.005, 0.02] {
                let before = if against == Against::Before { 30 } else { 12 };
                let kind = Kind { against, before, rpm, base, drift, share, rise: 0.0, burst: 1.0 };
                let told = kind.told(ALIKE, MINUTES, &[Ruling::Better, Ruling::Worse], false);
                let rate = percent(told, ALIKE);
                println!("  {name:<34} {rpm:>5} rpm  base {:>5.2} %   {rate:.2} %", base * 100.0);
                (wrong_here, here) = (wrong_here + told, here + ALIKE);
            }
        }
        let bound = at_most(wrong_here, here);
        println!("  {name}: {wrong_here} of {here}, surely at most {bound:.2} %");
        assert!(bound <= 1.0, "{name}: {bound} %");
        (wrong, all) = (wrong + wrong_here, all + here);
    }
    let (rate, bound) = (percent(wrong, all), at_most(wrong, all));
    println!("  all together: {wrong} of {all}, {rate:.3} %, surely (95 %) at most {bound:.3} %");
}

#[test]
fn verdict_figures_of_minutes_that_count_too_early() {
    // That the figures above hold is owed to waiting.
    let kind = Kind {
        against: Against::Beside,
        before: 12,
        rpm: 1500.0,
        base: 0.005,
        drift: 1.0,
        share: canary,
        rise: 0.0,
        burst: 1.0,
    };
    let told = percent(kind.told(SHIFTS, MINUTES, &[Ruling::Better, Ruling::Worse], true), SHIFTS);
    println!("the same of a canary at 20 %, if minutes counted half a minute after their end: {told:.2} %");
    assert!(told > 50.0, "{told} %");
}

#[test]
fn verdict_figures_of_a_rise_by_five_points() {
    println!("worse said within 3 minutes of a rise by 5 points at 300 rpm on new, of {SHIFTS} shifts each:");
    for (name, share, rpm) in [("old 1200 rpm", canary as Share, 1500.0), ("old 300 rpm", half, 600.0)] {
        for (base, least) in [(0.0005, 95.0), (0.005, 95.0), (0.01, 95.0), (0.02, 0.0), (0.05, 0.0)] {
            let kind = Kind {
                against: Against::Beside,
                before: 60,
                rpm,
                base,
                drift: 1.0,
                share,
                rise: 0.05,
                burst: 1.0,
            };
            let told = percent(kind.told(SHIFTS, 3, &[Ruling::Worse], false), SHIFTS);
            let all = percent(kind.told(SHIFTS, 5, &[Ruling::Worse], false), SHIFTS);
            println!("  {name:<14} base {:>5.2} %   {told:.2} %   within 5 minutes {all:.2} %", base * 100.0);
            assert!(told >= least, "{name}, base {base}: {told} %");
        }
    }
}

#[test]
fn verdict_figures_of_failures_in_bursts() {
    println!("better or worse said of sides that are alike whose failures come in bursts (not promised):");
    for burst in [2.0, 5.0] {
        let kind = Kind {
            against: Against::Beside,
            before: 60,
            rpm: 1500.0,
            base: 0.005,
            drift: 1.0,
            share: canary,
            rise: 0.0,
            burst,
        };
        let told = percent(kind.told(SHIFTS, MINUTES, &[Ruling::Better, Ruling::Worse], false), SHIFTS);
        println!("  canary 20 %  1500 rpm  base 0.50 %  {burst} at a time   {told:.2} %");
        assert!(told <= 5.0, "{burst} at a time: {told} %");
    }
}
