//! One cheap read per operation: what `eyewall doctor` reports.
//!
//! An operation that needs a thing to ask about (a cluster, a log group) asks about the first one that an
//! earlier answer named; without one it stays unchecked and says so. Nothing here changes anything.

use super::conn::{Conn, Request};
use super::error::{ErrorClass, SourceError};
use super::operation::{self as op, Operation};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Metric, MetricDataQuery, MetricStat};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;
use std::error::Error;

/// How an operation answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It works.
    Works,
    /// It does not, and why.
    Fails(SourceError),
    /// There was nothing to ask about: what is missing.
    Unchecked(&'static str),
}

/// One operation and how it answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// The operation.
    pub operation: &'static Operation,
    /// How it answered.
    pub verdict: Verdict,
}

/// Asks everything once, one after the other. `now` bounds the questions that are about a time.
pub async fn probe(conn: &Conn, now: Timestamp) -> Vec<Probe> {
    let mut asker = Asker { conn, probes: Vec::new() };
    asker.cloudwatch(now).await;
    asker.logs().await;
    asker.ecs().await;
    asker.balancers().await;
    asker.rest(now).await;
    asker.guardduty().await;
    asker.probes
}

struct Asker<'a> {
    conn: &'a Conn,
    probes: Vec<Probe>,
}

impl Asker<'_> {
    async fn ask<T, E>(&mut self, operation: &'static Operation, request: impl Request<T, E>) -> Option<T>
    where
        T: Send,
        E: ProvideErrorMetadata + Error + Send + 'static,
    {
        let (answer, verdict) = match self.conn.call(operation, request).await {
            Ok(answer) => (Some(answer), Verdict::Works),
            // A made-up or vanished thing was not found by somebody who may look.
            Err(error) if error.class == ErrorClass::Invalid => (None, Verdict::Works),
            Err(error) => (None, Verdict::Fails(error)),
        };
        self.probes.push(Probe { operation, verdict });
        answer
    }

    fn skip(&mut self, operations: &[&'static Operation], missing: &'static str) {
        let unchecked =
            |operation: &&'static Operation| Probe { operation, verdict: Verdict::Unchecked(missing) };
        self.probes.extend(operations.iter().map(unchecked));
    }

    async fn cloudwatch(&mut self, now: Timestamp) {
        let client = self.conn.cloudwatch();
        let alarms = self.ask(&op::DESCRIBE_ALARMS, client.describe_alarms().max_records(1).send()).await;
        let alarm = alarms.and_then(|page| page.metric_alarms().first()?.alarm_name().map(str::to_owned));
        let history = client.describe_alarm_history().set_alarm_name(alarm).max_records(1);
        self.ask(&op::DESCRIBE_ALARM_HISTORY, history.send()).await;
        let rules =
            self.ask(&op::LIST_ALARM_MUTE_RULES, client.list_alarm_mute_rules().max_records(1).send()).await;
        let rule = rules.and_then(|page| {
            let arn = page.alarm_mute_rule_summaries().first()?.alarm_mute_rule_arn()?.to_owned();
            arn.rsplit([':', '/']).next().map(str::to_owned)
        });
        match rule {
            Some(rule) => {
                let request = client.get_alarm_mute_rule().alarm_mute_rule_name(rule);
                self.ask(&op::GET_ALARM_MUTE_RULE, request.send()).await;
            }
            None => self.skip(&[&op::GET_ALARM_MUTE_RULE], "no mute rule"),
        }
        let dashboards = self.ask(&op::LIST_DASHBOARDS, client.list_dashboards().send()).await;
        let name =
            dashboards.and_then(|page| page.dashboard_entries().first()?.dashboard_name().map(str::to_owned));
        match name {
            Some(name) => {
                self.ask(&op::GET_DASHBOARD, client.get_dashboard().dashboard_name(name).send()).await;
            }
            None => self.skip(&[&op::GET_DASHBOARD], "no dashboard"),
        }
        // One metric that costs nothing to be without: billed like any other, a thousandth of a cent.
        let metric = Metric::builder().namespace("AWS/Usage").metric_name("CallCount").build();
        let stat = MetricStat::builder().metric(metric).period(300).stat("Sum").build();
        let query = MetricDataQuery::builder().id("m").metric_stat(stat).build();
        let (start, end) = (DateTime::from_secs(now.as_second() - 600), DateTime::from_secs(now.as_second()));
        let request = client.get_metric_data().metric_data_queries(query).start_time(start).end_time(end);
        self.ask(&op::GET_METRIC_DATA, request.send()).await;
    }

    async fn logs(&mut self) {
        let client = self.conn.logs();
        let groups = self.ask(&op::DESCRIBE_LOG_GROUPS, client.describe_log_groups().limit(1).send()).await;
        let group = groups.and_then(|page| page.log_groups().first()?.log_group_name().map(str::to_owned));
        match group {
            Some(group) => {
                let request = client.filter_log_events().log_group_name(group).limit(1);
                self.ask(&op::FILTER_LOG_EVENTS, request.send()).await;
            }
            None => self.skip(&[&op::FILTER_LOG_EVENTS], "no log group"),
        }
    }

    async fn ecs(&mut self) {
        let client = self.conn.ecs();
        let clusters = self.ask(&op::LIST_CLUSTERS, client.list_clusters().max_results(10).send()).await;
        let Some(cluster) = clusters.and_then(|page| page.cluster_arns().first().cloned()) else {
            let rest = [&op::LIST_SERVICES, &op::DESCRIBE_SERVICES, &op::DESCRIBE_TASK_DEFINITION];
            self.skip(&rest, "no cluster");
            return self.skip(&DEPLOYMENTS, "no cluster");
        };
        let request = client.list_services().cluster(&cluster).max_results(10);
        let services = self.ask(&op::LIST_SERVICES, request.send()).await;
        let Some(service) = services.and_then(|page| page.service_arns().first().cloned()) else {
            self.skip(&[&op::DESCRIBE_SERVICES, &op::DESCRIBE_TASK_DEFINITION], "no service");
            return self.skip(&DEPLOYMENTS, "no service");
        };
        let request = client.describe_services().cluster(&cluster).services(&service);
        let described = self.ask(&op::DESCRIBE_SERVICES, request.send()).await;
        let task = described.and_then(|page| page.services().first()?.task_definition().map(str::to_owned));
        match task {
            Some(task) => {
                let request = client.describe_task_definition().task_definition(task);
                self.ask(&op::DESCRIBE_TASK_DEFINITION, request.send()).await;
            }
            None => self.skip(&[&op::DESCRIBE_TASK_DEFINITION], "no task definition"),
        }
        let request = client.list_service_deployments().cluster(&cluster).service(&service).max_results(1);
        let listed = self.ask(&op::LIST_SERVICE_DEPLOYMENTS, request.send()).await;
        let brief = listed.and_then(|page| page.service_deployments().first().cloned());
        match brief.as_ref().and_then(|brief| brief.service_deployment_arn()) {
            Some(arn) => {
                let request = client.describe_service_deployments().service_deployment_arns(arn);
                self.ask(&op::DESCRIBE_SERVICE_DEPLOYMENTS, request.send()).await;
            }
            None => self.skip(&[&op::DESCRIBE_SERVICE_DEPLOYMENTS], "no deployment"),
        }
        match brief.as_ref().and_then(|brief| brief.target_service_revision_arn()) {
            Some(arn) => {
                let request = client.describe_service_revisions().service_revision_arns(arn);
                self.ask(&op::DESCRIBE_SERVICE_REVISIONS, request.send()).await;
            }
            None => self.skip(&[&op::DESCRIBE_SERVICE_REVISIONS], "no deployment"),
        }
    }

    async fn balancers(&mut self) {
        let client = self.conn.elb();
        let found = self
            .ask(&op::DESCRIBE_LOAD_BALANCERS, client.describe_load_balancers().page_size(1).send())
            .await;
        let groups =
            self.ask(&op::DESCRIBE_TARGET_GROUPS, client.describe_target_groups().page_size(1).send()).await;
        match groups.and_then(|page| page.target_groups().first()?.target_group_arn().map(str::to_owned)) {
            Some(arn) => {
                let request = client.describe_target_health().target_group_arn(arn);
                self.ask(&op::DESCRIBE_TARGET_HEALTH, request.send()).await;
            }
            None => self.skip(&[&op::DESCRIBE_TARGET_HEALTH], "no target group"),
        }
        let Some(arn) =
            found.and_then(|page| page.load_balancers().first()?.load_balancer_arn().map(str::to_owned))
        else {
            let rest = [&op::DESCRIBE_TAGS, &op::DESCRIBE_LISTENERS, &op::DESCRIBE_RULES];
            return self.skip(&rest, "no load balancer");
        };
        self.ask(&op::DESCRIBE_TAGS, client.describe_tags().resource_arns(&arn).send()).await;
        let request = client.describe_listeners().load_balancer_arn(arn);
        let listeners = self.ask(&op::DESCRIBE_LISTENERS, request.send()).await;
        match listeners.and_then(|page| page.listeners().first()?.listener_arn().map(str::to_owned)) {
            Some(arn) => {
                self.ask(&op::DESCRIBE_RULES, client.describe_rules().listener_arn(arn).send()).await;
            }
            None => self.skip(&[&op::DESCRIBE_RULES], "no listener"),
        }
    }

    async fn rest(&mut self, now: Timestamp) {
        let trail = self.conn.cloudtrail();
        self.ask(&op::LOOKUP_EVENTS, trail.lookup_events().max_results(1).send()).await;
        let lambda = self.conn.lambda();
        let functions = self.ask(&op::LIST_FUNCTIONS, lambda.list_functions().max_items(1).send()).await;
        let function = functions.and_then(|page| page.functions().first().cloned());
        self.aliases(function.as_ref()).await;
        let request = lambda.list_event_source_mappings().max_items(1);
        self.ask(&op::LIST_EVENT_SOURCE_MAPPINGS, request.send()).await;
        let (start, end) = (now.as_second() - 300, now.as_second());
        let request = self
            .conn
            .xray()
            .get_service_graph()
            .start_time(aws_sdk_xray::primitives::DateTime::from_secs(start))
            .end_time(aws_sdk_xray::primitives::DateTime::from_secs(end));
        self.ask(&op::GET_SERVICE_GRAPH, request.send()).await;
        let request = self
            .conn
            .xray()
            .get_trace_summaries()
            .start_time(aws_sdk_xray::primitives::DateTime::from_secs(start))
            .end_time(aws_sdk_xray::primitives::DateTime::from_secs(end));
        let listed = self.ask(&op::GET_TRACE_SUMMARIES, request.send()).await;
        match listed.and_then(|page| page.trace_summaries().first()?.id().map(str::to_owned)) {
            Some(id) => {
                let request = self.conn.xray().batch_get_traces().trace_ids(id);
                self.ask(&op::BATCH_GET_TRACES, request.send()).await;
            }
            None => self.skip(&[&op::BATCH_GET_TRACES], "no trace in 5 minutes"),
        }
    }

    /// What weights of aliases are found by, and who moves them.
    async fn aliases(&mut self, function: Option<&aws_sdk_lambda::types::FunctionConfiguration>) {
        let request = self.conn.cloudwatch().list_metrics().namespace("AWS/Lambda");
        self.ask(&op::LIST_METRICS, request.metric_name("Invocations").send()).await;
        let codedeploy = self.conn.codedeploy();
        let listed = self.ask(&op::LIST_DEPLOYMENTS, codedeploy.list_deployments().send()).await;
        if let Some(id) = listed.and_then(|page| page.deployments().first().cloned()) {
            let request = codedeploy.batch_get_deployments().deployment_ids(&id);
            let infos = self.ask(&op::BATCH_GET_DEPLOYMENTS, request.send()).await;
            self.deployment(infos.and_then(|page| page.deployments_info().first().cloned())).await;
            let request = codedeploy.list_deployment_targets().deployment_id(&id);
            let targets = self.ask(&op::LIST_DEPLOYMENT_TARGETS, request.send()).await;
            match targets.and_then(|page| page.target_ids().first().cloned()) {
                Some(target) => {
                    let request = codedeploy.batch_get_deployment_targets().deployment_id(id);
                    self.ask(&op::BATCH_GET_DEPLOYMENT_TARGETS, request.target_ids(target).send()).await;
                }
                None => self.skip(&[&op::BATCH_GET_DEPLOYMENT_TARGETS], "no target"),
            }
        } else {
            self.skip(&CODEDEPLOY, "no CodeDeploy deployment");
            self.deployment(None).await;
        }
        let lambda = self.conn.lambda();
        let known = function.and_then(|it| Some((it.function_name()?, it.function_arn()?)));
        let Some((name, arn)) = known else {
            let rest = [&op::LIST_ALIASES, &op::GET_ALIAS, &op::GET_FUNCTION_CONFIGURATION, &op::LIST_TAGS];
            return self.skip(&rest, "no function");
        };
        self.ask(&op::LIST_TAGS, lambda.list_tags().resource(arn).send()).await;
        let request = lambda.get_function_configuration().function_name(name);
        self.ask(&op::GET_FUNCTION_CONFIGURATION, request.send()).await;
        let aliases = self.ask(&op::LIST_ALIASES, lambda.list_aliases().function_name(name).send()).await;
        match aliases.and_then(|page| page.aliases().first()?.name().map(str::to_owned)) {
            Some(alias) => {
                self.ask(&op::GET_ALIAS, lambda.get_alias().function_name(name).name(alias).send()).await;
            }
            None => self.skip(&[&op::GET_ALIAS], "no alias"),
        }
    }

    /// What a deployment names.
    async fn deployment(&mut self, info: Option<aws_sdk_codedeploy::types::DeploymentInfo>) {
        let client = self.conn.codedeploy();
        match info.as_ref().and_then(|info| info.deployment_config_name()) {
            Some(name) => {
                let request = client.get_deployment_config().deployment_config_name(name);
                self.ask(&op::GET_DEPLOYMENT_CONFIG, request.send()).await;
            }
            None => self.skip(&[&op::GET_DEPLOYMENT_CONFIG], "no CodeDeploy deployment"),
        }
        match info.as_ref().and_then(|info| info.application_name().zip(info.deployment_group_name())) {
            Some((application, group)) => {
                let request = client.get_deployment_group().application_name(application);
                let request = request.deployment_group_name(group);
                self.ask(&op::GET_DEPLOYMENT_GROUP, request.send()).await;
            }
            None => self.skip(&[&op::GET_DEPLOYMENT_GROUP], "no CodeDeploy deployment"),
        }
    }

    async fn guardduty(&mut self) {
        let client = self.conn.guardduty();
        let listed = self.ask(&op::LIST_DETECTORS, client.list_detectors().send()).await;
        let Some(detector) = listed.and_then(|listed| listed.detector_ids().first().cloned()) else {
            let rest =
                [&op::GET_DETECTOR, &op::GET_ADMINISTRATOR_ACCOUNT, &op::LIST_FINDINGS, &op::GET_FINDINGS];
            return self.skip(&rest, "no detector: GuardDuty is not enabled");
        };
        self.ask(&op::GET_DETECTOR, client.get_detector().detector_id(&detector).send()).await;
        let request = client.get_administrator_account().detector_id(&detector);
        self.ask(&op::GET_ADMINISTRATOR_ACCOUNT, request.send()).await;
        let request = client.list_findings().detector_id(&detector).max_results(1);
        let listed = self.ask(&op::LIST_FINDINGS, request.send()).await;
        match listed.and_then(|page| page.finding_ids().first().cloned()) {
            Some(id) => {
                let request = client.get_findings().detector_id(&detector).finding_ids(id);
                self.ask(&op::GET_FINDINGS, request.send()).await;
            }
            None => self.skip(&[&op::GET_FINDINGS], "no finding"),
        }
    }
}

static CODEDEPLOY: [&Operation; 3] =
    [&op::BATCH_GET_DEPLOYMENTS, &op::LIST_DEPLOYMENT_TARGETS, &op::BATCH_GET_DEPLOYMENT_TARGETS];
static DEPLOYMENTS: [&Operation; 3] =
    [&op::LIST_SERVICE_DEPLOYMENTS, &op::DESCRIBE_SERVICE_DEPLOYMENTS, &op::DESCRIBE_SERVICE_REVISIONS];
