//! Redraws of the widgets that show the most: a chart of 3 h at 60 s, and a table of 2,000 rows, both at
//! 200x60. Budgets: 2 ms and 0.3 ms.

use std::cell::Cell as Memory;

use divan::Bencher;
use eyewall::theme::{Role, Theme};
use eyewall::widgets::chart::{Axis, Chart, HLine, Legend, Point, Series, Side, Style, TimeRange};
use eyewall::widgets::table::{Cell, Column, Row, Table};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

fn main() {
    divan::main();
}

static UTC: TimeZone = TimeZone::UTC;

const AREA: Rect = Rect { x: 0, y: 0, width: 200, height: 60 };

fn series(count: usize, minutes: i32, style: Style) -> Vec<Series> {
    let point = |minute: i32, index: usize| {
        let at = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_mins(i64::from(minute));
        let value = (f64::from(minute) / 9.0 + index as f64).sin() * 100.0 + 150.0;
        Point { breaching: value > 240.0, ..Point::new(at, (minute % 37 != 0).then_some(value)) }
    };
    let series = |index| Series {
        label: format!("series {index}"),
        unit: "Milliseconds".into(),
        points: (0..=minutes).map(|minute| point(minute, index)).collect(),
        period: 60,
        style,
        ..Series::default()
    };
    (0..count).map(series).collect()
}

fn chart(bencher: Bencher, count: usize, minutes: i32, style: Style) {
    let series = series(count, minutes, style);
    let start = Timestamp::UNIX_EPOCH;
    let end = start + jiff::SignedDuration::from_mins(i64::from(minutes));
    let lines = [HLine { value: 240.0, label: "limit".into(), role: Role::Threshold, axis: Side::Left }];
    let mut chart = Chart::new(&series, TimeRange { start, end }, &UTC);
    (chart.title, chart.thresholds, chart.legend) = ("latency", &lines, Legend::Right);
    chart.right = Some(Axis::default());
    let theme = Theme::plain();
    bencher.with_inputs(|| Buffer::empty(AREA)).bench_local_refs(|buf| chart.render(AREA, buf, &theme));
}

#[divan::bench(args = [1, 10])]
fn chart_3_hours(bencher: Bencher, count: usize) {
    chart(bencher, count, 180, Style::Line);
}

#[divan::bench(args = [1, 10])]
fn chart_1_week(bencher: Bencher, count: usize) {
    chart(bencher, count, 10_080, Style::Line);
}

#[divan::bench]
fn chart_3_hours_stacked(bencher: Bencher) {
    chart(bencher, 6, 180, Style::Stacked);
}

#[divan::bench]
fn table_2000_rows(bencher: Bencher) {
    let columns = [
        Column::new("", 1),
        Column::new("SERVICE", 20).flex(2),
        Column::new("STATE", 12),
        Column::new("REQ/MIN", 10).right(),
        Column::new("P99", 10).right(),
        Column::new("DEPENDS ON", 20).flex(1).priority(3),
    ];
    let theme = Theme::plain();
    let top = Memory::new(0);
    let row = |index: usize| {
        let sign = Cell::new("●", Role::Bad);
        let name = Cell::new(format!("service-{index}"), Role::Text);
        let state = Cell::new("ALARM", Role::Bad).and(" 3m", Role::Dim);
        let number = Cell::new(format!("{}", index * 7), Role::Text).and(" /m", Role::Dim);
        Row {
            cells: vec![sign, name, state, number, "410 ms".into(), "orders, cart, a-very-long-name".into()],
        }
    };
    let table = Table::new(&columns, 2_000, Some(1_200));
    bencher
        .with_inputs(|| Buffer::empty(AREA))
        .bench_local_refs(|buf| table.render(AREA, buf, &theme, &top, row));
}
