//! Themes: roles that views name, styles that a theme gives them, and the glyphs of the terminal.
//!
//! Views say what a thing *is* (a [`Role`]); only this folder knows colours.

use ratatui::style::Style;

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

/// A resolved theme for this terminal: one style per role.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    /// Its name, as in `--theme`.
    pub name: String,
    /// Draw without box drawing and braille.
    pub ascii: bool,
    styles: Vec<Style>,
}

impl Theme {
    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// The glyphs this terminal can show.
    pub fn glyphs(&self) -> &'static Glyphs {
        if self.ascii { &Glyphs::ASCII } else { &Glyphs::UNICODE }
    }

    /// A theme without any colour: every role has the default style.
    pub fn plain() -> Self {
        Self { name: "plain".into(), ascii: false, styles: Vec::new() }
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
