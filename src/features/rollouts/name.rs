//! What a rollout is called: by the mechanism that moves the traffic and the place where it does.
//!
//! One name is one thing that can shift: it is typed by people, stands in the journal, and says where to
//! read. Pure.

use crate::aws::console::ConsoleLink;
use serde::{Deserialize, Serialize};

/// The name of a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RolloutName {
    /// An ECS service: `ecs/CLUSTER/SERVICE`.
    Ecs {
        /// Cluster name, not its ARN.
        cluster: String,
        /// Service name: the short name.
        service: String,
    },
    /// A Lambda function's alias: `lambda/FUNCTION:ALIAS`.
    Lambda {
        /// Function name, not its ARN.
        function: String,
        /// Alias: the name events and callers use.
        alias: String,
    },
    /// A rule or default action of a load balancer: `alb/LOADBALANCER/PORT/PRIORITY` or `…/default`.
    Alb {
        /// Load balancer name, not its ARN: the short name.
        balancer: String,
        /// Port of the listener.
        port: u16,
        /// Priority of the rule; `None` for the default action.
        priority: Option<u32>,
    },
    /// A deployment group of CodeDeploy, which deploys one thing at a time: `codedeploy/APP/GROUP`.
    CodeDeploy {
        /// Application: the short name.
        application: String,
        /// Deployment group.
        group: String,
    },
}

impl RolloutName {
    /// The name of an ECS service.
    pub fn ecs(cluster: impl Into<String>, service: impl Into<String>) -> Self {
        Self::Ecs { cluster: cluster.into(), service: service.into() }
    }

    /// An ECS service's name from an ARN such as `…:service/shop/checkout` or, for a deployment,
    /// `…:service-deployment/shop/checkout/7Kq2`. `None` for the old form without a cluster.
    pub fn of_ecs_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.split('/').skip(1);
        let (cluster, service) = (parts.next()?, parts.next()?);
        (!cluster.is_empty() && !service.is_empty()).then(|| Self::ecs(cluster, service))
    }

    /// Reads a full name; `None` when it is not one.
    pub fn parse(full: &str) -> Option<Self> {
        let (kind, rest) = full.split_once('/')?;
        match kind {
            "ecs" => {
                let (cluster, service) = rest.split_once('/')?;
                (!cluster.is_empty() && !service.is_empty() && !service.contains('/'))
                    .then(|| Self::ecs(cluster, service))
            }
            "lambda" => {
                let (function, alias) = rest.split_once(':')?;
                (!function.is_empty() && !alias.is_empty() && !alias.contains([':', '/']))
                    .then(|| Self::Lambda { function: function.to_owned(), alias: alias.to_owned() })
            }
            "alb" => {
                let mut parts = rest.split('/');
                let (balancer, port, rule) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
                let priority = if rule == "default" { None } else { Some(rule.parse().ok()?) };
                (!balancer.is_empty() && parts.next().is_none()).then(|| Self::Alb {
                    balancer: balancer.to_owned(),
                    port,
                    priority,
                })
            }
            "codedeploy" => {
                let (application, group) = rest.split_once('/')?;
                (!application.is_empty() && !group.is_empty()).then(|| Self::CodeDeploy {
                    application: application.to_owned(),
                    group: group.to_owned(),
                })
            }
            _ => None,
        }
    }

    /// The full name: `ecs/CLUSTER/SERVICE`, `lambda/FUNCTION:ALIAS`, `alb/LOADBALANCER/PORT/PRIORITY`,
    /// `codedeploy/APP/GROUP`.
    pub fn full(&self) -> String {
        match self {
            Self::Ecs { cluster, service } => format!("ecs/{cluster}/{service}"),
            Self::Lambda { function, alias } => format!("lambda/{function}:{alias}"),
            Self::Alb { balancer, port, priority: Some(priority) } => {
                format!("alb/{balancer}/{port}/{priority}")
            }
            Self::Alb { balancer, port, priority: None } => format!("alb/{balancer}/{port}/default"),
            Self::CodeDeploy { application, group } => format!("codedeploy/{application}/{group}"),
        }
    }

    /// The short name, which is enough where it is the only one: the service, function, load balancer or
    /// application.
    pub fn short(&self) -> &str {
        match self {
            Self::Ecs { service, .. } => service,
            Self::Lambda { function, .. } => function,
            Self::Alb { balancer, .. } => balancer,
            Self::CodeDeploy { application, .. } => application,
        }
    }

    /// The name in lists and titles: the short one, and for a load balancer also the rule, since it has many.
    pub fn shown(&self) -> String {
        match self {
            Self::Ecs { .. } | Self::Lambda { .. } | Self::CodeDeploy { .. } => self.short().to_owned(),
            Self::Alb { balancer, port, priority: Some(priority) } => format!("{balancer}/{port}/{priority}"),
            Self::Alb { balancer, port, priority: None } => format!("{balancer}/{port}/default"),
        }
    }

    /// Where it is, for the title of its screen: the cluster, alias, kind of action or deployment group.
    pub fn place(&self) -> &str {
        match self {
            Self::Ecs { cluster, .. } => cluster,
            Self::Lambda { alias, .. } => alias,
            Self::Alb { priority: Some(_), .. } => "rule",
            Self::Alb { priority: None, .. } => "default action",
            Self::CodeDeploy { group, .. } => group,
        }
    }

    /// Cluster and service of an ECS service.
    pub fn ecs_parts(&self) -> Option<(&str, &str)> {
        match self {
            Self::Ecs { cluster, service } => Some((cluster, service)),
            Self::Lambda { .. } | Self::Alb { .. } | Self::CodeDeploy { .. } => None,
        }
    }

    /// Its page in the AWS console.
    pub fn console(&self) -> ConsoleLink<'_> {
        match self {
            Self::Ecs { cluster, service } => ConsoleLink::EcsDeployments { cluster, service },
            Self::Lambda { function, alias } => ConsoleLink::LambdaAlias { function, alias },
            Self::Alb { balancer, .. } => ConsoleLink::LoadBalancers(balancer),
            Self::CodeDeploy { application, group } => ConsoleLink::CodeDeployGroup { application, group },
        }
    }

    /// Whether a person who typed this means this one: the full name or the short one.
    pub fn answers_to(&self, typed: &str) -> bool {
        typed == self.short() || typed == self.full()
    }
}
