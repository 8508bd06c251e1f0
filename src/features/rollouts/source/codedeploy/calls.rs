//! The questions to CodeDeploy that its own deployments and the owners of aliases have in common.

use crate::aws::operation::{
    BATCH_GET_DEPLOYMENT_TARGETS, BATCH_GET_DEPLOYMENTS, LIST_DEPLOYMENT_TARGETS, LIST_DEPLOYMENTS,
};
use crate::aws::{Conn, SourceError};
use aws_sdk_codedeploy::types::{DeploymentInfo, DeploymentStatus, DeploymentTarget, TimeRange};

/// Statuses of what is not over.
pub const OPEN: [&str; 5] = ["Created", "Queued", "InProgress", "Baking", "Ready"];
/// Deployments per `BatchGetDeployments`, targets per `BatchGetDeploymentTargets`.
pub const PER_CALL: usize = 25;
/// A deployment has no targets before it begins.
const NOT_BEGUN: &str = "DeploymentNotStartedException";

/// Statuses by their names.
pub fn statuses(names: &[&str]) -> Vec<DeploymentStatus> {
    names.iter().map(|name| DeploymentStatus::from(*name)).collect()
}

/// Ids of deployments with one of these statuses, made in this time, of so many pages at most; AWS makes them a
/// hundred long. With whether there are more.
pub async fn ids(
    conn: &Conn,
    names: &[&str],
    range: Option<TimeRange>,
    pages: usize,
) -> Result<(Vec<String>, bool), SourceError> {
    let (mut ids, mut token) = (Vec::new(), None);
    for _ in 0..pages {
        let request = conn
            .codedeploy()
            .list_deployments()
            .set_include_only_statuses(Some(statuses(names)))
            .set_create_time_range(range.clone())
            .set_next_token(token);
        let answer = conn.call(&LIST_DEPLOYMENTS, request.send()).await?;
        ids.extend(answer.deployments.unwrap_or_default());
        token = answer.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok((ids, false));
        }
    }
    Ok((ids, true))
}

/// Deployments by id. Those that CodeDeploy no longer knows are left out.
pub async fn infos(conn: &Conn, ids: &[String]) -> Result<Vec<DeploymentInfo>, SourceError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(PER_CALL) {
        let request = conn.codedeploy().batch_get_deployments();
        let request = request.set_deployment_ids(Some(chunk.to_vec()));
        let answer = conn.call(&BATCH_GET_DEPLOYMENTS, request.send()).await?;
        found.extend(answer.deployments_info.unwrap_or_default());
    }
    Ok(found)
}

/// Ids of a deployment's targets; none before it has begun.
pub async fn target_ids(conn: &Conn, id: &str) -> Result<Vec<String>, SourceError> {
    let request = conn.codedeploy().list_deployment_targets().deployment_id(id);
    let answer = conn.call(&LIST_DEPLOYMENT_TARGETS, request.send()).await;
    begun(answer.map(|answer| answer.target_ids.unwrap_or_default()))
}

/// Targets of a deployment by their ids, of which a call takes [`PER_CALL`]; none before it has begun.
pub async fn targets(conn: &Conn, id: &str, ids: Vec<String>) -> Result<Vec<DeploymentTarget>, SourceError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let request = conn.codedeploy().batch_get_deployment_targets();
    let request = request.deployment_id(id).set_target_ids(Some(ids));
    let answer = conn.call(&BATCH_GET_DEPLOYMENT_TARGETS, request.send()).await;
    begun(answer.map(|answer| answer.deployment_targets.unwrap_or_default()))
}

fn begun<T>(read: Result<Vec<T>, SourceError>) -> Result<Vec<T>, SourceError> {
    read.or_else(|error| if error.code.as_deref() == Some(NOT_BEGUN) { Ok(Vec::new()) } else { Err(error) })
}
