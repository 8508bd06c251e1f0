//! From AWS's grid of 24 columns to cells of the terminal. Pure; measured in cells from the top of the board.
//!
//! A dashboard falls into bands, stretches of rows that no widget crosses. A band keeps its grid where every
//! widget in it stays wide enough to be read; otherwise its widgets flow in reading order, as many beside
//! each other as fit. Rows between bands that hold nothing are left out.

use super::metric::View;
use super::model::{COLUMNS, Dashboard, Widget, WidgetKind};

/// Lines of one row of the grid: a heading one row high has a line and its rule.
const ROW: u16 = 2;
/// Lines of a widget that flows, at most: a tall one would fill a small screen alone.
const MAX_FLOWING: u16 = 24;
/// The same for a box of words.
const MAX_FLOWING_WORDS: u16 = 8;

/// Where a widget is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// The widget's index.
    pub widget: usize,
    /// From the left.
    pub x: u16,
    /// From the top of the board, not of the screen.
    pub y: u32,
    /// Cells.
    pub width: u16,
    /// Lines.
    pub height: u16,
}

impl Spot {
    /// The line below its last one.
    pub fn bottom(&self) -> u32 {
        self.y + u32::from(self.height)
    }
}

/// All widgets laid out for one width.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Board {
    /// In reading order: the order of focus. Sorted by line, then column.
    pub spots: Vec<Spot>,
    /// Lines of everything.
    pub height: u32,
}

impl Board {
    /// Those of which some line is on screen.
    pub fn visible(&self, top: u32, lines: u16) -> impl Iterator<Item = &Spot> {
        let end = top.saturating_add(u32::from(lines));
        // Sorted by the first line; one can only reach in from above by its own height.
        let before = self.spots.partition_point(|spot| spot.y < end);
        self.spots.iter().take(before).filter(move |spot| spot.bottom() > top)
    }

    /// One by its widget.
    pub fn spot(&self, widget: usize) -> Option<&Spot> {
        self.spots.iter().find(|spot| spot.widget == widget)
    }

    /// The widget before or after another one in reading order; the first one when there is no other.
    pub fn step(&self, from: Option<usize>, forward: bool) -> Option<usize> {
        let at = from.and_then(|widget| self.spots.iter().position(|spot| spot.widget == widget));
        let last = self.spots.len().checked_sub(1)?;
        let next = match at {
            None => 0,
            Some(at) if forward => {
                if at == last {
                    0
                } else {
                    at + 1
                }
            }
            Some(at) => at.checked_sub(1).unwrap_or(last),
        };
        self.spots.get(next).map(|spot| spot.widget)
    }
}

/// Lays a dashboard out, `width` cells wide.
pub fn layout(dashboard: &Dashboard, width: u16) -> Board {
    let mut order: Vec<&Widget> = dashboard.widgets.iter().collect();
    order.sort_by_key(|widget| (widget.place.y, widget.place.x));
    let mut board = Board::default();
    if width == 0 {
        return board;
    }
    let mut rest = order.as_slice();
    while !rest.is_empty() {
        let (band, after) = rest.split_at_checked(first_band(rest)).unwrap_or((rest, &[]));
        if band.iter().all(|widget| grid_width(widget, width) >= least_width(widget).min(width)) {
            keep_grid(band, width, &mut board);
        } else {
            flow(band, width, &mut board);
        }
        rest = after;
    }
    board.spots.sort_by_key(|spot| (spot.y, spot.x));
    board
}

/// How many widgets, in order of rows, make the first band.
fn first_band(order: &[&Widget]) -> usize {
    let mut bottom = 0;
    let crossing = order.iter().take_while(|widget| {
        let first = bottom == 0;
        let crosses = first || widget.place.y < bottom;
        bottom = bottom.max(widget.place.y + u32::from(widget.place.height));
        crosses
    });
    crossing.count()
}

/// The cell where a column starts.
fn column(x: u16, width: u16) -> u16 {
    (u32::from(x) * u32::from(width) / u32::from(COLUMNS)) as u16
}

fn grid_width(widget: &Widget, width: u16) -> u16 {
    let place = widget.place;
    column(place.x + place.width, width) - column(place.x, width)
}

fn keep_grid(band: &[&Widget], width: u16, board: &mut Board) {
    let (top, first) = (board.height, band.iter().map(|widget| widget.place.y).min().unwrap_or_default());
    for widget in band {
        let spot = Spot {
            widget: widget.index,
            x: column(widget.place.x, width),
            y: top + (widget.place.y - first) * u32::from(ROW),
            width: grid_width(widget, width),
            height: widget.place.height * ROW,
        };
        board.height = board.height.max(spot.bottom());
        board.spots.push(spot);
    }
}

/// Lines of widgets beside each other, each line as high as its highest.
fn flow(band: &[&Widget], width: u16, board: &mut Board) {
    let mut line: Vec<(&Widget, u16)> = Vec::new();
    let mut used = 0;
    for widget in band {
        let wanted = grid_width(widget, width).max(least_width(widget)).min(width);
        if used + wanted > width {
            end_line(&line, used, width, board);
            line.clear();
            used = 0;
        }
        line.push((widget, wanted));
        used += wanted;
    }
    end_line(&line, used, width, board);
}

fn end_line(line: &[(&Widget, u16)], used: u16, width: u16, board: &mut Board) {
    let height = line.iter().map(|(widget, _)| flowing_height(widget)).max().unwrap_or_default();
    let mut before = 0;
    for (widget, wanted) in line {
        // What is left over is shared in proportion, so that the line ends at the right edge.
        let edge = |at: u16| (u32::from(at) * u32::from(width) / u32::from(used.max(1))) as u16;
        let (x, end) = (edge(before), edge(before + wanted));
        board.spots.push(Spot { widget: widget.index, x, y: board.height, width: end - x, height });
        before += wanted;
    }
    board.height += u32::from(height);
}

/// Cells below which a widget cannot be read, its frame included.
fn least_width(widget: &Widget) -> u16 {
    match &widget.kind {
        WidgetKind::Metric(metric) => match metric.view {
            View::TimeSeries => 30,
            View::SingleValue => 16,
            View::Gauge => 20,
            View::Bar | View::Pie => 26,
            View::Table => 40,
        },
        WidgetKind::Text(_) | WidgetKind::Alarms(_) => 20,
        WidgetKind::Explained(_) => 24,
    }
}

fn flowing_height(widget: &Widget) -> u16 {
    let own = widget.place.height * ROW;
    match &widget.kind {
        WidgetKind::Metric(metric) if metric.view == View::TimeSeries => own.clamp(8, MAX_FLOWING),
        WidgetKind::Explained(_) => own.clamp(4, MAX_FLOWING_WORDS),
        _ => own.min(MAX_FLOWING),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::dashboards::model::Name;
    use crate::features::dashboards::parse::parse;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn board(widgets: &[(&str, u16, u16, u16, u16)], width: u16) -> Board {
        let widgets: Vec<Value> = widgets
            .iter()
            .map(|(kind, x, y, width, height)| {
                let properties = match *kind {
                    "text" => json!({"markdown": "x"}),
                    view => json!({"metrics": [["ns", "m"]], "view": view}),
                };
                let kind = if *kind == "text" { "text" } else { "metric" };
                json!({"type": kind, "x": x, "y": y, "width": width, "height": height, "properties": properties})
            })
            .collect();
        layout(&parse(Name::account("x"), &json!({ "widgets": widgets }).to_string()).unwrap(), width)
    }

    fn spots(board: &Board) -> Vec<(usize, u16, u32, u16, u16)> {
        board.spots.iter().map(|spot| (spot.widget, spot.x, spot.y, spot.width, spot.height)).collect()
    }

    #[test]
    fn a_grid_that_can_be_read_is_kept() {
        let widgets = [
            ("timeSeries", 12, 1, 12, 6),
            ("timeSeries", 0, 1, 12, 6),
            ("text", 0, 0, 24, 1),
            ("singleValue", 0, 9, 6, 3),
        ];
        let board = board(&widgets, 120);
        // The two empty rows above the number are left out.
        let expected = [(2, 0, 0, 120, 2), (1, 0, 2, 60, 12), (0, 60, 2, 60, 12), (3, 0, 14, 30, 6)];
        assert_eq!((spots(&board), board.height), (expected.to_vec(), 20));
    }

    #[test]
    fn edges_meet_at_any_width() {
        let widgets = [("text", 0, 0, 8, 2), ("text", 8, 0, 8, 2), ("text", 16, 0, 8, 2)];
        for width in 60..130 {
            let board = board(&widgets, width);
            let mut end = 0;
            for spot in &board.spots {
                assert_eq!(spot.x, end);
                end += spot.width;
            }
            assert_eq!(end, width);
        }
    }

    #[test]
    fn a_narrow_band_flows_in_reading_order_and_others_stay() {
        let chart = |x| ("timeSeries", x, 2, 6, 6);
        let widgets = [("text", 0, 0, 24, 1), chart(18), chart(0), chart(12), chart(6)];
        let board = board(&widgets, 80);
        let expected = [
            (0, 0, 0, 80, 2),
            (2, 0, 2, 40, 12),
            (4, 40, 2, 40, 12),
            (3, 0, 14, 40, 12),
            (1, 40, 14, 40, 12),
        ];
        assert_eq!(spots(&board), expected);
        let narrow = spots(&super::tests::board(&widgets, 40));
        assert_eq!(
            narrow.iter().map(|spot| (spot.0, spot.3)).collect::<Vec<_>>(),
            [(0, 40), (2, 40), (4, 40), (3, 40), (1, 40)]
        );
    }

    #[test]
    fn focus_goes_round_in_reading_order() {
        let board = board(&[("text", 0, 5, 24, 1), ("text", 0, 0, 12, 1), ("text", 12, 0, 12, 1)], 100);
        let forward = |from| board.step(from, true);
        assert_eq!(
            [forward(None), forward(Some(1)), forward(Some(2)), forward(Some(0))],
            [Some(1), Some(2), Some(0), Some(1)]
        );
        assert_eq!(board.step(Some(1), false), Some(0));
        assert_eq!(Board::default().step(None, true), None);
        let visible = |top, lines| board.visible(top, lines).map(|spot| spot.widget).collect::<Vec<_>>();
        assert_eq!((visible(0, 2), visible(1, 1), visible(2, 9)), (vec![1, 2], vec![1, 2], vec![0]));
    }

    proptest! {
        #[test]
        fn every_widget_has_a_spot_of_its_own(
            widgets in prop::collection::vec(
                (prop::sample::select(vec!["text", "timeSeries", "singleValue", "table"]), 0..24_u16, 0..30_u16, 1..=24_u16, 1..9_u16),
                0..40,
            ),
            width in 0..260_u16,
        ) {
            let board = board(&widgets, width);
            prop_assert_eq!(board.spots.len(), if width == 0 { 0 } else { widgets.len() });
            for (index, a) in board.spots.iter().enumerate() {
                prop_assert!(a.x + a.width <= width && a.height > 0 && a.bottom() <= board.height);
                for b in board.spots.iter().skip(index + 1) {
                    let beside = a.x + a.width <= b.x || b.x + b.width <= a.x;
                    prop_assert!(beside || a.bottom() <= b.y || b.bottom() <= a.y, "{:?} {:?}", a, b);
                }
            }
        }
    }
}
