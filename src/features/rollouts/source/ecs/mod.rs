//! ECS: reads of services and their deployments, and the call that undoes one.

mod again;
mod claims;
mod convert;
mod kept;
mod list;
mod read;
mod settings;

pub use again::look;
pub use claims::Claims;
pub use convert::{events, health, shares, some_text, text, time};
pub use kept::KeptReader;
pub use list::ListReader;
#[cfg(test)]
pub use list::{denial, describe};
pub use read::{Reader, deployments_of};

use crate::aws::operation::{CONTINUE_SERVICE_DEPLOYMENT, STOP_SERVICE_DEPLOYMENT, UPDATE_SERVICE};
use crate::aws::{Conn, SourceError};
use crate::features::rollouts::mechanism::ecs::Call;
use aws_sdk_ecs::operation::RequestId;
use aws_sdk_ecs::types::{DeploymentLifecycleHookAction, StopServiceDeploymentStopType};

/// What ECS answers when a deployment has ended, a hook was answered or the service has moved on meanwhile.
pub const REFUSALS: [&str; 3] =
    ["ConflictException", "InvalidParameterException", "ServiceDeploymentNotFoundException"];

/// Makes the call, once, and gives its request id.
pub async fn undo(call: &Call, conn: &Conn) -> Result<Option<String>, SourceError> {
    match call {
        Call::Stop { deployment } => {
            let request = conn
                .ecs()
                .stop_service_deployment()
                .service_deployment_arn(deployment)
                .stop_type(StopServiceDeploymentStopType::Rollback);
            let answer = conn.mutate(&STOP_SERVICE_DEPLOYMENT, request.send()).await;
            answer.map(|answer| answer.request_id().map(str::to_owned))
        }
        Call::AnswerHook { deployment, hook } => {
            let request = conn
                .ecs()
                .continue_service_deployment()
                .service_deployment_arn(deployment)
                .hook_id(hook)
                .action(DeploymentLifecycleHookAction::Rollback);
            let answer = conn.mutate(&CONTINUE_SERVICE_DEPLOYMENT, request.send()).await;
            answer.map(|answer| answer.request_id().map(str::to_owned))
        }
        Call::Deploy { cluster, service, definition } => {
            let request = conn.ecs().update_service().cluster(cluster).service(service);
            let request = request.task_definition(definition);
            let answer = conn.mutate(&UPDATE_SERVICE, request.send()).await;
            answer.map(|answer| answer.request_id().map(str::to_owned))
        }
    }
}
