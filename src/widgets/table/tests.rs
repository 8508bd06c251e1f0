//! The table at several widths: which columns give way, what is cut, where the cursor is.

use super::*;
use crate::theme::ColorDepth;
use crate::widgets::testing::{dark, lines};

const COLUMNS: [Column; 3] = [
    Column { title: "NAME", min: 8, flex: 1, align: Align::Left, priority: 0 },
    Column { title: "STATE", min: 5, flex: 0, align: Align::Left, priority: 1 },
    Column { title: "REQ", min: 6, flex: 0, align: Align::Right, priority: 2 },
];

fn row<'a>(index: usize) -> Row<'a> {
    let name = if index == 1 { "orders-with-a-long-name".to_owned() } else { format!("service-{index}") };
    let state = Cell::new("●", Role::Bad).and(" bad", Role::Text);
    Row { cells: vec![name.into(), state, format!("{}", index * 100).into()] }
}

fn draw(width: u16, height: u16, len: usize, selected: Option<usize>, top: &Memory<usize>) -> String {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    Table::new(&COLUMNS, len, selected).render(buf.area, &mut buf, &Theme::plain(), top, row);
    lines(&buf)
}

#[test]
fn rows_line_up() {
    let top = Memory::new(0);
    assert_eq!(
        draw(30, 5, 3, Some(1), &top),
        [
            " NAME            STATE     REQ",
            " service-0       ● bad       0",
            "▌orders-with-a…  ● bad     100",
            " service-2       ● bad     200",
            "",
        ]
        .join("\n")
    );
}

#[test]
fn narrow_tables_drop_the_least_important_column() {
    for (width, want) in [
        (40, vec![(0, 0, 25), (1, 27, 5), (2, 34, 6)]),
        (23, vec![(0, 0, 8), (1, 10, 5), (2, 17, 6)]),
        (22, vec![(0, 0, 15), (1, 17, 5)]),
        (14, vec![(0, 0, 14)]),
        (4, vec![(0, 0, 4)]),
        (0, vec![(0, 0, 0)]),
    ] {
        assert_eq!(layout(&COLUMNS, width), want, "{width}");
    }
    assert!(layout(&[], 10).is_empty());
    let shared = [Column::new("A", 1).flex(1), Column::new("B", 1).flex(2), Column::new("C", 1)];
    assert_eq!(layout(&shared, 17), [(0, 0, 4), (1, 6, 8), (2, 16, 1)]);
}

#[test]
fn the_cursor_stays_in_view_with_rows_around_it() {
    for (top, cursor, len, rows, want) in [
        (0, Some(0), 100, 10, 0),
        (0, Some(6), 100, 10, 0),
        (0, Some(7), 100, 10, 1),
        (0, Some(99), 100, 10, 90),
        (90, Some(96), 100, 10, 90),
        (90, Some(92), 100, 10, 89),
        (50, Some(0), 100, 10, 0),
        (50, None, 100, 10, 50),
        (50, None, 20, 10, 10),
        (50, Some(3), 5, 10, 0),
        (0, Some(5), 10, 1, 5),
        (0, Some(5), 10, 2, 4),
        (7, Some(5), 10, 0, 7),
        (7, Some(0), 0, 5, 0),
    ] {
        assert_eq!(scroll(top, cursor, len, rows), want, "{top} {cursor:?} {len} {rows}");
    }
}

#[test]
fn only_visible_rows_are_asked_for() {
    let top = Memory::new(0);
    let mut asked = Vec::new();
    let mut buf = Buffer::empty(Rect::new(0, 0, 40, 10));
    let table = Table::new(&COLUMNS, 2_000, Some(1_000));
    table.render(buf.area, &mut buf, &Theme::plain(), &top, |index| {
        asked.push(index);
        row(index)
    });
    assert_eq!((asked.first(), asked.len()), (Some(&996), 8));
    assert_eq!(top.get(), 996);
    assert!(lines(&buf).ends_with("1001 of 2000"), "{}", lines(&buf));
}

#[test]
fn drawing_twice_is_drawing_once_at_any_size() {
    for width in 0..60 {
        for height in 0..12 {
            for (len, selected) in [(0, Some(5)), (3, Some(9)), (50, Some(49)), (50, None)] {
                let top = Memory::new(7);
                let once = draw(width, height, len, selected, &top);
                assert_eq!(once, draw(width, height, len, selected, &top), "{width}x{height} {len}");
            }
        }
    }
}

#[test]
fn cells_are_cut_by_width_across_spans() {
    for (width, align, want) in [
        (12, Align::Left, "ab日本cd"),
        (12, Align::Right, "    ab日本cd"),
        (8, Align::Left, "ab日本cd"),
        (7, Align::Left, "ab日本…"),
        (6, Align::Left, "ab日…"),
        (2, Align::Left, "a…"),
        (1, Align::Left, "…"),
    ] {
        let mut buf = Buffer::empty(Rect::new(0, 0, width, 1));
        let cell = Cell::new("ab", Role::Text).and("日本", Role::Bad).and("cd", Role::Dim);
        draw_cell(&cell, align, buf.area, &mut buf, &Theme::plain());
        // The second cell of a wide character is a space in the buffer.
        assert_eq!(lines(&buf).replace("日 ", "日").replace("本 ", "本"), want, "{width}");
    }
}

#[test]
fn an_unfocused_table_shows_no_cursor() {
    let mut buf = Buffer::empty(Rect::new(0, 0, 30, 4));
    let table = Table { focused: false, header: false, ..Table::new(&COLUMNS, 3, Some(1)) };
    table.render(buf.area, &mut buf, &Theme::plain(), &Memory::new(0), row);
    assert!(!lines(&buf).contains('▌'));
    assert!(lines(&buf).starts_with(" service-0"));
}

#[test]
fn the_cursor_is_a_bar_and_a_style() {
    let theme = dark();
    let mut buf = Buffer::empty(Rect::new(0, 0, 30, 4));
    Table::new(&COLUMNS, 3, Some(1)).render(buf.area, &mut buf, &theme, &Memory::new(0), row);
    let bar = &buf[(0, 2)];
    assert_eq!((bar.symbol(), Some(bar.fg)), ("▌", theme.style(Role::Accent).fg));
    let selected = theme.style(Role::Selected);
    for x in 1..30 {
        assert_eq!(Some(buf[(x, 2)].bg), selected.bg);
        assert_ne!(Some(buf[(x, 1)].bg), selected.bg);
    }
}

#[test]
fn bars_look_the_same_in_the_row_with_the_cursor() {
    let theme = Theme::load("ansi16", &[], ColorDepth::Ansi16, false).unwrap();
    let mut buf = Buffer::empty(Rect::new(0, 0, 30, 3));
    let top = Memory::new(0);
    let bar = |_| Row { cells: vec![Cell::new("█░", Role::New).and(" 50 %", Role::Text)] };
    Table::new(&COLUMNS, 2, Some(0)).render(buf.area, &mut buf, &theme, &top, bar);
    let style = |x: u16, y: u16| buf.cell((x, y)).unwrap().style();
    for x in [1, 2] {
        assert_eq!(style(x, 1), style(x, 2), "what is full is not drawn as empty");
    }
    assert!(style(4, 1).add_modifier.contains(Modifier::REVERSED), "all else is reversed");
}
