//! Texts as dashboards have them, at several widths, and texts that nobody should write.
#![expect(clippy::format_collect, reason = "a few short lines of a test")]

use super::*;
use crate::text::width;
use crate::widgets::testing::{ascii, lines};

fn text(markdown: &str, width: u16, airy: bool, theme: &Theme) -> String {
    let rows = parse(markdown).lay_out(width, airy, theme);
    let area = Rect::new(0, 0, width, u16::try_from(rows.len()).unwrap().max(1));
    let mut buf = Buffer::empty(area);
    draw(&rows, None, area, &mut buf, theme);
    lines(&buf)
}

fn plain(markdown: &str, width: u16) -> String {
    text(markdown, width, false, &Theme::plain())
}

#[test]
fn blocks_by_example() {
    for (markdown, width, want) in [
        ("# Errors", 16, "Errors ─────────"),
        ("## Errors", 16, "Errors ─────────"),
        ("### Errors", 16, "Errors"),
        ("# A heading of five words", 12, "A heading of\nfive words ─"),
        ("**App Metrics**", 20, "App Metrics"),
        ("one two three four", 9, "one two\nthree\nfour"),
        ("one\ntwo", 20, "one two"),
        ("one  \ntwo", 20, "one\ntwo"),
        ("incomprehensibilities", 8, "incompre\nhensibil\nities"),
        ("- one\n- two\n  - deep", 20, "• one\n• two\n  • deep"),
        ("3. one\n4. two", 20, "3.one\n4.two"),
        ("- a long item of words", 12, "• a long\n  item of\n  words"),
        ("-\n- b", 12, "•\n• b"),
        ("> said\n> so", 20, "│ said so"),
        ("a\n\n---\n\nb", 5, "a\n─────\nb"),
        ("```\nlet a = 1;\n  b\n```", 8, "let a =…\n  b"),
        ("use `kubectl`", 20, "use kubectl"),
        ("![the map](https://x/y.png)", 30, "the map"),
        ("<b>bold</b>", 30, "<b>bold</b>"),
        ("[runbook](https://wiki/run)", 30, "runbook"),
        ("[](https://wiki/run)", 30, "https://wiki/run"),
        ("see [button:Open it](https://x) now", 30, "see [ Open it ] now"),
        ("[button:primary:Go](https://x)", 30, "[ Go ]"),
        // The second cell of a wide character counts as a space here.
        ("日本語 日本語", 7, "日 本 語\n日 本 語"),
        ("", 10, ""),
        ("|a|b|\n|-|-:|\n|one|2|\n|three|40|", 20, "a       b\n─────────\none     2\nthree  40"),
        ("|a|b|\n|-|-|\n|one two three|2|", 10, "a        b\n──────────\none tw…  2"),
    ] {
        // A no-break space keeps buttons whole; it looks like any other.
        assert_eq!(plain(markdown, width).replace('\u{a0}', " "), want, "{markdown:?} at {width}");
    }
}

#[test]
fn blocks_are_apart_where_there_is_room() {
    let markdown = "# One\nwords\n\nmore\n\n- a\n- b\n\n# Two\nend";
    assert_eq!(
        text(markdown, 10, true, &Theme::plain()),
        "One ──────\nwords\n\nmore\n\n• a\n• b\n\nTwo ──────\nend"
    );
    let fits = |height| parse(markdown).fit(Rect::new(0, 0, 10, height), &Theme::plain()).len();
    assert_eq!((fits(10), fits(9)), (10, 7));
    assert!(text(markdown, 10, true, &ascii()).is_ascii());
}

#[test]
fn links_are_listed_in_order() {
    let read = parse("[a](#dashboards:name=x) and [button:b c](https://y) in\n\n|h|\n|-|\n|[d *e*](z)|");
    let links: Vec<_> = read.links.iter().map(|link| (link.text.as_str(), link.url.as_str())).collect();
    assert_eq!(links, [("a", "#dashboards:name=x"), ("b c", "https://y"), ("d e", "z")]);
    let rows = read.lay_out(60, false, &Theme::plain());
    let spans = |index| rows.iter().flatten().filter(|span| span.link == Some(index)).count();
    assert!((0..3).all(|index| spans(index) > 0));
    assert!(rows.iter().flatten().all(|span| span.link.is_none() || span.role == Role::Key));
}

#[test]
fn a_lone_heading_is_known() {
    for (markdown, want) in
        [("# One", true), ("## One\n", true), ("# One\ntwo", false), ("one", false), ("", false)]
    {
        assert_eq!(parse(markdown).is_heading(), want, "{markdown}");
    }
}

#[test]
fn deep_and_endless_texts_end() {
    let deep = "> ".repeat(3_000) + "x";
    let list: String = (0..200).map(|depth| format!("{}- x\n", "  ".repeat(depth))).collect();
    let endless = "word\n\n".repeat(100_000);
    for markdown in [deep, list, endless, "[".repeat(5_000), "|".repeat(3_000)] {
        for wide in [0, 1, 3, 40] {
            parse(&markdown).lay_out(wide, true, &Theme::plain());
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_row_is_wider_than_asked(
        markdown in "([a-z#*`>|\\-\\[\\]()! \n0-9]|日|\u{301}){0,120}",
        wide in 0_u16..40,
    ) {
        for row in parse(&markdown).lay_out(wide, true, &Theme::plain()) {
            let used: usize = row.iter().map(|span| width(&span.text)).sum();
            proptest::prop_assert!(used <= usize::from(wide), "{row:?}");
        }
    }
}
