//! Verbs: one table with name, doc, default keys and danger. Footer, help, palette, README and the
//! remapping in the config all come from it.

use serde::{Deserialize, Serialize};

/// Where a verb belongs in help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Moving in a list or text.
    Move,
    /// Going between screens, panels and things.
    Go,
    /// Finding and ordering.
    Find,
    /// Reading logs and lists.
    Read,
    /// To another view of the same thing.
    Jump,
    /// Time, copy, export.
    Do,
    /// The program itself.
    More,
}

impl Scope {
    /// Heading in help.
    pub fn title(self) -> &'static str {
        match self {
            Self::Move => "Move",
            Self::Go => "Go",
            Self::Find => "Find",
            Self::Read => "Read",
            Self::Jump => "Jump",
            Self::Do => "Do",
            Self::More => "More",
        }
    }
}

/// A row of the table.
#[derive(Debug)]
pub struct Info {
    /// The verb.
    pub action: Action,
    /// Its name in the config and the palette.
    pub name: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
    /// Two or three words for the footer.
    pub label: &'static str,
    /// Where it stands in help.
    pub scope: Scope,
    /// Default keys.
    pub keys: &'static [&'static str],
    /// It opens the way to a change in AWS; hidden on read-only targets.
    pub danger: bool,
}

macro_rules! actions {
    (@danger danger) => { true };
    (@danger) => { false };
    ($($action:ident, $name:literal, $scope:ident, [$($key:literal),*], $label:literal, $doc:literal $(, $danger:ident)?;)*) => {
        /// A context-free verb. What it means is up to the pane that has the focus.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Action { $(#[doc = $doc] $action),* }

        /// Every verb, in the order of help.
        pub static ACTIONS: &[Info] = &[$(Info {
            action: Action::$action, name: $name, doc: $doc, label: $label, scope: Scope::$scope,
            keys: &[$($key),*], danger: actions!(@danger $($danger)?),
        }),*];
    };
}

actions! {
    Down, "down", Move, ["j", "Down"], "down", "Next row";
    Up, "up", Move, ["k", "Up"], "up", "Previous row";
    Left, "left", Move, ["Left"], "crosshair", "Scroll left, or the crosshair back in time";
    Right, "right", Move, ["Right"], "right", "Scroll right, or the crosshair on in time";
    Top, "top", Move, ["g", "Home"], "top", "First row";
    Bottom, "bottom", Move, ["G", "End"], "bottom", "Last row";
    HalfDown, "half-down", Move, ["Ctrl-d"], "half page down", "Half a page down";
    HalfUp, "half-up", Move, ["Ctrl-u"], "half page up", "Half a page up";
    PageDown, "page-down", Move, ["PageDown"], "page down", "A page down";
    PageUp, "page-up", Move, ["PageUp"], "page up", "A page up";
    Screen1, "overview", Go, ["1"], "overview", "Overview";
    Screen2, "rollouts", Go, ["2"], "rollouts", "Rollouts";
    Screen3, "alarms", Go, ["3"], "alarms", "Alarms";
    Screen4, "dashboards", Go, ["4"], "dashboards", "Dashboards";
    Screen5, "logs", Go, ["5"], "logs", "Logs";
    Screen6, "traces", Go, ["6"], "traces", "Traces";
    Screen7, "security", Go, ["7"], "security", "Security";
    Screen8, "changes", Go, ["8"], "changes", "Changes";
    Screen9, "diagnostics", Go, ["9"], "diagnostics", "Diagnostics";
    NextPanel, "next-panel", Go, ["Tab"], "next panel", "Next panel";
    PrevPanel, "previous-panel", Go, ["Shift-Tab"], "previous panel", "Previous panel";
    Open, "open", Go, ["Enter"], "open", "Open what is under the cursor";
    Back, "back", Go, ["Esc", "Backspace"], "back", "Back through the jumps, cursor and window restored";
    Quit, "quit", Go, ["q"], "quit", "Back, and at the top quit";
    Find, "find", Find, ["/"], "find", "Filter a list; search in logs and text";
    NextHit, "next-hit", Find, ["n"], "next hit", "Next hit";
    PrevHit, "previous-hit", Find, ["N"], "previous hit", "Previous hit";
    Filter, "filter", Find, ["&"], "filter", "Show only matching log lines";
    ShowAll, "show-all", Find, ["."], "show all", "Show all, or only what is bad";
    Sort, "sort", Find, ["s"], "sort", "Next sort order";
    NextError, "next-error", Read, ["e"], "next error", "Next error or fault";
    PrevError, "previous-error", Read, ["E"], "previous error", "Previous error or fault";
    Follow, "follow", Read, ["f"], "follow", "Follow the newest";
    Pause, "pause", Read, ["Space"], "pause", "Pause and go on";
    Mark, "mark", Read, ["m"], "mark", "Mark a row";
    Wrap, "wrap", Read, ["w"], "wrap", "Wrap long lines";
    Older, "older", Read, ["["], "older", "Older";
    Newer, "newer", Read, ["]"], "newer", "Newer";
    Pick, "pick", Jump, ["p"], "pick", "Pick targets, or log groups in Logs";
    Logs, "logs-of", Jump, ["l"], "logs", "Logs of the thing under the cursor";
    Traces, "traces-of", Jump, ["t"], "traces", "Traces of the thing under the cursor";
    Changes, "changes-of", Jump, ["c"], "what changed", "What changed around the thing under the cursor";
    Board, "board-of", Jump, ["d"], "dashboard", "Dashboard of the thing under the cursor";
    Rollback, "rollback", Jump, ["R"], "rollback…", "Open the rollback dialog of its rollout", danger;
    Actions, "actions", Jump, ["a"], "actions", "What can be done here";
    ZoomIn, "zoom-in", Do, ["z"], "zoom time", "Shorter time window";
    ZoomOut, "zoom-out", Do, ["Z"], "zoom out", "Longer time window";
    Earlier, "earlier", Do, ["<"], "earlier", "Half a window earlier";
    Later, "later", Do, [">"], "later", "Half a window later";
    Live, "live", Do, ["0"], "live", "Back to the live window";
    Zone, "zone", Do, ["T"], "zone", "Local time or UTC";
    Refresh, "refresh", Do, ["r"], "refresh", "Ask AWS again now";
    Copy, "copy", Do, ["y"], "copy", "Copy the thing under the cursor, or the command for it";
    Url, "console-url", Do, ["o"], "console URL", "Copy and show the AWS console's address of it";
    Export, "export", Do, ["x"], "export", "Write what is shown to a file";
    Palette, "palette", More, [":"], "commands", "Every action, screen, target, service and theme";
    Help, "help", More, ["?"], "help", "Keys that work here";
    Errors, "errors", More, ["!"], "errors", "Errors with their request ids";
    Journal, "journal", More, ["@"], "journal", "Rollbacks sent from this machine";
    Suspend, "suspend", More, ["Ctrl-z"], "suspend", "Suspend to the shell";
    Repaint, "repaint", More, ["Ctrl-l"], "repaint", "Draw the whole screen again";
    Cancel, "cancel", More, ["Ctrl-c"], "cancel", "Cancel; twice quits";
}

impl Action {
    /// Its row in the table.
    pub fn info(self) -> &'static Info {
        // The table and the enum are made by one macro, in one order.
        &ACTIONS[self as usize]
    }

    /// The screen a digit goes to, counted from 0.
    pub fn screen(self) -> Option<usize> {
        (Self::Screen1..=Self::Screen9).contains(&self).then(|| self as usize - Self::Screen1 as usize)
    }

    /// The verb with this name in the config.
    pub fn by_name(name: &str) -> Option<Self> {
        ACTIONS.iter().find(|info| info.name == name).map(|info| info.action)
    }
}
