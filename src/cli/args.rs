//! The grammar of the command line. Doc comments here are the help texts.
//!
//! Only shapes are checked here; what a name means (a target, a theme, a pane) is looked up where it is used.

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A terminal console for on-call engineers on AWS: what is broken, since when, what changed, and can it
/// be undone.
#[derive(Debug, Parser)]
#[command(name = "eyewall", version, disable_help_subcommand = true, max_term_width = 100)]
pub struct Cli {
    /// Flags of every command.
    #[command(flatten)]
    pub common: Common,
    /// What to do; the console when absent.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags of every command.
#[derive(Debug, Clone, Default, Args)]
pub struct Common {
    /// Profile of the shared AWS config files
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Region to call
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// Only these targets of the config; may be repeated or separated by commas
    #[arg(long = "target", global = true, value_name = "NAME", value_delimiter = ',',
        conflicts_with_all = ["profile", "region", "endpoint_url"])]
    pub targets: Vec<String>,
    /// Endpoint for every service instead of AWS's; read-only unless it is this machine
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Config file instead of the one in the config folder
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Theme: a shipped one or the name of a file in the themes folder
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// Offer no verb that changes AWS
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Draw without box drawing and braille
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Use no colours
    #[arg(long, global = true)]
    pub no_color: bool,
    /// A dashboard in a file, as JSON: listed before the account's own; may be repeated
    #[arg(long = "dashboard", global = true, value_name = "FILE")]
    pub dashboards: Vec<PathBuf>,
    /// Record what is seen, for `eyewall replay`
    #[arg(long, global = true, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Mask account ids, IP addresses, roles and people in the recording
    #[arg(long, global = true, requires = "record")]
    pub redact: bool,
    /// What the program's own log takes in
    #[arg(long, global = true, value_name = "LEVEL", default_value = "info")]
    pub log_level: LogLevel,
    /// Use the embedded simulated AWS: no account, no network
    #[arg(long, global = true, help_heading = DEMO)]
    pub demo: bool,
    /// What happens in it: bad-deploy, rolling, blue-green, linear, lambda-canary, alb-weights, codedeploy-ecs,
    /// codedeploy-lambda, found-late, db-connections, leaked-key, quiet, big, or a scenario file
    #[arg(long, global = true, value_name = "NAME", help_heading = DEMO)]
    pub scenario: Option<String>,
    /// The same seed gives the same world
    #[arg(long, global = true, value_name = "N", help_heading = DEMO)]
    pub seed: Option<u64>,
    /// How many times faster the simulated time, or a replay, runs
    #[arg(long, global = true, value_name = "X", value_parser = speed, help_heading = DEMO)]
    pub speed: Option<f64>,
    /// The time it stands at, so that output is the same every time: 2026-11-21T04:19:00Z
    #[arg(long, global = true, value_name = "TIME", value_parser = time, conflicts_with = "speed",
        help_heading = DEMO)]
    pub at: Option<Timestamp>,
    /// What goes wrong in it, for example `logs:*=delay:8s`; may be repeated
    #[arg(long = "fault", global = true, value_name = "RULE", help_heading = DEMO)]
    pub faults: Vec<String>,
    /// The command is `replay`, which has a speed and a time of its own.
    #[arg(skip)]
    pub replay: bool,
}

const DEMO: &str = "Simulated AWS";

impl Common {
    /// The same, against the simulated AWS.
    #[must_use]
    pub fn in_demo(self) -> Self {
        Self { demo: true, ..self }
    }

    /// The same, for a replay.
    #[must_use]
    pub fn replaying(self) -> Self {
        Self { replay: true, ..self }
    }

    /// The first flag given that means something only with the simulated AWS.
    pub fn demo_only(&self) -> Option<&'static str> {
        let given = [
            ("--scenario", self.scenario.is_some()),
            ("--seed", self.seed.is_some()),
            ("--speed", self.speed.is_some() && !self.replay),
            ("--at", self.at.is_some()),
            ("--fault", !self.faults.is_empty()),
        ];
        given.iter().find(|(_, given)| *given).map(|(flag, _)| *flag)
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The console against the embedded simulated AWS
    Demo {
        /// Only serve the simulated AWS over HTTP, for any AWS client, at this address of this machine
        #[arg(long, value_name = "ADDR", conflicts_with_all = ["speed", "at", "record"])]
        serve: Option<SocketAddr>,
    },
    /// Start the console at an ARN, a console URL or a trace id, as pasted
    Open {
        /// What to open
        what: String,
    },
    /// Draw one pane once its data is in, print it and exit
    Snapshot(Snapshot),
    /// Print one trace as a waterfall: from saved segment documents, or by its id
    Trace(Trace),
    /// List traffic shifts, or follow one to its end
    Rollouts(Rollouts),
    /// Print the plan of a rollback, and send it once its name was confirmed
    ///
    /// Exit codes: 0 done, 3 nothing sent, 4 failed, 5 unknown, 6 superseded.
    Rollback(Rollback),
    /// Say who you are, what this terminal can do, and which panes may read what they need
    Doctor,
    /// Print the least IAM policy that the panes need
    Policy {
        /// Also allow rollbacks
        #[arg(long)]
        rollback: bool,
    },
    /// Replay a recording: `q` ends, `]` skips a minute ahead, Space pauses
    Replay {
        /// A file made with `--record`
        file: PathBuf,
    },
    /// Print, check or describe the config
    Config {
        /// What to do with it.
        #[command(subcommand)]
        what: ConfigCommand,
    },
    /// List the themes, each with a sample
    Themes,
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// What can be done with the config.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ConfigCommand {
    /// Print the config in force, defaults included
    Print,
    /// Say what is wrong with the config file
    Check,
    /// Print the JSON schema of the config file
    Schema,
}

/// Traffic shifts, listed or followed.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Rollouts {
    /// Print JSON, as docs/json.md describes it
    #[arg(long)]
    pub json: bool,
    /// What else to do than to list them.
    #[command(subcommand)]
    pub what: Option<RolloutsCommand>,
}

/// What can be done with shifts beside listing them.
#[derive(Debug, Subcommand)]
pub enum RolloutsCommand {
    /// Follow one to its end, a line for each change
    ///
    /// Exit codes: 0 success, 3 rolled back, 4 failed, 5 timed out.
    Watch(WatchShift),
}

/// One shift, followed.
#[derive(Debug, Args)]
pub struct WatchShift {
    /// ecs/CLUSTER/SERVICE, lambda/FUNCTION:ALIAS, codedeploy/APPLICATION/GROUP or
    /// alb/LOADBALANCER/PORT/PRIORITY (or `default`); the service,
    /// function or load balancer alone where only one has that name
    pub name: String,
    /// Print one JSON object per line, as docs/json.md describes them
    #[arg(long)]
    pub json: bool,
    /// How long to follow it, in seconds
    #[arg(long, value_name = "S", default_value = "86400", value_parser = seconds)]
    pub timeout: Duration,
}

/// One shift, rolled back.
#[derive(Debug, Args)]
pub struct Rollback {
    /// ecs/CLUSTER/SERVICE, lambda/FUNCTION:ALIAS, codedeploy/APPLICATION/GROUP or
    /// alb/LOADBALANCER/PORT/PRIORITY (or `default`); the service,
    /// function or load balancer alone where only one has that name
    pub name: String,
    /// The side that takes the traffic back: `old` or its revision, of a load balancer the target group. After a
    /// shift has ended: which earlier revision is deployed again (the one before without it)
    #[arg(long, value_name = "SIDE")]
    pub to: Option<String>,
    /// Print the plan with the exact call, and send nothing
    #[arg(long, conflicts_with_all = ["confirm", "timeout"])]
    pub dry_run: bool,
    /// The name as the plan asks for it: without it, nothing is sent unless it is typed
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
    /// How long to wait for its end, in seconds; AWS carries on after that
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Print one JSON object per line, as docs/json.md describes them
    #[arg(long)]
    pub json: bool,
}

/// One pane, printed.
#[derive(Debug, Args)]
pub struct Snapshot {
    /// Which pane
    pub pane: String,
    /// What to open in it: an alarm, a dashboard, a log group, a service, by name
    #[arg(long, value_name = "NAME")]
    pub open: Option<String>,
    /// Keys to press, each once everything asked for has come: `jj<Enter>`, `<Ctrl-d>`, `<Space>`; spaces
    /// between keys mean nothing
    #[arg(long, value_name = "KEYS", default_value = "")]
    pub keys: String,
    /// Columns and rows
    #[arg(long, value_name = "WxH", default_value = "120x40", value_parser = size)]
    pub size: (u16, u16),
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// How long to wait for the data, in seconds; then what is there is printed and the exit code is 1
    #[arg(long, value_name = "S", default_value = "20", value_parser = seconds)]
    pub timeout: Duration,
}

/// One trace, printed.
#[derive(Debug, Args)]
pub struct Trace {
    /// A trace id in X-Ray's or W3C's form, or a file (`-` is standard input): what `aws xray batch-get-traces`
    /// printed, a segment document, or several of them in a list or one per line
    #[arg(value_name = "FILE or ID")]
    pub what: String,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    pub format: TraceFormat,
    /// How many columns wide
    #[arg(long, value_name = "COLUMNS", default_value = "120", value_parser = clap::value_parser!(u16).range(60..=1000))]
    pub width: u16,
}

/// How a trace is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TraceFormat {
    /// Characters only
    Text,
    /// With the terminal's colours
    Ansi,
    /// A picture
    Svg,
    /// Its spans in draw order
    Json,
}

/// How a snapshot is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Characters only
    Text,
    /// With the terminal's colours
    Ansi,
    /// A picture
    Svg,
    /// The pane's data
    Json,
}

/// What the program's own log takes in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Nothing
    Off,
    /// What failed
    Error,
    /// What is odd
    Warn,
    /// What happened
    #[default]
    Info,
    /// Every failed call
    Debug,
    /// Everything
    Trace,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok().filter(|speed| (0.01..=10_000.0).contains(speed));
    speed.ok_or_else(|| "a number from 0.01 to 10000 is expected".to_owned())
}

fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "a time with its zone is expected, such as 2026-11-21T04:19:00Z".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.0..=86_400.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "seconds from 0 to 86400 are expected".to_owned())
}

fn size(text: &str) -> Result<(u16, u16), String> {
    let parsed = text.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    let sensible = parsed.filter(|(w, h)| (60..=1_000).contains(w) && (15..=500).contains(h));
    sensible.ok_or_else(|| "columns x rows are expected, from 60x15 to 1000x500, such as 120x40".to_owned())
}
