//! The pure core: messages in, state and effects out.
//!
//! [`App::handle`] is the only writer of state and only routes: overlay, docked editor, pane, global keys,
//! store. No pane is named here; what there is to show comes from [`crate::features`]. Nothing in this
//! folder does IO. Next: `pane.rs` for what a pane is, `features/mod.rs` for the wiring.

pub mod action;
pub mod ascii;
mod chrome;
pub mod effect;
pub mod fetched;
mod global;
pub mod help;
pub mod keymap;
mod menu;
pub mod msg;
pub mod overlay;
pub mod palette;
pub mod pane;
pub mod picker;
pub mod plan;
mod status;
pub mod ui;
pub mod window;

#[cfg(test)]
mod tests;

pub use action::Action;
pub use effect::Effect;
pub use fetched::{Freshness, PollStatus};
pub use keymap::Keymap;
pub use msg::{Input, Msg, Now, Polled};
pub use overlay::{Overlay, Reply};
pub use pane::{Badge, Command, Ctx, Edit, EditEvent, Notice, Pane, Tone};
pub use plan::{Cadence, Level, PollKey, PollPlan, Want};
pub use ui::Ui;
pub use window::Window;

use crate::config::Config;
use crate::features::{self, OpOutcome, Store};
use crate::theme::{ColorDepth, Theme};
use ratatui::buffer::Buffer;

/// What stays the same until a file or a choice changes it.
pub struct Settings {
    /// The configuration in force.
    pub config: Config,
    /// Keys to actions, remapped as configured.
    pub keymap: Keymap,
    /// Themes of the user's own: name and text.
    pub user_themes: Vec<(String, String)>,
    /// How many colours the terminal has; the config may want others.
    pub depth: ColorDepth,
    /// The theme in force.
    pub theme: Theme,
}

/// The whole program but for the terminal, the clock and the network.
pub struct App {
    /// What AWS has said, keyed by target.
    pub store: Store,
    /// One per screen, in the order of their keys.
    pub panes: Vec<Box<dyn Pane>>,
    /// What the user is looking at.
    pub ui: Ui,
    /// Configuration, keys, theme.
    pub settings: Settings,
}

impl App {
    /// An app over a fresh store.
    pub fn new(store: Store, settings: Settings, zone: crate::text::Zone) -> Self {
        let ui = Ui::new(&settings.config, zone);
        Self { store, panes: features::panes(), ui, settings }
    }

    /// Applies one message and says what the shell has to do about it.
    pub fn handle(&mut self, msg: Msg, now: Now) -> Vec<Effect> {
        let mut effects = match msg {
            Msg::Input(input) => return self.on_input(&input, now),
            Msg::PollStarted { key, query } => {
                self.store.polls.entry(key).or_default().started(&query);
                return Vec::new();
            }
            Msg::PollDropped { key } => {
                self.store.polls.entry(key).or_default().in_flight = false;
                return Vec::new();
            }
            Msg::Polled(polled) => self.on_polled(*polled, now),
            Msg::OpDone(outcome) => {
                if let OpOutcome::Copied { text, result: Err(why) } = *outcome {
                    self.ui.overlays.push(Box::new(menu::BareText::new(why, text)));
                    return Vec::new();
                }
                let effects = self.store.apply_op(*outcome, now, &mut self.ui.notices);
                self.changed(None, now, effects)
            }
            Msg::Computed(output) => {
                let mut commands = Vec::new();
                self.each_pane(now, |pane, ctx| commands.extend(pane.on_computed(&output, ctx)));
                self.run_commands(commands, now)
            }
            Msg::ConfigLoaded(result) => self.on_config(*result),
            Msg::ThemesLoaded(files) => {
                self.settings.user_themes = files;
                self.apply_theme(None);
                Vec::new()
            }
            Msg::Session { target, info } => {
                self.store.connected(&target, info);
                self.changed(None, now, Vec::new())
            }
            Msg::Banner(text) => {
                self.ui.banner = Some(text);
                Vec::new()
            }
            Msg::Resumed | Msg::Tick => Vec::new(),
        };
        effects.extend(self.store.tick(now));
        self.ui.notices.expire(now);
        effects
    }

    /// What should be polled now, derived from what is on screen.
    pub fn plan(&self, now: Now) -> PollPlan {
        let mut plan = PollPlan::default();
        let ctx = self.ctx(now);
        // Of two questions as urgent as each other the first one stays: that of what is in front.
        for overlay in self.ui.overlays.iter().rev() {
            overlay.wants(&ctx, &mut plan);
        }
        features::base_wants(&ctx, &mut plan);
        for (index, pane) in self.panes.iter().enumerate() {
            pane.wants(index == self.ui.pane, &ctx, &mut plan);
        }
        plan.stamp(self.ui.refreshes);
        plan
    }

    /// Draws everything into `buf`. Changes nothing but viewport memory.
    pub fn render(&self, buf: &mut Buffer, now: Now) {
        chrome::render(self, buf, now);
        if self.settings.theme.ascii {
            ascii::plain(buf);
        }
    }

    /// Whether every wanted topic has answered (well or badly) the question now asked.
    pub fn settled(&self, now: Now) -> bool {
        self.plan(now).iter().all(|(key, want)| {
            self.store.polls.get(key).is_some_and(|status| status.answered.as_ref() == Some(&want.query))
        }) && self.panes.iter().enumerate().all(|(i, pane)| i != self.ui.pane || pane.settled(&self.ctx(now)))
    }

    /// Whether what was typed until now is for nothing that the drawing just made shows: asked once after each.
    pub fn newly_drawn(&self) -> bool {
        self.ui.overlays.last().is_some_and(|overlay| overlay.newly_drawn())
    }

    /// Whether what is being typed must not be recorded.
    pub fn secret(&self) -> bool {
        self.ui.overlays.last().is_some_and(|overlay| overlay.secret())
    }

    /// What panes and overlays may read.
    pub fn ctx(&self, now: Now) -> Ctx<'_> {
        Ctx {
            store: &self.store,
            config: &self.settings.config,
            theme: &self.settings.theme,
            keymap: &self.settings.keymap,
            window: self.ui.window,
            zone: &self.ui.zone,
            now,
        }
    }

    fn on_polled(&mut self, polled: Polled, now: Now) -> Vec<Effect> {
        let Polled { key, query, result, next_in, usage } = polled;
        self.store.usage.insert(key.target.clone(), usage);
        // An answer to a question no longer asked is ignored; its cost was real.
        if self.plan(now).get(&key).is_none_or(|want| want.query != query) {
            self.store.polls.entry(key).or_default().in_flight = false;
            return Vec::new();
        }
        let status = self.store.polls.entry(key.clone()).or_default();
        let effects = match result {
            Ok(payload) => {
                status.succeeded(query, now, next_in);
                self.store.apply(&key, payload, now)
            }
            Err(error) => {
                status.failed(query, error.clone(), now, next_in);
                self.store.errors.push(key.target.clone(), error, now);
                Vec::new()
            }
        };
        self.changed(Some(&key), now, effects)
    }

    /// Tells panes and overlays that the store changed; `None` means anywhere.
    fn changed(&mut self, key: Option<&PollKey>, now: Now, mut effects: Vec<Effect>) -> Vec<Effect> {
        self.store.derive(&self.settings.config, key);
        let mut commands = Vec::new();
        self.each_pane(now, |pane, ctx| commands.extend(pane.on_change(key, ctx)));
        let mut overlays = std::mem::take(&mut self.ui.overlays);
        let ctx = self.ctx(now);
        overlays.retain_mut(|overlay| {
            let reply = overlay.on_change(key, &ctx);
            commands.extend(reply.commands);
            !reply.close
        });
        self.ui.overlays = overlays;
        if self.ui.overlays.is_empty()
            && key.is_some()
            && let Some((target, overlay)) = features::wanted_overlay(&self.ctx(now))
        {
            self.store.asked.insert(target);
            self.ui.overlays.push(overlay);
        }
        effects.extend(self.run_commands(commands, now));
        effects
    }

    fn each_pane(&mut self, now: Now, mut f: impl FnMut(&mut dyn Pane, &Ctx)) {
        let mut panes = std::mem::take(&mut self.panes);
        let ctx = self.ctx(now);
        for pane in &mut panes {
            f(pane.as_mut(), &ctx);
        }
        self.panes = panes;
    }

    fn on_config(&mut self, result: Result<Config, String>) -> Vec<Effect> {
        match result {
            Ok(config) => match Keymap::new(&config.keys) {
                Ok(keymap) => {
                    let old = std::mem::replace(&mut self.settings.config, config);
                    self.settings.keymap = keymap;
                    self.take_config(&old);
                }
                Err(problem) => self.ui.notices.warn(&problem.to_string()),
            },
            // The old configuration stays in force: a typing slip must not take the console down.
            Err(problem) => self.ui.notices.warn(&problem),
        }
        Vec::new()
    }

    /// Puts a changed config into force. What a choice on screen changed stays, unless the config's word for
    /// it changed too.
    fn take_config(&mut self, old: &Config) {
        let new = &self.settings.config;
        if new.read_only {
            self.store.forbid_writes();
        }
        if new.ui.zone != old.ui.zone
            && let Some(zone) = new.ui.time_zone(&self.ui.local_zone)
        {
            self.ui.zone = zone;
        }
        if new.window != old.window {
            self.ui.set_default_window(new);
        }
        let mut waits = Vec::new();
        for (changed, what) in [
            (new.targets != old.targets, "[[target]]"),
            (old.read_only && !new.read_only, "read_only = false"),
            (new.ui.start != old.ui.start, "ui.start"),
            (new.demo != old.demo, "[demo]"),
        ] {
            if changed {
                waits.push(what);
            }
        }
        let theme = (new.ui.theme != old.ui.theme).then(|| new.ui.theme.clone());
        self.apply_theme(theme);
        self.store.derive(&self.settings.config, None);
        self.ui.notices.info(&match waits.as_slice() {
            [] => "config reloaded".to_owned(),
            waits => format!("config reloaded; at the next start: {}", waits.join(", ")),
        });
    }
}
