//! The SDK clients of a connection, one per service that is really called.
//!
//! Requests made with them go through [`Conn::call`] or [`Conn::mutate`]; a test sees to that.

use super::conn::Conn;
use super::http::{KeepHost, Tap};
use super::setup::Setup;

/// One client per service, made anew with new credentials.
pub(super) struct Clients {
    cloudtrail: aws_sdk_cloudtrail::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    codedeploy: aws_sdk_codedeploy::Client,
    guardduty: aws_sdk_guardduty::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    ecs: aws_sdk_ecs::Client,
    elb: aws_sdk_elasticloadbalancingv2::Client,
    lambda: aws_sdk_lambda::Client,
    xray: aws_sdk_xray::Client,
    sts: aws_sdk_sts::Client,
}

impl Clients {
    /// Clients over a set-up, tapped for retries and request ids.
    pub(super) fn new(setup: &Setup, tap: &Tap) -> Self {
        macro_rules! client {
            ($service:ident) => {
                $service::Client::from_conf(
                    $service::config::Builder::from(&setup.sdk).interceptor(tap.clone()).build(),
                )
            };
        }
        let mut logs = aws_sdk_cloudwatchlogs::config::Builder::from(&setup.sdk).interceptor(tap.clone());
        if !setup.endpoints.is_empty() {
            logs = logs.interceptor(KeepHost);
        }
        Self {
            cloudtrail: client!(aws_sdk_cloudtrail),
            cloudwatch: client!(aws_sdk_cloudwatch),
            codedeploy: client!(aws_sdk_codedeploy),
            guardduty: client!(aws_sdk_guardduty),
            logs: aws_sdk_cloudwatchlogs::Client::from_conf(logs.build()),
            ecs: client!(aws_sdk_ecs),
            elb: client!(aws_sdk_elasticloadbalancingv2),
            lambda: client!(aws_sdk_lambda),
            xray: client!(aws_sdk_xray),
            sts: client!(aws_sdk_sts),
        }
    }
}

impl Conn {
    /// CloudTrail.
    pub fn cloudtrail(&self) -> aws_sdk_cloudtrail::Client {
        self.clients(|clients| clients.cloudtrail.clone())
    }

    /// CloudWatch.
    pub fn cloudwatch(&self) -> aws_sdk_cloudwatch::Client {
        self.clients(|clients| clients.cloudwatch.clone())
    }

    /// CodeDeploy.
    pub fn codedeploy(&self) -> aws_sdk_codedeploy::Client {
        self.clients(|clients| clients.codedeploy.clone())
    }

    /// GuardDuty.
    pub fn guardduty(&self) -> aws_sdk_guardduty::Client {
        self.clients(|clients| clients.guardduty.clone())
    }

    /// CloudWatch Logs.
    pub fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        self.clients(|clients| clients.logs.clone())
    }

    /// ECS.
    pub fn ecs(&self) -> aws_sdk_ecs::Client {
        self.clients(|clients| clients.ecs.clone())
    }

    /// Elastic Load Balancing v2.
    pub fn elb(&self) -> aws_sdk_elasticloadbalancingv2::Client {
        self.clients(|clients| clients.elb.clone())
    }

    /// Lambda.
    pub fn lambda(&self) -> aws_sdk_lambda::Client {
        self.clients(|clients| clients.lambda.clone())
    }

    /// X-Ray.
    pub fn xray(&self) -> aws_sdk_xray::Client {
        self.clients(|clients| clients.xray.clone())
    }

    /// STS.
    pub fn sts(&self) -> aws_sdk_sts::Client {
        self.clients(|clients| clients.sts.clone())
    }
}
