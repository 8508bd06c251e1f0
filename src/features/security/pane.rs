//! The Security screen: verbs to state, wants and links. Drawing is in `view.rs` and `detail_view.rs`.
//!
//! Rows are worked out when something changed and kept: drawing only looks at those on screen.

use super::arrange::{Row, Wanted, arrange};
use super::contain;
use super::model::{DetailQuery, Finding, FindingDetail, FindingList, Level, ListQuery, badge};
use crate::app::pane::{Badge, Command, Ctx, Edit, EditEvent, Pane, Tone};
use crate::app::{Action, Cadence, Effect, Level as Urgency, PollKey, PollPlan};
use crate::aws::TargetId;
use crate::aws::console::ConsoleLink;
use crate::features::{Link, Query, Topic, changes, console_command};
use crate::widgets::list::Cursor;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde::{Deserialize, Serialize};
use std::cell::Cell;

/// While findings are being read for the first time, the next pages follow this soon.
const MORE_SOON: Cadence = Cadence::secs(1);
/// How much slower findings are read while only the badge needs them.
const BACKGROUND: u32 = 5;
/// Lines that a page key moves in the detail.
const PAGE: usize = 15;

/// One finding of one target: what the cursor stands on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Whose.
    pub target: TargetId,
    /// Where it was found.
    pub region: String,
    /// Its id.
    pub id: String,
}

impl Key {
    /// The key of a finding.
    pub fn of(target: &TargetId, finding: &Finding) -> Self {
        Self { target: target.clone(), region: finding.region.clone(), id: finding.id.clone() }
    }
}

/// State of the screen.
#[derive(Default)]
pub struct SecurityPane {
    /// The cursor stays on the finding, not on the row number.
    pub(super) cursor: Cursor<Key>,
    /// The finding whose detail is open.
    pub(super) open: Option<Key>,
    pub(super) wanted: Wanted,
    /// The rows as shown.
    pub(super) rows: Vec<Row>,
    /// Which rows are findings.
    pub(super) places: Vec<u32>,
    /// How many findings of each level there are, worst first.
    pub(super) counts: [usize; Level::ALL.len()],
    /// Some finding is another account's: this one administers it.
    pub(super) foreign: bool,
    /// The row of the cursor when it was looked for last, where it most probably still is.
    near: Cell<usize>,
    pub(super) list_top: Cell<usize>,
    /// First line of the detail that is shown; drawing holds it within the text.
    pub(super) detail_top: Cell<usize>,
}

/// What the active targets have said.
pub(super) fn lists<'a>(ctx: &Ctx<'a>) -> impl Iterator<Item = (&'a TargetId, &'a FindingList)> {
    let store = ctx.store;
    store.active_targets().filter_map(|(id, target)| Some((id, target.findings.as_ref()?)))
}

/// The finding of a row.
pub(super) fn finding<'a>(
    row: &Row,
    lists: &[(&'a TargetId, &'a FindingList)],
) -> Option<(&'a TargetId, &'a Finding)> {
    let Row::Finding(list, at) = row else { return None };
    let (target, list) = lists.get(*list)?;
    Some((target, list.findings.get(*at)?))
}

/// A target's want for findings.
pub fn want(target: &TargetId, urgency: Urgency, ctx: &Ctx, plan: &mut PollPlan) {
    let list = ctx.store.target(target).and_then(|target| target.findings.as_ref());
    let usual = ctx.config.poll.findings.duration();
    let cadence = match urgency {
        _ if list.is_some_and(FindingList::reading) => MORE_SOON,
        Urgency::Visible => Cadence::Every(usual),
        Urgency::Background => Cadence::Every(usual * BACKGROUND),
    };
    let query = ListQuery { regions: ctx.config.security.regions.clone() };
    plan.want(target, urgency, cadence, Query::Findings(query));
}

impl SecurityPane {
    /// Works the rows out anew.
    fn arrange(&mut self, ctx: &Ctx) {
        let lists: Vec<_> = lists(ctx).collect();
        self.rows = arrange(&lists, &self.wanted);
        let rows = self.rows.iter().zip(0_u32..);
        self.places = rows.filter(|(row, _)| matches!(row, Row::Finding(..))).map(|(_, at)| at).collect();
    }

    /// What is told of all findings, whatever is shown of them.
    fn count(&mut self, ctx: &Ctx) {
        let lists: Vec<_> = lists(ctx).collect();
        let least = |level: Level| lists.iter().map(|(_, list)| list.at_least(level).len()).sum::<usize>();
        let mut above = 0;
        self.counts = Level::ALL.map(|level| {
            let (all, less) = (least(level), above);
            above = all;
            all - less
        });
        self.foreign = lists.iter().any(|(id, list)| {
            let own = ctx.store.target(id).and_then(|target| target.identity.as_ref());
            let first = list.findings.first().map(|finding| finding.account.as_str());
            let own = own.map(|own| own.account.as_str()).or(first).unwrap_or_default();
            list.findings.iter().any(|finding| finding.account != own && !finding.account.is_empty())
        });
    }

    /// The finding that is the nth of those shown.
    fn nth<'a>(
        &self,
        nth: usize,
        lists: &[(&'a TargetId, &'a FindingList)],
    ) -> Option<(&'a TargetId, &'a Finding)> {
        finding(self.rows.get(*self.places.get(nth)? as usize)?, lists)
    }

    /// Which of the findings shown has this key.
    fn place(&self, key: &Key, lists: &[(&TargetId, &FindingList)]) -> Option<usize> {
        let is = |nth: &usize| {
            self.nth(*nth, lists).is_some_and(|(target, it)| {
                it.id == key.id && it.region == key.region && *target == key.target
            })
        };
        let found = Some(self.near.get()).filter(is).or_else(|| (0..self.places.len()).find(is))?;
        self.near.set(found);
        Some(found)
    }

    /// Which of the findings shown the cursor is on.
    pub(super) fn at(&self, lists: &[(&TargetId, &FindingList)]) -> Option<usize> {
        self.cursor.index_by(self.places.len(), |key| self.place(key, lists))
    }

    /// The finding behind a key.
    pub(super) fn find<'a>(key: &Key, ctx: &Ctx<'a>) -> Option<(&'a TargetId, &'a Finding)> {
        let store = ctx.store;
        let (id, target) = store.targets.get_key_value(&key.target)?;
        Some((id, target.findings.as_ref()?.get(&key.region, &key.id)?))
    }

    /// What is known of the opened finding besides what lists say.
    pub(super) fn detail<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a FindingDetail> {
        let key = self.open.as_ref()?;
        let store = ctx.store;
        let detail = store.target(&key.target)?.finding.as_ref()?;
        (detail.id == key.id && detail.region == key.region).then_some(detail)
    }

    /// The key that verbs are about.
    fn selected(&self, ctx: &Ctx) -> Option<Key> {
        if self.open.is_some() {
            return self.open.clone();
        }
        let lists: Vec<_> = lists(ctx).collect();
        self.nth(self.at(&lists)?, &lists).map(|(target, finding)| Key::of(target, finding))
    }

    /// Moves the cursor; `false` when the verb is not about moving.
    fn moved(&mut self, action: Action, ctx: &Ctx) -> bool {
        let lists: Vec<_> = lists(ctx).collect();
        let mut cursor = std::mem::take(&mut self.cursor);
        let find = |key: &Key| self.place(key, &lists);
        let name = |nth: usize| self.nth(nth, &lists).map(|(target, finding)| Key::of(target, finding));
        let moved = cursor.on_action_by(action, self.places.len(), find, name);
        self.cursor = cursor;
        moved
    }

    fn on_detail(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        let top = self.detail_top.get();
        self.detail_top.set(match action {
            Action::Back | Action::Quit => {
                self.open = None;
                0
            }
            Action::Down => top + 1,
            Action::Up => top.saturating_sub(1),
            Action::HalfDown | Action::PageDown => top + PAGE,
            Action::HalfUp | Action::PageUp => top.saturating_sub(PAGE),
            Action::Top => 0,
            Action::Bottom => usize::MAX / 2,
            _ => return self.selected(ctx).and_then(|key| act(action, &key, ctx)),
        });
        Some(Vec::new())
    }

    fn on_list(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        if self.moved(action, ctx) {
            return Some(Vec::new());
        }
        match action {
            Action::Open => {
                self.open = self.selected(ctx);
                self.detail_top.set(0);
                return Some(Vec::new());
            }
            Action::Find => {
                return Some(vec![Command::Edit(Edit {
                    purpose: "filter",
                    label: "/".into(),
                    initial: self.wanted.filter.clone(),
                })]);
            }
            Action::ShowAll => self.wanted.high_only = !self.wanted.high_only,
            Action::Sort => self.wanted.grouping = self.wanted.grouping.next(),
            Action::Back if !self.wanted.filter.is_empty() => self.wanted.filter.clear(),
            _ => return self.selected(ctx).and_then(|key| act(action, &key, ctx)),
        }
        self.arrange(ctx);
        Some(Vec::new())
    }
}

/// The way to a finding.
pub fn link(target: &TargetId, region: String, id: String) -> Link {
    Link::Security { finding: Some(Key { target: target.clone(), region, id }), open: true }
}

/// `c y o` on a finding, on whatever screen it stands; `None` when the verb has no meaning for it.
pub fn act(action: Action, key: &Key, ctx: &Ctx) -> Option<Vec<Command>> {
    if !matches!(action, Action::Changes | Action::Copy | Action::Url) {
        return None;
    }
    let Some((target, finding)) = SecurityPane::find(key, ctx) else { return Some(Vec::new()) };
    Some(match action {
        // What its key, principal or address did since its first event.
        Action::Changes => changes::goto(target, finding.subject(), finding.first, ctx),
        Action::Copy => copy(finding, ctx),
        _ => console_command(ctx, target, &ConsoleLink::Finding { region: &finding.region, id: &finding.id }),
    })
}

/// The command that would contain it, or its ARN when there is none.
fn copy(finding: &Finding, ctx: &Ctx) -> Vec<Command> {
    if let Some(command) = contain::command(finding, ctx.now.wall) {
        return vec![Command::Effect(Effect::Copy(command))];
    }
    let why = "no command would contain this by itself: the finding's ARN is copied".to_owned();
    vec![Command::Notify(Tone::Info, why), Command::Effect(Effect::Copy(finding.arn.clone()))]
}

impl Pane for SecurityPane {
    fn name(&self) -> &'static str {
        "security"
    }

    fn title(&self) -> &'static str {
        "Security"
    }

    fn badge(&self, ctx: &Ctx) -> Option<Badge> {
        let (level, count) = badge(lists(ctx).map(|(_, list)| list), ctx.now)?;
        let tone = if level >= Level::High { Tone::Bad } else { Tone::Warn };
        Some(Badge { tone, count })
    }

    fn wants(&self, visible: bool, ctx: &Ctx, plan: &mut PollPlan) {
        let urgency = if visible { Urgency::Visible } else { Urgency::Background };
        for target in ctx.targets() {
            want(target, urgency, ctx, plan);
        }
        let Some(key) = self.open.as_ref().filter(|_| visible) else { return };
        let list = ctx.store.target(&key.target).and_then(|target| target.findings.as_ref());
        let detector = list.and_then(|list| list.region(&key.region)).map(|region| region.detector.clone());
        if let (Some((id, finding)), Some(detector)) = (Self::find(key, ctx), detector) {
            let query = DetailQuery {
                region: finding.region.clone(),
                detector,
                id: finding.id.clone(),
                updated: finding.updated,
            };
            plan.want(id, Urgency::Visible, Cadence::Once, Query::Finding(query));
        }
    }

    fn on_action(&mut self, action: Action, ctx: &Ctx) -> Option<Vec<Command>> {
        if self.open.is_some() { self.on_detail(action, ctx) } else { self.on_list(action, ctx) }
    }

    fn on_edit(&mut self, _purpose: &str, event: EditEvent, ctx: &Ctx) -> Vec<Command> {
        match event {
            EditEvent::Changed(text) | EditEvent::Submitted(text) => text.clone_into(&mut self.wanted.filter),
            EditEvent::Cancelled => self.wanted.filter.clear(),
        }
        self.arrange(ctx);
        Vec::new()
    }

    fn on_change(&mut self, key: Option<&PollKey>, ctx: &Ctx) -> Vec<Command> {
        if key.is_none_or(|key| matches!(key.topic, Topic::Findings | Topic::Identity)) {
            self.count(ctx);
            self.arrange(ctx);
        }
        Vec::new()
    }

    fn open(&mut self, link: &Link, _ctx: &Ctx) -> bool {
        let Link::Security { finding, open } = link else { return false };
        if let Some(key) = finding {
            self.cursor.set(key.clone());
        }
        self.open = finding.clone().filter(|_| *open);
        self.detail_top.set(0);
        true
    }

    fn here(&self) -> Link {
        Link::Security {
            finding: self.open.clone().or_else(|| self.cursor.key().cloned()),
            open: self.open.is_some(),
        }
    }

    fn hints(&self, _ctx: &Ctx) -> Vec<Action> {
        if self.open.is_some() {
            return vec![
                Action::Back,
                Action::Changes,
                Action::Copy,
                Action::Url,
                Action::Down,
                Action::Export,
            ];
        }
        vec![
            Action::Open,
            Action::Changes,
            Action::Sort,
            Action::ShowAll,
            Action::Find,
            Action::Copy,
            Action::Url,
            Action::Export,
        ]
    }

    fn settled(&self, ctx: &Ctx) -> bool {
        lists(ctx).all(|(_, list)| !list.reading())
    }

    fn export(&self, ctx: &Ctx) -> Option<String> {
        if let Some(key) = &self.open {
            let (_, finding) = Self::find(key, ctx)?;
            let whole = serde_json::json!({ "finding": finding, "detail": self.detail(ctx) });
            return serde_json::to_string_pretty(&whole).ok();
        }
        let lists: Vec<_> = lists(ctx).collect();
        let findings: Vec<&Finding> =
            self.rows.iter().filter_map(|row| finding(row, &lists)).map(|(_, it)| it).collect();
        serde_json::to_string_pretty(&findings).ok()
    }

    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
        super::view::render(self, area, buf, ctx);
    }
}
