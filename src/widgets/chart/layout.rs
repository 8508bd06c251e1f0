//! Which parts of a chart fit into an area. Pure arithmetic on rectangles.
//!
//! The plot comes first; everything around it gives way when the area is small: first the legend, then
//! the axes, then the title.

use ratatui::layout::Rect;

use super::Legend;

/// Rows of a chart from top to bottom; all but the plot may be 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// The title line.
    pub title: u16,
    /// The plot.
    pub plot: u16,
    /// The line of the time axis and its labels.
    pub axis: u16,
    /// A legend at the bottom.
    pub legend: u16,
}

/// What a chart would like to have.
#[derive(Debug, Clone, Copy)]
pub struct Wishes {
    /// It has a title line.
    pub title: bool,
    /// Where the legend should stand.
    pub legend: Legend,
    /// Rows a bottom legend takes if all of it is shown.
    pub legend_rows: u16,
    /// There is more than one series to tell apart.
    pub several: bool,
}

/// Splits the height of `area`.
pub fn rows(area: Rect, wishes: Wishes) -> Rows {
    let title = u16::from(wishes.title && area.height >= 4);
    let mut rest = area.height - title;
    let axis = if rest >= 4 { 2 } else { 0 };
    rest -= axis;
    let roomy = area.width >= 50 && area.height >= 12;
    let legend = match wishes.legend {
        Legend::Bottom if roomy => wishes.legend_rows.min(area.height / 5),
        // One line has the title's value; several cannot be told apart without a row of names.
        Legend::Bottom if wishes.several && area.width >= 20 && area.height >= 7 => {
            wishes.legend_rows.clamp(1, (area.height / 5).max(1))
        }
        Legend::List if area.height >= 9 => wishes.legend_rows.min(area.height / 3),
        _ => 0,
    };
    Rows { title, plot: rest - legend, axis, legend }
}

/// The width of a legend at the right that would like `wanted` cells; 0 if it does not stand there.
pub fn right_legend(area: Rect, legend: Legend, wanted: u16) -> u16 {
    let stands = legend == Legend::Right && area.width >= 60 && area.height >= 5;
    if stands { wanted.min(area.width / 3) } else { 0 }
}

/// Rectangles of the parts; those that did not fit are empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// The title line.
    pub title: Rect,
    /// Labels and line of the left axis, down to the corner.
    pub left: Rect,
    /// Where the dots go.
    pub plot: Rect,
    /// Line and labels of the right axis, or the values of thresholds.
    pub right: Rect,
    /// The line of the time axis, under the plot.
    pub line: Rect,
    /// The labels of the time axis, as wide as the area.
    pub labels: Rect,
    /// The legend.
    pub legend: Rect,
}

/// Places the parts. `left` and `right` are the cells asked for beside the plot.
pub fn parts(area: Rect, rows: Rows, left: u16, right: u16, legend: u16) -> Parts {
    let body = area.width - legend.min(area.width);
    // Numbers beside the plot may take up to half of it.
    let (left, right) = if left + right <= body / 2 {
        (left, right)
    } else if left <= body / 2 {
        (left, 0)
    } else {
        (0, 0)
    };
    let top = area.y + rows.title;
    let plot = Rect::new(area.x + left, top, body - left - right, rows.plot);
    let line = Rect::new(plot.x, plot.bottom(), plot.width, rows.axis.min(1));
    let side = |x, width| Rect::new(x, top, width, rows.plot + rows.axis.min(1));
    Parts {
        title: Rect::new(area.x, area.y, area.width, rows.title),
        left: side(area.x, left),
        plot,
        right: side(plot.right(), right),
        line,
        labels: Rect::new(area.x, line.bottom(), body, rows.axis / 2),
        legend: if legend > 0 {
            Rect::new(area.x + body + 2, top, legend.saturating_sub(2), rows.plot + rows.axis)
        } else {
            Rect::new(area.x, area.bottom() - rows.legend, area.width, rows.legend)
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plot_comes_first() {
        let wishes = Wishes { title: true, legend: Legend::Bottom, legend_rows: 2, several: false };
        for (width, height, want) in [
            (120, 40, (1, 35, 2, 2)),
            (120, 12, (1, 7, 2, 2)),
            (40, 10, (1, 7, 2, 0)),
            (40, 5, (1, 2, 2, 0)),
            (40, 4, (1, 3, 0, 0)),
            (40, 3, (0, 3, 0, 0)),
            (40, 0, (0, 0, 0, 0)),
        ] {
            let got = rows(Rect::new(0, 0, width, height), wishes);
            assert_eq!((got.title, got.plot, got.axis, got.legend), want, "{width}x{height}");
            assert_eq!(got.title + got.plot + got.axis + got.legend, height);
        }
        for (several, width, height, want) in
            [(true, 40, 10, 2), (true, 28, 8, 1), (true, 28, 6, 0), (true, 18, 10, 0), (false, 40, 10, 0)]
        {
            let got = rows(Rect::new(0, 0, width, height), Wishes { several, ..wishes });
            assert_eq!(got.legend, want, "{several} {width}x{height}");
        }
    }

    #[test]
    fn parts_stay_inside_and_apart() {
        for width in 0..90 {
            for height in 0..30 {
                let area = Rect::new(3, 2, width, height);
                for legend in [Legend::Bottom, Legend::List, Legend::Right, Legend::None] {
                    let rows = rows(area, Wishes { title: true, legend, legend_rows: 3, several: true });
                    let got = parts(area, rows, 6, 8, right_legend(area, legend, 30));
                    let all = [got.title, got.left, got.plot, got.right, got.line, got.labels, got.legend];
                    for (index, part) in all.iter().enumerate() {
                        assert_eq!(
                            part.intersection(area).area(),
                            part.area(),
                            "{width}x{height} part {index}"
                        );
                        for other in &all[index + 1..] {
                            assert!(part.intersection(*other).is_empty(), "{width}x{height} {part} {other}");
                        }
                    }
                    assert!(width == 0 || height == 0 || got.plot.area() > 0, "{width}x{height}");
                }
            }
        }
    }
}
