//! `a` in the list of traces: what it is limited to, as a menu of kinds of trouble and of services.

use super::filter::{Filter, Quick};
use super::pane::TracesPane;
use super::place::Place;
use crate::app::pane::{Command, Ctx};
use crate::app::picker::{Picked, Picker};
use crate::app::{Action, Input, Overlay, Reply};
use crate::features::Link;
use crate::text::units;
use crate::widgets::dialog;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The overlay.
pub struct OnlyMenu {
    filter: Filter,
    picker: Picker,
}

const ALL: &str = "all traces";
const THROUGH: &str = "through ";

impl OnlyMenu {
    /// A menu that changes this filter.
    pub fn new(filter: &Filter, ctx: &Ctx) -> Self {
        let mut items = vec![(ALL.to_owned(), "no filter".to_owned())];
        items.extend(Quick::ALL.map(|quick| (quick.word().to_owned(), quick.meaning().to_owned())));
        for (_, _, service) in TracesPane::service_rows(ctx) {
            let counts = service.counts;
            let hint = format!(
                "{} faults of {} traced",
                units::grouped(counts.faults),
                units::grouped(counts.total)
            );
            let item = (format!("{THROUGH}{}", service.name), hint);
            // Two targets may have a service of one name; the filter is one.
            if !items.iter().any(|(name, _)| *name == item.0) {
                items.push(item);
            }
        }
        Self { filter: filter.clone(), picker: Picker::new(items, None) }
    }

    fn chosen(&self, names: &[String]) -> Filter {
        let mut filter = self.filter.clone();
        for name in names {
            if name == ALL {
                filter = Filter::default();
            } else if let Some(service) = name.strip_prefix(THROUGH) {
                filter.service = Some(service.to_owned());
            } else {
                filter.quick = Quick::ALL.into_iter().find(|quick| quick.word() == name);
            }
        }
        filter
    }
}

impl Overlay for OnlyMenu {
    fn on_input(&mut self, input: &Input, _action: Option<Action>, _ctx: &Ctx) -> Reply {
        match self.picker.on_input(input) {
            Picked::Open => Reply::stay(),
            Picked::Cancelled => Reply::close(),
            Picked::Chosen(names) if names.is_empty() => Reply::close(),
            Picked::Chosen(names) => {
                let place = Place::of_list(self.chosen(&names));
                Reply::close_with(Command::Goto(Link::Traces(place)))
            }
        }
    }

    fn render(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx) {
        let hint = " Enter shows only these  Space marks  Esc closes ";
        let inner = dialog::frame(area, 76, area.height.min(18), " Show only ", hint, buf, ctx.theme);
        self.picker.render(inner, "nothing matches", buf, ctx.theme);
    }
}
