//! Bars of a rollout: how much traffic a side has, and which stage runs.
//!
//! A share that is not nothing shows at least one full cell, and one that is not all at least one empty
//! cell; an unknown share is no bar at all.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{cells, put, put_right};
use crate::text::cut_end;
use crate::theme::{Glyphs, Role, Theme};

/// Cells of ` 100 %`.
const NUMBER: u16 = 6;

/// Draws a share of the traffic on one line: `████████░░  80 %`.
///
/// `share` is from 0 to 1; `None` and NaN are unknown. Under 10 cells only the number is drawn.
pub fn traffic(share: Option<f64>, role: Role, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let area = Rect { height: area.height.min(1), ..area };
    let Some(share) = share.filter(|share| !share.is_nan()).map(|share| share.clamp(0.0, 1.0)) else {
        put_right(buf, area, area.y, theme.glyphs().missing, theme.style(Role::Dim));
        return;
    };
    put_right(buf, area, area.y, &percent(share), theme.style(Role::Text));
    if area.width >= NUMBER + 4 {
        let width = area.width - NUMBER;
        let full = full_cells(share, width);
        let [on, off] = theme.glyphs().bar;
        let used = put(buf, area, area.x, area.y, &on.repeat(usize::from(full)), theme.style(role));
        put(buf, area, area.x + used, area.y, &off.repeat(usize::from(width - full)), theme.style(Role::Dim));
    }
}

/// A share as `80 %`, with a decimal only where there is one.
fn percent(share: f64) -> String {
    let percent = (share * 1_000.0).round() / 10.0;
    if percent.fract() == 0.0 { format!("{percent:.0} %") } else { format!("{percent:.1} %") }
}

/// How many cells of a bar a share from 0 to 1 fills. Some is never drawn as none, and not all never as all.
pub fn full_cells(share: f64, width: u16) -> u16 {
    let full = (share * f64::from(width)).round() as u16;
    if share <= 0.0 {
        0
    } else if share >= 1.0 {
        width
    } else {
        full.clamp(1, width.saturating_sub(1).max(1))
    }
}

/// How far a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageState {
    /// Behind.
    Done,
    /// Runs now.
    Running,
    /// To come.
    Todo,
    /// Ended badly.
    Failed,
}

/// A stage of a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its name, as `production shift 20 %`.
    pub label: String,
    /// How far it is.
    pub state: StageState,
}

impl Stage {
    fn sign(&self, glyphs: &Glyphs) -> (&'static str, Role) {
        match self.state {
            StageState::Done => (glyphs.ok, Role::Ok),
            StageState::Running => (glyphs.stage[0], Role::Accent),
            StageState::Todo => (glyphs.stage[1], Role::Dim),
            StageState::Failed => (glyphs.bad, Role::Bad),
        }
    }

    /// Names that tell what happens now go last when cells are missing.
    fn matters(&self) -> bool {
        matches!(self.state, StageState::Running | StageState::Failed)
    }
}

/// The stages on one line of at most `width` cells: `✔ scale up  ▶ production shift 20 %  ○ bake 10m`.
///
/// When narrow, the names of done stages go first, then of those to come, then the space between signs;
/// the name of the running stage is cut last.
pub fn stages(stages: &[Stage], width: u16, glyphs: &Glyphs) -> Vec<(String, Role)> {
    let named = |level: usize, stage: &Stage| match stage.state {
        _ if stage.label.is_empty() => false,
        StageState::Done => level < 1,
        StageState::Todo => level < 2,
        StageState::Running | StageState::Failed => true,
    };
    let mut spans = Vec::new();
    for level in 0..4 {
        spans = build(stages, |stage| named(level, stage), level >= 3, glyphs);
        if spans.iter().map(|(text, _)| u32::from(cells(text))).sum::<u32>() <= u32::from(width) {
            return spans;
        }
    }
    // Still too wide: the running stage alone, and how far it is.
    let Some(index) = stages.iter().position(Stage::matters) else {
        return cut_spans(spans, width, glyphs);
    };
    let (sign, role) = stages[index].sign(glyphs);
    let place = format!("{}/{} ", index + 1, stages.len());
    let now =
        [(place, Role::Dim), (sign.to_owned(), role), (format!(" {}", stages[index].label), Role::Text)];
    cut_spans(now.to_vec(), width, glyphs)
}

fn build(
    stages: &[Stage],
    named: impl Fn(&Stage) -> bool,
    tight: bool,
    glyphs: &Glyphs,
) -> Vec<(String, Role)> {
    let mut spans: Vec<(String, Role)> = Vec::new();
    let mut name_before = false;
    for (index, stage) in stages.iter().enumerate() {
        let named = named(stage);
        if index > 0 {
            let wide = if tight { named || name_before } else { true };
            let space = if wide && (named || name_before) && !tight { "  " } else { " " };
            spans.push((if wide { space } else { "" }.to_owned(), Role::Text));
        }
        let (sign, role) = stage.sign(glyphs);
        spans.push((sign.to_owned(), role));
        if named {
            let role = if stage.matters() { Role::Strong } else { Role::Dim };
            spans.push((format!(" {}", stage.label), role));
        }
        name_before = named;
    }
    spans.retain(|(text, _)| !text.is_empty());
    spans
}

fn cut_spans(spans: Vec<(String, Role)>, width: u16, glyphs: &Glyphs) -> Vec<(String, Role)> {
    let mut room = usize::from(width);
    let mut out = Vec::new();
    for (text, role) in spans {
        let text = cut_end(&text, room, glyphs.ellipsis).into_owned();
        room = room.saturating_sub(usize::from(cells(&text)));
        if !text.is_empty() {
            out.push((text, role));
        }
    }
    out
}

/// Draws [`stages`] on the first line of `area`.
pub fn stage_bar(bar: &[Stage], area: Rect, buf: &mut Buffer, theme: &Theme) {
    let mut x = area.x;
    for (text, role) in stages(bar, area.width, theme.glyphs()) {
        x += put(buf, area, x, area.y, &text, theme.style(role));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::widgets::testing;

    fn drawn(width: u16, draw: impl Fn(Rect, &mut Buffer)) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, width, 1));
        draw(buf.area, &mut buf);
        buf.content().iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn traffic_never_hides_a_small_share() {
        for (share, width, want) in [
            (Some(0.8), 16, "████████░░  80 %"),
            (Some(0.0), 16, "░░░░░░░░░░   0 %"),
            (Some(0.001), 16, "█░░░░░░░░░ 0.1 %"),
            (Some(0.999), 16, "█████████░99.9 %"),
            (Some(1.0), 16, "██████████ 100 %"),
            (Some(7.0), 16, "██████████ 100 %"),
            (Some(0.2), 9, "     20 %"),
            (Some(0.2), 3, "20 "),
            (None, 16, "               –"),
            (Some(f64::NAN), 4, "   –"),
            (Some(0.2), 0, ""),
        ] {
            let got = drawn(width, |area, buf| traffic(share, Role::Old, area, buf, &Theme::plain()));
            assert_eq!(got, want, "{share:?} in {width}");
        }
    }

    fn rollout() -> Vec<Stage> {
        use StageState::{Done, Running, Todo};
        let stage = |label: &str, state| Stage { label: label.into(), state };
        vec![
            stage("scale up", Done),
            stage("test traffic", Done),
            stage("production shift 20 %", Running),
            stage("bake 10m", Todo),
        ]
    }

    #[test]
    fn stages_give_way_in_order() {
        for (width, want) in [
            (63, "✔ scale up  ✔ test traffic  ▶ production shift 20 %  ○ bake 10m"),
            (62, "✔ ✔  ▶ production shift 20 %  ○ bake 10m"),
            (39, "✔ ✔  ▶ production shift 20 %  ○"),
            (30, "✔✔ ▶ production shift 20 % ○"),
            (27, "3/4 ▶ production shift 20 %"),
            (12, "3/4 ▶ produ…"),
            (2, "3…"),
            (0, ""),
        ] {
            let got = stages(&rollout(), width, &Glyphs::UNICODE);
            let text: String = got.iter().map(|(text, _)| text.as_str()).collect();
            assert_eq!(text, want, "{width}");
            assert!(cells(&text) <= width);
        }
        assert!(stages(&[], 20, &Glyphs::UNICODE).is_empty());
    }

    #[test]
    fn ascii_is_ascii() {
        let theme = testing::ascii();
        let bar = drawn(50, |area, buf| stage_bar(&rollout(), area, buf, &theme));
        let share = drawn(50, |area, buf| traffic(Some(0.5), Role::New, area, buf, &theme));
        let missing = drawn(50, |area, buf| traffic(None, Role::New, area, buf, &theme));
        assert!([bar, share, missing].iter().all(|text| text.is_ascii()));
    }
}
