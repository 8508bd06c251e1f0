//! Faults that the simulator is told to commit: which calls, what goes wrong, how often.
//!
//! Rules are read from text such as `cloudwatch:GetMetricData=throttle`, `logs:*=delay:8s` or
//! `ecs:ListServices=deny*3`. Drawing is deterministic: the same rules and the same calls give the same
//! faults. What a fault looks like on the wire is decided in `sim.rs`.

use std::str::FromStr;
use std::time::Duration;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// Too many requests, in the service's own code.
    Throttle,
    /// The caller may not do this.
    Deny,
    /// The session token has ended.
    Expire,
    /// Another change of the same thing is under way.
    Conflict,
    /// The answer comes late.
    Delay(Duration),
    /// The connection ends after this many bytes of the body.
    Cut(usize),
    /// An HTML page with this status (200 or 502) instead of an AWS answer.
    Garbage(u16),
}

/// One rule: which calls, what, how often.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// IAM prefix of the service, or `*`.
    pub service: String,
    /// Operation, or `*`.
    pub operation: String,
    /// What goes wrong.
    pub fault: Fault,
    /// Share of the matching calls, 0 to 1.
    pub chance: f64,
    /// How many more times; without end when absent.
    pub left: Option<u32>,
}

/// A fault rule that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "fault `{rule}`: {reason}; expected SERVICE:OPERATION=throttle|deny|expire|conflict|delay:8s|cut:100|garbage[:502], then *COUNT or @SHARE"
)]
pub struct FaultError {
    rule: String,
    reason: String,
}

/// The rules in force.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    rules: Vec<Rule>,
    drawn: u64,
}

impl Faults {
    /// Rules in order; for one call the first rule of each kind (a delay, and anything else) applies.
    pub fn new(rules: Vec<Rule>) -> Self {
        Self { rules, drawn: 0 }
    }

    /// Reads one rule per text.
    ///
    /// # Errors
    /// The first rule that cannot be read.
    pub fn parse<'a>(rules: impl IntoIterator<Item = &'a str>) -> Result<Self, FaultError> {
        Ok(Self::new(rules.into_iter().map(str::parse).collect::<Result<_, _>>()?))
    }

    /// Adds a rule behind the others.
    pub fn push(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    /// What goes wrong with this call: how late it is answered, and with what else.
    pub fn draw(&mut self, service: &str, operation: &str) -> (Duration, Option<Fault>) {
        let mut delay = Duration::ZERO;
        let mut fault = None;
        for rule in &mut self.rules {
            let wanted = match rule.fault {
                Fault::Delay(_) => delay.is_zero(),
                _ => fault.is_none(),
            };
            if !wanted || !rule.matches(service, operation) || rule.left == Some(0) {
                continue;
            }
            self.drawn += 1;
            if unit(self.drawn) >= rule.chance {
                continue;
            }
            rule.left = rule.left.map(|left| left - 1);
            match rule.fault {
                Fault::Delay(time) => delay = time,
                other => fault = Some(other),
            }
        }
        (delay, fault)
    }
}

impl Rule {
    fn matches(&self, service: &str, operation: &str) -> bool {
        let fits = |pattern: &str, name: &str| pattern == "*" || pattern.eq_ignore_ascii_case(name);
        fits(&self.service, service) && fits(&self.operation, operation)
    }
}

impl FromStr for Rule {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let wrong = |reason: String| FaultError { rule: text.to_owned(), reason };
        let (calls, effect) = text.split_once('=').ok_or_else(|| wrong("there is no `=`".into()))?;
        let (service, operation) =
            calls.split_once(':').ok_or_else(|| wrong("there is no `:` before `=`".into()))?;
        let (effect, chance) = match effect.rsplit_once('@') {
            Some((effect, share)) => (effect, share.parse().ok().filter(|share| (0.0..=1.0).contains(share))),
            None => (effect, Some(1.0)),
        };
        let chance = chance.ok_or_else(|| wrong("the share after `@` must be from 0 to 1".into()))?;
        let (effect, left) = match effect.rsplit_once('*') {
            Some((effect, count)) => {
                let count = count.parse().map_err(|_| wrong(format!("`{count}` is not a count")))?;
                (effect, Some(count))
            }
            None => (effect, None),
        };
        let (name, detail) =
            effect.split_once(':').map_or((effect, None), |(name, detail)| (name, Some(detail)));
        let fault = match (name, detail) {
            ("throttle", None) => Fault::Throttle,
            ("deny", None) => Fault::Deny,
            ("expire", None) => Fault::Expire,
            ("conflict", None) => Fault::Conflict,
            ("delay", Some(time)) => Fault::Delay(
                duration(time).ok_or_else(|| wrong(format!("`{time}` is not a time such as 8s or 250ms")))?,
            ),
            ("cut", Some(bytes)) => {
                Fault::Cut(bytes.parse().map_err(|_| wrong(format!("`{bytes}` is not a number of bytes")))?)
            }
            ("garbage", None | Some("200")) => Fault::Garbage(200),
            ("garbage", Some("502")) => Fault::Garbage(502),
            _ => return Err(wrong(format!("`{effect}` is not a fault"))),
        };
        let service = match service {
            "elbv2" | "elb" => "elasticloadbalancing",
            "monitoring" => "cloudwatch",
            other => other,
        };
        Ok(Self { service: service.to_owned(), operation: operation.to_owned(), fault, chance, left })
    }
}

/// `8s`, `250ms`; at most an hour.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => (text.strip_suffix('s')?, 1000),
    };
    let millis = number.parse::<u64>().ok()?.checked_mul(unit)?;
    (millis <= 3_600_000).then(|| Duration::from_millis(millis))
}

/// The n-th number of a fixed sequence in `[0, 1)` (`SplitMix64`).
fn unit(n: u64) -> f64 {
    let mut z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_from_text() {
        for (text, service, operation, fault, chance, left) in [
            ("cloudwatch:GetMetricData=throttle", "cloudwatch", "GetMetricData", Fault::Throttle, 1.0, None),
            ("logs:*=delay:8s", "logs", "*", Fault::Delay(Duration::from_secs(8)), 1.0, None),
            ("logs:*=delay:250ms@0.5", "logs", "*", Fault::Delay(Duration::from_millis(250)), 0.5, None),
            ("ecs:ListServices=deny*3", "ecs", "ListServices", Fault::Deny, 1.0, Some(3)),
            ("elbv2:*=expire", "elasticloadbalancing", "*", Fault::Expire, 1.0, None),
            ("*:*=cut:100", "*", "*", Fault::Cut(100), 1.0, None),
            ("sts:*=garbage", "sts", "*", Fault::Garbage(200), 1.0, None),
            ("sts:*=garbage:502*1@0.1", "sts", "*", Fault::Garbage(502), 0.1, Some(1)),
        ] {
            let expected = Rule { service: service.into(), operation: operation.into(), fault, chance, left };
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn unreadable_rules_say_why() {
        for (text, reason) in [
            ("throttle", "there is no `=`"),
            ("ecs=throttle", "there is no `:` before `=`"),
            ("ecs:*=slow", "`slow` is not a fault"),
            ("ecs:*=delay:8", "`8` is not a time"),
            ("ecs:*=delay:8h", "`8h` is not a time"),
            ("ecs:*=cut:x", "`x` is not a number of bytes"),
            ("ecs:*=deny*x", "`x` is not a count"),
            ("ecs:*=deny@2", "from 0 to 1"),
            ("ecs:*=garbage:404", "`garbage:404` is not a fault"),
        ] {
            let error = text.parse::<Rule>().unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains(text), "{text}: {error}");
        }
    }

    #[test]
    fn counted_rules_end_and_delays_add_to_other_faults() {
        let mut faults =
            Faults::parse(["ecs:ListServices=deny*2", "ecs:*=delay:1s", "*:*=throttle"]).unwrap();
        let late = Duration::from_secs(1);
        assert_eq!(faults.draw("ecs", "ListServices"), (late, Some(Fault::Deny)));
        assert_eq!(faults.draw("ecs", "ListServices"), (late, Some(Fault::Deny)));
        assert_eq!(faults.draw("ecs", "ListServices"), (late, Some(Fault::Throttle)));
        assert_eq!(faults.draw("logs", "ListServices"), (Duration::ZERO, Some(Fault::Throttle)));
        assert_eq!(Faults::default().draw("ecs", "ListServices"), (Duration::ZERO, None));
    }

    #[test]
    fn a_share_is_met_and_repeats() {
        let draw = || {
            let mut faults = Faults::parse(["ecs:*=throttle@0.25"]).unwrap();
            (0..1000).map(|_| faults.draw("ecs", "X").1.is_some()).collect::<Vec<_>>()
        };
        let hits = draw().into_iter().filter(|hit| *hit).count();
        assert!((200..300).contains(&hits), "{hits}");
        assert_eq!(draw(), draw());
    }
}
