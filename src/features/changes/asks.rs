//! Which streams of events answer a question. Pure.
//!
//! CloudTrail looks up by one attribute in one region: somebody's doings are asked for in every region that
//! matters, a thing's changes are looked for in everything that was written.

use super::model::{Ask, By, Subject, global_region};

/// The streams of a subject, most wanted first. `home` is the target's region, `regions` those to look in for
/// what somebody did.
pub fn asks(subject: Option<&Subject>, home: Option<&str>, regions: &[String]) -> Vec<Ask> {
    let elsewhere = |region: &str| (Some(region) != home).then(|| region.to_owned());
    let mut all = Vec::new();
    let mut add = |region: Option<String>, by: By| {
        let ask = Ask { region, by };
        if !all.contains(&ask) {
            all.push(ask);
        }
    };
    let everywhere = || {
        let own = regions.iter().map(|region| elsewhere(region));
        std::iter::once(None).chain(own).chain(global_region(home).map(elsewhere))
    };
    match subject {
        Some(Subject::User(name)) => everywhere().for_each(|region| add(region, By::User(name.clone()))),
        Some(Subject::AccessKey(id)) => everywhere().for_each(|region| add(region, By::Key(id.clone()))),
        // There is no attribute for an address: what was written is looked through.
        Some(Subject::Address(_)) => everywhere().for_each(|region| add(region, By::Writes)),
        Some(Subject::Resource(name)) => {
            add(None, By::Resource(name.clone()));
            add(None, By::Writes);
        }
        Some(Subject::Service(_)) | None => add(None, By::Writes),
    }
    if !subject.is_some_and(Subject::is_somebody)
        && let Some(region) = global_region(home).and_then(elsewhere)
    {
        add(Some(region), By::GlobalWrites);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_looked_for_in_every_region_once() {
        let regions = ["us-east-1", "eu-central-1", "eu-west-2"].map(str::to_owned);
        let asked = |subject: &Subject, home| -> Vec<Option<String>> {
            asks(Some(subject), Some(home), &regions).into_iter().map(|ask| ask.region).collect()
        };
        let key = Subject::AccessKey("AKIA".into());
        let some = |region: &str| Some(region.to_owned());
        assert_eq!(asked(&key, "eu-west-2"), [None, some("us-east-1"), some("eu-central-1")]);
        assert_eq!(asked(&key, "us-east-1"), [None, some("eu-central-1"), some("eu-west-2")]);
        let service = Subject::Service("orders".into());
        let all = asks(Some(&service), Some("eu-west-2"), &regions);
        assert_eq!(all.len(), 2);
        assert_eq!(all[1], Ask { region: some("us-east-1"), by: By::GlobalWrites });
        for home in [Some("us-east-1"), Some("us-iso-east-1"), None] {
            assert_eq!(asks(None, home, &[]), [Ask { region: None, by: By::Writes }], "{home:?}");
        }
        // Keys of one partition are nobody's in another.
        let global = |home| asks(None, Some(home), &[]).pop().and_then(|ask| ask.region);
        assert_eq!(global("us-gov-east-1").as_deref(), Some("us-gov-west-1"));
        assert_eq!(global("cn-northwest-1").as_deref(), Some("cn-north-1"));
    }
}
