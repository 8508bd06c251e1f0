//! Where requests really go: AWS, or a custom endpoint that is badged and, unless it is on this machine
//! or allowed, read-only. Pure; the overrides are collected by `setup.rs`.

use super::target::TargetSpec;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Why nothing takes writes once the config says so while the program runs.
pub const CONFIG_READ_ONLY: &str = "the config says read_only";

/// A custom endpoint in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// As configured.
    pub url: String,
    /// The one service it is for; all of them when absent.
    pub service: Option<String>,
    /// Whether it is on this machine.
    pub loopback: bool,
}

impl Endpoint {
    /// An endpoint from its URL.
    pub fn new(url: &str, service: Option<&str>) -> Self {
        Self { url: url.to_owned(), service: service.map(str::to_owned), loopback: is_loopback(url) }
    }
}

/// Why a target takes no writes, as a phrase for a refusal; `None` when it does.
pub fn writes_refused(spec: &TargetSpec, endpoints: &[Endpoint]) -> Option<String> {
    if spec.read_only {
        return Some(format!("target {} is read-only", spec.name));
    }
    let foreign = endpoints.iter().find(|endpoint| !endpoint.loopback);
    foreign.filter(|_| !spec.allow_writes).map(|endpoint| {
        format!(
            "{} is a custom endpoint: set `allow_writes` on target {} to allow it",
            endpoint.url, spec.name
        )
    })
}

/// Whether a URL's host is this machine. A name that merely resolves to it does not count.
pub fn is_loopback(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else { return false };
    let Some(host) = uri.host() else { return false };
    host.eq_ignore_ascii_case("localhost")
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_told_by_the_host_alone() {
        let cases = [
            ("http://localhost:4566", true),
            ("http://LOCALHOST", true),
            ("http://127.0.0.1:4566", true),
            ("http://127.8.9.10/path", true),
            ("http://[::1]:4566", true),
            ("http://localhost.example.com", false),
            ("http://127.0.0.1.example.com", false),
            ("http://user@127.0.0.1:1@evil.example", false),
            ("http://10.0.0.1:4566", false),
            ("http://0.0.0.0:4566", false),
            ("http://[::2]:4566", false),
            ("https://monitoring.eu-west-1.amazonaws.com", false),
            ("not a url", false),
            ("", false),
        ];
        for (url, expected) in cases {
            assert_eq!(is_loopback(url), expected, "{url}");
        }
    }

    #[test]
    fn writes_go_to_aws_and_to_this_machine_or_where_they_are_allowed() {
        let local = Endpoint::new("http://127.0.0.1:4566", None);
        let foreign = Endpoint::new("https://proxy.corp", Some("ECS"));
        let cases = [
            (false, false, vec![], None),
            (false, false, vec![local.clone()], None),
            (false, false, vec![local, foreign.clone()], Some("https://proxy.corp is a custom endpoint")),
            (false, true, vec![foreign], None),
            (true, true, vec![], Some("target t is read-only")),
        ];
        for (read_only, allow_writes, endpoints, refusal) in cases {
            let spec = TargetSpec { allow_writes, read_only, ..TargetSpec::named("t") };
            let said = writes_refused(&spec, &endpoints);
            match refusal {
                None => assert_eq!(said, None),
                Some(start) => {
                    assert!(said.as_deref().is_some_and(|said| said.starts_with(start)), "{said:?}");
                }
            }
        }
    }
}
