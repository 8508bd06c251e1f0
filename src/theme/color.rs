//! Colours: their names in files, what a terminal can show of them, and how far apart they are.
//!
//! Pure arithmetic. The environment is read elsewhere and handed in.

use ratatui::style::Color;

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColorDepth {
    /// None, or none wanted (`NO_COLOR`).
    None,
    /// The sixteen that the terminal's own palette defines.
    Ansi16,
    /// The 256 of xterm.
    Ansi256,
    /// 24 bits.
    True,
}

impl ColorDepth {
    /// What the environment says about the terminal: a non-empty `NO_COLOR`, `COLORTERM` and `TERM`.
    pub fn detect(no_color: bool, colorterm: Option<&str>, term: Option<&str>) -> Self {
        let term = term.unwrap_or_default();
        if no_color || matches!(term, "" | "dumb") {
            return Self::None;
        }
        match colorterm {
            Some("truecolor" | "24bit") => Self::True,
            _ if term.ends_with("-direct") => Self::True,
            _ if term.contains("256") => Self::Ansi256,
            _ => Self::Ansi16,
        }
    }
}

/// The colour names of theme files, which a terminal may show as it likes.
pub const NAMES: [(&str, Color); 17] = [
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("gray", Color::Gray),
    ("dark-gray", Color::DarkGray),
    ("light-red", Color::LightRed),
    ("light-green", Color::LightGreen),
    ("light-yellow", Color::LightYellow),
    ("light-blue", Color::LightBlue),
    ("light-magenta", Color::LightMagenta),
    ("light-cyan", Color::LightCyan),
    ("white", Color::White),
];

/// A colour as written in files: a name, `#rrggbb`, or an index from 0 to 255.
pub fn parse_color(text: &str) -> Option<Color> {
    if let Some(hex) = text.strip_prefix('#') {
        let digits = hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        let value = u32::from_str_radix(hex, 16).ok().filter(|_| digits)?;
        return Some(Color::Rgb((value >> 16) as u8, (value >> 8) as u8, value as u8));
    }
    let named = NAMES.iter().find(|(name, _)| *name == text).map(|(_, color)| *color);
    named.or_else(|| text.parse().ok().map(Color::Indexed))
}

/// Whether a terminal with sixteen colours has this one.
pub fn is_ansi16(color: Color) -> bool {
    !matches!(color, Color::Rgb(..) | Color::Indexed(16..))
}

/// The nearest of xterm's 256 colours. The first sixteen are never chosen: users redefine them.
pub fn nearest_256(color: Color) -> Color {
    let Color::Rgb(r, g, b) = color else { return color };
    let cube = |v: u8| (0..6u8).min_by_key(|step| cube_level(*step).abs_diff(v)).unwrap_or(0);
    let (cr, cg, cb) = (cube(r), cube(g), cube(b));
    let mean = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
    let grey = (mean.saturating_sub(3) / 10).min(23) as u8;
    let level = 8 + 10 * grey;
    let wanted = oklab((r, g, b));
    let from_cube = distance(wanted, oklab((cube_level(cr), cube_level(cg), cube_level(cb))));
    if distance(wanted, oklab((level, level, level))) < from_cube {
        Color::Indexed(232 + grey)
    } else {
        Color::Indexed(16 + 36 * cr + 6 * cg + cb)
    }
}

fn cube_level(step: u8) -> u8 {
    if step == 0 { 0 } else { 55 + 40 * step }
}

/// Red, green and blue, when the colour says so itself and does not leave it to the terminal.
pub fn rgb(color: Color) -> Option<(u8, u8, u8)> {
    if let Color::Rgb(r, g, b) = color { Some((r, g, b)) } else { None }
}

/// Red, green and blue of any colour, as xterm shows those that are left to the terminal; `None` for its
/// default.
pub fn approximate_rgb(color: Color) -> Option<(u8, u8, u8)> {
    let index = match color {
        Color::Reset => return None,
        Color::Rgb(r, g, b) => return Some((r, g, b)),
        Color::Indexed(index) => index,
        named => NAMES.iter().position(|(_, color)| *color == named)?.checked_sub(1)? as u8,
    };
    Some(match index {
        0..16 => XTERM_16[usize::from(index)],
        16..232 => {
            let cube = index - 16;
            (cube_level(cube / 36), cube_level(cube / 6 % 6), cube_level(cube % 6))
        }
        232.. => {
            let level = 8 + 10 * (index - 232);
            (level, level, level)
        }
    })
}

/// The sixteen colours as xterm comes with them, in the order of [`NAMES`].
const XTERM_16: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

/// Contrast ratio of two colours as WCAG 2 defines it: 1 (the same) to 21 (black and white).
pub fn contrast(a: (u8, u8, u8), b: (u8, u8, u8)) -> f64 {
    let luminance = |color| {
        let [r, g, b] = linear(color);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b): (f64, f64) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Light from 0 to 1 per channel.
pub fn linear((r, g, b): (u8, u8, u8)) -> [f64; 3] {
    [r, g, b].map(|v| {
        let v = f64::from(v) / 255.0;
        if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    })
}

/// A colour in Oklab, where distance is about what an eye sees.
pub fn oklab(color: (u8, u8, u8)) -> [f64; 3] {
    oklab_linear(linear(color))
}

/// As [`oklab`], from linear light (Ottosson, 2020).
pub fn oklab_linear([r, g, b]: [f64; 3]) -> [f64; 3] {
    let cone = |[x, y, z]: [f64; 3]| (x * r + y * g + z * b).max(0.0).cbrt();
    let long = cone([0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9]);
    let medium = cone([0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6]);
    let short = cone([0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5]);
    [
        0.210_454_255_3 * long + 0.793_617_785_0 * medium - 0.004_072_046_8 * short,
        1.977_998_495_1 * long - 2.428_592_205_0 * medium + 0.450_593_709_9 * short,
        0.025_904_037_1 * long + 0.782_771_766_2 * medium - 0.808_675_766_0 * short,
    ]
}

/// Distance in Oklab; 0.02 is just seen, black to white is 1.
pub fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}
