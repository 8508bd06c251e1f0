//! Rollbacks after sending.

use super::alb_screen::divided;
use super::*;
use crate::features::rollouts::mechanism::{self, Outcome};
use crate::features::rollouts::rollback::SendResult;
use crate::features::rollouts::watch::{Ending, Flights, Watch};
use crate::features::rollouts::wire::RolloutList;
use crate::text::Zone;

fn watch() -> Watch {
    let sent = SendResult::Sent { at: at(10), request_id: Some("8f3".into()), journal: journaled() };
    Watch::begin(plan_of(&canary()), &sent).unwrap()
}

fn lost() -> Watch {
    let lost = SendResult::Lost { at: at(10), error: error(ErrorClass::Network), journal: journaled() };
    Watch::begin(plan_of(&canary()), &lost).unwrap()
}

fn with(status: &str) -> Rollout {
    match status {
        "ROLLBACK_SUCCESSFUL" => gone_back(canary()),
        _ => Rollout { status: Status::new(status), ..canary() },
    }
}

fn ending(watch: &Watch) -> Option<Ending> {
    watch.ended.as_ref().map(|ended| ended.ending)
}

#[test]
fn only_what_was_sent_is_watched() {
    let plan = || plan_of(&canary());
    assert!(Watch::begin(plan(), &SendResult::Rejected(error(ErrorClass::Denied))).is_none());
    assert!(Watch::begin(plan(), &SendResult::Unread(error(ErrorClass::Network))).is_none());
    assert!(Watch::begin(plan(), &SendResult::Changed(Box::new(plan()))).is_none());
}

#[test]
fn it_ends_when_the_mechanism_says_so() {
    let cases = [
        ("IN_PROGRESS", None),
        ("ROLLBACK_REQUESTED", None),
        ("ROLLBACK_IN_PROGRESS", None),
        ("ROLLBACK_SUCCESSFUL", Some(Ending::Done)),
        ("ROLLBACK_FAILED", Some(Ending::Failed)),
        ("STOPPED", Some(Ending::Failed)),
        ("SUCCESSFUL", Some(Ending::Failed)),
        ("SOMETHING_NEW", None),
    ];
    for (status, expected) in cases {
        let mut watch = watch();
        assert_eq!(watch.read(&with(status), at(15)), expected.is_some(), "{status}");
        assert_eq!(ending(&watch), expected, "{status}");
        // The same read again is no news.
        assert!(!watch.read(&with(status), at(20)), "{status}");
    }
}

#[test]
fn a_status_alone_is_not_the_end_of_it() {
    let but = |change: fn(&mut Rollout)| {
        let mut shift = gone_back(canary());
        change(&mut shift);
        shift
    };
    let rolling = |shift: &mut Rollout| {
        shift.mechanism = Mechanism::Ecs(Strategy::Rolling);
        shift.new.weight = Some(0.0);
    };
    let elsewhere = |shift: &mut Rollout| {
        shift.rollback.as_mut().unwrap().revision = Some(format!("{REVISION}40"));
    };
    let cases: [(Rollout, Option<Ending>, &str); 7] = [
        (but(|_| ()), Some(Ending::Done), "old has all traffic again"),
        (but(|shift| shift.new.weight = Some(20.0)), None, "ROLLBACK_SUCCESSFUL, but new still has 20 %"),
        (but(|shift| shift.new.weight = None), None, "AWS does not say what traffic new still has"),
        (but(|shift| shift.rollback = None), None, "AWS does not say which revision it went back to"),
        (but(elsewhere), Some(Ending::Done), "went back to 40 and not to rev 41 as planned"),
        (but(rolling), Some(Ending::Done), "old has all traffic again"),
        (
            but(|shift| {
                shift.old = Some(side(40, 100.0, 4));
                shift.rollback.as_mut().unwrap().revision = Some(format!("{REVISION}40"));
            }),
            Some(Ending::Done),
            "ECS went back to rev 40 and not to rev 41 as planned",
        ),
    ];
    for (read, expected, why) in cases {
        let mut subject = watch();
        subject.read(&read, at(30));
        assert_eq!(ending(&subject), expected, "{why}");
        // What is not there a minute after it ended may never be told; when it is, that is taken back.
        subject.read(&read, at(91));
        let late = expected.unwrap_or(Ending::Unknown);
        assert_eq!(ending(&subject), Some(late), "{why}");
        let said = subject.ended.as_ref().unwrap().why.clone();
        assert!(said.contains(why), "{said}");
        subject.read(&gone_back(canary()), at(120));
        assert_eq!(ending(&subject), Some(Ending::Done), "{why}");
    }
    // Without weights at the plan there are none to wait for, whatever the strategy.
    let bare = |shift: Rollout| Rollout { new: Side { weight: None, ..shift.new }, ..shift };
    let sent = SendResult::Sent { at: at(10), request_id: None, journal: journaled() };
    let mut subject = Watch::begin(plan_of(&bare(canary())), &sent).unwrap();
    subject.read(&bare(gone_back(canary())), at(30));
    assert_eq!(ending(&subject), Some(Ending::Done));
}

#[test]
fn another_deployment_supersedes_unless_ours_is_back_already() {
    let moved = |status| Rollout { current: Some("a/shop/checkout/9Xy".into()), ..with(status) };
    let mut subject = watch();
    subject.read(&moved("ROLLBACK_IN_PROGRESS"), at(15));
    assert_eq!(ending(&subject), Some(Ending::Superseded));
    let mut subject = watch();
    subject.read(&moved("ROLLBACK_SUCCESSFUL"), at(15));
    assert_eq!(ending(&subject), Some(Ending::Done));
}

#[test]
fn reads_of_another_deployment_say_nothing() {
    let mut watch = watch();
    let other = Rollout { deployment: "a/shop/checkout/9Xy".into(), ..with("ROLLBACK_SUCCESSFUL") };
    assert!(!watch.read(&other, at(15)));
    assert_eq!(ending(&watch), None);
}

#[test]
fn a_lost_answer_is_settled_by_reading() {
    let mut subject = lost();
    assert!(!subject.read(&with("IN_PROGRESS"), at(69)));
    assert!(subject.read(&with("IN_PROGRESS"), at(71)));
    assert_eq!(ending(&subject), Some(Ending::Failed));
    assert!(subject.ended.unwrap().why.contains("never arrived"));

    let mut subject = lost();
    assert!(!subject.read(&with("ROLLBACK_IN_PROGRESS"), at(90)));
    assert!(subject.read(&with("ROLLBACK_SUCCESSFUL"), at(95)));
    assert_eq!(ending(&subject), Some(Ending::Done));
    // An answer that did come means that IN_PROGRESS only lags.
    let mut subject = watch();
    assert!(!subject.read(&with("IN_PROGRESS"), at(200)));
}

#[test]
fn the_deadline_makes_it_unknown_and_the_truth_takes_that_back() {
    let quarter = 10 + 15 * 60;
    let mut subject = watch();
    assert!(!subject.tick(at(quarter)));
    assert!(subject.tick(at(quarter + 1)));
    assert!(!subject.tick(at(quarter + 2)));
    assert_eq!((ending(&subject), subject.settled()), (Some(Ending::Unknown), false));
    assert!(subject.read(&with("ROLLBACK_SUCCESSFUL"), at(quarter + 60)));
    assert_eq!(ending(&subject), Some(Ending::Done));

    // Where tasks start again there is more patience.
    let mut slow = watch();
    slow.plan.slow = true;
    assert!(!slow.read(&with("ROLLBACK_IN_PROGRESS"), at(quarter + 1)));
    assert!(slow.read(&with("ROLLBACK_IN_PROGRESS"), at(10 + 3601)));
    assert_eq!(ending(&slow), Some(Ending::Unknown));
}

#[test]
fn the_line_says_where_it_stands() {
    let utc = Zone::utc();
    let mut subject = watch();
    assert_eq!(subject.line(&utc), "checkout rollback sent 04:00:10 · AWS took it, request id 8f3");
    subject.read(&with("ROLLBACK_IN_PROGRESS"), at(15));
    assert_eq!(subject.line(&utc), "checkout rollback sent 04:00:10 · ROLLBACK_IN_PROGRESS · new 20 %");
    subject.read_failed(error(ErrorClass::Expired), at(20));
    assert_eq!(
        subject.line(&utc),
        "checkout rollback sent 04:00:10, request id 8f3, AWS carries on · aws sso login --profile prod"
    );
    subject.read(&with("ROLLBACK_SUCCESSFUL"), at(25));
    assert_eq!(subject.line(&utc), "checkout rolled back 04:00:25: old has all traffic again");
    subject.journal.problem = Some("disk full".into());
    assert!(subject.line(&utc).ends_with(" · journal not written: disk full"));
    assert!(lost().line(&utc).ends_with("no answer, reading what became of it"));
}

#[test]
fn one_rollback_per_service_is_in_flight() {
    let mut flights = Flights::default();
    flights.add(watch());
    let (prod, name) = (TargetId::new("prod"), canary().name);
    assert!(flights.in_flight(&prod, &name).is_some());
    assert!(flights.in_flight(&TargetId::new("stage"), &name).is_none());
    for watch in flights.iter_mut() {
        watch.read(&with("ROLLBACK_SUCCESSFUL"), at(15));
    }
    assert!(flights.in_flight(&prod, &name).is_none());
    flights.add(watch());
    assert_eq!(flights.iter().count(), 1);
    for index in 0..100 {
        let mut other = watch();
        other.plan.name = RolloutName::ecs("shop", format!("s{index}"));
        flights.add(other);
    }
    assert_eq!(flights.iter().count(), 32);
}

#[test]
fn a_rolling_deployment_has_no_weight_to_tell() {
    let mut rolling = canary();
    rolling.mechanism = Mechanism::Ecs(Strategy::Rolling);
    // As ECS says it, whatever the tasks serve.
    rolling.new.weight = Some(0.0);
    assert_eq!(mechanism::look(&rolling).unwrap().weight, None);
    assert_eq!(mechanism::look(&canary()).unwrap().weight, canary().new.weight);
}

#[test]
fn a_split_that_an_exact_read_sees_ended_keeps_its_sides() {
    let mut list = RolloutList { shifts: vec![divided(true)], ..RolloutList::default() };
    // Such a read names only what is left.
    let mut exact = Rollout { old: None, new: Side::of(""), read_at: at(5), ..divided(true) };
    let Mechanism::Alb(split) = &mut exact.mechanism else { unreachable!() };
    (split.groups[0].1, split.groups[1].1) = (100, 0);
    list.take_newer(&[exact]);
    let [shift] = list.shifts.as_slice() else { panic!("{list:?}") };
    assert_eq!((shift.standing(), shift.outcome()), (Standing::Ended, Some(Outcome::RolledBack)));
    let side = |side: &Side| (side.label(), side.weight);
    let sides = [side(shift.old.as_ref().unwrap()), side(&shift.new)];
    assert_eq!(sides, [("search-blue".into(), Some(100.0)), ("search-green".into(), Some(0.0))]);
}

#[test]
fn a_list_tells_nothing_older_than_the_watch() {
    let listed = RolloutList { shifts: vec![canary()], ..RolloutList::default() };
    let mut exact = canary();
    (exact.new.weight, exact.status) = (Some(0.0), Status::new("ROLLBACK_IN_PROGRESS"));
    for (read_at, newer) in [(at(-1), false), (at(1), true)] {
        exact.read_at = read_at;
        let mut list = listed.clone();
        list.shifts[0].read_at = at(0);
        list.take_newer(std::slice::from_ref(&exact));
        assert_eq!(list.shifts[0].status == exact.status, newer);
        assert_eq!(list.shifts[0].progress, listed.shifts[0].progress);
    }
    let mut other = listed.clone();
    exact.deployment.push_str("another");
    other.take_newer(std::slice::from_ref(&exact));
    assert_eq!(other, listed);
}
