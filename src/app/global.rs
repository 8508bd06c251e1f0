//! Input routing and the verbs that mean the same on every screen.
//!
//! Order: topmost overlay, docked line, pane, global. A pane that has no meaning for a verb leaves it to
//! the global arm.

use super::action::{Action, Scope};
use super::effect::Effect;
use super::help::Help;
use super::msg::{Input, Now};
use super::palette::Palette;
use super::pane::{Command, EditEvent, Tone};
use super::picker::TargetPicker;
use super::ui::{Docked, Jump, MAX_JUMPS};
use super::{App, Window};
use crate::features::{self, Link};
use crate::text::Zone;
use crate::theme::Theme;
use crate::widgets::input::{InputEvent, LineInput};
use std::time::Duration;

impl App {
    pub(super) fn on_input(&mut self, input: &Input, now: Now) -> Vec<Effect> {
        let (before, notices) = (self.place(now), std::mem::take(&mut self.ui.notices));
        let effects = self.route(input, now);
        let moved = self.place(now) != before;
        self.ui.notices.resume(notices, moved);
        effects
    }

    /// What is on screen, as far as a passing line can be about it: another screen, an overlay, or other keys
    /// (an opened detail has its own).
    fn place(&self, now: Now) -> (usize, usize, Vec<Action>) {
        let keys = self.panes.get(self.ui.pane).map(|pane| pane.hints(&self.ctx(now)));
        (self.ui.pane, self.ui.overlays.len(), keys.unwrap_or_default())
    }

    fn route(&mut self, input: &Input, now: Now) -> Vec<Effect> {
        let action = match input {
            Input::Key(key) => self.settings.keymap.action(key),
            Input::Paste(_) => None,
            Input::Resize(..) => {
                // Keys of the same batch arrive before anything is drawn at the new size.
                for overlay in &self.ui.overlays {
                    overlay.hidden();
                }
                return Vec::new();
            }
        };
        if action == Some(Action::Cancel) && self.cancel_twice(now) {
            return vec![Effect::Quit];
        }
        if action == Some(Action::Suspend) {
            return vec![Effect::Suspend];
        }
        if let Some(mut overlay) = self.ui.overlays.pop() {
            let reply = overlay.on_input(input, action, &self.ctx(now));
            if !reply.close {
                self.ui.overlays.push(overlay);
            }
            return self.run_commands(reply.commands, now);
        }
        if let Some(docked) = self.ui.docked.take() {
            return self.on_docked(docked, input, now);
        }
        match action {
            Some(action) => self.act(action, now),
            None => Vec::new(),
        }
    }

    /// `Ctrl-c` twice within two seconds quits from anywhere, also from a dialog that swallows keys.
    fn cancel_twice(&mut self, now: Now) -> bool {
        let before = self.ui.cancel_at.replace(now.since_start);
        before.is_some_and(|at| now.since_start.saturating_sub(at) < Duration::from_secs(2))
    }

    fn on_docked(&mut self, mut docked: Docked, input: &Input, now: Now) -> Vec<Effect> {
        let purpose = docked.edit.purpose;
        let event = docked.input.on_input(input);
        let text = docked.input.text().to_owned();
        let event = match event {
            InputEvent::Changed => EditEvent::Changed(&text),
            InputEvent::Submitted => EditEvent::Submitted(&text),
            InputEvent::Cancelled => EditEvent::Cancelled,
            InputEvent::Ignored => {
                self.ui.docked = Some(docked);
                return Vec::new();
            }
        };
        if matches!(event, EditEvent::Changed(_)) {
            self.ui.docked = Some(docked);
        }
        let commands = self.with_pane(now, |pane, ctx| pane.on_edit(purpose, event, ctx));
        self.run_commands(commands, now)
    }

    /// A verb, to the pane first.
    pub fn act(&mut self, action: Action, now: Now) -> Vec<Effect> {
        if matches!(action, Action::Back | Action::Quit) && self.where_a_jump_led() {
            return self.back(false, now);
        }
        if let Some(commands) = self.with_pane(now, |pane, ctx| pane.on_action(action, ctx)) {
            return self.run_commands(commands, now);
        }
        self.act_globally(action, now)
    }

    fn where_a_jump_led(&self) -> bool {
        let here = self.panes.get(self.ui.pane).map(|pane| pane.here());
        here.is_some() && self.ui.jumps.last().is_some_and(|jump| jump.into == here)
    }

    fn act_globally(&mut self, action: Action, now: Now) -> Vec<Effect> {
        if let Some(screen) = action.screen() {
            return self.show_screen(screen, now);
        }
        let wall = now.wall;
        match action {
            Action::ZoomIn => self.set_window(self.ui.window.zoom(true, wall)),
            Action::ZoomOut => self.set_window(self.ui.window.zoom(false, wall)),
            Action::Earlier => self.set_window(self.ui.window.shift(true, wall)),
            Action::Later => self.set_window(self.ui.window.shift(false, wall)),
            Action::Live => self.set_window(self.ui.default_window),
            Action::Zone => {
                let utc = self.ui.zone == Zone::utc();
                self.ui.zone = if utc { self.ui.local_zone.clone() } else { Zone::utc() };
                if utc && self.ui.local_zone == Zone::utc() {
                    self.ui.notices.info("this machine's zone is UTC");
                }
            }
            Action::Refresh => {
                self.ui.refreshes = self.ui.refreshes.wrapping_add(1);
                self.store.asked.clear();
            }
            Action::Help => {
                let here = self.with_pane(now, |pane, ctx| pane.hints(ctx));
                self.open_overlay(Box::new(Help::new(here)));
            }
            Action::Palette => {
                let palette = Palette::new(self, now);
                self.open_overlay(Box::new(palette));
            }
            Action::Actions => {
                let mut actions = self.with_pane(now, |pane, ctx| pane.hints(ctx));
                actions.retain(|action| !super::help::hidden(*action, &self.ctx(now)));
                self.open_overlay(Box::new(super::menu::Menu::new(actions)));
            }
            Action::Pick => {
                let picker = TargetPicker::new(&self.store);
                self.open_overlay(Box::new(picker));
            }
            Action::Errors => return self.run_commands(features::errors_view(), now),
            Action::Journal => return self.run_commands(features::journal_view(), now),
            Action::Back => return self.back(false, now),
            Action::Quit => return self.back(true, now),
            Action::Cancel => self.ui.notices.info("Ctrl-c again quits"),
            Action::Repaint => return vec![Effect::Repaint],
            Action::Export => return self.export(now),
            _ => {
                let text = format!("{}: {}", self.settings.keymap.key(action), nothing(action));
                self.ui.notices.info(&text);
            }
        }
        Vec::new()
    }

    /// Carries out what panes and overlays asked for.
    pub fn run_commands(&mut self, commands: Vec<Command>, now: Now) -> Vec<Effect> {
        let mut effects = Vec::new();
        for command in commands {
            match command {
                Command::Effect(effect) => effects.push(effect),
                Command::Goto(link) => self.goto(&link, now),
                Command::Open(overlay) => self.open_overlay(overlay),
                Command::Edit(edit) => {
                    let input = LineInput::new(&edit.initial);
                    self.ui.docked = Some(Docked { edit, input });
                }
                Command::Act(action) => effects.extend(self.act(action, now)),
                Command::Theme(name) => self.apply_theme(Some(name)),
                Command::Targets(targets) => {
                    self.store.set_active(&targets);
                    self.store.derive(&self.settings.config, None);
                }
                Command::Window(window) => self.set_window(window),
                Command::Notify(tone, text) => self.ui.notices.push(tone, text),
            }
        }
        effects
    }

    /// Shows what the link names, remembering where we were.
    pub fn goto(&mut self, link: &Link, now: Now) {
        let from = (self.panes.get(self.ui.pane).map(|pane| pane.here()), self.ui.window);
        let mut panes = std::mem::take(&mut self.panes);
        let target = panes.iter_mut().position(|pane| pane.open(link, &self.ctx(now)));
        self.panes = panes;
        match (target, from) {
            (Some(index), (Some(here), window)) => {
                let into = self.panes.get(index).map(|pane| pane.here()).filter(Link::opens);
                self.ui.jumps.push(Jump { from: here, window, into });
                if self.ui.jumps.len() > MAX_JUMPS {
                    self.ui.jumps.remove(0);
                }
                self.ui.pane = index;
                self.ui.docked = None;
            }
            (Some(index), _) => self.ui.pane = index,
            (None, _) => self.ui.notices.warn("this screen does not exist yet"),
        }
    }

    /// Takes a theme by name, or the configured one.
    pub fn apply_theme(&mut self, name: Option<String>) {
        let name = name.unwrap_or_else(|| self.settings.theme.name.clone());
        let settings = &mut self.settings;
        let ui = &settings.config.ui;
        match Theme::load(&name, &settings.user_themes, ui.color.depth(settings.depth), ui.ascii) {
            Ok(theme) => settings.theme = theme,
            // The old theme stays; the first problem is enough for a line.
            Err(problems) => {
                let first = problems.first().map(ToString::to_string).unwrap_or_default();
                self.ui.notices.warn(&first);
            }
        }
    }

    fn open_overlay(&mut self, overlay: Box<dyn super::Overlay>) {
        self.ui.overlays.push(overlay);
    }

    fn set_window(&mut self, window: Window) {
        self.ui.window = window;
    }

    fn show_screen(&mut self, screen: usize, now: Now) -> Vec<Effect> {
        let name = Action::Screen1 as usize + screen;
        let wanted = super::action::ACTIONS.get(name).map(|info| info.name);
        match self.panes.iter().position(|pane| Some(pane.name()) == wanted) {
            Some(index) if index == self.ui.pane => {}
            Some(index) => {
                let link = self.panes.get(index).map(|pane| pane.here());
                if let Some(link) = link {
                    self.goto(&link, now);
                }
            }
            None => {
                self.ui.notices.info(&format!("{}: this version has no such screen", wanted.unwrap_or("?")));
            }
        }
        Vec::new()
    }

    fn back(&mut self, may_quit: bool, now: Now) -> Vec<Effect> {
        while let Some(Jump { from: link, window, .. }) = self.ui.jumps.pop() {
            let mut panes = std::mem::take(&mut self.panes);
            let index = panes.iter_mut().position(|pane| pane.open(&link, &self.ctx(now)));
            self.panes = panes;
            if let Some(index) = index {
                self.ui.pane = index;
                self.ui.window = window;
                return Vec::new();
            }
        }
        if !may_quit {
            return Vec::new();
        }
        match self.store.in_flight_rollback() {
            Some(what) => {
                self.open_overlay(Box::new(super::help::QuitQuestion::new(what)));
                Vec::new()
            }
            None => vec![Effect::Quit],
        }
    }

    fn export(&mut self, now: Now) -> Vec<Effect> {
        let ctx = self.ctx(now);
        let pane = self.panes.get(self.ui.pane);
        let text = pane.and_then(|pane| Some((pane.name(), pane.export(&ctx)?)));
        if let Some((name, content)) = text {
            return vec![Effect::Run(Box::new(features::Op::export(name, content, now)))];
        }
        self.ui.notices.push(Tone::Info, "nothing to export here");
        Vec::new()
    }

    fn with_pane<T: Default>(
        &mut self,
        now: Now,
        f: impl FnOnce(&mut dyn super::Pane, &super::Ctx) -> T,
    ) -> T {
        let mut panes = std::mem::take(&mut self.panes);
        let answer = match panes.get_mut(self.ui.pane) {
            Some(pane) => f(pane.as_mut(), &self.ctx(now)),
            None => T::default(),
        };
        self.panes = panes;
        answer
    }
}

/// Why a key did nothing, for a verb that the screen has no meaning for.
fn nothing(action: Action) -> String {
    match (action, action.info().scope) {
        (Action::Open, _) => "nothing to open here".to_owned(),
        (Action::Copy, _) => "nothing to copy here".to_owned(),
        (Action::Url, _) => "nothing here has an address in the AWS console".to_owned(),
        (_, Scope::Move) => "nothing to move through here".to_owned(),
        // The doc says what the key does where it does something.
        _ => format!("{} · not on this screen", action.info().doc),
    }
}
