//! Whether a theme can be read: contrast, and states that can be told apart.
//!
//! Run over every shipped theme by a test, and over a user's theme by `eyewall themes`. Judges only colours
//! that the theme fixes itself; what a terminal makes of `red` is not known.

use super::color::{contrast, distance, oklab, rgb};
use super::{Role, Theme};
use ratatui::style::Style;

/// Roles that carry words: WCAG asks for 4.5.
const WORDS: [Role; 15] = [
    Role::Text,
    Role::Dim,
    Role::Strong,
    Role::Accent,
    Role::Key,
    Role::Ok,
    Role::Warn,
    Role::Bad,
    Role::Info,
    Role::Muted,
    Role::Old,
    Role::New,
    Role::Match,
    Role::Input,
    Role::Selected,
];

/// Roles that carry lines: WCAG asks for 3.
const LINES: [Role; 7] = [
    Role::Threshold,
    Role::Series1,
    Role::Series2,
    Role::Series3,
    Role::Series4,
    Role::Series5,
    Role::Series6,
];

/// Roles that stand side by side, and the Oklab distance below which they are easily mixed up. Series have
/// a legend to help.
const GROUPS: [(&[Role], f64); 3] = [
    (&[Role::Ok, Role::Warn, Role::Bad], 0.09),
    (&[Role::Old, Role::New], 0.09),
    (&[Role::Series1, Role::Series2, Role::Series3, Role::Series4, Role::Series5, Role::Series6], 0.06),
];

/// What is wrong with a theme, one sentence each; empty when nothing is.
pub fn check(theme: &Theme) -> Vec<String> {
    let mut problems = contrasts(theme);
    // Without colour there are not six ways to draw a line: markers and the legend must do.
    let colored = theme.style(Role::Series1).fg.is_some();
    for (group, least) in GROUPS.into_iter().filter(|(group, _)| colored || !group.contains(&Role::Series1)) {
        for (at, a) in group.iter().enumerate() {
            for b in group.iter().skip(at + 1) {
                if !apart(theme.style(*a), theme.style(*b), least) {
                    problems.push(format!("{a:?} and {b:?} look alike"));
                }
            }
        }
    }
    problems
}

fn contrasts(theme: &Theme) -> Vec<String> {
    let mut problems = Vec::new();
    let background = theme.background.and_then(rgb);
    let selected = theme.style(Role::Selected).bg.and_then(rgb);
    let text = theme.style(Role::Text).fg;
    let roles = WORDS.map(|role| (role, 4.5)).into_iter().chain(LINES.map(|role| (role, 3.0)));
    for (role, least) in roles {
        let style = theme.style(role);
        let Some(color) = style.fg.or(text).and_then(rgb) else { continue };
        // A role with its own background is read on that; any other also on a selected row.
        let grounds = match style.bg.and_then(rgb) {
            Some(own) => [Some(own), None],
            None => [background, selected],
        };
        for ground in grounds.into_iter().flatten() {
            let ratio = contrast(color, ground);
            if ratio < least {
                let (r, g, b) = ground;
                problems
                    .push(format!("{role:?} on #{r:02x}{g:02x}{b:02x}: contrast {ratio:.1}, not {least}"));
            }
        }
    }
    problems
}

/// Whether two styles can be told apart: by colours that far from each other, or, where the terminal chooses
/// the colours or there are none, by anything.
fn apart(a: Style, b: Style, least: f64) -> bool {
    match (a.fg.and_then(rgb), b.fg.and_then(rgb)) {
        (Some(a), Some(b)) => distance(oklab(a), oklab(b)) >= least,
        _ => a != b,
    }
}
