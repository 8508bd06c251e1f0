//! Traces agree with the requests, the log lines and the metrics that they are views of.

use super::{at, error_lines, minute_of, world};
use crate::demo::world::traffic::{MINUTE, Outcome};
use crate::demo::world::{Blame, Call, Trace, World};
use std::collections::BTreeSet;

fn nodes<'a>(world: &'a World, trace: &Trace) -> Vec<&'a str> {
    trace.calls.iter().map(|call| world.trace_node(call).name).collect()
}

/// The root calls of a service in a minute.
fn roots(world: &World, name: &str, minutes: f64) -> Vec<Call> {
    let traces = world.traces(minute_of(minutes), 0, at(60.0)).map(|(_, trace)| trace).collect::<Vec<_>>();
    let roots = traces.iter().map(|trace| trace.calls[0]);
    roots.filter(|call| world.trace_node(call).name == name).collect()
}

/// The trace id that a line holds.
fn trace_in(line: &str) -> &str {
    let begin = line
        .find("1-")
        .into_iter()
        .chain(line.match_indices("1-").map(|(at, _)| at))
        .find(|at| line.get(*at..*at + 35).is_some_and(|id| id.split('-').map(str::len).eq([1, 8, 24])));
    let begin = begin.unwrap_or_else(|| panic!("no trace id in {line}"));
    line.get(begin..begin + 35).unwrap()
}

#[test]
fn the_first_of_each_second_and_one_in_twenty_are_sampled() {
    let world = world("bad-deploy");
    for minutes in [-600.0, -60.0, -3.0] {
        let (_, stream) = world.find_service("checkout").unwrap();
        let all = world.requests(stream, minute_of(minutes)).len();
        let traced = roots(&world, "checkout", minutes).len();
        let expected = 60.0 + (all as f64 - 60.0) * 0.05;
        assert!((traced as f64 / expected - 1.0).abs() < 0.3, "{traced} of {all}, not {expected}");
    }
}

#[test]
fn the_trace_of_every_error_line_opens_and_says_the_same() {
    let world = world("bad-deploy");
    let (mut pool, mut below) = (0, 0);
    for minutes in [-300.0, -5.0, -1.0, 8.0] {
        let (from, to) = (minute_of(minutes) * MINUTE, (minute_of(minutes) + 1) * MINUTE);
        for name in ["checkout", "orders", "cart"] {
            for line in error_lines(&world, &format!("/ecs/{name}"), from, to) {
                let id = trace_in(&line.message);
                let trace =
                    world.trace(id, at(60.0)).unwrap_or_else(|| panic!("no trace for {}", line.message));
                assert_eq!(trace.id, id);
                let said = trace.calls.iter().filter(|call| world.trace_node(call).name == name);
                let said: Vec<_> = said.filter_map(|call| Some((call, world.call_failure(call)?))).collect();
                let (call, failure) = said
                    .iter()
                    .find(|(_, failure)| line.message.contains(&failure.message))
                    .unwrap_or_else(|| panic!("{said:?} says not what {} says", line.message));
                // Logged in the millisecond in which it ended, by the task that served it.
                assert!(
                    (line.at_ms * 1000..line.at_ms * 1000 + 1000).contains(&call.to_us),
                    "{call:?} {line:?}"
                );
                assert_eq!(world.call_place(call).unwrap().log_stream, line.stream);
                pool += usize::from(failure.blame == Blame::Pool);
                below += usize::from(name == "orders");
            }
        }
    }
    assert!(pool > 50 && below > 2, "{pool} {below}");
}

#[test]
fn callees_lie_within_their_callers_and_callers_before_callees() {
    let world = world("bad-deploy");
    let (mut within, mut all, mut chains) = (0, 0, BTreeSet::new());
    for minutes in [-100.0, -4.0, 10.0] {
        for trace in world.traces(minute_of(minutes), 0, at(60.0)).map(|(_, trace)| trace).collect::<Vec<_>>()
        {
            let mut names = nodes(&world, &trace);
            names.dedup();
            chains.insert(names.join(" "));
            for (index, call) in trace.calls.iter().enumerate() {
                assert!(call.from_us < call.to_us);
                let Some(caller) = call.caller else { continue };
                assert!(caller < index);
                let caller = &trace.calls[caller];
                assert!(caller.from_us <= call.from_us);
                all += 1;
                within += usize::from(call.to_us <= caller.to_us);
            }
            let root = &trace.calls[0];
            assert!((0..1000).contains(&(root.from_us - trace.began_ms * 1000)), "{trace:?}");
        }
    }
    // Now and then a caller gives up before its callee does.
    assert!(within as f64 > all as f64 * 0.98, "{within} of {all}");
    for chain in [
        "checkout orders orders-db",
        "checkout cart",
        "receipts smtp.mail.example",
        "checkout receipts-queue",
    ] {
        assert!(chains.contains(chain), "{chain} is not in {chains:?}");
    }
}

#[test]
fn failures_and_times_of_traces_are_those_of_the_requests() {
    let world = world("bad-deploy");
    let (_, stream) = world.find_service("checkout").unwrap();
    let (mut failed, mut traced_failed, mut all, mut traced) = (0.0, 0.0, 0.0, 0.0);
    let (mut slowest, mut traced_slowest) = (0.0f64, 0.0f64);
    for minute in 5..25 {
        let requests = world.requests(stream, minute_of(f64::from(minute)));
        all += requests.len() as f64;
        failed += requests.iter().filter(|request| request.outcome == Outcome::Failed).count() as f64;
        slowest = requests.iter().map(|request| request.latency_ms).fold(slowest, f64::max);
        let roots = roots(&world, "checkout", f64::from(minute));
        traced += roots.len() as f64;
        traced_failed += roots.iter().filter(|call| call.fault).count() as f64;
        traced_slowest = roots.iter().map(|call| call.seconds() * 1000.0).fold(traced_slowest, f64::max);
    }
    assert!(
        (traced_failed / traced / (failed / all) - 1.0).abs() < 0.2,
        "{traced_failed} {traced} {failed} {all}"
    );
    assert!(traced_slowest <= slowest + 0.1 && traced_slowest > slowest * 0.9, "{traced_slowest} {slowest}");
}

#[test]
fn a_trace_grows_until_it_is_whole() {
    let world = world("bad-deploy");
    let traces = world.traces(minute_of(-3.0), 0, at(60.0)).map(|(_, trace)| trace).collect::<Vec<_>>();
    let whole = traces.iter().find(|trace| nodes(&world, trace).contains(&"orders-db")).unwrap();
    let (from, to) = whole.span_us();
    let seen = |us: i64| {
        let now = jiff::Timestamp::from_microsecond(us).unwrap();
        world.trace(&whole.id, now).map_or(0, |trace| trace.calls.len())
    };
    assert_eq!(seen(from - 1), 0);
    assert!((1..whole.calls.len()).contains(&seen(from)));
    assert_eq!(seen(to), whole.calls.len());
    assert_eq!(world.trace(&whole.id, at(60.0)).as_ref(), Some(whole));
    assert_eq!(world.trace("1-00000000-000000000000000000000000", at(60.0)), None);
    assert_eq!(world.trace("nonsense", at(60.0)), None);
}

#[test]
fn an_invocation_is_linked_to_the_request_that_left_its_message() {
    let world = world("bad-deploy");
    let mut found = 0;
    for call in roots(&world, "receipts", -5.0) {
        let Some((trace, segment)) = world.trace_cause(&call) else { continue };
        let cause = world.trace(&trace, at(60.0)).unwrap();
        assert_eq!(world.call_ids(&cause.calls[0]).0, segment);
        assert!(nodes(&world, &cause).contains(&"receipts-queue"));
        assert!(cause.calls[0].to_us < call.from_us);
        found += 1;
    }
    assert!(found > 20, "{found}");
}
