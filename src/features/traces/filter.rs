//! What the list of traces is limited to: a service, a kind of trouble, and an expression as typed, put
//! together in X-Ray's filter language.
//!
//! The typed part goes to the service as it is and the service judges it; names are quoted here. Source of
//! the grammar: the X-Ray developer guide, "Using filter expressions". Pure.

use serde::{Deserialize, Serialize};

/// Requests that took longer count as slow, in seconds.
pub const SLOW: u32 = 1;

/// A kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quick {
    /// Anything that went wrong.
    Bad,
    /// Answered with 5xx.
    Faults,
    /// Answered with 4xx.
    Errors,
    /// Answered with 429 somewhere on the way.
    Throttles,
    /// Took longer than `SLOW` seconds.
    Slow,
}

impl Quick {
    /// All of them, in the order of menus.
    pub const ALL: [Self; 5] = [Self::Bad, Self::Faults, Self::Errors, Self::Throttles, Self::Slow];

    /// In a word or two.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bad => "all trouble",
            Self::Faults => "faults",
            Self::Errors => "errors",
            Self::Throttles => "throttles",
            Self::Slow => "slow",
        }
    }

    /// What it means, for menus.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Bad => "5xx, 4xx and 429",
            Self::Faults => "5xx",
            Self::Errors => "4xx",
            Self::Throttles => "429 on the way",
            Self::Slow => "longer than 1 s",
        }
    }

    fn expression(self) -> String {
        match self {
            Self::Bad => "fault OR error OR throttle".into(),
            Self::Faults => "fault".into(),
            Self::Errors => "error".into(),
            Self::Throttles => "throttle".into(),
            Self::Slow => format!("responsetime > {SLOW}"),
        }
    }
}

/// What a list of traces is limited to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Filter {
    /// Only traces through this service, by its name in X-Ray.
    pub service: Option<String>,
    /// Only this kind of trouble: at the service, when one is named.
    pub quick: Option<Quick>,
    /// As typed, in X-Ray's language.
    pub expression: String,
}

impl Filter {
    /// Traces through a service.
    pub fn of_service(name: impl Into<String>) -> Self {
        Self { service: Some(name.into()), ..Self::default() }
    }

    /// Nothing is left out.
    pub fn is_empty(&self) -> bool {
        self.service.is_none() && self.quick.is_none() && self.expression.trim().is_empty()
    }

    /// The whole expression as the service gets it; empty when nothing is left out.
    pub fn whole(&self) -> String {
        let typed = self.expression.trim();
        let own = match (&self.service, self.quick) {
            (Some(name), Some(quick)) => format!("service({}) {{ {} }}", quoted(name), quick.expression()),
            (Some(name), None) => format!("service({})", quoted(name)),
            (None, Some(quick)) if quick == Quick::Bad && !typed.is_empty() => {
                format!("({})", quick.expression())
            }
            (None, Some(quick)) => quick.expression(),
            (None, None) => return typed.to_owned(),
        };
        if typed.is_empty() { own } else { format!("{own} AND ({typed})") }
    }

    /// In words, for titles and for what is remembered; empty when nothing is left out.
    pub fn words(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.quick.map(|quick| quick.word().to_owned()));
        parts.extend(self.service.as_ref().map(|name| format!("through {name}")));
        let typed = self.expression.trim();
        if !typed.is_empty() {
            parts.push(typed.to_owned());
        }
        parts.join(" · ")
    }
}

/// A text as a literal of the language.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_put_together_and_names_quoted() {
        let filter = |service: Option<&str>, quick, expression: &str| Filter {
            service: service.map(Into::into),
            quick,
            expression: expression.into(),
        };
        for (filter, expected) in [
            (Filter::default(), ""),
            (filter(None, None, "  http.status = 502 "), "http.status = 502"),
            (filter(None, Some(Quick::Faults), ""), "fault"),
            (filter(None, Some(Quick::Bad), ""), "fault OR error OR throttle"),
            (
                filter(None, Some(Quick::Bad), "duration > 2"),
                "(fault OR error OR throttle) AND (duration > 2)",
            ),
            (filter(Some("orders"), None, ""), r#"service("orders")"#),
            (filter(Some("orders"), Some(Quick::Slow), ""), r#"service("orders") { responsetime > 1 }"#),
            (
                filter(Some("orders"), Some(Quick::Faults), "a OR b"),
                r#"service("orders") { fault } AND (a OR b)"#,
            ),
            (filter(Some(r#"a"b\c"#), None, ""), r#"service("a\"b\\c")"#),
        ] {
            assert_eq!(filter.whole(), expected, "{filter:?}");
            assert_eq!(filter.is_empty(), expected.is_empty());
            assert_eq!(filter.words().is_empty(), expected.is_empty());
        }
    }
}
