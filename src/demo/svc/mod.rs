//! The simulated services: one file (or folder) per AWS service, and the one table of routes.
//!
//! A handler turns an input structure into an answer from the world at one time. It knows AWS's rules
//! (defaults, limits, paging, errors) and no wire format; it may not keep anything between calls.
//! To add an operation: a function, and a line in [`route`].

mod cloudtrail;
pub mod cloudwatch;
mod codedeploy;
mod ecs;
mod elbv2;
mod guardduty;
mod lambda;
pub mod logs;
mod paging;
mod sts;
#[cfg(test)]
mod tests;
mod xray;

pub use sts::caller_arn;

use super::wire::{Failure, Value};
use super::world::World;
use jiff::Timestamp;

/// What a handler answers from.
#[derive(Clone, Copy)]
pub struct Ctx<'a> {
    /// The region's world.
    pub world: &'a World,
    /// The time of the question.
    pub now: Timestamp,
    /// The session token of the caller; empty without one.
    pub token: &'a str,
}

impl<'a> Ctx<'a> {
    /// A question of nobody in particular.
    pub fn new(world: &'a World, now: Timestamp) -> Self {
        Self { world, now, token: "" }
    }
}

/// How an operation is carried out.
pub enum Handler {
    /// It only looks.
    Read(fn(Ctx<'_>, &Value) -> Result<Value, Failure>),
    /// It changes the world.
    Write(fn(&mut World, Timestamp, &Value) -> Result<Value, Failure>),
    /// It answers with a stream: Live Tail.
    Tail,
}

/// The handler of a service's operation, if it is simulated.
pub fn route(service: &str, operation: &str) -> Option<Handler> {
    use Handler::{Read, Tail, Write};
    Some(match (service, operation) {
        ("sts", "GetCallerIdentity") => Read(sts::get_caller_identity),
        ("sts", "AssumeRole") => Read(sts::assume_role),
        ("cloudwatch", "DescribeAlarms") => Read(cloudwatch::alarms::describe_alarms),
        ("cloudwatch", "DescribeAlarmHistory") => Read(cloudwatch::alarms::describe_alarm_history),
        ("cloudwatch", "ListAlarmMuteRules") => Read(cloudwatch::mutes::list_alarm_mute_rules),
        ("cloudwatch", "GetAlarmMuteRule") => Read(cloudwatch::mutes::get_alarm_mute_rule),
        ("cloudwatch", "ListDashboards") => Read(cloudwatch::dashboards::list_dashboards),
        ("cloudwatch", "GetDashboard") => Read(cloudwatch::dashboards::get_dashboard),
        ("cloudwatch", "GetMetricData") => Read(cloudwatch::metrics::get_metric_data),
        ("cloudwatch", "ListMetrics") => Read(cloudwatch::metrics::list_metrics),
        ("cloudtrail", "LookupEvents") => Read(cloudtrail::lookup_events),
        ("logs", "DescribeLogGroups") => Read(logs::describe_log_groups),
        ("logs", "DescribeLogStreams") => Read(logs::describe_log_streams),
        ("logs", "FilterLogEvents") => Read(logs::filter_log_events),
        ("logs", "StartLiveTail") => Tail,
        ("ecs", "ListClusters") => Read(ecs::list_clusters),
        ("ecs", "ListServices") => Read(ecs::services::list_services),
        ("ecs", "DescribeServices") => Read(ecs::services::describe_services),
        ("ecs", "DescribeTaskDefinition") => Read(ecs::tasks::describe_task_definition),
        ("ecs", "ListTasks") => Read(ecs::tasks::list_tasks),
        ("ecs", "DescribeTasks") => Read(ecs::tasks::describe_tasks),
        ("ecs", "ListServiceDeployments") => Read(ecs::deployments::list_service_deployments),
        ("ecs", "DescribeServiceDeployments") => Read(ecs::deployments::describe_service_deployments),
        ("ecs", "DescribeServiceRevisions") => Read(ecs::deployments::describe_service_revisions),
        ("ecs", "StopServiceDeployment") => Write(ecs::writes::stop_service_deployment),
        ("ecs", "ContinueServiceDeployment") => Write(ecs::writes::continue_service_deployment),
        ("ecs", "UpdateService") => Write(ecs::writes::update_service),
        ("elasticloadbalancing", "DescribeLoadBalancers") => Read(elbv2::describe_load_balancers),
        ("elasticloadbalancing", "DescribeTargetGroups") => Read(elbv2::describe_target_groups),
        ("elasticloadbalancing", "DescribeListeners") => Read(elbv2::describe_listeners),
        ("elasticloadbalancing", "DescribeRules") => Read(elbv2::describe_rules),
        ("elasticloadbalancing", "DescribeTargetHealth") => Read(elbv2::describe_target_health),
        ("elasticloadbalancing", "DescribeTags") => Read(elbv2::describe_tags),
        ("elasticloadbalancing", "ModifyRule") => Write(elbv2::modify_rule),
        ("elasticloadbalancing", "ModifyListener") => Write(elbv2::modify_listener),
        ("lambda", "ListFunctions") => Read(lambda::list_functions),
        ("lambda", "ListAliases") => Read(lambda::list_aliases),
        ("lambda", "GetAlias") => Read(lambda::get_alias),
        ("lambda", "UpdateAlias") => Write(lambda::update_alias),
        ("lambda", "ListVersionsByFunction") => Read(lambda::list_versions),
        ("lambda", "GetFunctionConfiguration") => Read(lambda::get_function_configuration),
        ("lambda", "ListTags") => Read(lambda::list_tags),
        ("codedeploy", "ListApplications") => Read(codedeploy::groups::list_applications),
        ("codedeploy", "ListDeploymentGroups") => Read(codedeploy::groups::list_deployment_groups),
        ("codedeploy", "GetDeploymentGroup") => Read(codedeploy::groups::get_deployment_group),
        ("codedeploy", "BatchGetDeploymentGroups") => Read(codedeploy::groups::batch_get_deployment_groups),
        ("codedeploy", "GetDeploymentConfig") => Read(codedeploy::groups::get_deployment_config),
        ("codedeploy", "ListDeployments") => Read(codedeploy::deployments::list_deployments),
        ("codedeploy", "GetDeployment") => Read(codedeploy::deployments::get_deployment),
        ("codedeploy", "BatchGetDeployments") => Read(codedeploy::deployments::batch_get_deployments),
        ("codedeploy", "ListDeploymentTargets") => Read(codedeploy::targets::list_deployment_targets),
        ("codedeploy", "BatchGetDeploymentTargets") => {
            Read(codedeploy::targets::batch_get_deployment_targets)
        }
        ("codedeploy", "StopDeployment") => Write(codedeploy::writes::stop_deployment),
        ("codedeploy", "ContinueDeployment") => Write(codedeploy::writes::continue_deployment),
        ("codedeploy", "CreateDeployment") => Write(codedeploy::writes::create_deployment),
        ("lambda", "ListEventSourceMappings") => Read(lambda::list_event_source_mappings),
        ("xray", "GetTraceSummaries") => Read(xray::get_trace_summaries),
        ("xray", "BatchGetTraces") => Read(xray::batch_get_traces),
        ("guardduty", "ListDetectors") => Read(guardduty::list_detectors),
        ("guardduty", "GetDetector") => Read(guardduty::get_detector),
        ("guardduty", "GetAdministratorAccount") => Read(guardduty::get_administrator_account),
        ("guardduty", "ListFindings") => Read(guardduty::list_findings),
        ("guardduty", "GetFindings") => Read(guardduty::get_findings),
        ("xray", "GetServiceGraph") => Read(xray::get_service_graph),
        ("xray", "GetTraceGraph") => Read(xray::get_trace_graph),
        _ => return None,
    })
}
