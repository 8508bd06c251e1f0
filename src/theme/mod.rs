//! Themes: roles that views name, styles that a theme gives them, and the glyphs of the terminal.
//!
//! Views say what a thing *is* (a [`Role`]); only this folder knows colours. `load.rs` reads theme files
//! (embedded, or texts handed over by the caller), `color.rs` knows colours and terminals, `check.rs` says
//! whether a theme can be read. No file is opened here.

mod check;
mod color;
mod load;

pub use check::check;
pub use color::{ColorDepth, parse_color};

use ratatui::style::{Color, Style};

/// What a piece of text or a cell means. Every theme gives each role a style.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Ordinary text.
    Text,
    /// Units, zones, hints: less important than text.
    Dim,
    /// Headings and the values that matter most.
    Strong,
    /// Focus: the one accent.
    Accent,
    /// The selected row.
    Selected,
    /// Rules under the header and above the footer.
    Rule,
    /// Borders of dialogs and zoomed widgets.
    Border,
    /// A key in the footer and in help.
    Key,
    /// State: fine.
    Ok,
    /// State: worth a look.
    Warn,
    /// State: broken.
    Bad,
    /// State: information.
    Info,
    /// State: silenced or not counted.
    Muted,
    /// The old (blue) side of a shift.
    Old,
    /// The new (green) side of a shift.
    New,
    /// A search hit.
    Match,
    /// Text being typed.
    Input,
    /// A threshold line in a chart.
    Threshold,
    /// Chart series, in order.
    Series1,
    /// Second chart series.
    Series2,
    /// Third chart series.
    Series3,
    /// Fourth chart series.
    Series4,
    /// Fifth chart series.
    Series5,
    /// Sixth chart series.
    Series6,
}

impl Role {
    /// Every role with its name in theme files, in the order of the enum.
    pub const ALL: [(Role, &'static str); 24] = [
        (Role::Text, "text"),
        (Role::Dim, "dim"),
        (Role::Strong, "strong"),
        (Role::Accent, "accent"),
        (Role::Selected, "selected"),
        (Role::Rule, "rule"),
        (Role::Border, "border"),
        (Role::Key, "key"),
        (Role::Ok, "ok"),
        (Role::Warn, "warn"),
        (Role::Bad, "bad"),
        (Role::Info, "info"),
        (Role::Muted, "muted"),
        (Role::Old, "old"),
        (Role::New, "new"),
        (Role::Match, "match"),
        (Role::Input, "input"),
        (Role::Threshold, "threshold"),
        (Role::Series1, "series1"),
        (Role::Series2, "series2"),
        (Role::Series3, "series3"),
        (Role::Series4, "series4"),
        (Role::Series5, "series5"),
        (Role::Series6, "series6"),
    ];
}

/// A resolved theme for this terminal: one style per role.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    /// Its name, as in `--theme`.
    pub name: String,
    /// Draw without box drawing and braille.
    pub ascii: bool,
    /// The background it was made for; unknown when it leaves that to the terminal.
    background: Option<Color>,
    /// Whether that background is painted.
    paint: bool,
    styles: Vec<Style>,
}

impl Theme {
    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// What the whole screen is filled with first: ordinary text, on the theme's own background when it
    /// paints one.
    pub fn base(&self) -> Style {
        let style = self.style(Role::Text);
        match self.background {
            Some(color) if self.paint => style.bg(color),
            _ => style,
        }
    }

    /// The background it was made for; `None` when it leaves that to the terminal.
    pub fn background(&self) -> Option<Color> {
        self.background
    }

    /// The style of a target's own colour; bold where the terminal has no colours.
    pub fn target_style(&self, color: &str) -> Style {
        let style = Style::new().add_modifier(ratatui::style::Modifier::BOLD);
        match color::parse_color(color) {
            Some(color) if self.has_colors() => style.fg(color),
            _ => style,
        }
    }

    /// Whether colours can tell things apart.
    pub fn has_colors(&self) -> bool {
        self.style(Role::Bad).fg.is_some()
    }

    /// The role among `roles` whose colour an eye would take for `color` (red, green, blue); the first one
    /// where there are no colours.
    pub fn nearest(&self, color: (u8, u8, u8), roles: impl IntoIterator<Item = Role>) -> Option<Role> {
        let far = |role: &Role| {
            let own = self.style(*role).fg.and_then(color::approximate_rgb);
            own.map_or(f64::MAX, |own| color::distance(color::oklab(own), color::oklab(color)))
        };
        roles.into_iter().min_by(|a, b| far(a).total_cmp(&far(b)))
    }

    /// The glyphs this terminal can show.
    pub fn glyphs(&self) -> &'static Glyphs {
        if self.ascii { &Glyphs::ASCII } else { &Glyphs::UNICODE }
    }

    /// A theme without any colour: every role has the default style.
    pub fn plain() -> Self {
        Self { name: "plain".into(), ascii: false, background: None, paint: false, styles: Vec::new() }
    }
}

/// State glyphs and line pieces, so that colour is never the only sign.
#[derive(Debug, PartialEq)]
pub struct Glyphs {
    /// Broken.
    pub bad: &'static str,
    /// Worth a look.
    pub warn: &'static str,
    /// Fine.
    pub ok: &'static str,
    /// Waiting for a first answer.
    pub waiting: &'static str,
    /// No value: never the same as zero.
    pub missing: &'static str,
    /// An estimate.
    pub estimate: &'static str,
    /// Left of the selected row.
    pub focus: &'static str,
    /// A horizontal rule.
    pub rule: &'static str,
    /// Cut text.
    pub ellipsis: &'static str,
    /// Sparkline steps from lowest to highest.
    pub spark: [&'static str; 8],
    /// A full and an empty cell of a bar.
    pub bar: [&'static str; 2],
    /// A stage that runs, and one to come.
    pub stage: [&'static str; 2],
}

impl Glyphs {
    /// For terminals with a Unicode font.
    pub const UNICODE: Glyphs = Glyphs {
        bad: "●",
        warn: "▲",
        ok: "✔",
        waiting: "◌",
        missing: "–",
        estimate: "~",
        focus: "▌",
        rule: "─",
        ellipsis: "…",
        spark: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        bar: ["█", "░"],
        stage: ["▶", "○"],
    };
    /// For `--ascii`.
    pub const ASCII: Glyphs = Glyphs {
        bad: "#",
        warn: "!",
        ok: "+",
        waiting: "?",
        missing: "-",
        estimate: "~",
        focus: ">",
        rule: "-",
        ellipsis: "~",
        spark: ["_", "_", ".", ".", "-", "-", "=", "#"],
        bar: ["#", "."],
        stage: [">", "o"],
    };
}

#[cfg(test)]
mod tests;
