//! Asking for an MFA code: masked, never recorded, never logged.

use crate::app::pane::{Command, Ctx};
use crate::app::{Action, Effect, Input, Overlay, Reply};
use crate::aws::{MfaCode, TargetId};
use crate::features::Op;
use crate::theme::Role;
use crate::widgets::dialog;
use crate::widgets::input::{InputEvent, LineInput};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// The dialog.
pub struct MfaPrompt {
    target: TargetId,
    /// The code is for the credentials that change things.
    writes: bool,
    input: LineInput,
}

impl MfaPrompt {
    /// Asks for the code of one target.
    pub fn new(target: TargetId) -> Self {
        Self { target, writes: false, input: LineInput::masked() }
    }

    /// Asks for the code of one target's credentials for writes.
    pub fn for_writes(target: TargetId) -> Self {
        Self { writes: true, ..Self::new(target) }
    }
}

impl Overlay for MfaPrompt {
    fn on_input(&mut self, input: &Input, _action: Option<Action>, _ctx: &Ctx) -> Reply {
        match self.input.on_input(input) {
            InputEvent::Cancelled => Reply::close(),
            InputEvent::Submitted => {
                let code = MfaCode::new(self.input.text());
                if !code.is_complete() {
                    return Reply::stay();
                }
                let op = Op::GiveMfa { target: self.target.clone(), writes: self.writes, code };
                Reply::close_with(Command::Effect(Effect::Run(Box::new(op))))
            }
            InputEvent::Changed | InputEvent::Ignored => Reply::stay(),
        }
    }

    fn secret(&self) -> bool {
        true
    }

    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
        let what = if self.writes { "changes in " } else { "" };
        let title = format!(" MFA code for {what}{} ", self.target);
        let inner = dialog::frame(area, 60, 6, &title, " Esc: go on without ", buf, ctx.theme);
        let device =
            ctx.store.target(&self.target).and_then(|target| target.spec.as_ref()?.mfa_serial.clone());
        let device = device.unwrap_or_else(|| "the profile's mfa_serial".to_owned());
        let [text, line] = dialog::split_bottom(inner, 2);
        dialog::lines(text, &[Line::styled(device, ctx.theme.style(Role::Dim))], buf);
        self.input.render(line, "six digits: ", buf, ctx.theme);
    }
}
