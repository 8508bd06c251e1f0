//! `eyewall themes`: every theme with a sample, and what is wrong with those that are the user's own.

use super::out::Out;
use super::session::Setup;
use super::{Failure, picture};
use crate::theme::{ColorDepth, Role, Theme, check};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns of a sample.
const WIDTH: u16 = 78;

/// Lists them.
///
/// # Errors
/// When it cannot be written.
pub fn run(setup: &Setup, out: &mut Out) -> Result<(), Failure> {
    for name in Theme::names(&setup.user_themes) {
        match Theme::load(&name, &setup.user_themes, setup.depth, setup.theme.ascii) {
            Ok(theme) => {
                let drawn = sample(&theme);
                let line = if setup.depth == ColorDepth::None {
                    picture::text(&drawn)
                } else {
                    picture::ansi(&drawn)
                };
                out.text(&line)?;
                if setup.user_themes.iter().any(|(own, _)| *own == name) {
                    for problem in check(&theme) {
                        out.text(&format!("  {problem}"))?;
                    }
                }
            }
            Err(errors) => {
                for error in errors {
                    out.text(&format!("{name}: {error}"))?;
                }
            }
        }
    }
    Ok(())
}

fn sample(theme: &Theme) -> Buffer {
    let mut buf = Buffer::empty(Rect::new(0, 0, WIDTH, 1));
    buf.set_style(buf.area, theme.base());
    let glyphs = theme.glyphs();
    let pieces = [
        (format!("{:<14}", theme.name), Role::Strong),
        (format!("{} ALARM ", glyphs.bad), Role::Bad),
        (format!("{} slow ", glyphs.warn), Role::Warn),
        (format!("{} ok ", glyphs.ok), Role::Ok),
        ("info ".into(), Role::Info),
        ("muted ".into(), Role::Muted),
        ("old ".into(), Role::Old),
        ("new ".into(), Role::New),
        (" selected ".into(), Role::Selected),
        (" key".into(), Role::Key),
        (" hint".into(), Role::Dim),
    ];
    let mut x = 0;
    for (text, role) in pieces {
        x = buf.set_stringn(x, 0, text, usize::from(WIDTH.saturating_sub(x)), theme.style(role)).0;
    }
    buf
}
