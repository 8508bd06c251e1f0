//! Where a link in a dashboard's text leads: to another dashboard or thing that Eyewall shows, or to an address
//! that is copied. Pure; no browser is ever started.

use super::model::{Key, Name};
use crate::app::Effect;
use crate::app::pane::{Command, Ctx, Tone};
use crate::aws::TargetId;
use crate::features::{Link, link_of, place};

/// Goes where a link leads, seen from a dashboard of `target`.
pub fn follow(url: &str, target: &TargetId, ctx: &Ctx) -> Vec<Command> {
    if let Some(name) = dashboard(url) {
        let dashboard = Some(Key { target: target.clone(), name: Name::account(name) });
        return vec![Command::Goto(Link::Dashboards { dashboard, open: true, widget: None, about: None })];
    }
    if place::is_pasted(url)
        && let Ok(link) = link_of(url, ctx)
    {
        return vec![Command::Goto(link)];
    }
    vec![Command::Notify(Tone::Info, url.to_owned()), Command::Effect(Effect::Copy(url.to_owned()))]
}

/// The dashboard that a relative link of the console names: `#dashboards:name=NAME` or
/// `#dashboards/dashboard/NAME`.
fn dashboard(url: &str) -> Option<String> {
    let name =
        url.strip_prefix("#dashboards:name=").or_else(|| url.strip_prefix("#dashboards/dashboard/"))?;
    let name = name.split([';', '?', '&', '/']).next()?;
    (!name.is_empty()).then(|| crate::text::sanitize(&place::decode(name, '%')).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_links_name_dashboards() {
        for (url, name) in [
            ("#dashboards:name=shop", Some("shop")),
            ("#dashboards:name=shop;start=PT3H", Some("shop")),
            ("#dashboards:name=my%20shop", Some("my shop")),
            ("#dashboards/dashboard/shop?x=1", Some("shop")),
            ("#dashboards:name=", None),
            ("#alarms", None),
            ("https://wiki/#dashboards:name=shop", None),
        ] {
            assert_eq!(dashboard(url).as_deref(), name, "{url}");
        }
    }
}
