//! What the user is looking at: the screen, the way back, overlays, the docked line, the window, the zone.

use super::overlay::Overlay;
use super::pane::{Edit, Notices};
use super::window::Window;
use crate::config::Config;
use crate::features::Link;
use crate::text::Zone;
use crate::widgets::input::LineInput;
use std::time::Duration;

/// The way back is at most this long.
pub(super) const MAX_JUMPS: usize = 50;

/// The docked line at the foot of a pane.
pub struct Docked {
    /// What the pane asked for.
    pub edit: Edit,
    /// The text and its cursor.
    pub input: LineInput,
}

/// A jump that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Jump {
    /// Where it began.
    pub from: Link,
    /// The window there.
    pub window: Window,
    /// The one thing it led into, if it did: from there `Back` returns at once, not to a list never visited.
    pub into: Option<Link>,
}

/// State of the interface that belongs to no pane.
pub struct Ui {
    /// Index of the screen shown.
    pub pane: usize,
    /// Where `Back` leads.
    pub jumps: Vec<Jump>,
    /// Topmost last.
    pub overlays: Vec<Box<dyn Overlay>>,
    /// A line being typed for the pane.
    pub docked: Option<Docked>,
    /// The shared time window.
    pub window: Window,
    /// What `0` goes back to.
    pub default_window: Window,
    /// The zone times are shown in.
    pub zone: Zone,
    /// The machine's zone, for switching back from UTC.
    pub local_zone: Zone,
    /// Passing lines.
    pub notices: Notices,
    /// Counts `r`.
    pub refreshes: u32,
    /// When `Ctrl-c` was pressed last.
    pub cancel_at: Option<Duration>,
    /// Replays and other places where nothing may be sent.
    pub banner: Option<String>,
}

impl Ui {
    /// The interface at start.
    pub fn new(config: &Config, local_zone: Zone) -> Self {
        let window = default_window(config);
        Self {
            pane: 0,
            jumps: Vec::new(),
            overlays: Vec::new(),
            docked: None,
            window,
            default_window: window,
            zone: local_zone.clone(),
            local_zone,
            notices: Notices::default(),
            refreshes: 0,
            cancel_at: None,
            banner: None,
        }
    }

    /// Takes another default window; it is shown at once when the old one was.
    pub(super) fn set_default_window(&mut self, config: &Config) {
        let window = default_window(config);
        if self.window == self.default_window {
            self.window = window;
        }
        self.default_window = window;
    }
}

fn default_window(config: &Config) -> Window {
    let secs = i64::try_from(config.window.default.duration().as_secs()).unwrap_or(3_600);
    Window::Live { secs }
}
