//! What an ARN or a console URL, pasted from a page, points at. Pure; `mod.rs` makes links of it.

use super::traces::{TraceId, id_in};

/// A thing in AWS and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its region, when the text names one.
    pub region: Option<String>,
    /// Its account, when the text names one.
    pub account: Option<String>,
    /// What it is.
    pub thing: Thing,
}

/// What can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// An alarm, by name.
    Alarm(String),
    /// A dashboard, by name.
    Dashboard(String),
    /// A log group, by name.
    LogGroup(String),
    /// An ECS service.
    EcsService {
        /// Its cluster's name.
        cluster: String,
        /// Its name.
        service: String,
    },
    /// A trace.
    Trace(TraceId),
    /// A GuardDuty finding, by id.
    Finding(String),
}

/// Reads what was pasted.
///
/// # Errors
/// A sentence that says what is not understood.
pub fn parse(text: &str) -> Result<Place, String> {
    let text = text.trim();
    let shown: String = crate::text::sanitize(text).chars().take(120).collect();
    if let Some(id) = trace(text) {
        return Ok(Place { region: None, account: None, thing: Thing::Trace(id) });
    }
    if text.starts_with("arn:") {
        return arn(text).ok_or_else(|| {
            format!("{shown}: alarms, dashboards, log groups, findings and ECS services can be opened by ARN")
        });
    }
    if text.starts_with("https://") {
        return url(text).ok_or_else(|| {
            format!("{shown}: alarms, dashboards, log groups, traces, findings and ECS services can be opened by console URL")
        });
    }
    Err(format!("`{shown}` is not an ARN, a console URL or a trace id"))
}

/// Whether a text is meant as something to open, right or wrong.
pub fn is_pasted(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("arn:") || text.starts_with("https://") || trace(text).is_some()
}

/// `1-581cf771-a006649127e371903a2de979`, the same in W3C's form or as a `traceparent`, or a trace header
/// (`Root=1-…;Parent=…`): nothing else around it.
fn trace(text: &str) -> Option<TraceId> {
    let hex = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let alone = match text.split('-').collect::<Vec<_>>().as_slice() {
        ["1", time, unique] => hex(time, 8) && hex(unique, 24),
        ["00", id, span, flags] => hex(id, 32) && hex(span, 16) && hex(flags, 2),
        [whole] => hex(whole, 32),
        _ => text.starts_with("Root=1-"),
    };
    id_in(text).filter(|_| alone)
}

fn arn(text: &str) -> Option<Place> {
    let mut parts = text.splitn(6, ':');
    let (_, _partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    let thing = match service {
        "cloudwatch" => match resource.split_once('/') {
            // Dashboards belong to the account: their ARNs name no region.
            Some(("dashboard", name)) => Thing::Dashboard(named(name)?),
            _ => Thing::Alarm(named(resource.strip_prefix("alarm:")?)?),
        },
        // A stream, or the star of all streams, may follow.
        "logs" => Thing::LogGroup(named(resource.strip_prefix("log-group:")?.split(':').next()?)?),
        "ecs" => {
            let (kind, path) = resource.split_once('/')?;
            let mut names = path.split('/');
            let (cluster, service) = (names.next()?, names.next()?);
            let fits = matches!(kind, "service" | "service-deployment" | "service-revision");
            Thing::EcsService { cluster: named(cluster)?, service: named(service).filter(|_| fits)? }
        }
        "guardduty" => Thing::Finding(named(resource.split_once("/finding/")?.1)?),
        _ => return None,
    };
    Some(Place { region: named(region), account: named(account), thing })
}

fn url(text: &str) -> Option<Place> {
    let rest = text.strip_prefix("https://")?;
    let (host, path) = rest.split_once('/')?;
    let consoles = [
        "console.aws.amazon.com",
        "console.amazonaws-us-gov.com",
        "console.amazonaws.cn",
        "console.amazonaws-eusc.eu",
    ];
    let console =
        consoles.iter().find(|console| host == **console || host.ends_with(&format!(".{console}")))?;
    let (before, fragment) = path.split_once('#').unwrap_or((path, ""));
    let query = before.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let by_host = host.strip_suffix(console).and_then(|left| left.trim_end_matches('.').rsplit('.').next());
    let region = query.split('&').find_map(|pair| pair.strip_prefix("region=")).or(by_host).and_then(named);
    let thing = if let Some(name) = after(fragment, "alarmsV2:alarm/") {
        Thing::Alarm(named(&decode(name, '%'))?)
    } else if let Some(name) =
        after(fragment, "dashboards/dashboard/").or(after(fragment, "dashboards:name="))
    {
        Thing::Dashboard(named(&decode(name.split([';', '&']).next()?, '%'))?)
    } else if let Some(name) = after(fragment, "log-groups/log-group/") {
        // Encoded twice, the inner percent sign written as a dollar.
        Thing::LogGroup(named(&decode(&decode(name, '$'), '%'))?)
    } else if let Some((_, id)) = fragment.split_once("findings?search=id%3D") {
        Thing::Finding(named(&decode(id.split('&').next()?, '%'))?)
    } else if let Some(id) = after(fragment, "xray:traces/") {
        Thing::Trace(id_in(&decode(id, '%'))?)
    } else {
        let path = before.split('?').next()?.strip_prefix("ecs/v2/clusters/")?;
        let mut names = path.split('/');
        let (cluster, kind, service) = (names.next()?, names.next()?, names.next()?);
        let service = named(&decode(service, '%')).filter(|_| kind == "services")?;
        Thing::EcsService { cluster: named(&decode(cluster, '%'))?, service }
    };
    Some(Place { region, account: None, thing })
}

/// The path segment behind a marker.
fn after<'a>(text: &'a str, marker: &str) -> Option<&'a str> {
    text.split_once(marker)?.1.split(['/', '?']).next()
}

fn named(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| crate::text::sanitize(text).into_owned())
}

/// Undoes percent-encoding with `mark` as the percent sign; what is no code stays as it is.
pub fn decode(text: &str, mark: char) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let code: String = chars.clone().take(2).collect();
        match u8::from_str_radix(&code, 16) {
            Ok(byte) if c == mark && code.len() == 2 => {
                bytes.push(byte);
                chars.nth(1);
            }
            _ => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::console::{ConsoleLink, console_url};

    fn place(region: &str, account: Option<&str>, thing: Thing) -> Place {
        Place { region: Some(region.into()), account: account.map(Into::into), thing }
    }

    #[test]
    fn arns_are_read() {
        let account = Some("111122223333");
        let service = || Thing::EcsService { cluster: "shop".into(), service: "checkout".into() };
        let cases = [
            ("arn:aws:cloudwatch:eu-west-2:111122223333:alarm:a:b c", Thing::Alarm("a:b c".into())),
            (
                "arn:aws:logs:eu-west-2:111122223333:log-group:/ecs/checkout:*",
                Thing::LogGroup("/ecs/checkout".into()),
            ),
            ("arn:aws-cn:logs:eu-west-2:111122223333:log-group:g:log-stream:s", Thing::LogGroup("g".into())),
            ("arn:aws:cloudwatch:eu-west-2:111122223333:dashboard/shop", Thing::Dashboard("shop".into())),
            ("arn:aws:ecs:eu-west-2:111122223333:service/shop/checkout", service()),
            ("arn:aws:ecs:eu-west-2:111122223333:service-deployment/shop/checkout/abc", service()),
        ];
        for (text, thing) in cases {
            assert_eq!(parse(text), Ok(place("eu-west-2", account, thing)), "{text}");
        }
    }

    #[test]
    fn trace_ids_are_read_in_every_form() {
        let id = TraceId::from_hex("581cf771a006649127e371903a2de979").unwrap();
        for text in [
            "1-581cf771-a006649127e371903a2de979",
            "581cf771a006649127e371903a2de979",
            "00-581cf771a006649127e371903a2de979-0123456789abcdef-01",
            "Root=1-581cf771-a006649127e371903a2de979;Parent=0123456789abcdef;Sampled=1",
        ] {
            let place = Place { region: None, account: None, thing: Thing::Trace(id) };
            assert_eq!(parse(text), Ok(place), "{text}");
            assert!(is_pasted(text), "{text}");
        }
    }

    #[test]
    fn our_own_console_links_are_read_back() {
        let id = TraceId::from_hex("581cf771a006649127e371903a2de979").unwrap();
        let cases = [
            (ConsoleLink::Alarm("checkout 5xx/é"), Thing::Alarm("checkout 5xx/é".into())),
            (ConsoleLink::Trace(id), Thing::Trace(id)),
            (ConsoleLink::Dashboard("shop_over-view"), Thing::Dashboard("shop_over-view".into())),
            (ConsoleLink::LogGroup("/ecs/check $out"), Thing::LogGroup("/ecs/check $out".into())),
            (
                ConsoleLink::EcsDeployments { cluster: "shop", service: "checkout" },
                Thing::EcsService { cluster: "shop".into(), service: "checkout".into() },
            ),
        ];
        for (link, thing) in cases {
            for (partition, region) in
                [("aws", "eu-west-2"), ("aws-us-gov", "us-gov-west-1"), ("aws-cn", "cn-north-1")]
            {
                let url = console_url(partition, region, link).unwrap();
                assert_eq!(parse(&url), Ok(place(region, None, thing.clone())), "{url}");
            }
        }
    }

    #[test]
    fn anything_else_is_refused_with_a_reason() {
        for (text, reason) in [
            ("checkout", "not an ARN"),
            ("", "not an ARN"),
            ("arn:aws:s3:::bucket", "can be opened by ARN"),
            ("arn:aws:ecs:eu-west-2:1:task/shop/x", "can be opened by ARN"),
            ("arn:aws:cloudwatch:eu-west-2:1:alarm:", "can be opened by ARN"),
            ("https://evil.example/console.aws.amazon.com/ecs/v2/clusters/a/services/b", "by console URL"),
            ("https://notconsole.aws.amazon.com/ecs/v2/clusters/a/services/b", "by console URL"),
            ("1-581cf771-a006649127e371903a2de97", "not an ARN"),
            ("00000000000000000000000000000000", "not an ARN"),
            ("https://eu-west-2.console.aws.amazon.com/cloudwatch/home#xray:traces/x", "by console URL"),
        ] {
            assert!(parse(text).unwrap_err().contains(reason), "{text}");
        }
    }
}
