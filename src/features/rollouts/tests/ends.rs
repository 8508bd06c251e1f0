//! How splits ended that AWS does not remember: an alias with one version left, a rule with one group left, against
//! what they divided between at the last read that saw them do it.

use super::alb;
use super::lambda::somebody_sets;
use super::world::Lab;
use super::*;
use crate::features::Tone;
use crate::features::rollouts::ListSource;
use crate::features::rollouts::mechanism::Outcome;
use crate::features::rollouts::tone::tone;
use std::collections::BTreeMap;

/// What is told of a shift that is over: outcome, stage, colour, sides with their shares.
fn told(shift: &Rollout) -> (Option<Outcome>, String, Tone, String) {
    let side = |side: &Side| format!("{} {}", side.label(), side.weight.map_or(-1.0, f64::round));
    let old = shift.old.as_ref().map(side).unwrap_or_default();
    (shift.outcome(), shift.stage_words(), tone(shift), format!("{old} -> {}", side(&shift.new)))
}

#[tokio::test(start_paused = true)]
async fn an_alias_ends_as_the_version_that_is_left() {
    for (version, outcome, stage, color, sides, words) in [
        ("18", Outcome::Success, "promoted", Tone::Ok, "version 17 0 -> version 18 100", "version 18 has"),
        (
            "17",
            Outcome::RolledBack,
            "went back",
            Tone::Warn,
            "version 17 100 -> version 18 0",
            "version 17 has",
        ),
        ("16", Outcome::Failed, "one version", Tone::Warn, "version 17 0 -> version 18 0", "version 16 has"),
    ] {
        let lab = Lab::new("lambda-canary").await;
        let name = RolloutName::parse("lambda/receipts:live").unwrap();
        let mut source = ListSource::new(&lab.conn);
        let list = source.read(&lab.query, lab.now()).await.unwrap();
        let open = list.shifts.iter().find(|shift| shift.name == name).unwrap().clone();
        assert_eq!(open.outcome(), None);
        somebody_sets(&lab, version, &[]).await;
        lab.pass(5).await;
        let list = source.read(&lab.query, lab.now()).await.unwrap();
        let recent = list.recent.iter().find(|shift| shift.name == name).unwrap();
        // What follows one shift by exact reads comes to the same.
        let read = lab.named(&name).await;
        assert_eq!(read.outcome(), Some(Outcome::Untold), "this read alone does not tell");
        let followed = read.after(&open);
        for shift in [recent, &followed, &lab.named(&name).await.after(&followed)] {
            assert_eq!(told(shift), (Some(outcome), stage.to_owned(), color, sides.to_owned()));
            let said = shift.end_words().unwrap();
            assert!(said.starts_with(words), "{said}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn weights_end_as_the_group_that_is_left() {
    let cases: [(&[&str], &[u32], _, _, _, _); 6] = [
        (&["search-blue"], &[0, 100], Outcome::Success, "promoted", Tone::Ok, "search-green has all traffic"),
        (
            &["search-blue"],
            &[100, 0],
            Outcome::RolledBack,
            "went back",
            Tone::Warn,
            "search-blue has all traffic",
        ),
        // By its ARN alone, as the console writes it.
        (&["search-blue"], &[], Outcome::RolledBack, "went back", Tone::Warn, "search-blue has all traffic"),
        (&["search-blue"], &[0, 0], Outcome::Failed, "one group", Tone::Warn, "no group has all traffic"),
        (&["search-green"], &[100, 0], Outcome::Success, "promoted", Tone::Ok, "search-blue has all traffic"),
        (
            &[],
            &[100, 0],
            Outcome::Untold,
            "one group",
            Tone::Info,
            "search-blue has all traffic, and which side is new was not told",
        ),
    ];
    for (stable, weights, outcome, stage, color, words) in cases {
        let lab = alb::lab(stable).await;
        let mut source = ListSource::new(&lab.conn);
        let list = source.read(&lab.query, lab.now()).await.unwrap();
        let open = list.shifts.iter().find(|shift| shift.name.full() == alb::SEARCH).unwrap().clone();
        alb::somebody_sets(&lab, &open, weights).await;
        lab.pass(10).await;
        let list = source.read(&lab.query, lab.now()).await.unwrap();
        let recent = list.recent.iter().find(|shift| shift.name == open.name).unwrap();
        let followed = lab.shifts(&open, false).await.shifts.remove(0).after(&open);
        for shift in [recent, &followed] {
            let (got, words_now, tone, _) = told(shift);
            assert_eq!(
                (got, words_now.as_str(), tone),
                (Some(outcome), stage, color),
                "{stable:?} {weights:?}"
            );
            assert_eq!(shift.end_words().as_deref(), Some(words));
        }
        // Both sides are still there, each with what it has now.
        if !stable.is_empty() {
            let sides = [followed.old.as_ref().unwrap(), &followed.new];
            let shares: BTreeMap<String, Option<f64>> =
                sides.iter().map(|side| (side.label(), side.weight)).collect();
            let share =
                |at: usize| Some(weights.get(at).map_or(100.0 - 100.0 * at as f64, |it| f64::from(*it)));
            let expected = [("search-blue".to_owned(), share(0)), ("search-green".to_owned(), share(1))];
            assert_eq!(shares, BTreeMap::from(expected), "{stable:?} {weights:?}");
        }
    }
}

#[test]
fn a_read_of_something_else_tells_nothing() {
    let shift = gone_back(canary());
    assert_eq!(shift.clone().after(&canary()), shift, "ECS remembers its own sides");
    assert_eq!(canary().after(&shift), canary(), "what goes on is as it is");
}
