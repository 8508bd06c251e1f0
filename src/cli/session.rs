//! What the console and the headless commands share: config, targets, theme, zone, clock, the way to AWS.
//!
//! [`Setup::new`] finds everything wrong with arguments and config before anything is drawn or sent.

use super::args::Common;
use super::env::Environment;
use super::{Failure, simulated, targets};
use crate::app::action::ACTIONS;
use crate::app::keymap::KeyError;
use crate::app::{App, Keymap, Settings};
use crate::aws::{self, Access, Aws, Clocks, TargetSpec};
use crate::config::{ColorChoice, Config, Known, Paths, check_names, error_at};
use crate::demo::SimAws;
use crate::demo::world::Scenario;
use crate::features::session::SessionInfo;
use crate::features::{self, Store};
use crate::runtime::clock::Clock;
use crate::text::Zone;
use crate::theme::{ColorDepth, Theme};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use jiff::tz::TimeZone;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Theme files larger than this are not themes; and more of them nobody has.
const MAX_THEME: u64 = 64 * 1024;
const MAX_THEMES: usize = 64;

/// A run, set up and checked.
pub struct Setup {
    /// The flags.
    pub common: Common,
    /// The environment.
    pub env: Environment,
    /// The config with the flags over it.
    pub config: Config,
    /// The program's folders; none without a home.
    pub paths: Option<Paths>,
    /// The user's own themes: name and text.
    pub user_themes: Vec<(String, String)>,
    /// The targets, never none.
    pub specs: Vec<TargetSpec>,
    /// What happens in the simulated AWS, when it is used.
    pub scenario: Option<Arc<Scenario>>,
    /// The machine's zone.
    pub local_zone: Zone,
    /// The zone that times are shown in at first.
    pub zone: Zone,
    /// How many colours the terminal has.
    pub depth: ColorDepth,
    /// The theme, fitted to the terminal.
    pub theme: Theme,
    keymap: Keymap,
}

impl Setup {
    /// Reads the config and checks all names.
    ///
    /// # Errors
    /// Everything that is wrong with arguments and config.
    pub fn new(common: Common, env: Environment) -> Result<Self, Failure> {
        if let Some(flag) = common.demo_only().filter(|_| !common.demo) {
            return Err(Failure::usage(format!(
                "{flag} belongs to the simulated AWS: add --demo, or use `eyewall demo`"
            )));
        }
        if let Some(file) = common.dashboards.iter().find(|file| !file.is_file()) {
            return Err(Failure::usage(format!("--dashboard {}: there is no such file", file.display())));
        }
        let paths = Paths::of_user();
        let user_themes = paths.as_ref().map(|paths| read_themes(&paths.themes())).unwrap_or_default();
        let (file, text) = read_config(&common, paths.as_ref())?;
        let config = parse_config(&text, &file.display().to_string(), &user_themes, &common)?;
        let keymap = Keymap::new(&config.keys).map_err(Failure::failed)?;
        let specs = targets::select(&config, &common, &env.aws)?;
        let depth = config.ui.color.depth(env.depth());
        let theme =
            Theme::load(&config.ui.theme, &user_themes, depth, config.ui.ascii).map_err(Failure::Config)?;
        let local_zone = Zone::from(TimeZone::system());
        // `parse_config` has refused a zone that is not there.
        let zone = config.ui.time_zone(&local_zone).unwrap_or_default();
        let scenario = if common.demo { Some(simulated::scenario(&common, &config)?) } else { None };
        Ok(Self {
            common,
            env,
            config,
            paths,
            user_themes,
            specs,
            scenario,
            local_zone,
            zone,
            depth,
            theme,
            keymap,
        })
    }

    /// The theme again, for another number of colours.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn load_theme(&self) -> Result<Theme, Failure> {
        Theme::load(&self.config.ui.theme, &self.user_themes, self.depth, self.config.ui.ascii)
            .map_err(Failure::Config)
    }

    /// Takes all colours for a picture, whatever this terminal has, unless none are wanted.
    ///
    /// # Errors
    /// What is wrong with the theme.
    pub fn colour_everything(&mut self) -> Result<(), Failure> {
        if !self.env.no_color && !self.common.no_color {
            self.config.ui.color = ColorChoice::Always;
            self.depth = ColorDepth::True;
            self.theme = self.load_theme()?;
        }
        Ok(())
    }

    /// The clock: the machine's, or the simulated world's.
    pub fn clock(&self) -> Clock {
        match (self.common.at, self.common.speed) {
            (Some(at), _) => Clock::starting_at(at).frozen(),
            (None, Some(speed)) if self.common.demo => Clock::system().with_speed(speed),
            _ => Clock::system(),
        }
    }

    /// The clock of a command that follows something: where the simulated world is put at a time, it goes on
    /// from there, as fast as nothing is waited for.
    pub fn running_clock(&self) -> Clock {
        self.common.at.map_or_else(|| self.clock(), Clock::starting_at)
    }

    /// Where the journal is, and what is remembered. The simulated world's is apart from the real one.
    pub fn state_folder(&self) -> PathBuf {
        let folder = self.paths.as_ref().map_or_else(|| PathBuf::from("."), |paths| paths.state.clone());
        if self.common.demo { folder.join("demo") } else { folder }
    }

    /// Feeds all that is random: the world, and the jitter of the pollers.
    pub fn seed(&self) -> u64 {
        self.common.seed.unwrap_or(u64::from(self.config.demo.seed))
    }

    /// The app before anything was asked.
    pub fn app(&self) -> App {
        let targets = self.specs.iter().map(|spec| {
            let region = spec.region.clone();
            (spec.clone(), SessionInfo { region, simulated: self.common.demo, ..SessionInfo::default() })
        });
        let settings = Settings {
            config: self.config.clone(),
            keymap: self.keymap.clone(),
            user_themes: self.user_themes.clone(),
            depth: self.env.depth(),
            theme: self.theme.clone(),
        };
        let mut app = App::new(Store::new(targets), settings, self.local_zone.clone());
        app.ui.zone = self.zone.clone();
        app.ui.pane = app.panes.iter().position(|pane| pane.name() == self.config.ui.start).unwrap_or(0);
        app
    }

    /// The way to AWS, or to the simulated one.
    ///
    /// # Errors
    /// A certificate bundle that cannot be used.
    pub fn aws(&self, clock: Clock) -> Result<Aws, Failure> {
        let access = match self.sim(clock)? {
            Some(sim) => simulated::access(sim),
            None => Access::Real {
                env: self.env.aws.clone(),
                http: http_client(self.env.aws.ca_bundle.as_deref())?,
            },
        };
        let clocks = Clocks {
            monotonic: Arc::new(move || clock.since_start()),
            wall: Arc::new(move || clock.wall()),
            sleep: SharedAsyncSleep::new(TokioSleep::new()),
        };
        Ok(Aws::new(access, clocks, Some(self.config.cost.max_usd_per_hour)))
    }

    /// The simulated AWS, when it is used.
    ///
    /// # Errors
    /// A fault rule that cannot be read.
    pub fn sim(&self, clock: Clock) -> Result<Option<SimAws>, Failure> {
        let Some(scenario) = &self.scenario else { return Ok(None) };
        let sim = SimAws::new(scenario.clone(), self.seed(), clock.wall(), Arc::new(move || clock.wall()));
        let sim = sim.counting_by(Arc::new(move || clock.since_start()));
        sim.set_faults(simulated::faults(&self.common)?);
        Ok(Some(sim))
    }
}

fn http_client(
    ca_bundle: Option<&Path>,
) -> Result<aws_smithy_runtime_api::client::http::SharedHttpClient, Failure> {
    let problem =
        |file: &Path, error: String| Failure::usage(format!("AWS_CA_BUNDLE {}: {error}", file.display()));
    let pem = match ca_bundle {
        Some(file) => Some(std::fs::read_to_string(file).map_err(|error| problem(file, error.to_string()))?),
        None => None,
    };
    aws::http::client(pem.as_deref()).map_err(|error| match ca_bundle {
        Some(file) => problem(file, error),
        None => Failure::Failed(format!("cannot set up TLS: {error}")),
    })
}

/// The config file's name and text; empty when there is none and none was asked for.
///
/// # Errors
/// A file that was asked for and cannot be read, or one that is there and cannot.
pub fn read_config(common: &Common, paths: Option<&Paths>) -> Result<(PathBuf, String), Failure> {
    let file = common.config.clone().or_else(|| paths.map(Paths::config_file)).unwrap_or_default();
    match std::fs::read_to_string(&file) {
        Ok(text) => Ok((file, text)),
        Err(error) if common.config.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            Ok((file, String::new()))
        }
        Err(error) => Err(Failure::usage(format!("{}: {error}", file.display()))),
    }
}

/// The config with the flags over it.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse_config(
    text: &str,
    file: &str,
    user_themes: &[(String, String)],
    common: &Common,
) -> Result<Config, Failure> {
    let mut config = Config::parse(text, file).map_err(Failure::Config)?;
    let panes = features::panes();
    let default_start = Config::default().ui.start;
    let panes: Vec<&str> = panes.iter().map(|pane| pane.name()).chain([default_start.as_str()]).collect();
    let actions: Vec<&str> = ACTIONS.iter().map(|info| info.name).collect();
    let known = Known {
        themes: &Theme::names(user_themes),
        panes: &panes,
        actions: &actions,
        scenarios: &Scenario::names(),
    };
    let errors = check_names(&config, text, file, &known);
    if !errors.is_empty() {
        return Err(Failure::Config(errors));
    }
    if let Err(KeyError { action, problem }) = Keymap::new(&config.keys) {
        return Err(Failure::Config(vec![error_at(text, file, &["keys", &action], &problem)]));
    }
    // A world in which several regions matter is looked at in all of them, unless the config says which.
    if common.demo && config.security.regions.is_empty() {
        config.security.regions.clone_from(&simulated::scenario(common, &config)?.regions);
    }
    if let Some(theme) = &common.theme {
        config.ui.theme.clone_from(theme);
    }
    if common.no_color {
        config.ui.color = ColorChoice::Never;
    }
    config.ui.ascii |= common.ascii;
    config.read_only |= common.read_only;
    Ok(config)
}

/// The user's own themes, by name: files that cannot be read are left out.
pub fn read_themes(folder: &Path) -> Vec<(String, String)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut themes: Vec<(String, String)> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .filter(|path| std::fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() <= MAX_THEME))
        .take(MAX_THEMES)
        .filter_map(|path| {
            Some((path.file_stem()?.to_str()?.to_owned(), std::fs::read_to_string(&path).ok()?))
        })
        .collect();
    themes.sort();
    themes
}
