//! Which targets a run has: those of the config, or one made from flags and the default chain. Pure.

use super::Failure;
use super::args::Common;
use crate::aws::{Env, TargetSpec};
use crate::config::{Config, Target};

/// The targets of a run, never none.
///
/// # Errors
/// A name that is no target's, a region or an endpoint that cannot be one.
pub fn select(config: &Config, flags: &Common, env: &Env) -> Result<Vec<TargetSpec>, Failure> {
    check(flags)?;
    let own = flags.profile.is_some() || flags.region.is_some() || flags.endpoint_url.is_some();
    let mut specs: Vec<TargetSpec> = if !flags.targets.is_empty() {
        named(config, &flags.targets)?
    } else if flags.demo {
        vec![TargetSpec { region: flags.region.clone(), ..TargetSpec::named("demo") }]
    } else if own || config.targets.is_empty() {
        vec![default_target(flags, env)]
    } else {
        config.targets.iter().map(TargetSpec::from).collect()
    };
    for spec in &mut specs {
        spec.read_only |= config.read_only;
    }
    Ok(specs)
}

/// The target of the usual credential chain, with what the flags say.
fn default_target(flags: &Common, env: &Env) -> TargetSpec {
    let profile = flags.profile.clone();
    let name = profile.as_deref().or(env.profile.as_deref()).unwrap_or("default");
    TargetSpec {
        region: flags.region.clone(),
        endpoint_url: flags.endpoint_url.clone(),
        profile: profile.clone(),
        ..TargetSpec::named(name)
    }
}

fn named(config: &Config, names: &[String]) -> Result<Vec<TargetSpec>, Failure> {
    let find = |name: &String| {
        let found = config.targets.iter().find(|target| target.name == *name);
        found.map(TargetSpec::from).ok_or_else(|| match config.targets.as_slice() {
            [] => Failure::usage(format!("there is no target `{name}`: the config has no [[target]]")),
            all => Failure::unknown("target", name, all.iter().map(|target| target.name.as_str())),
        })
    };
    let mut specs: Vec<TargetSpec> = names.iter().map(find).collect::<Result<_, _>>()?;
    specs.sort_by(|a, b| a.name.cmp(&b.name));
    specs.dedup_by(|a, b| a.name == b.name);
    Ok(specs)
}

/// Flags obey the rules of the config's keys of the same name.
fn check(flags: &Common) -> Result<(), Failure> {
    let target = Target {
        name: "flags".into(),
        region: flags.region.clone(),
        endpoint_url: flags.endpoint_url.clone(),
        ..Target::default()
    };
    let text = crate::config::print(&Config { targets: vec![target], ..Config::default() });
    match Config::parse(&text, "--") {
        Ok(_) => Ok(()),
        Err(errors) => {
            let says = |error: &crate::config::ConfigError| {
                let flag = if error.key.ends_with("region") { "--region" } else { "--endpoint-url" };
                let hint = error.suggestion.as_ref().map(|near| format!(" (did you mean `{near}`?)"));
                let (_, message) = error.message.split_once(": ").unwrap_or(("", &error.message));
                format!("{flag}: {message}{}", hint.unwrap_or_default())
            };
            Err(Failure::Usage(errors.iter().map(says).collect::<Vec<_>>().join("; ")))
        }
    }
}
