//! Which deployment moves an alias, by what each of them has told.

use super::*;
use aws_sdk_codedeploy::types::{EcsTarget, LambdaFunctionInfo, LambdaTarget};

fn open(id: &str, group: &str, moves: Option<&[(&str, &str)]>) -> Open {
    let own = |(function, alias): &(&str, &str)| ((*function).to_owned(), (*alias).to_owned());
    Open {
        id: id.to_owned(),
        group: ("shop".to_owned(), group.to_owned()),
        moves: moves.map(|moves| moves.iter().map(own).collect()),
    }
}

fn mover(all: Vec<Open>, unasked: usize) -> Result<Option<String>, Unread> {
    Look { open: all, unasked }.mover("receipts", "live")
}

#[test]
fn only_a_deployment_that_has_told_moves_an_alias_or_does_not() {
    let mailer = || open("d-1", "mailer", Some(&[("mailer", "live"), ("receipts", "test")]));
    let receipts = || open("d-2", "receipts", Some(&[("receipts", "live")]));
    let arn = || open("d-3", "receipts", Some(&[("arn:aws:lambda:eu-west-2:1:function:receipts", "live")]));
    assert_eq!(mover(Vec::new(), 0), Ok(None));
    assert_eq!(mover(vec![mailer()], 0), Ok(None));
    assert_eq!(mover(vec![mailer(), receipts()], 0), Ok(Some("d-2".into())));
    assert_eq!(mover(vec![arn(), mailer()], 0), Ok(Some("d-3".into())));
    // One that has not begun may be of this alias, but for one that waits behind another one of its group.
    let silent = Err(Unread::passing("deployment d-4 has not told what it moves"));
    assert_eq!(mover(vec![mailer(), open("d-4", "other", None)], 0), silent);
    assert_eq!(mover(vec![mailer(), open("d-4", "mailer", None)], 0), Ok(None));
    assert_eq!(mover(vec![open("d-4", "receipts", None), receipts()], 0), Ok(Some("d-2".into())));
    // Nor does it say anything that the others were not asked.
    let unasked = Err(Unread::passing("of 1 deployments in progress 3 are not looked into yet"));
    assert_eq!(mover(vec![mailer()], 3), unasked);
    assert_eq!(mover(vec![receipts()], 3), Ok(Some("d-2".into())));
}

#[test]
fn targets_tell_aliases_or_nothing() {
    let info = LambdaFunctionInfo::builder().function_name("receipts").function_alias("live");
    let lambda = |target: LambdaTarget| DeploymentTarget::builder().lambda_target(target).build();
    let whole = || lambda(LambdaTarget::builder().lambda_function_info(info.clone().build()).build());
    let bare = lambda(LambdaTarget::builder().build());
    let ecs = DeploymentTarget::builder().ecs_target(EcsTarget::builder().build()).build();
    let receipts = || vec![("receipts".to_owned(), "live".to_owned())];
    assert_eq!(told(&[whole()]), Some(receipts()));
    assert_eq!(told(&[]), None);
    assert_eq!(told(&[whole(), bare]), None);
    assert_eq!(told(&[ecs]), Some(Vec::new()));
}
