//! What a comparison makes of counts: known cases, and properties that hold for all.

use super::at;
use crate::features::rollouts::verdict::*;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_assume, proptest};

const BESIDE: Settings = Settings { against: Against::Beside, margin: 0.5, false_alarms: 0.01 };
const BEFORE: Settings = Settings { against: Against::Before, ..BESIDE };

fn counts(requests: f64, failed: f64) -> Counts {
    Counts { requests, failed }
}

/// The same minute, again and again from minute `first` on.
fn minutes(
    first: i64,
    number: i64,
    old: impl Into<Option<Counts>>,
    new: impl Into<Option<Counts>>,
) -> Vec<Minute> {
    let (old, new) = (old.into(), new.into());
    (first..first + number).map(|n| Minute { at: at(n * 60), old, new }).collect()
}

fn of(minutes: &[Minute]) -> Verdict {
    judge(minutes, at(0), BESIDE)
}

#[test]
fn each_ruling_has_its_case() {
    let cases = [
        (counts(1200.0, 1.0), Some(counts(300.0, 18.0)), Ruling::Worse),
        (counts(1200.0, 60.0), Some(counts(300.0, 1.0)), Ruling::Better),
        (counts(12_000.0, 12.0), Some(counts(3000.0, 3.0)), Ruling::Same),
        (counts(12.0, 0.0), Some(counts(3.0, 0.0)), Ruling::TooLittle),
        (counts(1200.0, 1.0), None, Ruling::NoData),
    ];
    for (old, new, ruling) in cases {
        let verdict = of(&minutes(0, 9, old, new));
        assert_eq!(verdict.ruling, ruling, "{old:?} {new:?}: {verdict:?}");
        assert_eq!(verdict.effect.is_none(), ruling == Ruling::NoData);
    }
}

#[test]
fn the_interval_of_a_bad_canary() {
    let verdict = of(&minutes(0, 9, counts(1204.0, 1.0), counts(301.0, 19.0)));
    let effect = verdict.effect.unwrap();
    assert_eq!(verdict.minutes, 9);
    assert!((effect.points - 6.23).abs() < 0.01, "{effect:?}");
    assert!(effect.low > 4.0 && effect.low < 5.0 && effect.high > 7.5 && effect.high < 9.0, "{effect:?}");
    assert!(verdict.says_roll_back());
}

#[test]
fn what_is_missing_has_a_name() {
    let zero = Some(counts(0.0, 0.0));
    let some = Some(counts(100.0, 1.0));
    let cases = [
        (None, None, Lack::Nothing),
        (zero, None, Lack::Idle),
        (zero, zero, Lack::Idle),
        (some, None, Lack::New),
        (some, zero, Lack::New),
        (None, some, Lack::Old),
        (zero, some, Lack::Old),
    ];
    for (old, new, lack) in cases {
        let verdict = of(&minutes(0, 3, old, new));
        assert_eq!((verdict.ruling, verdict.lack), (Ruling::NoData, Some(lack)), "{old:?} {new:?}");
        assert_eq!((verdict.old.is_none(), verdict.new.is_none()), (old.is_none(), new.is_none()));
    }
    let apart = [minutes(0, 3, some, None), minutes(3, 3, None, some)].concat();
    assert_eq!(of(&apart).lack, Some(Lack::Apart));
    assert_eq!(of(&[]).lack, Some(Lack::Nothing));
}

#[test]
fn neither_changing_weights_nor_a_drifting_base_pass_for_an_effect() {
    // At 10 % half a percent fails, at 90 % five: on both sides alike, but new has most of the bad minutes.
    let calm = minutes(0, 10, counts(9000.0, 45.0), counts(1000.0, 5.0));
    let rough = minutes(10, 10, counts(1000.0, 50.0), counts(9000.0, 450.0));
    let verdict = of(&[calm, rough].concat());
    assert!(verdict.new.unwrap().failed_percent().unwrap() > 4.0);
    assert!(verdict.old.unwrap().failed_percent().unwrap() < 1.0);
    assert_eq!((verdict.ruling, verdict.effect.unwrap().points), (Ruling::Same, 0.0));
}

#[test]
fn what_moves_at_once_is_compared_with_the_hour_before() {
    let shift = |failed: f64| {
        [minutes(-60, 60, counts(1500.0, 3.0), None), minutes(0, 5, None, counts(1500.0, failed))].concat()
    };
    assert_eq!(of(&shift(60.0)).lack, Some(Lack::Old));
    let worse = judge(&shift(60.0), at(0), BEFORE);
    assert_eq!((worse.ruling, worse.minutes), (Ruling::Worse, 5));
    assert_eq!(judge(&shift(3.0), at(0), BEFORE).ruling, Ruling::Same);
    // An hour that was restless itself leaves less to be said.
    let mut restless = shift(12.0);
    assert_eq!(judge(&restless, at(0), BEFORE).ruling, Ruling::Worse);
    for minute in restless.iter_mut().take(60).step_by(4) {
        minute.old = Some(counts(1500.0, 30.0));
    }
    let verdict = judge(&restless, at(0), BEFORE);
    assert!(verdict.scatter > 4.0, "{verdict:?}");
    assert_ne!(verdict.ruling, Ruling::Worse);
}

#[test]
fn bursts_widen_and_an_outage_before_does_not() {
    let quiet = minutes(-60, 60, counts(1200.0, 6.0), None);
    let shift = minutes(0, 3, counts(1200.0, 6.0), counts(300.0, 12.0));
    let calm = of(&[quiet.clone(), shift.clone()].concat());
    assert_eq!((calm.scatter, calm.ruling), (1.0, Ruling::Worse));
    let mut outage = quiet.clone();
    for minute in &mut outage[20..25] {
        minute.old = Some(counts(1200.0, 900.0));
    }
    assert_eq!(of(&[outage, shift.clone()].concat()).ruling, Ruling::Worse);
    let mut bursts = quiet;
    for minute in bursts.iter_mut().step_by(2) {
        minute.old = Some(counts(1200.0, 20.0));
    }
    assert!(of(&[bursts, shift].concat()).scatter > 3.0);
}

#[test]
fn less_than_the_margin_is_worse_but_no_reason_to_roll_back() {
    let verdict = of(&minutes(0, 20, counts(40_000.0, 40.0), counts(10_000.0, 30.0)));
    assert_eq!(verdict.ruling, Ruling::Worse);
    assert!(!verdict.says_roll_back());
}

fn side() -> impl Strategy<Value = Counts> {
    (0_u32..5000, 0.0..=1.0_f64).prop_map(|(requests, share)| {
        let requests = f64::from(requests);
        Counts { requests, failed: (requests * share * share).floor() }
    })
}

fn shift() -> impl Strategy<Value = Vec<Minute>> {
    let minute = (proptest::option::weighted(0.9, side()), proptest::option::weighted(0.9, side()));
    proptest::collection::vec(minute, 0..20).prop_map(|sides| {
        let minute = |(n, (old, new))| Minute { at: at((n as i64 - 5) * 60), old, new };
        sides.into_iter().enumerate().map(minute).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn numbers_are_sane_and_ruling_and_interval_agree(
        minutes in shift(),
        before in any::<bool>(),
        margin in 0.01..20.0_f64,
    ) {
        let against = if before { Against::Before } else { Against::Beside };
        let verdict = judge(&minutes, at(0), Settings { against, margin, false_alarms: 0.01 });
        prop_assert!(verdict.scatter >= 1.0 && verdict.scatter.is_finite());
        prop_assert_eq!(verdict.lack.is_some(), verdict.effect.is_none());
        if let Some(Effect { points, low, high }) = verdict.effect {
            prop_assert!(-100.0 <= low && low <= points && points <= high && high <= 100.0);
            // An end lies within a millionth of a point of what is excluded.
            let near = 1e-6;
            match verdict.ruling {
                Ruling::Worse => prop_assert!(low >= 0.0),
                Ruling::Better => prop_assert!(high <= 0.0),
                Ruling::Same => prop_assert!(low <= 0.0 && high >= 0.0 && -low <= margin && high <= margin),
                _ => prop_assert!(low <= 0.0 && high >= 0.0 && (low < near - margin || high > margin - near)),
            }
        }
    }

    #[test]
    fn exchanged_sides_turn_the_verdict_round(minutes in shift()) {
        let turned: Vec<Minute> =
            minutes.iter().map(|it| Minute { at: it.at, old: it.new, new: it.old }).collect();
        // The hour before is the old side's alone.
        let from = at(-600);
        let (one, other) = (judge(&minutes, from, BESIDE), judge(&turned, from, BESIDE));
        let opposite = match one.ruling {
            Ruling::Worse => Ruling::Better,
            Ruling::Better => Ruling::Worse,
            same => same,
        };
        prop_assert_eq!(other.ruling, opposite);
        if let (Some(one), Some(other)) = (one.effect, other.effect) {
            prop_assert!((one.points + other.points).abs() < 1e-6);
            prop_assert!((one.low + other.high).abs() < 1e-3, "{one:?} {other:?}");
        }
    }

    #[test]
    fn more_failures_of_new_are_never_better(
        old in side(), requests in 1_u32..5000, failed in 0.0..1.0_f64, more in 0.0..1.0_f64,
    ) {
        prop_assume!(old.requests > 0.0);
        let requests = f64::from(requests);
        let verdict = |share: f64| {
            let new = Counts { requests, failed: (requests * share).floor() };
            of(&minutes(0, 3, Some(old), Some(new))).effect.unwrap()
        };
        let (less, more) = (verdict(failed), verdict(failed.max(more)));
        prop_assert!(less.points <= more.points && less.low <= more.low + 1e-3 && less.high <= more.high + 1e-3,
            "{less:?} {more:?}");
    }

    #[test]
    fn the_same_rates_for_longer_are_surer(
        old in side(), new in side(), number in 1_i64..5,
    ) {
        prop_assume!(old.requests > 0.0 && new.requests > 0.0);
        let width = |number| {
            let effect = of(&minutes(0, number, Some(old), Some(new))).effect.unwrap();
            effect.high - effect.low
        };
        prop_assert!(width(number + 1) <= width(number) + 1e-6);
    }
}
