//! The list of all mechanisms where one of them cannot be read.

use super::alb;
use super::world::{Lab, journal};
use super::*;
use crate::features::rollouts::rollback::SendResult;
use crate::features::rollouts::wire::RolloutsQuery;
use crate::features::rollouts::{ListSource, RolloutList};

fn names(list: &RolloutList) -> Vec<String> {
    list.shifts.iter().map(|shift| shift.name.full()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_role_without_ecs_sees_all_else_and_undoes_it() {
    let lab = Lab::new("lambda-canary").await;
    lab.faults(&["ecs:*=deny"]);
    let list = lab.list().await;
    let all = ["lambda/mailer:prod", "lambda/receipts:live", "codedeploy/AppLambda-invoices/invoices-live"];
    assert_eq!(names(&list), all);
    assert_eq!(list.notes, ["ECS: denied: ecs:ListClusters"]);
    assert_eq!(list.ecs_unread.as_ref().map(|error| error.class), Some(ErrorClass::Denied));
    assert!(list.services.is_empty());
    let plan = lab.plan_for("receipts").await;
    assert!(matches!(lab.send(&plan, &journal("without ECS")).await, SendResult::Sent { .. }));
    // Lambda alone is enough, and so is CodeDeploy alone.
    for (fault, found) in [("codedeploy:*=deny", 3), ("lambda:*=deny", 1), ("cloudwatch:*=deny", 1)] {
        let lab = Lab::new("lambda-canary").await;
        lab.faults(&["ecs:*=deny", fault]);
        assert_eq!(lab.list().await.shifts.len(), found, "{fault}");
    }
    let lab = Lab::new("lambda-canary").await;
    lab.faults(&["ecs:*=deny", "codedeploy:*=deny", "cloudwatch:*=deny"]);
    let error = ListSource::new(&lab.conn).read(&lab.query, lab.now()).await.unwrap_err();
    assert_eq!((error.class, error.operation.as_str()), (ErrorClass::Denied, "ecs:ListClusters"));
}

#[tokio::test(start_paused = true)]
async fn rules_that_may_be_of_ecs_are_not_said_to_be_nobodys() {
    let lab = alb::lab(&["search-blue"]).await;
    lab.faults(&["ecs:*=deny"]);
    let list = lab.list().await;
    let owner = |name: &str| list.shifts.iter().find(|it| it.name.full() == name).unwrap().owner.label();
    assert_eq!(owner(alb::SEARCH), "not known");
    assert_eq!(owner("alb/shop-web/443/40"), "CloudFormation");
}

#[tokio::test(start_paused = true)]
async fn what_was_seen_of_ecs_stays_until_it_is_read_again() {
    let lab = Lab::new("bad-deploy").await;
    let mut source = ListSource::new(&lab.conn);
    let query = RolloutsQuery::default();
    let first = source.read(&query, lab.now()).await.unwrap();
    assert!(first.ecs_unread.is_none() && !first.services.is_empty());
    lab.faults(&["ecs:*=throttle"]);
    for _ in 0..4 {
        lab.pass(5).await;
        let list = source.read(&query, lab.now()).await.unwrap();
        assert_eq!((&list.shifts, &list.services), (&first.shifts, &first.services), "as it was seen last");
        assert_eq!(list.notes, ["ECS: throttled"]);
    }
    // After three such reads in a row ECS is left alone for a while.
    let asked = lab.calls("DescribeServices");
    lab.pass(5).await;
    source.read(&query, lab.now()).await.unwrap();
    assert_eq!(lab.calls("DescribeServices"), asked);
    lab.faults(&[]);
    lab.pass(15).await;
    let list = source.read(&query, lab.now()).await.unwrap();
    assert!(list.ecs_unread.is_none() && list.notes.is_empty() && list.shifts[0].read_at == lab.now().wall);
}

#[tokio::test(start_paused = true)]
async fn rules_that_are_found_later_are_looked_at_at_once() {
    let lab = alb::lab(&["search-blue"]).await;
    let mut source = ListSource::new(&lab.conn);
    // The console asks before discovery has seen a load balancer.
    let early = source.read(&RolloutsQuery::default(), lab.now()).await.unwrap();
    assert_eq!((names(&early), early.forwards.len()), (Vec::new(), 0));
    lab.pass(2).await;
    let list = source.read(&lab.query, lab.now()).await.unwrap();
    assert!(names(&list).contains(&alb::SEARCH.to_owned()), "{:?}", names(&list));
    assert_eq!(list.forwards, lab.query.forwards, "what it says to have looked at it has");
    // What was asked for a moment ago is not asked for again.
    let asked = lab.calls("DescribeRules");
    lab.pass(2).await;
    source.read(&lab.query, lab.now()).await.unwrap();
    assert_eq!(lab.calls("DescribeRules"), asked);
}
