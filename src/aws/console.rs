//! Deep links into the AWS web console, by partition. Pure.
//!
//! The host differs by partition and the isolated ones have none that could be known here.

use crate::features::logs::model::TraceId;

/// What a link shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsoleLink<'a> {
    /// One CloudWatch alarm.
    Alarm(&'a str),
    /// One dashboard.
    Dashboard(&'a str),
    /// One log group.
    LogGroup(&'a str),
    /// One X-Ray trace.
    Trace(TraceId),
    /// One event of CloudTrail, by its id.
    TrailEvent(&'a str),
    /// The deployments of an ECS service.
    EcsDeployments {
        /// Cluster name, not its ARN.
        cluster: &'a str,
        /// Service name, not its ARN.
        service: &'a str,
    },
    /// An alias of a Lambda function.
    LambdaAlias {
        /// Function name, not its ARN.
        function: &'a str,
        /// Its alias.
        alias: &'a str,
    },
    /// Load balancers, searched by name.
    LoadBalancers(&'a str),
    /// A deployment group of CodeDeploy.
    CodeDeployGroup {
        /// Application.
        application: &'a str,
        /// Deployment group.
        group: &'a str,
    },
    /// One GuardDuty finding.
    Finding {
        /// Where it was found, which need not be the target's region.
        region: &'a str,
        /// Its id.
        id: &'a str,
    },
}

/// The partition a region belongs to.
pub fn partition(region: &str) -> &'static str {
    let prefixes = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("eusc-", "aws-eusc"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("us-iso-", "aws-iso"),
    ];
    prefixes.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
}

/// The link, or `None` where the console's address is not public.
pub fn console_url(partition: &str, region: &str, link: ConsoleLink<'_>) -> Option<String> {
    let region = if let ConsoleLink::Finding { region, .. } = link { region } else { region };
    let host = match partition {
        "aws" => format!("{region}.console.aws.amazon.com"),
        "aws-us-gov" => "console.amazonaws-us-gov.com".to_owned(),
        "aws-cn" => "console.amazonaws.cn".to_owned(),
        "aws-eusc" => format!("{region}.console.amazonaws-eusc.eu"),
        _ => return None,
    };
    let path = match link {
        ConsoleLink::Alarm(name) => {
            format!("cloudwatch/home?region={region}#alarmsV2:alarm/{}", percent(name, '%'))
        }
        ConsoleLink::Dashboard(name) => {
            format!("cloudwatch/home?region={region}#dashboards/dashboard/{}", percent(name, '%'))
        }
        // The console unescapes the fragment twice and writes the inner `%` as `$`.
        ConsoleLink::LogGroup(name) => {
            let twice = percent(&percent(name, '%'), '$');
            format!("cloudwatch/home?region={region}#logsV2:log-groups/log-group/{twice}")
        }
        ConsoleLink::Trace(id) => {
            format!("cloudwatch/home?region={region}#xray:traces/{}", id.xray())
        }
        ConsoleLink::TrailEvent(id) => {
            format!("cloudtrailv2/home?region={region}#/events/{}", percent(id, '%'))
        }
        ConsoleLink::LoadBalancers(name) => {
            format!("ec2/home?region={region}#LoadBalancers:search={}", percent(name, '%'))
        }
        ConsoleLink::LambdaAlias { function, alias } => format!(
            "lambda/home?region={region}#/functions/{}/aliases/{}",
            percent(function, '%'),
            percent(alias, '%')
        ),
        ConsoleLink::CodeDeployGroup { application, group } => format!(
            "codesuite/codedeploy/applications/{}/deployment-groups/{}?region={region}",
            percent(application, '%'),
            percent(group, '%')
        ),
        ConsoleLink::EcsDeployments { cluster, service } => format!(
            "ecs/v2/clusters/{}/services/{}/deployments?region={region}",
            percent(cluster, '%'),
            percent(service, '%')
        ),
        ConsoleLink::Finding { id, .. } => {
            format!("guardduty/home?region={region}#/findings?search=id%3D{}", percent(id, '%'))
        }
    };
    Some(format!("https://{host}/{path}"))
}

/// Percent-encodes all but unreserved characters, with `mark` for the percent sign.
fn percent(text: &str, mark: char) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push(mark);
            out.extend([byte >> 4, byte & 15].map(|half| char::from(b"0123456789ABCDEF"[usize::from(half)])));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_follow_the_partition() {
        let alarm = ConsoleLink::Alarm("checkout 5xx/é");
        let service = ConsoleLink::EcsDeployments { cluster: "shop", service: "checkout" };
        let cases = [
            (
                "eu-west-1",
                alarm,
                Some(
                    "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/checkout%205xx%2F%C3%A9",
                ),
            ),
            (
                "us-gov-west-1",
                service,
                Some(
                    "https://console.amazonaws-us-gov.com/ecs/v2/clusters/shop/services/checkout/deployments?region=us-gov-west-1",
                ),
            ),
            (
                "cn-north-1",
                ConsoleLink::LogGroup("/ecs/checkout"),
                Some(
                    "https://console.amazonaws.cn/cloudwatch/home?region=cn-north-1#logsV2:log-groups/log-group/$252Fecs$252Fcheckout",
                ),
            ),
            (
                "eusc-de-east-1",
                ConsoleLink::Alarm("a"),
                Some(
                    "https://eusc-de-east-1.console.amazonaws-eusc.eu/cloudwatch/home?region=eusc-de-east-1#alarmsV2:alarm/a",
                ),
            ),
            ("us-iso-east-1", alarm, None),
            ("us-isob-east-1", alarm, None),
        ];
        for (region, link, expected) in cases {
            assert_eq!(console_url(partition(region), region, link).as_deref(), expected, "{region}");
        }
    }
}
