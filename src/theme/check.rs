//! Whether a theme can be read: contrast, and states that can be told apart.
//!
//! Run over every shipped theme by a test, and over a user's theme by `eyewall themes`. Judges only colours
//! that the theme fixes itself; what a terminal makes of `red` is not known.

use super::color::{contrast, distance, oklab, rgb};
use super::{Role, Theme};

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

/// Oklab distance below which two colours side by side are easily mixed up.
const APART: f64 = 0.09;

/// What is wrong with a theme, one sentence each; empty when nothing is.
pub fn check(theme: &Theme) -> Vec<String> {
    let mut problems = contrasts(theme);
    for group in [&[Role::Ok, Role::Warn, Role::Bad] as &[Role], &[Role::Old, Role::New]] {
        for (at, a) in group.iter().enumerate() {
            for b in group.iter().skip(at + 1) {
                if !apart(theme, *a, *b) {
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

/// Whether two roles can be told apart: by modifiers, or by colours far enough from each other.
fn apart(theme: &Theme, a: Role, b: Role) -> bool {
    let (a, b) = (theme.style(a), theme.style(b));
    match (a.fg.and_then(rgb), b.fg.and_then(rgb)) {
        (Some(a), Some(b)) => distance(oklab(a), oklab(b)) >= APART,
        _ => a != b,
    }
}
