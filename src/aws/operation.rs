//! The table of every AWS operation Eyewall calls: IAM action, rate family and price.
//!
//! `eyewall policy`, `eyewall doctor`, the limiter and the cost meter read this table, so an operation
//! that is not here cannot be called.

/// Calls that share one AWS quota, and so one limiter. Rates are 20 % of the public quota per account
/// and region (source: the AWS service quotas pages), because colleagues and CI share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// `DescribeAlarms` and its kin: 9/s.
    Alarms,
    /// `DescribeAlarmHistory`: 20/s.
    AlarmHistory,
    /// `GetMetricData`: 500/s, but priced per metric.
    Metrics,
    /// `ListMetrics`, `GetDashboard`, `ListDashboards`, mute rules.
    CloudWatchLists,
    /// `FilterLogEvents`: 5/s in the slowest regions.
    LogEvents,
    /// `DescribeLogGroups`: 10/s.
    LogGroups,
    /// ECS cluster, service, task definition reads: 20/s.
    EcsReads,
    /// ECS service deployments and revisions: 20/s.
    EcsDeployments,
    /// `ELBv2` Describe*: unpublished, self-limited to 4/s.
    LoadBalancers,
    /// Lambda's control plane: 15/s for all APIs together.
    Lambda,
    /// CodeDeploy reads: unpublished, self-limited to 2/s.
    CodeDeploy,
    /// X-Ray reads: unpublished, self-limited to 2/s.
    XRay,
    /// GuardDuty reads: unpublished, self-limited to 2/s.
    GuardDuty,
    /// `LookupEvents`: 2/s for everybody in the account and region.
    Trail,
    /// STS.
    Identity,
    /// Changes in AWS. Not limited: a person sent it.
    Writes,
}

impl Family {
    /// Requests per second that Eyewall allows itself, and the burst on top.
    pub fn rate(self) -> (f64, u32) {
        match self {
            Self::Alarms => (1.8, 4),
            Self::AlarmHistory => (4.0, 4),
            Self::CloudWatchLists | Self::LogGroups => (2.0, 4),
            Self::LogEvents => (1.0, 5),
            Self::EcsReads => (4.0, 20),
            Self::EcsDeployments => (4.0, 10),
            Self::LoadBalancers => (4.0, 8),
            Self::Lambda => (3.0, 3),
            Self::XRay | Self::GuardDuty => (2.0, 2),
            // A deployment is five reads at first, and few after that.
            Self::CodeDeploy => (2.0, 12),
            Self::Trail => (1.0, 1),
            Self::Metrics | Self::Identity | Self::Writes => (10.0, 10),
        }
    }
}

/// One AWS operation.
#[derive(Debug, PartialEq)]
pub struct Operation {
    /// IAM action, for example `cloudwatch:DescribeAlarms`.
    pub action: &'static str,
    /// Which quota it counts against.
    pub family: Family,
    /// List price in US dollars per unit (a request, or a metric for `GetMetricData`), us-east-1.
    pub usd: f64,
    /// Which pane needs it, for `policy` and `doctor`.
    pub pane: &'static str,
}

macro_rules! operations {
    ($($name:ident = $action:literal, $family:ident, $usd:literal, $pane:literal;)*) => {
        $(#[doc = concat!("`", $action, "`")]
        pub static $name: Operation =
            Operation { action: $action, family: Family::$family, usd: $usd, pane: $pane };)*
        /// Every operation there is.
        pub static ALL: &[&Operation] = &[$(&$name),*];
    };
}

operations! {
    GET_CALLER_IDENTITY = "sts:GetCallerIdentity", Identity, 0.0, "all";
    ASSUME_ROLE = "sts:AssumeRole", Identity, 0.0, "all";
    DESCRIBE_ALARMS = "cloudwatch:DescribeAlarms", Alarms, 0.000_01, "alarms";
    DESCRIBE_ALARM_HISTORY = "cloudwatch:DescribeAlarmHistory", AlarmHistory, 0.000_01, "alarms";
    LIST_ALARM_MUTE_RULES = "cloudwatch:ListAlarmMuteRules", CloudWatchLists, 0.000_01, "alarms";
    GET_ALARM_MUTE_RULE = "cloudwatch:GetAlarmMuteRule", CloudWatchLists, 0.000_01, "alarms";
    GET_METRIC_DATA = "cloudwatch:GetMetricData", Metrics, 0.000_01, "alarms";
    DESCRIBE_LOG_GROUPS = "logs:DescribeLogGroups", LogGroups, 0.0, "logs";
    FILTER_LOG_EVENTS = "logs:FilterLogEvents", LogEvents, 0.0, "logs";
    LIST_CLUSTERS = "ecs:ListClusters", EcsReads, 0.0, "rollouts";
    LIST_SERVICES = "ecs:ListServices", EcsReads, 0.0, "rollouts";
    DESCRIBE_SERVICES = "ecs:DescribeServices", EcsReads, 0.0, "rollouts";
    LIST_TASKS = "ecs:ListTasks", EcsReads, 0.0, "rollouts";
    DESCRIBE_TASKS = "ecs:DescribeTasks", EcsReads, 0.0, "rollouts";
    DESCRIBE_TASK_DEFINITION = "ecs:DescribeTaskDefinition", EcsReads, 0.0, "services";
    LIST_SERVICE_DEPLOYMENTS = "ecs:ListServiceDeployments", EcsDeployments, 0.0, "rollouts";
    DESCRIBE_SERVICE_DEPLOYMENTS = "ecs:DescribeServiceDeployments", EcsDeployments, 0.0, "rollouts";
    DESCRIBE_SERVICE_REVISIONS = "ecs:DescribeServiceRevisions", EcsDeployments, 0.0, "rollouts";
    STOP_SERVICE_DEPLOYMENT = "ecs:StopServiceDeployment", Writes, 0.0, "rollback";
    CONTINUE_SERVICE_DEPLOYMENT = "ecs:ContinueServiceDeployment", Writes, 0.0, "rollback";
    UPDATE_SERVICE = "ecs:UpdateService", Writes, 0.0, "rollback";
    DESCRIBE_LOAD_BALANCERS = "elasticloadbalancing:DescribeLoadBalancers", LoadBalancers, 0.0, "services";
    DESCRIBE_TARGET_GROUPS = "elasticloadbalancing:DescribeTargetGroups", LoadBalancers, 0.0, "services";
    DESCRIBE_LISTENERS = "elasticloadbalancing:DescribeListeners", LoadBalancers, 0.0, "services";
    DESCRIBE_RULES = "elasticloadbalancing:DescribeRules", LoadBalancers, 0.0, "rollouts";
    DESCRIBE_TARGET_HEALTH = "elasticloadbalancing:DescribeTargetHealth", LoadBalancers, 0.0, "rollouts";
    DESCRIBE_TAGS = "elasticloadbalancing:DescribeTags", LoadBalancers, 0.0, "rollouts";
    MODIFY_RULE = "elasticloadbalancing:ModifyRule", Writes, 0.0, "rollback";
    MODIFY_LISTENER = "elasticloadbalancing:ModifyListener", Writes, 0.0, "rollback";
    LIST_FUNCTIONS = "lambda:ListFunctions", Lambda, 0.0, "services";
    LIST_EVENT_SOURCE_MAPPINGS = "lambda:ListEventSourceMappings", Lambda, 0.0, "services";
    LIST_ALIASES = "lambda:ListAliases", Lambda, 0.0, "rollouts";
    GET_ALIAS = "lambda:GetAlias", Lambda, 0.0, "rollouts";
    GET_FUNCTION_CONFIGURATION = "lambda:GetFunctionConfiguration", Lambda, 0.0, "rollouts";
    LIST_TAGS = "lambda:ListTags", Lambda, 0.0, "rollouts";
    UPDATE_ALIAS = "lambda:UpdateAlias", Writes, 0.0, "rollback";
    LIST_DEPLOYMENTS = "codedeploy:ListDeployments", CodeDeploy, 0.0, "rollouts";
    LIST_DEPLOYMENT_TARGETS = "codedeploy:ListDeploymentTargets", CodeDeploy, 0.0, "rollouts";
    BATCH_GET_DEPLOYMENTS = "codedeploy:BatchGetDeployments", CodeDeploy, 0.0, "rollouts";
    GET_DEPLOYMENT_CONFIG = "codedeploy:GetDeploymentConfig", CodeDeploy, 0.0, "rollouts";
    GET_DEPLOYMENT_GROUP = "codedeploy:GetDeploymentGroup", CodeDeploy, 0.0, "rollouts";
    STOP_DEPLOYMENT = "codedeploy:StopDeployment", Writes, 0.0, "rollback";
    BATCH_GET_DEPLOYMENT_TARGETS = "codedeploy:BatchGetDeploymentTargets", CodeDeploy, 0.0, "rollouts";
    LIST_METRICS = "cloudwatch:ListMetrics", CloudWatchLists, 0.000_01, "rollouts";
    LIST_DASHBOARDS = "cloudwatch:ListDashboards", CloudWatchLists, 0.000_01, "dashboards";
    GET_DASHBOARD = "cloudwatch:GetDashboard", CloudWatchLists, 0.000_01, "dashboards";
    GET_SERVICE_GRAPH = "xray:GetServiceGraph", XRay, 0.0, "services";
    GET_TRACE_SUMMARIES = "xray:GetTraceSummaries", XRay, 0.0, "traces";
    BATCH_GET_TRACES = "xray:BatchGetTraces", XRay, 0.0, "traces";
    LIST_DETECTORS = "guardduty:ListDetectors", GuardDuty, 0.0, "security";
    GET_DETECTOR = "guardduty:GetDetector", GuardDuty, 0.0, "security";
    GET_ADMINISTRATOR_ACCOUNT = "guardduty:GetAdministratorAccount", GuardDuty, 0.0, "security";
    LIST_FINDINGS = "guardduty:ListFindings", GuardDuty, 0.0, "security";
    GET_FINDINGS = "guardduty:GetFindings", GuardDuty, 0.0, "security";
    LOOKUP_EVENTS = "cloudtrail:LookupEvents", Trail, 0.0, "changes";
}
