//! Drawing logs: the title with what the tail is doing, errors per minute, the lines, one event in full.

use super::detail;
use super::filter::Filter;
use super::lens::Lens;
use super::model::{Gap, short_name};
use super::pane::{LogsPane, layout};
use super::row::{self, Layout, Line, Segment};
use super::rows::{Entry, RowId};
use super::search::Listing;
use super::store::LogStore;
use crate::app::Action;
use crate::app::pane::Ctx;
use crate::aws::TargetId;
use crate::features::{Topic, panel};
use crate::text::{cut_end, cut_middle, units, width};
use crate::theme::Role;
use crate::widgets::paint::{cells, dot, put, put_right};
use crate::widgets::{dialog, sparkline};
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Minutes in the error sparkline at most: a longer window shows its last three hours.
const MAX_MINUTES: i64 = 180;
/// A reading that begins this much after the window does is complete: a live window slides on between polls.
const SLACK: SignedDuration = SignedDuration::from_mins(1);
/// Screen lines that an opened event takes at most.
const MAX_DETAIL: usize = 20_000;

pub(super) fn render(pane: &LogsPane, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let area = area.intersection(buf.area);
    let (Some(target), Some(store)) = (pane.target(ctx), pane.store(ctx)) else {
        return note(area, "no target is on · p picks", Role::Dim, buf, ctx);
    };
    let [head, rest] = dialog::split_top(area, 1);
    if pane.groups(ctx).is_empty() {
        panel::title_one(head, "LOGS", "no groups picked", Role::Dim, target, Topic::LogGroups, buf, ctx);
        let rest = panel::problems(rest, Topic::LogGroups, buf, ctx);
        return note(rest, &invitation(target, ctx), Role::Dim, buf, ctx);
    }
    title(pane, target, store, head, buf, ctx);
    let rest = panel::problems(rest, Topic::LogTail, buf, ctx);
    if let Some(entry) = pane.open.and_then(|row| store.rows().get(row)) {
        return event(pane, store, entry, rest, buf, ctx);
    }
    let rest = failures(store, rest, buf, ctx);
    let [errors, rest] = dialog::split_top(rest, u16::from(rest.height >= 8));
    let listing = pane.lens.listing(store);
    let errors = position(pane, &listing, errors, buf, ctx);
    histogram(store, errors, buf, ctx);
    if listing.is_empty() {
        return note(rest, &nothing(pane, store, ctx), Role::Dim, buf, ctx);
    }
    list(pane, store, &listing, rest, buf, ctx);
}

fn note(area: Rect, text: &str, role: Role, buf: &mut Buffer, ctx: &Ctx) {
    put(buf, area, area.x + 1, area.y, text, ctx.theme.style(role));
}

fn invitation(target: &TargetId, ctx: &Ctx) -> String {
    match ctx.store.target(target).and_then(|target| target.log_groups.as_ref()) {
        Some(list) if list.groups.is_empty() && list.complete => {
            "there are no log groups in this region".into()
        }
        Some(list) => {
            let more = if list.complete { "" } else { " so far" };
            format!("{} log groups{more} · Enter or p picks", units::grouped(list.groups.len() as u64))
        }
        None => "Enter or p picks log groups".into(),
    }
}

/// Why the list is empty, and what to do about it.
fn nothing(pane: &LogsPane, store: &LogStore, ctx: &Ctx) -> String {
    let waiting = ctx.theme.glyphs().waiting;
    if store.status().is_none() {
        return if pane.paused {
            "paused before the first answer · Space goes on".into()
        } else {
            format!("{waiting} first read")
        };
    }
    if let Some(filter) = pane.lens.filter()
        && !store.rows().is_empty()
    {
        if pane.lens.behind(store) {
            return format!("{waiting} filtering {} lines", units::grouped(store.rows().len() as u64));
        }
        let lines = units::grouped(store.rows().len() as u64);
        return format!("none of {lines} lines matches & {} · Esc shows all, & changes it", filter.text());
    }
    match store.covered_from() {
        Some(from) => format!("no lines since {} · Z looks further back", ctx.zone.near(from, ctx.now.wall)),
        None => format!("no lines yet · {waiting} reading what was before"),
    }
}

fn title(pane: &LogsPane, target: &TargetId, store: &LogStore, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let groups = pane.groups(ctx);
    let first = groups.first().map_or("", String::as_str);
    let first = cut_middle(first, usize::from(area.width / 3).max(12), ctx.theme.glyphs().ellipsis);
    let name = match groups.len() {
        1 => first.into_owned(),
        2 => format!("{first} + {}", short_name(&groups[1])),
        many => format!("{first} + {} groups", many - 1),
    };
    panel::title_one(area, &name, &about(pane, store, ctx), Role::Dim, target, Topic::LogTail, buf, ctx);
}

/// What the tail is doing: mode, lag, filter, search, counts.
fn about(pane: &LogsPane, store: &LogStore, ctx: &Ctx) -> String {
    let mut parts = Vec::new();
    let status = store.status();
    match (pane.paused, status) {
        (true, _) => parts.push("PAUSED".to_owned()),
        (false, Some(status)) => parts.push(status.mode.word().to_owned()),
        (false, None) => {}
    }
    if let Some(status) = status {
        // Steps of a second: a lag that flickers would repaint the line at every poll.
        let lag = status.lag.map(|lag| lag.as_secs()).filter(|secs| *secs > 10);
        parts.extend(lag.map(|secs| format!("lag {secs}s")));
        if status.rest_pending {
            parts.push("more to read".to_owned());
        }
    }
    parts.extend(pane.lens.filter().map(|filter: &Filter| format!("& {}", filter.text())));
    parts.extend(search(pane, store, ctx));
    let rows = units::grouped(store.rows().len() as u64);
    parts.push(match pane.lens.filter() {
        Some(_) => format!("{} of {rows} lines", units::grouped(pane.lens.listing(store).len() as u64)),
        None => format!("{rows} lines"),
    });
    if let Some(from) = unread_before(store, ctx).filter(|_| !store.reading()) {
        parts.push(format!("read from {}", ctx.zone.near(from, ctx.now.wall)));
    }
    if store.dropped() > 0 {
        parts.push(format!("dropped {}", units::grouped(store.dropped())));
    }
    parts.join("  ")
}

fn search(pane: &LogsPane, store: &LogStore, ctx: &Ctx) -> Option<String> {
    let lens: &Lens = &pane.lens;
    let text = lens.pattern()?.text();
    let hits = lens.hits();
    let count = units::grouped(hits.rows().len() as u64);
    let at = pane.selected(&lens.listing(store), ctx).and_then(|row| hits.ordinal(row));
    Some(match at {
        _ if lens.busy() => format!("/ {text} {}", ctx.theme.glyphs().waiting),
        Some(at) => format!("/ {text} {} of {count}", units::grouped(at as u64)),
        None => format!("/ {text} {count} hits"),
    })
}

/// Groups that could not be read, beside those that could.
fn failures(store: &LogStore, area: Rect, buf: &mut Buffer, ctx: &Ctx) -> Rect {
    let failed = store.status().map_or(&[][..], |status| &status.failed);
    let shown = failed.len().min(3).min(usize::from(area.height / 4));
    let [top, rest] = dialog::split_top(area, shown as u16);
    for (row, (group, error)) in top.rows().zip(failed) {
        let advice = if error.advice.is_empty() { &error.message } else { &error.advice };
        let text = format!("{} {group}: {} · {advice}", ctx.theme.glyphs().warn, error.short());
        note(row, &text, Role::Warn, buf, ctx);
    }
    rest
}

/// `04:00 ▁▁▂▃█ 04:19   errors 312 · 41/min`
fn histogram(store: &LogStore, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    if area.is_empty() {
        return;
    }
    let (start, end) = ctx.window.range(ctx.now.wall);
    let minutes = (end.duration_since(start).as_secs() / 60).clamp(1, MAX_MINUTES);
    let from = end.checked_sub(jiff::SignedDuration::from_mins(minutes)).unwrap_or(start);
    let counts = store.errors_per_minute(end, minutes as u32);
    let values: Vec<Option<f64>> = counts.iter().map(|count| count.map(f64::from)).collect();
    let spark = sparkline::spark(&values, usize::from(area.width / 3).min(values.len()), ctx.theme.glyphs());
    // A cell without a value is time that was not read, which is not time without errors.
    let spark = spark.replace(' ', unread(ctx));
    let total: u64 = counts.iter().flatten().map(|count| u64::from(*count)).sum();
    let lower_bound = store.reading() || counts.contains(&None);
    // The last minute still fills: the one before it is the rate.
    let rate = counts.iter().rev().nth(1).copied().flatten();
    let missing = ctx.theme.glyphs().missing;
    let rate = units::or_missing(rate, missing, |rate| units::grouped(u64::from(rate)));
    let (dim, bad) = (ctx.theme.style(Role::Dim), ctx.theme.style(Role::Bad));
    let tone = if total > 0 { bad } else { dim };
    let count = match (lower_bound, total) {
        (true, 0) if store.reading() => missing.to_owned(),
        (true, _) => format!("{}+", units::grouped(total)),
        (false, _) => units::grouped(total),
    };
    let progress = if store.reading() { ", reading".to_owned() } else { format!(" · {rate}/min") };
    let mut pieces = vec![
        (format!("{} ", ctx.zone.minute(from)), dim),
        (spark, tone),
        (format!(" {}   errors ", ctx.zone.minute(end)), dim),
        (count, tone),
        (progress, dim),
    ];
    let zone = format!("   times in {}", ctx.zone.name(end));
    let used: usize = pieces.iter().map(|(text, _)| width(text)).sum();
    if used + width(&zone) < usize::from(area.width) {
        pieces.push((zone, dim));
    }
    let mut x = area.x + 1;
    for (text, style) in &pieces {
        let room = usize::from(area.right().saturating_sub(x));
        x += put(buf, area, x, area.y, &cut_end(text, room, ctx.theme.glyphs().ellipsis), *style);
    }
}

/// How a stretch that was not read is drawn: unlike any count of errors.
fn unread(ctx: &Ctx) -> &'static str {
    let glyphs = ctx.theme.glyphs();
    // Without shades, `-` and `.` are steps of the sparkline.
    if ctx.theme.ascii { glyphs.waiting } else { glyphs.bar[1] }
}

/// Where the reading begins, when the window begins earlier.
fn unread_before(store: &LogStore, ctx: &Ctx) -> Option<Timestamp> {
    let (start, _) = ctx.window.range(ctx.now.wall);
    store.covered_from().filter(|from| from.duration_since(start) > SLACK)
}

/// Writes where the cursor is at the right of the errors line, and returns what is left of the line.
fn position(pane: &LogsPane, listing: &Listing, area: Rect, buf: &mut Buffer, ctx: &Ctx) -> Rect {
    if area.is_empty() {
        return area;
    }
    let text = match pane.selected(listing, ctx).filter(|_| !pane.follows()) {
        Some(row) => {
            let at = listing.rank(row) as u64 + 1;
            format!("  {} of {}", units::grouped(at), units::grouped(listing.len() as u64))
        }
        None => "  following".to_owned(),
    };
    let area = Rect { width: area.width.saturating_sub(1), ..area };
    put_right(buf, area, area.y, &text, ctx.theme.style(Role::Dim));
    Rect { width: area.width.saturating_sub(cells(&text)), ..area }
}

/// One row as drawn: the gap before it, if any, and its lines.
struct Drawn {
    row: RowId,
    gap: Option<Line>,
    lines: Vec<Line>,
}

impl Drawn {
    fn height(&self) -> usize {
        self.lines.len() + usize::from(self.gap.is_some())
    }
}

fn list(pane: &LogsPane, store: &LogStore, listing: &Listing, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    let Some(selected) = pane.selected(listing, ctx).filter(|_| !area.is_empty()) else { return };
    pane.height.set(area.height);
    let rows = usize::from(area.height);
    let at = listing.rank(selected);
    let around = if pane.follows() { 0 } else { 3.min((rows - 1) / 2) };
    // Rows take at least one line each, so more than `rows` of them are never needed.
    let top = pane.top.get().map_or(0, |top| listing.rank(top));
    let last = (at + around).min(listing.len() - 1);
    let mut first = top.min(at.saturating_sub(around)).max((last + 1).saturating_sub(rows));
    if pane.follows() {
        first = (at + 1).saturating_sub(rows);
    }
    let layout = layout(pane, store.groups(), area.width.saturating_sub(1), ctx);
    let mut drawn = draw(store, listing, first, rows, &layout, ctx);
    // Wrapped rows above push the cursor out: let them go one by one.
    let mut used: usize = drawn.iter().take(last - first + 1).map(Drawn::height).sum();
    let mut skipped = 0;
    while used > rows && first + skipped < at {
        used -= drawn[skipped].height();
        skipped += 1;
    }
    drawn.drain(..skipped);
    pane.top.set(drawn.first().map(|drawn| drawn.row));
    let mut y = area.y;
    for drawn in &drawn {
        if let Some(gap) = &drawn.gap {
            write(gap, area, y, buf, ctx);
            y += 1;
        }
        let begin = y;
        for line in &drawn.lines {
            write(line, area, y, buf, ctx);
            y += 1;
        }
        if drawn.row == selected {
            let height = y.min(area.bottom()).saturating_sub(begin);
            let place = Rect { y: begin.min(area.bottom()), height, ..area };
            buf.set_style(place, ctx.theme.style(Role::Selected));
            place.rows().for_each(|row| {
                dot(buf, area, row.x, row.y, ctx.theme.glyphs().focus, ctx.theme.style(Role::Accent));
            });
        }
        if y >= area.bottom() {
            break;
        }
    }
}

fn draw(
    store: &LogStore,
    listing: &Listing,
    first: usize,
    rows: usize,
    layout: &Layout,
    ctx: &Ctx,
) -> Vec<Drawn> {
    let mut before = first.checked_sub(1).and_then(|index| listing.id_at(index));
    let mut drawn = Vec::with_capacity(rows);
    for entry in listing.window(first).take(rows) {
        let row = entry.id();
        let gap = store.gaps().find(|gap| {
            let end = gap.to.as_millisecond();
            end <= row.ms && before.is_none_or(|before| before.ms < end)
        });
        let lines = row::lines(&entry.event, store.group(entry.event.group), layout);
        drawn.push(Drawn { row, gap: gap.map(|gap| gap_line(gap, ctx)), lines });
        before = Some(row);
    }
    drawn
}

/// `── 04:19:03 – 04:19:05 not read: reason · z narrows the window ──`
fn gap_line(gap: &Gap, ctx: &Ctx) -> Line {
    let rule = ctx.theme.glyphs().rule.repeat(2);
    let (from, to) = (ctx.zone.second(gap.from), ctx.zone.second(gap.to));
    let (dash, narrow) = (ctx.theme.glyphs().missing, ctx.keymap.key(Action::ZoomIn));
    let text = format!(
        "{rule} {from} {dash} {to} not read: {} · {narrow} narrows the window, {} goes back {rule}",
        gap.reason,
        ctx.keymap.key(Action::Older)
    );
    vec![Segment::new(text, Role::Warn)]
}

/// Writes a line from the second cell on; the first belongs to the cursor.
fn write(line: &[Segment], area: Rect, y: u16, buf: &mut Buffer, ctx: &Ctx) {
    let mut x = area.x + 1;
    for segment in line {
        x += put(buf, area, x, y, &segment.text, ctx.theme.style(segment.role));
    }
}

fn event(pane: &LogsPane, store: &LogStore, entry: &Entry, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
    pane.height.set(area.height);
    let group = store.group(entry.event.group);
    let missing = ctx.theme.glyphs().missing;
    let lines = detail::lines(&entry.event, group, ctx.zone, pane.lens.pattern(), missing);
    let room = usize::from(area.width.saturating_sub(2));
    let mut left = MAX_DETAIL;
    let mut wrapped = Vec::new();
    for line in &lines {
        let parts = row::wrap(line, room, left);
        left = left.saturating_sub(parts.len());
        wrapped.extend(parts);
    }
    let scroll = pane.scroll.get().min(wrapped.len().saturating_sub(usize::from(area.height)));
    pane.scroll.set(scroll);
    for (place, line) in area.rows().zip(wrapped.iter().skip(scroll)) {
        write(line, area, place.y, buf, ctx);
    }
    let below = wrapped.len().saturating_sub(scroll + usize::from(area.height));
    if below > 0 {
        let text = format!(" {} more lines ", units::grouped(below as u64));
        put_right(buf, area, area.bottom().saturating_sub(1), &text, ctx.theme.style(Role::Dim));
    }
}
