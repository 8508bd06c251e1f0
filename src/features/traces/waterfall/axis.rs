//! The time axis: moments to cells, round ticks with their labels, lengths of time in words.
//!
//! Times on it count from the start of the trace.

use crate::features::traces::model::Micros;
use crate::text::{units, width};
use crate::widgets::chart::ticks;

/// A part of the time axis over a number of cells.
#[derive(Debug, Clone, Copy)]
pub struct Axis {
    /// Where the trace starts: 0 on the ruler.
    pub origin: Micros,
    /// The moment at the left edge.
    pub from: Micros,
    /// The moment at the right edge, after `from`.
    pub to: Micros,
    /// Cells.
    pub cells: u16,
}

/// A tick of the ruler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// Its cell, counted from the left edge.
    pub cell: u16,
    /// `250`, and the last one with the unit.
    pub label: String,
}

impl Axis {
    /// Where a moment stands, in cells from the left edge; may lie outside.
    pub fn place(&self, at: Micros) -> f64 {
        (at - self.from) as f64 / (self.to - self.from).max(1) as f64 * f64::from(self.cells)
    }

    /// The cells from which to which a bar is drawn: never less than one. `None` when it is not visible.
    pub fn cells(&self, (from, to): (Micros, Micros)) -> Option<(u16, u16)> {
        let wide = f64::from(self.cells);
        let (from, to) = (self.place(from), self.place(to));
        if to < 0.0 || from > wide || self.cells == 0 {
            return None;
        }
        let first = (from.max(0.0).round() as u16).min(self.cells - 1);
        let last = (to.min(wide).round() as u16).max(first + 1);
        Some((first, last))
    }

    /// The cells that parts of a bar cover for the better part, of those from `first` to `last`.
    pub fn covered(&self, parts: &[(Micros, Micros)], (first, last): (u16, u16)) -> Vec<u16> {
        let mut cover = vec![0.0; usize::from(last.saturating_sub(first))];
        for (from, to) in parts {
            let from = (self.place(*from) - f64::from(first)).max(0.0);
            let to = (self.place(*to) - f64::from(first)).min(cover.len() as f64);
            for cell in from.floor() as usize..to.max(0.0).ceil() as usize {
                if let Some(cover) = cover.get_mut(cell) {
                    *cover += to.min((cell + 1) as f64) - from.max(cell as f64);
                }
            }
        }
        // A bar of one cell may be much shorter than that.
        let enough = if cover.len() == 1 { f64::MIN_POSITIVE } else { 0.5 };
        let covered = cover.iter().enumerate().filter(|(_, cover)| **cover >= enough);
        covered.map(|(cell, _)| first + cell as u16).collect()
    }

    /// Round ticks with room for their labels between them.
    pub fn ticks(&self) -> Vec<Tick> {
        let (scale, unit) = unit(self.to - self.from);
        let (first, last) =
            ((self.from - self.origin) as f64 / scale, (self.to - self.origin) as f64 / scale);
        let most = usize::from(self.cells / 10).clamp(2, 12);
        let ticks = ticks::ticks(first, last, most);
        let decimals = ticks.decimals();
        let mut out: Vec<Tick> = Vec::new();
        for value in &ticks.values {
            let cell = self.place(self.origin + (value * scale).round() as Micros).round();
            let cell = cell.clamp(0.0, f64::from(self.cells.saturating_sub(1))) as u16;
            out.push(Tick { cell, label: format!("{value:.decimals$}") });
        }
        if let Some(last) = out.last_mut() {
            last.label = format!("{} {unit}", last.label);
            // The one at the right edge still has to be written whole.
            let room = usize::from(self.cells - last.cell);
            if width(&last.label) > room && out.len() > 1 {
                out.pop();
                if let Some(last) = out.last_mut() {
                    last.label = format!("{} {unit}", last.label);
                }
            }
        }
        out
    }
}

/// How the ruler counts: microseconds in its unit, and the unit.
fn unit(length: Micros) -> (f64, &'static str) {
    match length {
        ..2_000 => (1.0, "µs"),
        2_000..10_000_000 => (1e3, "ms"),
        10_000_000..600_000_000 => (1e6, "s"),
        600_000_000..36_000_000_000 => (60e6, "min"),
        _ => (3_600e6, "h"),
    }
}

/// A length of time: `84 µs`, `410 ms`, `1.41 s`.
pub fn length(micros: Micros) -> String {
    units::latency(micros as f64 / 1e6)
}
