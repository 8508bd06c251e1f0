//! `--ascii`: the last look at a finished frame, so that nothing a view wrote needs a font.
//!
//! Views take their glyphs from the theme; separators and arrows within sentences, and what AWS's texts bring
//! along, are replaced here. One cell stays one cell.

use ratatui::buffer::Buffer;

/// Replaces every symbol outside ASCII by one that stands for it, or by `?`.
pub fn plain(buf: &mut Buffer) {
    for cell in &mut buf.content {
        if !cell.symbol().is_ascii() {
            let symbol = replacement(cell.symbol());
            cell.set_symbol(symbol);
        }
    }
}

/// The same for a line of text that is printed without a screen.
pub fn line(text: &str) -> String {
    let mut cell = [0; 4];
    text.chars().fold(String::with_capacity(text.len()), |mut line, c| {
        let symbol: &str = c.encode_utf8(&mut cell);
        line.push_str(if c.is_ascii() { symbol } else { replacement(symbol) });
        line
    })
}

fn replacement(symbol: &str) -> &'static str {
    match symbol {
        "…" => "~",
        "·" | "│" | "┃" => "|",
        "–" | "—" | "−" | "─" | "━" => "-",
        "→" | "▸" | "▶" | "›" => ">",
        "←" | "◀" | "‹" => "<",
        "↑" | "▴" => "^",
        "↓" | "▾" => "v",
        "┌" | "┐" | "└" | "┘" | "├" | "┤" | "┬" | "┴" | "┼" | "╭" | "╮" | "╰" | "╯" => {
            "+"
        }
        "●" | "█" => "#",
        "•" => "*",
        "×" => "x",
        "µ" => "u",
        "’" | "‘" => "'",
        "“" | "”" => "\"",
        "\u{a0}" | "\u{202f}" => " ",
        _ => "?",
    }
}
