//! The characters of axes and rules, and those of series where a cell is one mark.
//!
//! The theme's glyphs do not have them, as only charts need them.

/// Pieces of lines, one cell each.
pub struct Lines {
    /// An upright line: the side of an axis, the crosshair.
    pub side: &'static str,
    /// The line of the time axis.
    pub flat: &'static str,
    /// A tick of the left axis.
    pub left_tick: &'static str,
    /// A tick of the right axis.
    pub right_tick: &'static str,
    /// A tick of the time axis.
    pub time_tick: &'static str,
    /// Where the left axis meets the time axis.
    pub left_corner: &'static str,
    /// Where the right axis meets the time axis.
    pub right_corner: &'static str,
    /// A threshold, in even and odd columns.
    pub dash: [&'static str; 2],
    /// An upright line through the plot at an event.
    pub event: &'static str,
    /// A band of values, on their axis.
    pub upright_band: &'static str,
    /// A band of times, on the time axis.
    pub flat_band: &'static str,
    /// Between two times.
    pub to: &'static str,
}

/// For terminals with a Unicode font.
pub const UNICODE: Lines = Lines {
    side: "│",
    flat: "─",
    left_tick: "┤",
    right_tick: "├",
    time_tick: "┬",
    left_corner: "└",
    right_corner: "┘",
    dash: ["╌", "╌"],
    event: "┊",
    upright_band: "┃",
    flat_band: "━",
    to: "–",
};

/// For `--ascii`.
pub const ASCII: Lines = Lines {
    side: "|",
    flat: "-",
    left_tick: "+",
    right_tick: "+",
    time_tick: "+",
    left_corner: "+",
    right_corner: "+",
    dash: ["-", " "],
    event: ":",
    upright_band: "#",
    flat_band: "=",
    to: "-",
};

/// The characters of series where a cell is one mark.
pub const ASCII_MARKS: [char; 6] = ['*', '+', 'x', 'o', '%', '@'];

/// The character of a series where a cell is one mark.
pub fn ascii_mark(index: usize) -> char {
    ASCII_MARKS[index % ASCII_MARKS.len()]
}

/// The letter of a series, where colours cannot tell the lines apart.
pub fn letter(index: usize) -> char {
    char::from(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[index % 52])
}
