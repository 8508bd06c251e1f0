//! The one write against the simulated AWS: from the plan to the end, what stops it, and its journal.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_torn_line_in_the_journal_takes_no_other_with_it() {
    let lab = Lab::new("bad-deploy").await;
    let entry = Entry::new(&lab.plan().await, at(0), at(0), Step::Sending { plan: None });
    let journal = journal("torn");
    append(&journal, &entry).await.unwrap();
    let whole = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, format!("{whole}{{\"v\":1,\"id")).unwrap();
    append(&journal, &entry).await.unwrap();
    append(&journal, &entry).await.unwrap();
    let lines = std::fs::read_to_string(&journal).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    let whole = whole.trim_end();
    assert_eq!(lines, [whole, "{\"v\":1,\"id", whole, whole]);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_from_plan_to_done() {
    let lab = Lab::new("bad-deploy").await;
    let plan = lab.plan().await;
    assert!(!plan.refused(), "{:?}", plan.checks);
    let journal = journal("done");
    let result = lab.send(&plan, &journal).await;
    let SendResult::Sent { request_id: Some(_), journal: journaled, .. } = &result else {
        panic!("{result:?}")
    };
    assert_eq!(journaled.problem, None);
    let steps = entries(&journal);
    assert!(
        matches!(steps[0].step, Step::Sending { .. }) && matches!(steps[1].step, Step::Sent { .. }),
        "{steps:?}"
    );
    assert_eq!(steps[0].id, steps[1].id);
    assert_eq!(unfinished(entries(&journal).iter()).len(), 1);

    let mut watch = Watch::begin(plan.clone(), &result).unwrap();
    let shift = lab.list().await.shifts.remove(0);
    for _ in 0..20 {
        lab.pass(5).await;
        let reads = lab.shifts(&shift, false).await;
        watch.read(&reads.shifts[0], lab.now().wall);
    }
    assert_eq!(watch.ended.as_ref().unwrap().ending, Ending::Done, "{watch:?}");
    assert_eq!(lab.calls("StopServiceDeployment"), 1);
    let after = lab.list().await;
    assert_eq!(after.shifts, []);
    assert_eq!(after.recent[0].status, Status::new("ROLLBACK_SUCCESSFUL"));
    assert_eq!(after.recent[0].new.weight, Some(0.0));
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_no_longer_holds_sends_nothing() {
    // Somebody else was faster.
    let lab = Lab::new("bad-deploy").await;
    let plan = lab.plan().await;
    assert!(matches!(lab.send(&plan, &journal("other")).await, SendResult::Sent { .. }));
    lab.pass(2).await;
    let mine = journal("changed");
    let result = lab.send(&plan, &mine).await;
    let SendResult::Changed(newer) = &result else { panic!("{result:?}") };
    let change = GuardedChange {
        field: "status".into(),
        was: "in progress".into(),
        is: "already rolling back".into(),
    };
    assert_eq!(plan.diff(newer), std::slice::from_ref(&change));
    assert_eq!(lab.calls("StopServiceDeployment"), 1);
    assert!(matches!(&entries(&mine)[1].step, Step::Changed { changes, .. } if *changes == [change]));
    assert!(unfinished(entries(&mine).iter()).is_empty());

    // It ended by itself.
    let lab = Lab::new("bad-deploy").await;
    let plan = lab.plan().await;
    lab.pass(3600).await;
    let result = lab.send(&plan, &journal("ended")).await;
    assert!(matches!(&result, SendResult::Changed(newer) if newer.refused()), "{result:?}");
    assert_eq!(lab.calls("StopServiceDeployment"), 0);
}

#[tokio::test(start_paused = true)]
async fn progress_meanwhile_does_not_stop_it() {
    let lab = Lab::new("bad-deploy").await;
    let plan = lab.plan().await;
    // Long enough for the shift to 100 %, too short for the bake time.
    lab.pass(420).await;
    let result = lab.send(&plan, &journal("progress")).await;
    assert!(matches!(result, SendResult::Sent { .. }), "{result:?}");
}

#[tokio::test(start_paused = true)]
async fn a_read_that_fails_before_sending_sends_nothing() {
    for (fault, class) in [
        ("ecs:DescribeServiceDeployments=deny", ErrorClass::Denied),
        ("ecs:DescribeServices=expire", ErrorClass::Expired),
        ("ecs:DescribeServices=throttle", ErrorClass::Throttled),
    ] {
        let lab = Lab::new("bad-deploy").await;
        let plan = lab.plan().await;
        lab.faults(&[fault]);
        let journal = journal("unread");
        let result = lab.send(&plan, &journal).await;
        assert!(matches!(&result, SendResult::Unread(error) if error.class == class), "{fault}: {result:?}");
        assert_eq!(lab.calls("StopServiceDeployment"), 0);
        assert!(matches!(entries(&journal)[1].step, Step::Unread { .. }));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_and_a_lost_answer_is_never_sent_again() {
    for fault in ["deny", "expire", "throttle"] {
        let lab = Lab::new("bad-deploy").await;
        let plan = lab.plan().await;
        lab.faults(&[&format!("ecs:StopServiceDeployment={fault}")]);
        let journal = journal("rejected");
        let result = lab.send(&plan, &journal).await;
        assert!(matches!(&result, SendResult::Rejected(_)), "{fault}: {result:?}");
        assert_eq!(lab.calls("StopServiceDeployment"), 1, "{fault}");
        assert!(matches!(entries(&journal)[1].step, Step::Rejected { .. }));
        assert_eq!(lab.list().await.shifts[0].status, Status::new("IN_PROGRESS"), "{fault}");
    }
    for fault in ["cut:1", "garbage", "garbage:502"] {
        let lab = Lab::new("bad-deploy").await;
        let plan = lab.plan().await;
        lab.faults(&[&format!("ecs:StopServiceDeployment={fault}")]);
        let journal = journal("lost");
        let result = lab.send(&plan, &journal).await;
        assert!(matches!(&result, SendResult::Lost { .. }), "{fault}: {result:?}");
        assert_eq!(lab.calls("StopServiceDeployment"), 1, "{fault}");
        assert!(matches!(entries(&journal)[1].step, Step::Lost { .. }));
        // Reading settles it, whichever way it went.
        let mut watch = Watch::begin(plan.clone(), &result).unwrap();
        let shift = ShiftsQuery { shifts: vec![plan.shift()], stable: Vec::new(), caller: false };
        let mut source = ShiftsSource::new(&lab.conn);
        for _ in 0..20 {
            lab.pass(5).await;
            let reads = source.read(&shift, lab.now()).await.unwrap();
            watch.read(&reads.shifts[0], lab.now().wall);
        }
        assert!(watch.settled(), "{fault}: {watch:?}");
        assert_eq!(lab.calls("StopServiceDeployment"), 1, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_left_is_neither_lost_nor_refused_by_the_service() {
    for (fault, class) in [
        ("sts:AssumeRole=delay:60s", ErrorClass::Network),
        ("sts:AssumeRole=conflict", ErrorClass::Service),
        ("sts:AssumeRole=deny", ErrorClass::Denied),
        ("sts:AssumeRole=cut:1", ErrorClass::NoCredentials),
    ] {
        let spec = TargetSpec {
            write_role_arn: Some("arn:aws:iam::111122223333:role/Breakglass".into()),
            ..TargetSpec::named("prod")
        };
        let lab = Lab::with("bad-deploy", spec).await;
        lab.faults(&[fault]);
        let plan = lab.plan().await;
        assert!(plan.place.caller.is_err() && !plan.refused(), "{fault}: {:?}", plan.checks);
        let journal = journal("unsent");
        let result = lab.send(&plan, &journal).await;
        let SendResult::Rejected(error) = &result else { panic!("{fault}: {result:?}") };
        assert!(error.unsent && error.class == class, "{fault}: {error:?}");
        assert!(Watch::begin(plan, &result).is_none(), "{fault}");
        assert_eq!(lab.calls("StopServiceDeployment"), 0, "{fault}");
        assert!(matches!(&entries(&journal)[1].step, Step::Rejected { error } if error.unsent), "{fault}");
        // It can be had again, and then it is sent.
        lab.faults(&[]);
        let result = lab.send(&lab.plan().await, &journal).await;
        assert!(matches!(result, SendResult::Sent { .. }), "{fault}: {result:?}");
    }
    // What AWS itself refuses has left.
    let lab = Lab::new("bad-deploy").await;
    let plan = lab.plan().await;
    lab.faults(&["ecs:StopServiceDeployment=deny"]);
    let result = lab.send(&plan, &journal("refused")).await;
    assert!(matches!(&result, SendResult::Rejected(error) if !error.unsent), "{result:?}");
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_cannot_be_written_warns_and_never_blocks() {
    let lab = Lab::new("bad-deploy").await;
    let plan = lab.plan().await;
    let folder = journal("unwritable");
    std::fs::create_dir_all(&folder).unwrap();
    // The journal's place is taken by a folder.
    let result = lab.send(&plan, &folder).await;
    let SendResult::Sent { journal, .. } = &result else { panic!("{result:?}") };
    assert!(journal.problem.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_read_only_target_refuses_even_a_confirmed_plan() {
    let open = Lab::new("bad-deploy").await;
    let plan = open.plan().await;
    let spec = TargetSpec { read_only: true, ..TargetSpec::named("prod") };
    let lab = Lab::with("bad-deploy", spec).await;
    let result = lab.send(&plan, &journal("read-only")).await;
    let SendResult::Changed(newer) = &result else { panic!("{result:?}") };
    assert!(newer.refusals().any(|why| why.contains("read-only")), "{:?}", newer.checks);
    assert_eq!(lab.calls("StopServiceDeployment"), 0);
}
