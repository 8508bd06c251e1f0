//! The chart at several sizes, with gaps, thresholds and odd numbers.

use insta::assert_snapshot;
use ratatui::style::Modifier;

use super::*;
use crate::widgets::testing::{ascii, dark, lines};

static UTC: TimeZone = TimeZone::UTC;

/// 2026-11-22T03:20:00Z.
const START: i64 = 1_795_317_600;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(START + minute * 60).unwrap()
}

fn range(minutes: i64) -> TimeRange {
    TimeRange { start: at(0), end: at(minutes) }
}

fn series(label: &str, unit: &str, value: impl Fn(i64) -> Option<f64>, minutes: i64) -> Series {
    let points = (0..=minutes).map(|minute| Point::new(at(minute), value(minute))).collect();
    Series { label: label.into(), unit: unit.into(), points, period: 60, ..Series::default() }
}

/// An hour of latency with a gap at 20 to 25 minutes, that breaches from minute 50.
fn p99() -> Series {
    let value = |minute: i64| match minute {
        20..=25 => None,
        50.. => Some(0.9 + (minute - 50) as f64 * 0.05),
        _ => Some(0.2 + (minute % 7) as f64 * 0.01),
    };
    let mut p99 = series("p99", "Seconds", value, 60);
    for point in &mut p99.points {
        point.breaching = point.value.is_some_and(|value| value > 0.8);
    }
    p99.partial_last = true;
    p99
}

fn threshold(value: f64, label: &str) -> HLine {
    HLine { value, label: label.into(), role: Role::Threshold, axis: Side::Left }
}

fn buffer(chart: &Chart, width: u16, height: u16, theme: &Theme) -> Buffer {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    chart.render(buf.area, &mut buf, theme);
    let once = buf.clone();
    chart.render(buf.area, &mut buf, theme);
    assert_eq!(once, buf, "drawing twice gives the same buffer");
    buf
}

fn text(chart: &Chart, width: u16, height: u16) -> String {
    lines(&buffer(chart, width, height, &Theme::plain()))
}

fn ascii_text(chart: &Chart, width: u16, height: u16) -> String {
    let drawn = lines(&buffer(chart, width, height, &ascii()));
    assert!(drawn.is_ascii(), "{drawn}");
    drawn
}

fn marks() -> Vec<Mark> {
    let mark = |minute, glyph, label: &str, line| Mark {
        at: at(minute),
        glyph,
        label: label.into(),
        role: Role::Info,
        line,
    };
    vec![mark(46, "▲", "rev 42", true), mark(53, "●", "", false)]
}

#[test]
fn an_alarm_of_an_hour() {
    let (series, marks, lines) = ([p99()], marks(), [threshold(0.8, "limit")]);
    let mut chart = Chart::new(&series, range(60), &UTC);
    chart.title = "checkout p99";
    chart.note = Some(("stale 1m", Role::Warn));
    (chart.thresholds, chart.marks) = (&lines, &marks);
    assert_snapshot!("alarm_100x20", text(&chart, 100, 20));
    assert_snapshot!("alarm_40x10", text(&chart, 40, 10));
    assert_snapshot!("alarm_crosshair_70x14", {
        chart.crosshair = Some(at(52));
        text(&chart, 70, 14)
    });
    assert_snapshot!("alarm_ascii_80x16", {
        let marks = [Mark { glyph: "^", ..marks[0].clone() }];
        chart.marks = &marks;
        ascii_text(&chart, 80, 16)
    });
}

#[test]
fn two_axes_and_a_hidden_series() {
    let wave = |minute: i64| Some(1_500.0 + 400.0 * (minute as f64 / 9.0).sin());
    let mut all = [
        series("requests", "Count", wave, 180),
        series("memory", "Bytes", |minute| Some(2e8 + minute as f64 * 1e6), 180),
        series("errors", "Count", |_| Some(3.0), 180),
    ];
    (all[1].axis, all[1].role, all[2].hidden) = (Side::Right, Role::Series2, true);
    let mut chart = Chart::new(&all, range(180), &UTC);
    chart.title = "checkout";
    chart.right = Some(Axis::default());
    chart.legend = Legend::Right;
    assert_snapshot!("two_axes_100x16", text(&chart, 100, 16));
}

#[test]
fn stacked_areas() {
    let mut all = [
        series("2xx", "Count", |minute| Some(40.0 + (minute % 10) as f64), 60),
        series("4xx", "Count", |_| Some(20.0), 60),
        series("5xx", "Count", |minute| (minute > 30).then_some(30.0), 60),
    ];
    for (series, role) in all.iter_mut().zip([Role::Series1, Role::Series2, Role::Series3]) {
        (series.style, series.role) = (Style::Stacked, role);
    }
    let mut chart = Chart::new(&all, range(60), &UTC);
    chart.title = "status";
    assert_snapshot!("stacked_80x16", text(&chart, 80, 16));
    chart.marker = Some(Marker::Block);
    assert_snapshot!("stacked_blocks_80x16", text(&chart, 80, 16));
}

#[test]
fn bands_are_marked_on_their_axes() {
    let all = [series("cpu", "Percent", |minute| Some(minute as f64), 60)];
    let bands = [
        Band::Values { from: Some(40.0), to: None, axis: Side::Left, role: Role::Warn },
        Band::Times { from: Some(at(5)), to: Some(at(10)), role: Role::Dim },
    ];
    let mut chart = Chart::new(&all, range(60), &UTC);
    chart.bands = &bands;
    (chart.left.min, chart.left.max) = (Some(0.0), Some(100.0));
    assert_snapshot!("bands_60x11", text(&chart, 60, 11));
}

#[test]
fn no_data_says_which_time() {
    let nothing = [series("p99", "Seconds", |_| None, 60)];
    let lines = [threshold(0.8, "")];
    let mut chart = Chart::new(&nothing, range(60), &UTC);
    assert!(text(&chart, 40, 10).contains("no data 03:20–04:20"), "{}", text(&chart, 40, 10));
    assert!(text(&chart, 12, 10).contains("no data"));
    chart.thresholds = &lines;
    assert!(text(&chart, 40, 10).contains("800 ms"));
    let mut chart = Chart::new(&[], range(60), &UTC);
    chart.title = "empty";
    assert!(text(&chart, 40, 10).contains("no data 03:20–04:20"));
    let odd = [series("odd", "", |minute| Some([f64::NAN, f64::INFINITY][minute as usize % 2]), 60)];
    assert!(text(&Chart::new(&odd, range(60), &UTC), 40, 10).contains("no data"));
}

#[test]
fn odd_values_have_axes() {
    let cases = [
        ("single", vec![Some(3.0)], &["0", "1", "2", "3"][..]),
        ("equal", vec![Some(5.0); 5], &["0", "2", "4", "6"]),
        ("zero", vec![Some(0.0); 5], &["0", "0.5", "1.0"]),
        ("negative", vec![Some(-3.0), Some(-1.0)], &["-3.0", "-2.0", "-1.0"]),
        ("across zero", vec![Some(-5.0), Some(10.0)], &["-5", "0", "5", "10"]),
        ("huge", vec![Some(f64::MIN), Some(f64::MAX)], &["0"]),
        ("tiny", vec![Some(1e-200), Some(2e-200)], &[]),
        ("holes", vec![Some(1.0), None, Some(f64::NAN), Some(1.0)], &["0", "0.5", "1.0"]),
    ];
    for (name, values, want) in cases {
        let last = i64::try_from(values.len()).unwrap() - 1;
        let all = [series(name, "Count", |minute| values[minute as usize], last)];
        let drawn = text(&Chart::new(&all, range(last.max(1)), &UTC), 50, 10);
        assert!(!drawn.contains("no data"), "{name}\n{drawn}");
        for tick in want {
            let shown = drawn.lines().any(|line| line.trim_start().starts_with(&format!("{tick} ┤")));
            let joined = drawn.lines().any(|line| line.trim_start().starts_with(&format!("{tick}┤")));
            assert!(shown || joined, "{name}: {tick}\n{drawn}");
        }
    }
}

#[test]
fn the_floor_is_zero_unless_told() {
    let all = [series("cpu", "Percent", |minute| Some(90.0 + minute as f64 / 10.0), 60)];
    let mut chart = Chart::new(&all, range(60), &UTC);
    let low = |chart: &Chart| {
        let drawn = text(chart, 50, 10);
        let tick = drawn.lines().rev().find(|line| line.contains('┤')).unwrap().to_owned();
        tick.split('┤').next().unwrap().trim().to_owned()
    };
    assert_eq!(low(&chart), "0");
    chart.left.min = Some(90.0);
    assert_eq!(low(&chart), "90");
    chart.left.max = Some(50.0);
    assert_eq!(low(&chart), "0", "an impossible range is ignored");
}

#[test]
fn one_spike_of_many_points_is_seen() {
    let all = [series("errors", "Count", |minute| Some(if minute == 5_000 { 90.0 } else { 1.0 }), 10_080)];
    let drawn = text(&Chart::new(&all, range(10_080), &UTC), 60, 12);
    let middle = drawn.lines().take(6).filter(|line| line.chars().any(|c| ('⠁'..='⣿').contains(&c)));
    assert!(middle.count() >= 5, "{drawn}");
}

#[test]
fn the_newest_point_is_dim_and_not_the_last_value() {
    let mut p99 = p99();
    let last = p99.last(range(60));
    assert!(last.is_some_and(|value| (value - 1.35).abs() < 1e-9), "{last:?}");
    p99.partial_last = false;
    assert!(p99.last(range(60)).is_some_and(|value| (value - 1.4).abs() < 1e-9));
    assert_eq!(p99.max(range(10)), Some(0.26));
    assert_eq!(p99.value_at(at(3)), Some(0.23));
    assert_eq!(p99.value_at(at(22)), None, "a gap has no value");
    assert_eq!(p99.value_at(at(-1)), None);
    assert_eq!(p99.value_at(at(200)), None, "the last value is not for ever");
}

#[test]
fn breaches_are_marked_where_they_are() {
    let all = [p99()];
    let drawn = text(&Chart::new(&all, range(60), &UTC), 80, 20);
    assert!(drawn.matches('●').count() >= 8, "{drawn}");
    let mut calm = all;
    calm[0].points.iter_mut().for_each(|point| point.breaching = false);
    assert_eq!(text(&Chart::new(&calm, range(60), &UTC), 80, 20).matches('●').count(), 0);
}

#[test]
fn colours_say_what_a_point_is() {
    let all = [p99()];
    let lines = [threshold(0.8, "")];
    let mut chart = Chart::new(&all, range(60), &UTC);
    (chart.thresholds, chart.legend) = (&lines, Legend::None);
    let theme = dark();
    let buf = buffer(&chart, 80, 20, &theme);
    let colour = |role| theme.style(role).fg.unwrap();
    let cells = |x: std::ops::Range<u16>, glyph: fn(char) -> bool| {
        let inside = buf.area.positions().filter(move |position| x.contains(&position.x));
        let cells = inside.map(|position| &buf[position]);
        cells.filter(move |cell| cell.symbol().chars().all(glyph)).map(|cell| cell.fg).collect::<Vec<_>>()
    };
    let braille = |c| ('⠁'..='⣿').contains(&c);
    assert!(cells(0..50, braille).iter().all(|fg| *fg == colour(Role::Series1)));
    assert!(cells(0..80, |c| c == '●').iter().all(|fg| *fg == colour(Role::Bad)));
    assert!(cells(0..80, |c| c == '╌').iter().all(|fg| *fg == colour(Role::Threshold)));
    let mut calm = all.clone();
    calm[0].points.iter_mut().for_each(|point| point.breaching = false);
    let chart = Chart { series: &calm, thresholds: &[], ..chart };
    let buf = buffer(&chart, 80, 20, &theme);
    let newest = buf.area.positions().filter(|p| p.x == 79).find(|p| buf[*p].symbol().chars().all(braille));
    assert_eq!(newest.map(|position| buf[position].fg), Some(colour(Role::Dim)));
}

#[test]
fn any_size_is_drawn_inside_of_its_area() {
    let mut all = [p99(), series("日本語", "Bytes", |minute| Some(minute as f64 * 1e9), 60), p99()];
    (all[1].axis, all[2].style) = (Side::Right, Style::Stacked);
    let (marks, lines) =
        (marks(), [threshold(0.8, "limit"), threshold(f64::NAN, ""), threshold(1e300, "far")]);
    let bands = [Band::Values { from: Some(1e9), to: Some(-5.0), axis: Side::Right, role: Role::Warn }];
    for right in [None, Some(Axis { label: "Requests per second".into(), ..Axis::default() })] {
        for legend in [Legend::Bottom, Legend::Right, Legend::None] {
            let mut chart = Chart::new(&all, range(60), &UTC);
            (chart.title, chart.note) = ("checkout 日本語", Some(("throttled, retry 12s", Role::Warn)));
            (chart.thresholds, chart.marks, chart.bands) = (&lines, &marks, &bands);
            (chart.right, chart.legend, chart.crosshair) = (right.clone(), legend, Some(at(30)));
            for width in (0..62).chain([120]) {
                for height in (0..16).chain([40, 60]) {
                    let area = Rect::new(2, 1, width, height);
                    let mut buf = Buffer::empty(Rect::new(0, 0, width + 4, height + 2));
                    chart.render(area, &mut buf, &Theme::plain());
                    let outside = buf.area.positions().filter(|position| !area.contains(*position));
                    for position in outside {
                        let cell = &buf[position];
                        assert!(
                            cell.symbol() == " " && cell.modifier == Modifier::empty(),
                            "{width}x{height}"
                        );
                    }
                    // A buffer smaller than the area is no reason to panic either.
                    let mut small = Buffer::empty(Rect::new(0, 0, width / 2, height / 2));
                    chart.render(area, &mut small, &Theme::plain());
                }
            }
        }
    }
}

#[test]
fn empty_and_backward_ranges_are_drawn() {
    let all = [p99()];
    for (start, end) in [(0, 0), (60, 0), (-9_000, -8_000)] {
        let range = TimeRange { start: at(start), end: at(end) };
        text(&Chart::new(&all, range, &UTC), 60, 12);
    }
    let all_time = TimeRange { start: Timestamp::MIN, end: Timestamp::MAX };
    text(&Chart::new(&all, all_time, &UTC), 60, 12);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn any_points_are_drawn(
        values in proptest::collection::vec((-400_i64..400, proptest::option::of(proptest::num::f64::ANY)), 0..40),
        ends in (-300_i64..300, -300_i64..300),
        bounds in (proptest::option::of(proptest::num::f64::ANY), proptest::option::of(proptest::num::f64::ANY)),
        size in (0_u16..90, 0_u16..24),
        stacked in proptest::bool::ANY,
    ) {
        let mut all = [Series::default(), p99()];
        all[0].points = values.iter().map(|(minute, value)| Point::new(at(*minute), *value)).collect();
        all[0].style = if stacked { Style::Stacked } else { Style::Line };
        let lines = [threshold(bounds.0.unwrap_or(1.0), "limit")];
        let mut chart = Chart::new(&all, TimeRange { start: at(ends.0), end: at(ends.1) }, &UTC);
        (chart.title, chart.thresholds, chart.crosshair) = ("any", &lines, Some(at(ends.0 + 1)));
        (chart.left.min, chart.left.max) = bounds;
        text(&chart, size.0, size.1);
        ascii_text(&chart, size.0, size.1);
    }
}

fn several(count: usize) -> Vec<Series> {
    let one = |index: usize| Series {
        role: [Role::Series1, Role::Series2, Role::Series3][index % 3],
        ..series(&format!("service-{index} requests"), "Count", |m| Some((index * 100) as f64 + m as f64), 60)
    };
    (0..count).map(one).collect()
}

#[test]
fn lines_are_named_where_colours_cannot_tell() {
    let all = several(3);
    let mut chart = Chart::new(&all, range(60), &UTC);
    chart.title = "requests";
    assert_snapshot!("letters_60x14", text(&chart, 60, 14));
    let coloured = lines(&buffer(&chart, 60, 14, &dark()));
    assert!(!coloured.contains("a service-0"), "three colours are enough\n{coloured}");
    let four = several(4);
    chart.series = &four;
    let coloured = lines(&buffer(&chart, 60, 16, &dark()));
    assert!(coloured.contains("d service-3"), "two of one colour are not\n{coloured}");
    let drawn = ascii_text(&chart, 60, 16);
    assert!(drawn.contains("o service-3"), "marks tell six apart\n{drawn}");
}

#[test]
fn a_small_chart_of_several_series_names_them() {
    let all = several(3);
    let mut chart = Chart::new(&all, range(60), &UTC);
    assert_snapshot!("several_40x10", text(&chart, 40, 10));
    chart.crosshair = Some(at(30));
    assert_snapshot!("several_crosshair_28x8", text(&chart, 28, 8));
}

#[test]
fn a_legend_of_rows_follows_its_cursor() {
    let mut all = several(12);
    all[9].hidden = true;
    let mut chart = Chart::new(&all, range(60), &UTC);
    (chart.legend, chart.cursor) = (Legend::List, Some(9));
    assert_snapshot!("legend_list_78x20", text(&chart, 78, 20));
    (chart.legend, chart.crosshair) = (Legend::Right, Some(at(5)));
    assert_snapshot!("legend_right_118x12", text(&chart, 118, 12));
}

#[test]
fn what_does_not_fit_into_a_legend_is_counted() {
    let all = several(40);
    for (width, height) in [(28, 8), (40, 10), (80, 16), (200, 20)] {
        let drawn = text(&Chart::new(&all, range(60), &UTC), width, height);
        let rows = drawn.lines().skip_while(|line| !line.contains('└')).skip(2);
        let legend = rows.collect::<Vec<_>>().join("   ");
        // Three spaces stand between entries.
        let entries = legend.split("   ").map(str::trim).filter(|entry| !entry.is_empty());
        let shown = entries.filter(|entry| !entry.starts_with('+')).count();
        let counted = legend.contains(&format!("+{}", 40 - shown));
        assert!(counted == (shown < 40), "{shown} at {width}x{height}\n{drawn}");
    }
}

#[test]
fn a_lone_point_is_not_a_speck() {
    let all = [series("deaths", "Count", |minute| (minute % 20 == 10).then_some(1.0), 60)];
    let drawn = text(&Chart::new(&all, range(60), &UTC), 60, 8);
    let dots: u32 =
        drawn.chars().filter(|c| ('⠁'..='⣿').contains(c)).map(|c| (c as u32 & 0xFF).count_ones()).sum();
    assert_eq!(dots, 12, "{drawn}");
    let edge = [series("one", "", |minute| (minute == 60).then_some(1.0), 60)];
    for width in 0..8 {
        text(&Chart::new(&edge, range(60), &UTC), width, 4);
    }
}

#[test]
fn a_band_is_measured_on_its_axis() {
    let mut all = several(2);
    (all[1].axis, all[1].unit) = (Side::Right, "Percent".into());
    all[1].points.iter_mut().for_each(|point| point.value = Some(50.0));
    let bands = [Band::Values { from: Some(75.0), to: None, axis: Side::Right, role: Role::Bad }];
    let mut chart = Chart::new(&all, range(60), &UTC);
    (chart.bands, chart.right) = (&bands, Some(Axis { min: Some(0.0), max: Some(100.0), ..Axis::default() }));
    assert_snapshot!("right_band_60x12", text(&chart, 60, 12));
}

#[test]
fn of_two_bands_over_each_other_the_smaller_is_seen() {
    let all = [series("cpu", "Percent", |minute| Some(minute as f64), 60)];
    let above = |from, role| Band::Values { from: Some(from), to: None, axis: Side::Left, role };
    for bands in
        [[above(80.0, Role::Bad), above(40.0, Role::Warn)], [above(40.0, Role::Warn), above(80.0, Role::Bad)]]
    {
        let mut chart = Chart::new(&all, range(60), &UTC);
        chart.bands = &bands;
        (chart.left.min, chart.left.max) = (Some(0.0), Some(100.0));
        let theme = dark();
        let mut buf = Buffer::empty(Rect::new(0, 0, 60, 13));
        chart.render(buf.area, &mut buf, &theme);
        let roles: Vec<_> = (0..11).map(|y| (buf[(4, y)].symbol(), buf[(4, y)].fg)).collect();
        let color = |role| theme.style(role).fg.unwrap();
        assert_eq!(roles[0], ("┃", color(Role::Bad)));
        assert_eq!(roles[4], ("┃", color(Role::Warn)));
        assert_eq!(roles[10].1, color(Role::Rule));
    }
    // Where no axis fits, the edge of the plot has it.
    let bands = [above(10.0, Role::Warn)];
    let mut chart = Chart::new(&all, range(60), &UTC);
    chart.bands = &bands;
    assert!(text(&chart, 6, 3).contains('┃'), "{}", text(&chart, 6, 3));
}

#[test]
fn a_running_range_moves_in_steps() {
    let second = |second: i64| Timestamp::from_second(1_795_321_200 + second).unwrap();
    let hour = |now: i64| TimeRange::steady(second(now - 3_600), second(now));
    assert_eq!(hour(1), TimeRange { start: second(-3_600), end: second(60) });
    assert!((0..60).all(|now| hour(now) == hour(0)) && hour(60) != hour(0));
    let week = |now: i64| TimeRange::steady(second(now - 604_800), second(now));
    assert_eq!(week(0), week(60), "longer ranges take longer steps");
}
