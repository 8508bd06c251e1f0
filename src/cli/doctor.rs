//! `eyewall doctor`: who am I, which region, is the clock right, what can this terminal do, and for each pane:
//! works, denied (which action), or not enabled.

use super::Failure;
use super::out::Out;
use super::session::Setup;
use crate::aws::probe::{Probe, Verdict, probe};
use crate::aws::{Conn, CredentialsSource, ErrorClass, Identity, SourceError, identity};
use crate::text::pad_right;
use crate::theme::ColorDepth;
use std::io::IsTerminal;
use tokio::runtime::Builder;

/// The clock may be this many seconds off before signatures are refused.
const SKEW: i64 = 240;

/// Reports.
///
/// # Errors
/// When a target does not say who is calling.
pub fn run(setup: &Setup, out: &mut Out) -> Result<(), Failure> {
    let paused = setup.common.demo && setup.common.at.is_some();
    let runtime =
        Builder::new_current_thread().enable_all().start_paused(paused).build().map_err(Failure::failed)?;
    let mut healthy = true;
    out.text(&terminal(setup))?;
    runtime.block_on(async {
        let clock = setup.clock();
        let aws = setup.aws(clock)?;
        for spec in &setup.specs {
            let conn = aws.connect(spec).await;
            let who = identity(&conn).await;
            out.text(&format!("\n{}", target(&conn, &who)))?;
            match who {
                Ok(_) => out.text(&panes(&probe(&conn, clock.wall()).await))?,
                // Without an identity every other call fails the same way.
                Err(_) => healthy = false,
            }
        }
        Ok(())
    })?;
    runtime.shutdown_background();
    if healthy { Ok(()) } else { Err(Failure::Silent) }
}

fn row(name: &str, value: &str) -> String {
    format!("{}{value}\n", pad_right(name, 14))
}

fn terminal(setup: &Setup) -> String {
    let env = &setup.env;
    let colors = match setup.depth {
        ColorDepth::None => "none",
        ColorDepth::Ansi16 => "16",
        ColorDepth::Ansi256 => "256",
        ColorDepth::True => "24 bits",
    };
    let why = if env.no_color { " (NO_COLOR)" } else { "" };
    let size =
        crossterm::terminal::size().map_or("unknown".into(), |(columns, rows)| format!("{columns}x{rows}"));
    let tty =
        if std::io::stdout().is_terminal() { "yes" } else { "no: `snapshot` works, the console does not" };
    let term = crate::text::sanitize(env.term.as_deref().unwrap_or("unset")).into_owned();
    let copy = match (env.in_tmux, env.over_ssh) {
        (true, _) => "through tmux's buffer",
        (false, true) => "OSC 52, if the terminal at the other end allows it",
        (false, false) => "OSC 52, if the terminal allows it",
    };
    let config =
        setup.paths.as_ref().map_or("no home folder".into(), |paths| paths.config.display().to_string());
    [
        row("eyewall", env!("CARGO_PKG_VERSION")),
        row("terminal", &format!("{tty}, TERM={term}, {size}")),
        row("colours", &format!("{colors}{why}, theme {}", setup.theme.name)),
        row("copying", copy),
        row("config", &config),
    ]
    .concat()
}

fn target(conn: &Conn, who: &Result<Identity, SourceError>) -> String {
    let mut lines = vec![row("target", conn.spec().name.as_str())];
    match who {
        Ok(who) => {
            lines.push(row("account", &who.account));
            lines.push(row("caller", &who.arn));
        }
        Err(error) => {
            // One line of its own for each provider that had something to say.
            let said = format!("unknown: {error}");
            let names = std::iter::once("caller").chain(std::iter::repeat(""));
            lines.extend(names.zip(said.split("; ")).map(|(name, part)| row(name, part)));
            if !error.advice.is_empty() {
                lines.push(row("", &error.advice));
            }
        }
    }
    lines.push(row(
        "region",
        conn.region().as_deref().unwrap_or("none: set --region, AWS_REGION or the profile's"),
    ));
    let none = who.as_ref().is_err_and(|error| error.class == ErrorClass::NoCredentials);
    let from = if none { "none found".to_owned() } else { credentials(&conn.credentials_source()) };
    lines.push(row("credentials", &from));
    if let Some(at) = conn.expires_at() {
        lines.push(row("they end at", &at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()));
    }
    lines.push(row("clock", &clock(conn.skew_seconds())));
    for endpoint in conn.endpoints() {
        let service = endpoint.service.as_deref().unwrap_or("every service");
        lines.push(row("endpoint", &format!("{} for {service}", endpoint.url)));
    }
    let writes = conn
        .writes_refused()
        .map_or("allowed, each after its name is typed".into(), |why| format!("refused: {why}"));
    lines.push(row("rollbacks", &writes));
    lines.concat()
}

fn credentials(source: &CredentialsSource) -> String {
    match source {
        CredentialsSource::Simulated => "the simulated AWS's own".into(),
        CredentialsSource::Environment => "environment variables; new ones need a restart".into(),
        CredentialsSource::Sso(profile) => format!("IAM Identity Center, profile {profile}"),
        CredentialsSource::Login(profile) => format!("aws login, profile {profile}"),
        CredentialsSource::Process(profile) => format!("credential_process of profile {profile}"),
        CredentialsSource::Keys(profile) => format!("keys in the shared files, profile {profile}"),
        CredentialsSource::NoProfile { name, .. } => format!("profile {name}, which is in no shared file"),
        CredentialsSource::Machine => "the role of this machine or container".into(),
    }
}

fn clock(skew: Option<i64>) -> String {
    match skew {
        None => "not compared: no answer carried a date".into(),
        Some(skew) if skew.abs() > SKEW => {
            let side = if skew > 0 { "ahead of" } else { "behind" };
            format!("{} s {side} AWS's: signatures may be refused", skew.abs())
        }
        Some(skew) => format!("right within {} s", skew.abs().max(1)),
    }
}

/// One line per operation under its pane, worst news in words.
fn panes(probes: &[Probe]) -> String {
    let mut names: Vec<&str> = probes.iter().map(|probe| probe.operation.pane).collect();
    names.dedup();
    names.sort_unstable();
    names.dedup();
    let mut out = String::new();
    for name in names {
        out.push('\n');
        for (index, probe) in probes.iter().filter(|probe| probe.operation.pane == name).enumerate() {
            let verdict = match &probe.verdict {
                Verdict::Works => "works".to_owned(),
                Verdict::Unchecked(missing) => format!("not checked: {missing} to ask about"),
                Verdict::Fails(error) if error.advice.is_empty() => error.to_string(),
                Verdict::Fails(error) => format!("{}: {}", error.class.word(), error.advice),
            };
            let pane = if index == 0 { name } else { "" };
            out.push_str(&row(pane, &format!("{}{verdict}", pad_right(probe.operation.action, 48))));
        }
    }
    out
}
