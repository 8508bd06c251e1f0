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

/// What ECS says to a deployment of a service whose controller is CodeDeploy.
const FORCED: &str = "Cannot force a new deployment on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.";
const DEFINED: &str = "Unable to update task definition on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.";

/// Why a service could not be updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// No such service.
    #[error("Service not found.")]
    NoService,
    /// No such task definition.
    #[error("TaskDefinition not found.")]
    NoDefinition,
    /// CodeDeploy deploys it; with whether no other task definition was asked for.
    #[error("{}", if *.0 { FORCED } else { DEFINED })]
    CodeDeploy(bool),
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
    /// It is of a service that CodeDeploy deploys.
    #[error(
        "The service uses a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to stop its deployments."
    )]
    CodeDeploy,
}
