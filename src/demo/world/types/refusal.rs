//! Why a call that was to change an ECS service or its deployment was refused, in AWS's words.
//!
//! Plain data only, as in `types/mod.rs`; `svc/` knows the codes.

/// Why a hook could not be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// No such deployment.
    #[error("The specified service deployment was not found.")]
    NotFound,
    /// No such hook, or it does not wait for anybody.
    #[error("The specified lifecycle hook is not a paused hook of the service deployment.")]
    NoHook,
    /// It was answered before, or ran out.
    #[error("The specified lifecycle hook is no longer awaiting action.")]
    Answered,
}

/// What ECS says to a deployment of a service whose controller it is not.
const FORCED: &str = "Cannot force a new deployment";
const DEFINED: &str = "Unable to update task definition";

/// What it advises.
fn instead(controller: &str) -> &'static str {
    if controller == "CODE_DEPLOY" {
        "Use AWS CodeDeploy to trigger a new deployment."
    } else {
        "Use the task set APIs instead."
    }
}

/// Why a service could not be updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// No such service.
    #[error("Service not found.")]
    NoService,
    /// No such task definition.
    #[error("TaskDefinition not found.")]
    NoDefinition,
    /// It was deregistered.
    #[error("TaskDefinition is inactive")]
    Inactive,
    /// Another controller deploys it: whether a task definition was not asked for, and which.
    #[error("{} on services with a {} deployment controller. {}", if *.0 { FORCED } else { DEFINED }, .1, instead(.1))]
    NotOurs(bool, &'static str),
}

/// Why a deployment could not be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StopError {
    /// No such deployment.
    #[error("The specified service deployment was not found.")]
    NotFound,
    /// It has ended.
    #[error("The service deployment has already completed and cannot be stopped.")]
    Terminal,
    /// It is the service's first.
    #[error("The service deployment has no source service revision to roll back to.")]
    NothingBefore,
    /// It is of a service that has another controller.
    #[error("The service uses a {0} deployment controller: its deployments cannot be stopped by ECS.")]
    NotOurs(&'static str),
}
