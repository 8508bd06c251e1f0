//! What a screen is to the core: verbs in, commands out, wants derived, drawing without side effects.

use super::action::Action;
use super::effect::Effect;
use super::keymap::Keymap;
use super::msg::Now;
use super::overlay::Overlay;
use super::plan::{PollKey, PollPlan};
use super::window::Window;
use crate::aws::TargetId;
use crate::config::Config;
use crate::features::{JobOutput, Link, Store};
use crate::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::VecDeque;
use std::time::Duration;

/// What panes and overlays may read.
#[derive(Clone, Copy)]
pub struct Ctx<'a> {
    /// What AWS has said.
    pub store: &'a Store,
    /// Configuration.
    pub config: &'a Config,
    /// Theme.
    pub theme: &'a Theme,
    /// Keys, for hints.
    pub keymap: &'a Keymap,
    /// The shared time window.
    pub window: Window,
    /// The zone that times are shown in.
    pub zone: &'a crate::text::Zone,
    /// The present.
    pub now: Now,
}

impl Ctx<'_> {
    /// Targets that are switched on.
    pub fn targets(&self) -> impl Iterator<Item = &TargetId> {
        self.store.active()
    }

    /// Lists need a target column.
    pub fn many_targets(&self) -> bool {
        self.store.active().nth(1).is_some()
    }
}

/// How something looks in a badge, a notice or a header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// Information.
    Info,
    /// Fine.
    Ok,
    /// Worth a look.
    Warn,
    /// Broken.
    Bad,
}

impl Tone {
    /// The role it is drawn in.
    pub fn role(self) -> crate::theme::Role {
        use crate::theme::Role;
        match self {
            Self::Info => Role::Info,
            Self::Ok => Role::Ok,
            Self::Warn => Role::Warn,
            Self::Bad => Role::Bad,
        }
    }
}

/// A count on a tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Badge {
    /// How bad.
    pub tone: Tone,
    /// How many.
    pub count: usize,
}

/// A line of text to be typed at the foot of the pane.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// What the pane wants it for; comes back in [`Pane::on_edit`].
    pub purpose: &'static str,
    /// Shown before the text.
    pub label: String,
    /// What stands there already.
    pub initial: String,
}

/// How far a text has come.
#[derive(Debug, Clone, PartialEq)]
pub enum EditEvent<'a> {
    /// It changed.
    Changed(&'a str),
    /// Enter.
    Submitted(&'a str),
    /// Esc.
    Cancelled,
}

/// What a pane or overlay asks the core to do.
pub enum Command {
    /// Something outside the core.
    Effect(Effect),
    /// Another screen, remembering this one.
    Goto(Link),
    /// An overlay.
    Open(Box<dyn Overlay>),
    /// A docked line of text.
    Edit(Edit),
    /// A verb, as if its key had been pressed.
    Act(Action),
    /// Another theme, by name.
    Theme(String),
    /// Which targets are on.
    Targets(Vec<TargetId>),
    /// Another time window.
    Window(Window),
    /// A passing line above the footer.
    Notify(Tone, String),
}

/// A screen. State that only it needs lives in it; what AWS said lives in the store.
pub trait Pane {
    /// Its name, as in `eyewall snapshot NAME`, lower case.
    fn name(&self) -> &'static str;
    /// Its tab.
    fn title(&self) -> &'static str;
    /// A count on its tab.
    fn badge(&self, _ctx: &Ctx) -> Option<Badge> {
        None
    }
    /// What it needs polled.
    fn wants(&self, visible: bool, ctx: &Ctx, plan: &mut PollPlan);
    /// A verb. `None` means it has no meaning here.
    fn on_action(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>>;
    /// Text typed into the docked line it asked for.
    fn on_edit(&mut self, _purpose: &str, _event: EditEvent, _ctx: &Ctx) -> Vec<Command> {
        Vec::new()
    }
    /// The store changed; `None` means anywhere.
    fn on_change(&mut self, _key: Option<&PollKey>, _ctx: &Ctx) -> Vec<Command> {
        Vec::new()
    }
    /// A job ended.
    fn on_computed(&mut self, _output: &JobOutput, _ctx: &Ctx) -> Vec<Command> {
        Vec::new()
    }
    /// Shows what the link names, if it is this pane's.
    fn open(&mut self, link: &Link, ctx: &Ctx) -> bool;
    /// A link that brings back what is shown now, cursor included.
    fn here(&self) -> Link;
    /// Verbs worth naming in the footer, most important first.
    fn hints(&self, ctx: &Ctx) -> Vec<Action>;
    /// Nothing more is being computed for what is shown.
    fn settled(&self, _ctx: &Ctx) -> bool {
        true
    }
    /// Text of what is shown, for `x` and `snapshot --format json`.
    fn export(&self, _ctx: &Ctx) -> Option<String> {
        None
    }
    /// Draws. Changes nothing but viewport memory.
    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx);
}

/// A passing line above the footer.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// How it looks.
    pub tone: Tone,
    /// What it says.
    pub text: String,
    until: Option<Duration>,
}

impl Notice {
    /// How long it is shown.
    fn life(&self) -> Duration {
        Duration::from_secs(if self.tone >= Tone::Warn { 12 } else { 6 })
    }
}

/// So long it takes to read a line.
const READ: Duration = Duration::from_secs(2);

/// At most eight notices wait; the newest is shown.
#[derive(Debug, Default)]
pub struct Notices {
    list: VecDeque<Notice>,
}

impl Notices {
    /// Adds a line.
    pub fn push(&mut self, tone: Tone, text: impl Into<String>) {
        if self.list.len() == 8 {
            self.list.pop_front();
        }
        self.list.push_back(Notice { tone, text: text.into(), until: None });
    }

    /// Adds an informational line.
    pub fn info(&mut self, text: &str) {
        self.push(Tone::Info, text);
    }

    /// Adds a warning.
    pub fn warn(&mut self, text: &str) {
        self.push(Tone::Warn, text);
    }

    /// Puts those of before in front again. After a step to somewhere else (`moved`) only what is amiss stays:
    /// the rest was about what is not on screen any more.
    pub(super) fn resume(&mut self, before: Self, moved: bool) {
        let kept = before.list.into_iter().filter(|notice| !moved || notice.tone >= Tone::Warn);
        let mut list: VecDeque<Notice> = kept.chain(self.list.drain(..)).collect();
        list.drain(..list.len().saturating_sub(8));
        self.list = list;
    }

    /// The one to show.
    pub fn latest(&self) -> Option<&Notice> {
        self.list.back()
    }

    /// Forgets what has been shown long enough: 6 s, or 12 s for bad news. What another line took the place of after
    /// it could be read does not come back, unless it is bad.
    pub fn expire(&mut self, now: Now) {
        let at = now.since_start;
        for notice in &mut self.list {
            notice.until.get_or_insert(at + notice.life());
        }
        let latest = self.list.len().saturating_sub(1);
        let mut index = 0;
        self.list.retain(|notice| {
            let replaced = index < latest && notice.tone < Tone::Bad;
            index += 1;
            let could_be_read = |until: Duration| until.saturating_sub(at) + READ <= notice.life();
            notice.until.is_none_or(|until| at < until && !(replaced && could_be_read(until)))
        });
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.list.clear();
    }
}
