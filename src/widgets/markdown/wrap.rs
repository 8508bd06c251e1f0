//! From blocks to rows of a width: words wrapped, columns of tables narrowed, nothing ever wider.

use super::{Block, Bullet, Face, Grid, Kind, Piece, Row, Span};
use crate::text::{cut_end, pad_left, pad_right, width};
use crate::theme::{Role, Theme};
use unicode_segmentation::UnicodeSegmentation;

/// Cells per list and quote around a block.
const INDENT: u16 = 2;

/// Cells between two columns of a table.
const SPACE: usize = 2;

/// The rows of all blocks, apart by an empty row where `airy`.
pub fn rows(blocks: &[Block], width: u16, airy: bool, theme: &Theme) -> Vec<Row> {
    let mut out: Vec<Row> = Vec::new();
    let mut before: Option<&Block> = None;
    for block in blocks {
        let listed = |block: &Block| matches!(block.bullet, Some(Bullet::Dot | Bullet::Number(_)));
        let together = before
            .is_none_or(|before| listed(before) && listed(block) || matches!(before.kind, Kind::Heading(..)));
        if airy && !together {
            out.push(Row::new());
        }
        let indent = (block.depth * INDENT).min(width / 2);
        let room = usize::from(width.saturating_sub(indent));
        let mut rows = self::block(block, room, theme);
        let bullet = bullet(block.bullet.as_ref(), usize::from(indent), theme);
        for (at, row) in rows.iter_mut().enumerate() {
            let text = if at == 0 || block.bullet == Some(Bullet::Quote) {
                bullet.clone()
            } else {
                " ".repeat(usize::from(indent))
            };
            if !text.is_empty() {
                row.insert(0, Span { text, role: Role::Dim, link: None });
            }
        }
        out.append(&mut rows);
        before = Some(block);
    }
    out
}

/// What stands before the first row, `indent` cells wide.
fn bullet(bullet: Option<&Bullet>, indent: usize, theme: &Theme) -> String {
    let text = match bullet {
        Some(Bullet::Dot) if theme.ascii => "-".to_owned(),
        Some(Bullet::Dot) => "•".to_owned(),
        Some(Bullet::Number(number)) => format!("{number}."),
        Some(Bullet::Quote) if theme.ascii => "|".to_owned(),
        Some(Bullet::Quote) => "│".to_owned(),
        None => String::new(),
    };
    let text = if indent > width(&text) { format!("{text} ") } else { text };
    pad_left(&cut_end(&text, indent, ""), indent)
}

fn block(block: &Block, room: usize, theme: &Theme) -> Vec<Row> {
    match &block.kind {
        Kind::Heading(level, pieces) => heading(*level, pieces, room, theme),
        Kind::Paragraph(pieces) => wrapped(pieces, room, None),
        Kind::Code(lines) => {
            let cut = |line: &String| cut_end(line, room, theme.glyphs().ellipsis).into_owned();
            lines.iter().map(|line| vec![span(cut(line), Role::Input)]).collect()
        }
        Kind::Table(grid) => table(grid, room, theme),
        Kind::Rule => vec![vec![span(theme.glyphs().rule.repeat(room), Role::Rule)]],
    }
}

/// The two upper levels divide a dashboard: a rule runs on to the right of them.
fn heading(level: u8, pieces: &[Piece], room: usize, theme: &Theme) -> Vec<Row> {
    let mut rows = wrapped(pieces, room, Some(Role::Strong));
    if let Some(row) = rows.last_mut().filter(|_| level <= 2) {
        let used: usize = row.iter().map(|span| width(&span.text)).sum();
        let rule = room.saturating_sub(used + 1);
        if rule > 0 {
            let role = if level == 1 { Role::Border } else { Role::Rule };
            row.push(span(format!(" {}", theme.glyphs().rule.repeat(rule)), role));
        }
    }
    rows
}

fn span(text: String, role: Role) -> Span {
    Span { text, role, link: None }
}

fn role(piece: &Piece, all: Option<Role>) -> Role {
    match (piece.link, piece.face) {
        (Some(_), _) => Role::Key,
        (None, Face::Plain) => all.unwrap_or(Role::Text),
        (None, Face::Strong) => Role::Strong,
        (None, Face::Code) => Role::Input,
        (None, Face::Dim) => Role::Dim,
    }
}

/// Pieces broken between words into rows of `room` cells; words longer than that are broken too.
fn wrapped(pieces: &[Piece], room: usize, all: Option<Role>) -> Vec<Row> {
    let mut out = vec![Row::new()];
    let mut used = 0;
    for piece in pieces {
        let role = role(piece, all);
        for word in piece.text.split_inclusive([' ', '\n']) {
            let solid = word.trim_end_matches([' ', '\n']);
            if used > 0 && used + width(solid) > room {
                out.push(Row::new());
                used = 0;
            }
            for cluster in solid.graphemes(true) {
                let wide = width(cluster);
                if used > 0 && used + wide > room {
                    out.push(Row::new());
                    used = 0;
                }
                if wide > room {
                    continue;
                }
                used += wide;
                append(out.last_mut(), cluster, role, piece.link);
            }
            if word.ends_with('\n') {
                out.push(Row::new());
                used = 0;
            } else if word.len() > solid.len() && used > 0 && used < room {
                append(out.last_mut(), " ", role, piece.link);
                used += 1;
            }
        }
    }
    out
}

/// Words of one role broken into rows of `room` cells.
pub fn plain(text: &str, room: usize, role: Role) -> Vec<Row> {
    let piece = Piece { text: text.to_owned(), face: Face::Plain, link: None };
    wrapped(&[piece], room, Some(role))
}

fn append(row: Option<&mut Row>, text: &str, role: Role, link: Option<usize>) {
    let Some(row) = row else { return };
    match row.last_mut().filter(|last| last.role == role && last.link == link) {
        Some(last) => last.text.push_str(text),
        None => row.push(Span { text: text.to_owned(), role, link }),
    }
}

fn table(grid: &Grid, room: usize, theme: &Theme) -> Vec<Row> {
    let columns = grid.rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell_width = |row: &Vec<Vec<Piece>>, column: usize| {
        row.get(column).map_or(0, |cell| cell.iter().map(|piece| width(&piece.text)).sum())
    };
    let widest = |column| grid.rows.iter().map(|row| cell_width(row, column)).max().unwrap_or(0);
    let widths = narrowed((0..columns).map(widest).collect(), room);
    let mut out = Vec::new();
    for (at, row) in grid.rows.iter().enumerate() {
        let mut line = Row::new();
        for (column, wide) in widths.iter().enumerate() {
            let pieces = row.get(column).map(Vec::as_slice).unwrap_or_default();
            let right = grid.right.get(column).copied().unwrap_or_default();
            cell(pieces, *wide, right, (at == 0).then_some(Role::Strong), &mut line, theme);
            if column + 1 < widths.len() {
                line.push(span(" ".repeat(SPACE), Role::Text));
            }
        }
        out.push(line);
        if at == 0 {
            let total = widths.iter().sum::<usize>() + SPACE * widths.len().saturating_sub(1);
            out.push(vec![span(theme.glyphs().rule.repeat(total), Role::Rule)]);
        }
    }
    out
}

/// Widths of columns that fit into `room`, the widest cut first. Columns without room get none.
fn narrowed(mut widths: Vec<usize>, room: usize) -> Vec<usize> {
    widths.truncate((room + SPACE) / (SPACE + 1));
    let spaces = SPACE * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + spaces > room {
        let Some(widest) = widths.iter_mut().max_by_key(|wide| **wide).filter(|wide| **wide > 0) else {
            break;
        };
        *widest -= 1;
    }
    widths
}

fn cell(pieces: &[Piece], wide: usize, right: bool, all: Option<Role>, line: &mut Row, theme: &Theme) {
    let ellipsis = theme.glyphs().ellipsis;
    let total: usize = pieces.iter().map(|piece| width(&piece.text)).sum();
    let pad = wide.saturating_sub(total);
    if right && pad > 0 {
        line.push(span(" ".repeat(pad), Role::Text));
    }
    let mut left = wide;
    for piece in pieces {
        let text = piece.text.replace('\n', " ");
        let text = cut_end(&text, left, ellipsis).into_owned();
        left -= width(&text).min(left);
        line.push(Span { text, role: role(piece, all), link: piece.link });
    }
    if !right && pad > 0 {
        line.push(span(pad_right("", pad), Role::Text));
    }
}
