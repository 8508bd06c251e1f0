//! Who may change a split, as far as that is known, and what to do where it is not ours.
//!
//! Re-exported by `model.rs`. Not to know an owner is not the same as to know that there is none: an owner would
//! set the weights again, in the middle of what he does. Pure.

use super::mechanism::Mechanism;
use crate::aws::{ErrorClass, SourceError};
use crate::text::quoted;
use serde::{Deserialize, Serialize};

/// Why it is not known who owns a split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// What kept it from being read, in a few words: `denied: codedeploy:ListDeployments`.
    pub why: String,
    /// It may not be read here, or is not there at all: reading again does not help, so a person decides.
    pub denied: bool,
}

impl Unread {
    /// What reading again may cure.
    pub fn passing(why: impl Into<String>) -> Self {
        Self { why: why.into(), denied: false }
    }

    /// What an error of a read means.
    pub fn of(error: &SourceError) -> Self {
        let why = match error.class {
            ErrorClass::Denied => error.short(),
            class => format!("{}: {}", class.word(), error.operation),
        };
        Self { why, denied: matches!(error.class, ErrorClass::Denied | ErrorClass::NotEnabled) }
    }

    /// Of two reasons the one that forbids more.
    #[must_use]
    pub fn and(self, other: Option<Self>) -> Self {
        match other {
            Some(other) if self.denied && !other.denied => other,
            _ => self,
        }
    }
}

/// A command that is handed over where the call is not ours to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOver {
    /// As a shell takes it.
    pub command: String,
    /// What running it does.
    pub does: Does,
}

/// What a command that is handed over does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Does {
    /// It undoes the split, as its owner would.
    Undoes,
    /// It changes nothing and shows who owns the split.
    Shows,
    /// It rolls back once the old side stands in it.
    TellsSides,
}

impl HandOver {
    /// With this the owner undoes it.
    pub fn undoes(command: String) -> Self {
        Self { command, does: Does::Undoes }
    }

    /// This only looks.
    pub fn shows(command: String) -> Self {
        Self { command, does: Does::Shows }
    }
}

/// Who may change a split. Only the owner is asked to roll back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Owner {
    /// ECS itself.
    Ecs,
    /// CodeDeploy drives the service's task sets.
    CodeDeploy,
    /// Nobody: whoever may, sets the weights by hand.
    Nobody,
    /// A CodeDeploy deployment, by its id.
    Deployment(String),
    /// A stack of `CloudFormation`, by its name.
    Stack(String),
    /// Something else (`EXTERNAL`, or a controller this version does not know), by AWS's name.
    Other(String),
    /// Nobody or somebody: it could not be found out.
    NotKnown(Unread),
}

impl Owner {
    /// As shown: `ECS`.
    pub fn label(&self) -> &str {
        match self {
            Self::Ecs => "ECS",
            Self::CodeDeploy | Self::Deployment(_) => "CodeDeploy",
            Self::Nobody => "nobody",
            Self::Stack(_) => "CloudFormation",
            Self::Other(name) => name,
            Self::NotKnown(_) => "not known",
        }
    }

    /// Whether it is left to whoever may: nobody owns it, or who does may not be read here.
    pub fn is_free(&self) -> bool {
        self.is_none_known() && !self.may_show()
    }

    /// Whether no owner is known. There may be one all the same: see [`Self::doubt`].
    pub fn is_none_known(&self) -> bool {
        matches!(self, Self::Nobody | Self::NotKnown(_))
    }

    /// Whether who owns it may be told by reading again.
    pub fn may_show(&self) -> bool {
        matches!(self, Self::NotKnown(unread) if !unread.denied)
    }

    /// What a person should know who writes although the owner may not be read.
    pub fn doubt(&self) -> Option<String> {
        let Self::NotKnown(unread) = self else { return None };
        Some(format!(
            "whether anybody owns the weights is not known ({}): an owner would set them again",
            unread.why
        ))
    }

    /// Who it is and what to do instead of a rollback here.
    pub fn instead(&self, mechanism: &Mechanism) -> String {
        match self {
            Self::Deployment(id) => format!("CodeDeploy deployment {id} owns this split: stop it there"),
            Self::Stack(name) if mechanism.codedeploy().is_some() => format!(
                "CloudFormation stack {name} owns this split: only cancelling its update takes it back, and the \
                 whole stack with it"
            ),
            Self::Stack(name) => format!(
                "CloudFormation stack {name} owns this split: change the weights in its template, or its next \
                 update sets them again"
            ),
            Self::NotKnown(unread) => format!(
                "whether anybody owns the weights is not known ({}): it is read again by itself",
                unread.why
            ),
            _ => format!("{} owns this split: roll back there", self.label()),
        }
    }

    /// The command with which the owner would undo it, or that shows how it stands with him, where there is one.
    pub fn command(&self, mechanism: &Mechanism, region: &str) -> Option<HandOver> {
        let region = quoted(region);
        match self {
            Self::Ecs | Self::Nobody | Self::Other(_) => None,
            // The load balancer has better to look at.
            Self::NotKnown(_) if matches!(mechanism, Mechanism::Alb(_)) => None,
            Self::CodeDeploy | Self::NotKnown(_) => Some(HandOver::shows(format!(
                "aws deploy list-deployments --include-only-statuses Created Queued InProgress Baking Ready \
                 --region {region}"
            ))),
            Self::Deployment(id) => Some(HandOver::undoes(format!(
                "aws deploy stop-deployment --deployment-id {} --auto-rollback-enabled --region {region}",
                quoted(id)
            ))),
            // Only here an update of the stack is under way for sure: anywhere else there is none to cancel, or one
            // of something else.
            Self::Stack(name) if mechanism.codedeploy().is_some() => Some(HandOver::undoes(format!(
                "aws cloudformation cancel-update-stack --stack-name {} --region {region}",
                quoted(name)
            ))),
            Self::Stack(name) => Some(HandOver::shows(format!(
                "aws cloudformation describe-stack-resources --stack-name {} --region {region}",
                quoted(name)
            ))),
        }
    }
}
