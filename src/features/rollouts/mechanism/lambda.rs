//! Weights of a Lambda alias: what follows from them, and their rollback.
//!
//! An alias points at one version and may send a share of the invocations to a second one. AWS says nothing
//! of steps, times or alarms: the weights stay until somebody changes them. The rollback is `UpdateAlias` with
//! an empty map (left out, the split would stay) and the revision id that was read, so that AWS itself
//! refuses when somebody was faster.

use crate::features::rollouts::mechanism::{self, Outcome};
use crate::features::rollouts::model::{Rollout, Standing};
use crate::features::rollouts::preflight::{Check, Verdict};
use crate::features::rollouts::stages::{StageItem, StageState, percent};
use crate::features::rollouts::watch::{Ending, LOST_GRACE, Seen};
use crate::text::quoted;
use serde::{Deserialize, Serialize};

/// An alias, as far as its rollback needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alias {
    /// Function name.
    pub function: String,
    /// Alias name.
    pub alias: String,
    /// The version it points at.
    pub version: String,
    /// Further versions and their shares, 0 to 1.
    pub routing: Vec<(String, f64)>,
    /// Of one that divides no more: the version it pointed at when it was last seen to divide, and the other one.
    pub divided: Option<(String, String)>,
    /// Changes with each change of the alias.
    pub revision: Option<String>,
}

impl Alias {
    /// What its state allows.
    pub fn standing(&self) -> Standing {
        if self.routing.is_empty() { Standing::Ended } else { Standing::Open }
    }

    /// Takes over, from a read before, between which versions it divided.
    pub fn follow(&mut self, before: &Self) {
        self.divided = match before.routing.first() {
            Some((other, _)) => Some((before.version.clone(), other.clone())),
            None => before.divided.clone(),
        };
    }

    /// How it ended, once it divides no more.
    pub fn outcome(&self) -> Outcome {
        match &self.divided {
            Some((_, new)) if self.version == *new => Outcome::Success,
            Some((old, _)) if self.version == *old => Outcome::RolledBack,
            Some(_) => Outcome::Failed,
            None => Outcome::Untold,
        }
    }

    /// Who has what, once it divides no more.
    pub fn end_words(&self) -> String {
        format!("version {} has all invocations", self.version)
    }

    /// Share of a version in percent.
    pub fn share(&self, version: &str) -> f64 {
        let others: f64 = self.routing.iter().map(|(_, share)| share * 100.0).sum();
        match self.routing.iter().find(|(other, _)| other == version) {
            Some((_, share)) => share * 100.0,
            None if self.version == version => 100.0 - others,
            None => 0.0,
        }
    }

    /// The routing in words: `version 18 20 %`.
    fn routing_words(&self) -> String {
        let parts = self
            .routing
            .iter()
            .map(|(version, share)| format!("version {version} {}", percent(share * 100.0)));
        let parts: Vec<String> = parts.collect();
        if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
    }
}

/// The call that takes all further versions out of an alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// ARN of the function: in another account or region AWS refuses it, and a bare name would be found there.
    pub function: String,
    /// Alias name.
    pub alias: String,
    /// The version that gets everything.
    pub version: String,
    /// The revision id that was read: AWS refuses when the alias has another one.
    pub revision: Option<String>,
}

impl Call {
    /// The IAM action.
    pub fn operation(&self) -> &'static str {
        "lambda:UpdateAlias"
    }

    /// The parameters in the order sent.
    pub fn params(&self) -> Vec<(&'static str, String)> {
        let mut params = vec![
            ("FunctionName", self.function.clone()),
            ("Name", self.alias.clone()),
            ("FunctionVersion", self.version.clone()),
            ("RoutingConfig", r#"{"AdditionalVersionWeights":{}}"#.to_owned()),
        ];
        params.extend(self.revision.iter().map(|revision| ("RevisionId", revision.clone())));
        params
    }

    /// The call as a shell command.
    pub fn command(&self, region: &str) -> String {
        let revision = self.revision.as_deref().map(|id| format!(" --revision-id {}", quoted(id)));
        format!(
            "aws lambda update-alias --function-name {} --name {} --function-version {} \
             --routing-config 'AdditionalVersionWeights={{}}'{} --region {}",
            quoted(&self.function),
            quoted(&self.alias),
            quoted(&self.version),
            revision.unwrap_or_default(),
            quoted(region)
        )
    }
}

/// The call that undoes the split.
pub fn call(rollout: &Rollout, alias: &Alias) -> Call {
    // An alias's ARN is its function's and its name.
    let function = rollout.deployment.strip_suffix(&alias.alias).and_then(|arn| arn.strip_suffix(':'));
    Call {
        function: function.unwrap_or(&alias.function).to_owned(),
        alias: alias.alias.clone(),
        version: alias.version.clone(),
        revision: alias.revision.clone(),
    }
}

/// What must not change. The weights are in it beside the revision id, which changes with them.
pub fn guarded(alias: &Alias) -> Vec<(String, String)> {
    [
        ("alias points at", format!("version {}", alias.version)),
        ("weights", alias.routing_words()),
        ("revision id", alias.revision.clone().unwrap_or_else(|| "none".to_owned())),
    ]
    .map(|(field, value)| (field.to_owned(), value))
    .to_vec()
}

/// Where an open split stands.
pub fn stage_words(rollout: &Rollout) -> String {
    rollout.new.weight.map_or_else(|| "split".to_owned(), |weight| format!("split {}", percent(weight)))
}

/// The stage bar of an open split.
pub fn stage_bar(rollout: &Rollout) -> Vec<StageItem> {
    vec![
        StageItem::new(&stage_words(rollout), StageState::Running),
        StageItem::new("one version", StageState::Ahead),
    ]
}

/// How long it takes.
pub fn takes(rollout: &Rollout) -> String {
    format!(
        "seconds (weights only); invocations under way or queued may still end on {}",
        rollout.new.label()
    )
}

/// Whether there is something to undo, and whether the two versions are which they seem.
pub fn checks(rollout: &Rollout, alias: &Alias) -> Vec<Check> {
    let mut list = Vec::new();
    let mut note = |verdict, text: String| list.push(Check { verdict, text });
    let stable = format!("version {}", alias.version);
    match alias.standing() {
        Standing::Ended => note(Verdict::Refuse, format!("the alias sends everything to {stable} already")),
        _ => note(Verdict::Pass, format!("the alias points at {stable}: it gets everything back")),
    }
    let published = |side: Option<&crate::features::rollouts::model::Side>| side.and_then(|it| it.published);
    match (published(rollout.old.as_ref()), published(Some(&rollout.new))) {
        (Some(old), Some(new)) if new < old => {
            let text = format!(
                "{} is older than {stable}: somebody may have turned the roles round",
                rollout.new.label()
            );
            note(Verdict::Warn, text);
        }
        (Some(_), Some(_)) => note(Verdict::Pass, format!("{stable} is the older one")),
        _ if alias.standing() == Standing::Open => {
            note(Verdict::Warn, "when the versions were published could not be read".to_owned());
        }
        _ => {}
    }
    list
}

/// How it ended, by what the alias says.
pub fn judge(seen: &Seen, rollout: &Rollout, alias: &Alias) -> Option<(Ending, String)> {
    let mechanism::Call::Lambda(sent) = &seen.plan.call else { return None };
    if alias.routing.is_empty() && alias.version == sent.version {
        return Some((Ending::Done, format!("version {} has all invocations again", alias.version)));
    }
    if seen.plan.guard.fields != guarded(alias) {
        let why = format!(
            "somebody changed the alias: version {}, weights {}",
            alias.version,
            alias.routing_words()
        );
        return Some((Ending::Superseded, why));
    }
    if seen.lost && seen.waited > LOST_GRACE {
        return Some((Ending::Failed, "the call never arrived: the alias is as it was".to_owned()));
    }
    seen.overdue.then(|| (Ending::Unknown, format!("still {}; look at the alias", stage_words(rollout))))
}
