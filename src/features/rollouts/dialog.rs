//! The rollback dialog as an overlay: keys to the state machine, reads to plans, and when it may open.
//!
//! What may be sent and when is decided in `rollback.rs`; here keys, answers and the present are only handed
//! to it. Drawing is in `dialog_view.rs`.

use super::mechanism::ecs::Wanted;
use super::model::{Rollout, RolloutName};
use super::plan::{Caller, Circumstances, Plan};
use super::rollback::{Dialog, Input, Need, Reply};
use super::watch::Watch;
use super::wire::{ShiftRef, ShiftsQuery, stable_groups};
use super::{dialog_view, find};
use crate::app::pane::{Command, Ctx, Tone};
use crate::app::{self, Action, Cadence, Effect, Level, Overlay, PollKey, PollPlan};
use crate::aws::{SourceError, TargetId};
use crate::features::session::MfaPrompt;
use crate::features::{Op, Query, Topic};
use crossterm::event::{KeyCode, KeyEventKind, KeyModifiers};
use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::cell::Cell;

/// The plan is read again this often.
const CADENCE: Cadence = Cadence::secs(5);

/// Why a target takes no writes, if it does not.
pub fn no_writes(ctx: &Ctx, target: &TargetId) -> Option<String> {
    ctx.store.target(target)?.session.writes_refused.clone()
}

/// The dialog for a service's shift, or a line that says why there is none. On a target that takes no writes it
/// is there too: it refuses, and hands the command over.
pub fn open(ctx: &Ctx, target: &TargetId, name: &RolloutName) -> Command {
    let list = ctx.store.target(target).and_then(|it| it.rollouts.as_ref());
    let moved = list.and_then(|list| list.shift_of(name)).map_or(name, |shift| &shift.name);
    if let Some(watch) = ctx.store.rollbacks.flights.in_flight(target, moved) {
        // This stays true when it has ended meanwhile.
        let sent = ctx.zone.second(watch.sent_at);
        let text =
            format!("a rollback of {} was sent {sent}: its line is at the top", called(ctx, target, name));
        return Command::Notify(Tone::Info, text);
    }
    let shift = list.map_or_else(
        || Err("its deployments have not been read yet".to_owned()),
        |list| find::to_undo(list, moved),
    );
    match shift {
        Ok(shift) => Command::Open(Box::new(RollbackDialog::new(ctx, target, shift))),
        Err(why) => {
            Command::Notify(Tone::Warn, format!("no rollback of {}: {why}", called(ctx, target, name)))
        }
    }
}

/// What it is called: the service or function, also where CodeDeploy moves it.
fn called<'a>(ctx: &Ctx<'a>, target: &TargetId, name: &'a RolloutName) -> &'a str {
    let list = ctx.store.target(target).and_then(|it| it.rollouts.as_ref());
    list.map_or(name.short(), |list| find::called(list, name))
}

/// The dialog.
pub struct RollbackDialog {
    pub(super) dialog: Dialog,
    shift: ShiftRef,
    /// Answers and reads that are older than the dialog are not for it.
    since: u64,
    /// Reads that began before this are not for it: before it was opened, or before AWS refused.
    reads_since: Timestamp,
    /// How many MFA codes had been given when one was asked for last: one that was wrong is asked for again.
    codes: Option<u64>,
    /// How many texts had been copied when the command was asked for last.
    copies: Option<u64>,
    /// First line of the facts, when they do not all fit.
    pub(super) top: usize,
    /// Viewport memory: how far the facts can be scrolled.
    pub(super) most: Cell<usize>,
}

impl RollbackDialog {
    fn new(ctx: &Ctx, target: &TargetId, shift: ShiftRef) -> Self {
        Self {
            dialog: Dialog::open(target.clone(), shift.name.clone()),
            shift,
            since: ctx.store.rollbacks.answered_count(),
            reads_since: ctx.now.wall,
            codes: None,
            copies: None,
            top: 0,
            most: Cell::new(0),
        }
    }

    /// What a key means here. Movement scrolls the facts, everything else is the dialog's.
    fn on_key(&mut self, code: KeyCode, modifiers: KeyModifiers) -> Option<Input> {
        let ctrl = modifiers.contains(KeyModifiers::CONTROL);
        let most = self.most.get();
        match code {
            KeyCode::Down => self.top = (self.top + 1).min(most),
            KeyCode::Up => self.top = self.top.min(most).saturating_sub(1),
            KeyCode::PageDown => self.top = (self.top + 5).min(most),
            KeyCode::PageUp => self.top = self.top.min(most).saturating_sub(5),
            KeyCode::Left => self.choose(true),
            KeyCode::Right => self.choose(false),
            KeyCode::Enter => return Some(Input::Enter),
            KeyCode::Esc => return Some(Input::Esc),
            KeyCode::Backspace => return Some(Input::Backspace),
            KeyCode::Char('c') if ctrl => return Some(Input::Esc),
            KeyCode::Char('u') if ctrl => return Some(Input::Clear),
            KeyCode::Char(_) if ctrl || modifiers.contains(KeyModifiers::ALT) => {}
            KeyCode::Char(c) => return Some(Input::Char(c)),
            _ => {}
        }
        None
    }

    /// Goes to the next older or newer of the earlier revisions that could be deployed again.
    fn choose(&mut self, older: bool) {
        let Some(again) = self.dialog.plan().and_then(|plan| plan.again.as_ref()) else { return };
        let Some(at) = again.choices.iter().position(|it| Some(&it.revision) == again.chosen.as_ref()) else {
            return;
        };
        let at = if older { Some(at + 1) } else { at.checked_sub(1) };
        let Some(other) = at.and_then(|at| again.choices.get(at)) else { return };
        let wanted = Some(Wanted::Revision(other.revision.clone()));
        if self.dialog.start_over() {
            (self.shift.again, self.top) = (wanted, 0);
        }
    }

    fn act(&mut self, input: Input, ctx: &Ctx) -> app::Reply {
        match self.dialog.input(input) {
            Reply::Stay => app::Reply::stay(),
            Reply::Close => {
                let (target, name) = (&self.dialog.target, &self.dialog.name);
                let what = if self.dialog.was_refused() {
                    "AWS refused, nothing changed"
                } else {
                    "nothing was sent"
                };
                let text = format!("{}: {what}", called(ctx, target, name));
                app::Reply::close_with(Command::Notify(Tone::Info, text))
            }
            Reply::Copy(command) => {
                self.copies = Some(ctx.store.copies);
                app::Reply::with(vec![Command::Effect(Effect::Copy(command))])
            }
            Reply::AskCode => {
                self.codes = None;
                self.ask_code(ctx)
            }
            Reply::Send(plan) => {
                app::Reply::with(vec![Command::Effect(Effect::Run(Box::new(Op::Rollback(plan))))])
            }
        }
    }

    /// The prompt for the MFA code that is needed, once for each code.
    fn ask_code(&mut self, ctx: &Ctx) -> app::Reply {
        let Some(need) = self.dialog.code_needed() else { return app::Reply::stay() };
        if self.codes.replace(ctx.store.codes) == Some(ctx.store.codes) {
            return app::Reply::stay();
        }
        let target = self.dialog.target.clone();
        let prompt = match need {
            Need::Reads => MfaPrompt::new(target),
            Need::Writes => MfaPrompt::for_writes(target),
        };
        app::Reply::with(vec![Command::Open(Box::new(prompt))])
    }

    /// The plan for the newest read, with the circumstances of now.
    fn plan(&self, shift: &Rollout, caller: &Result<Caller, SourceError>, ctx: &Ctx) -> Option<Plan> {
        let target = &self.dialog.target;
        let data = ctx.store.target(target)?;
        let spec = data.spec.as_ref();
        let lists = ctx.store.active_targets().filter_map(|(id, data)| Some((id, data.rollouts.as_ref()?)));
        let place = Circumstances {
            target: target.clone(),
            region: data.session.region.clone().unwrap_or_default(),
            production: spec.is_some_and(|spec| spec.production),
            caller: caller.clone(),
            no_writes: data
                .session
                .writes_refused
                .clone()
                .or_else(|| data.shifts.as_ref().and_then(|shifts| shifts.no_writes.clone())),
            word: find::word(&shift.name, target, lists),
        };
        Some(Plan::new(shift, place, ctx.now.wall))
    }

    /// Hands the newest read, or why there is none, to the dialog.
    fn take_reads(&mut self, ctx: &Ctx) {
        let target = self.dialog.target.clone();
        let error = ctx.store.poll(&target, Topic::Shifts).and_then(|poll| poll.error.clone());
        if let Some(error) = error {
            self.dialog.read_failed(error);
            return;
        }
        let Some(reads) = ctx.store.target(&target).and_then(|data| data.shifts.as_ref()) else { return };
        if let Some((_, error)) = reads.failed.iter().find(|(failed, _)| *failed == self.shift) {
            self.dialog.read_failed(error.clone());
            return;
        }
        let mut shifts = reads.shifts.iter();
        let shift = shifts.find(|it| self.shift.is(it) && it.read_at >= self.reads_since);
        if let (Some(shift), Some(caller)) = (shift, &reads.caller)
            && let Some(plan) = self.plan(shift, caller, ctx)
        {
            self.dialog.plan_read(plan);
        }
    }
}

impl Overlay for RollbackDialog {
    fn on_input(&mut self, input: &app::Input, _action: Option<Action>, ctx: &Ctx) -> app::Reply {
        match input {
            app::Input::Key(key) if key.kind != KeyEventKind::Release => {
                match self.on_key(key.code, key.modifiers) {
                    Some(input) => self.act(input, ctx),
                    None => app::Reply::stay(),
                }
            }
            app::Input::Paste(_) => self.act(Input::Paste, ctx),
            _ => app::Reply::stay(),
        }
    }

    fn on_change(&mut self, key: Option<&PollKey>, ctx: &Ctx) -> app::Reply {
        let (target, name) = (self.dialog.target.clone(), self.dialog.name.clone());
        let mut answered = false;
        if self.copies.is_some_and(|before| ctx.store.copies > before) {
            self.copies = None;
            self.dialog.set_copied();
        }
        if let Some(answer) = ctx.store.rollbacks.answer_since(self.since, &target, &name) {
            answered = true;
            self.since = answer.number;
            self.reads_since = ctx.now.wall;
            if self.dialog.answered(answer.result.clone()) {
                return app::Reply { close: true, commands: Vec::new() };
            }
        }
        if key.is_none_or(|key| key.target == target && key.topic == Topic::Shifts) {
            self.take_reads(ctx);
        }
        // What was known before says nothing about a code that was given meanwhile.
        if answered || key.is_some_and(|key| key.target == target && key.topic == Topic::Shifts) {
            return self.ask_code(ctx);
        }
        app::Reply::stay()
    }

    fn wants(&self, ctx: &Ctx, plan: &mut PollPlan) {
        let target = &self.dialog.target;
        let mut shifts = watched(ctx, target);
        if !shifts.contains(&self.shift) {
            shifts.push(self.shift.clone());
        }
        let query =
            Query::Shifts(ShiftsQuery { shifts, stable: stable_groups(ctx.config, target), caller: true });
        plan.want(target, Level::Visible, CADENCE, query);
    }

    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
        dialog_view::render(self, area, buf, ctx);
    }

    fn hidden(&self) {
        self.dialog.set_drawn(false);
    }

    fn newly_drawn(&self) -> bool {
        self.dialog.newly_drawn()
    }
}

/// Deployments of a target whose rollback is not settled.
fn watched(ctx: &Ctx, target: &TargetId) -> Vec<ShiftRef> {
    let open = ctx.store.rollbacks.flights.open().filter(|watch| watch.plan.place.target == *target);
    open.map(Watch::shift).collect()
}

/// Rollbacks being watched are read whatever is shown.
pub fn base_wants(ctx: &Ctx, plan: &mut PollPlan) {
    for target in ctx.store.targets.keys() {
        let shifts = watched(ctx, target);
        if !shifts.is_empty() {
            let query = Query::Shifts(ShiftsQuery {
                shifts,
                stable: stable_groups(ctx.config, target),
                caller: false,
            });
            plan.want(target, Level::Visible, CADENCE, query);
        }
    }
}

/// Header lines of rollbacks: first those in flight, then, for a while, those that ended.
pub fn status_lines(ctx: &Ctx) -> Vec<(Tone, String)> {
    use super::watch::Ending;
    let now = ctx.now.wall;
    let glyphs = ctx.theme.glyphs();
    let mut lines = Vec::new();
    let flights = || ctx.store.rollbacks.flights.iter();
    let settled = flights().filter(|watch| watch.settled());
    for watch in flights().filter(|watch| !watch.settled()).chain(settled) {
        let (tone, glyph, minutes) = match watch.ended.as_ref().map(|ended| ended.ending) {
            None if watch.problem.is_some() => (Tone::Warn, glyphs.warn, 0),
            None => (Tone::Info, glyphs.stage[0], 0),
            Some(Ending::Done) => (Tone::Ok, glyphs.ok, 2),
            Some(Ending::Superseded | Ending::Unknown) => (Tone::Warn, glyphs.warn, 30),
            Some(Ending::Failed) => (Tone::Bad, glyphs.bad, 30),
        };
        let old = watch.ended.as_ref().is_some_and(|ended| {
            ended.ending != Ending::Unknown && now.duration_since(ended.at).as_mins() >= minutes
        });
        if !old {
            lines.push((tone, format!("{glyph} {}", watch.line(ctx.zone))));
        }
    }
    lines
}
