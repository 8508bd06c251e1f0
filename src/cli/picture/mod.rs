//! A drawn buffer as text: plain, with a terminal's colours, or as a picture. Pure.

mod svg;
#[cfg(test)]
mod tests;

pub use svg::svg;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthStr;

/// Neighbouring cells of one style in one row.
#[derive(Debug, Clone, PartialEq)]
struct Run {
    /// First column.
    column: u16,
    /// How many columns it takes.
    width: u16,
    text: String,
    style: Style,
}

/// The rows of a buffer as runs. The cell behind a wide character belongs to it.
fn rows(buffer: &Buffer) -> Vec<Vec<Run>> {
    let area = buffer.area;
    (area.top()..area.bottom())
        .map(|y| {
            let mut runs: Vec<Run> = Vec::new();
            let mut x = area.left();
            while x < area.right() {
                let cell = buffer.cell((x, y)).unwrap_or(&Cell::EMPTY);
                let width = u16::try_from(cell.symbol().width()).unwrap_or(1).max(1);
                let style = cell.style();
                match runs.last_mut() {
                    Some(run) if run.style == style => {
                        run.text.push_str(cell.symbol());
                        run.width += width;
                    }
                    _ => runs.push(Run { column: x, width, text: cell.symbol().to_owned(), style }),
                }
                x += width;
            }
            runs
        })
        .collect()
}

/// Characters only, without trailing blanks.
pub fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for row in rows(buffer) {
        let line: String = row.into_iter().map(|run| run.text).collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// With the escape sequences of terminals; every row ends in the terminal's own colours.
pub fn ansi(buffer: &Buffer) -> String {
    let mut out = String::new();
    for row in rows(buffer) {
        let mut plain = true;
        for run in row {
            let codes = codes(run.style);
            if codes.is_empty() {
                if !plain {
                    out.push_str("\x1b[0m");
                }
            } else {
                out.push_str("\x1b[0;");
                out.push_str(&codes.join(";"));
                out.push('m');
            }
            plain = codes.is_empty();
            out.push_str(&run.text);
        }
        if !plain {
            out.push_str("\x1b[0m");
        }
        out.push('\n');
    }
    out
}

/// The SGR parameters of a style; none for the terminal's own.
fn codes(style: Style) -> Vec<String> {
    let modifiers = [
        (Modifier::BOLD, "1"),
        (Modifier::DIM, "2"),
        (Modifier::ITALIC, "3"),
        (Modifier::UNDERLINED, "4"),
        (Modifier::REVERSED, "7"),
        (Modifier::CROSSED_OUT, "9"),
    ];
    let set = modifiers.iter().filter(|(modifier, _)| style.add_modifier.contains(*modifier));
    let mut codes: Vec<String> = set.map(|(_, code)| (*code).to_owned()).collect();
    codes.extend(style.fg.and_then(|color| color_code(color, 30)));
    codes.extend(style.bg.and_then(|color| color_code(color, 40)));
    codes
}

fn color_code(color: Color, base: u8) -> Option<String> {
    let index = match color {
        Color::Reset => return None,
        Color::Rgb(r, g, b) => return Some(format!("{};2;{r};{g};{b}", base + 8)),
        Color::Indexed(index) => return Some(format!("{};5;{index}", base + 8)),
        named => ansi_index(named),
    };
    Some(if index < 8 { base + index } else { base + 60 + index - 8 }.to_string())
}

/// The place of a named colour among the sixteen.
fn ansi_index(color: Color) -> u8 {
    const ORDER: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    let at = ORDER.iter().position(|known| *known == color).unwrap_or(7);
    u8::try_from(at).unwrap_or(7)
}
