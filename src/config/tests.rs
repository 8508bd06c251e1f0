//! The example equals the defaults; good files parse; bad files say what is wrong and where.

use super::*;
use proptest::prelude::*;
use std::fs;
use std::path::PathBuf;

/// Files of `tests/configs/KIND`, sorted.
fn files(kind: &str) -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/configs").join(kind);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, "config.toml")
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// The example with the keys that are commented out switched on: prose has a space after its `#`.
fn example_in_full() -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(key) if !key.starts_with(' ') && !key.is_empty() => key.to_owned(),
        _ => line.to_owned(),
    };
    example().lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Every path of keys in a document, without list indexes.
fn keys(value: &toml::Value, path: &str, found: &mut Vec<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let here = format!("{path}.{key}");
                keys(value, &here, found);
                found.push(here);
            }
        }
        toml::Value::Array(entries) => entries.iter().for_each(|entry| keys(entry, path, found)),
        _ => {}
    }
}

#[test]
fn the_example_is_the_default() {
    assert_eq!(parse(example()), Ok(Config::default()));
    assert_eq!(parse(""), Ok(Config::default()));
}

#[test]
fn the_example_shows_every_key_and_its_lists_are_right() {
    let text = example_in_full();
    let config = parse(&text).unwrap();
    assert_eq!((config.targets.len(), config.services.len(), config.severities.len()), (2, 2, 1));
    let mut shown = Vec::new();
    keys(&toml::from_str(&text).unwrap(), "", &mut shown);
    // A config in which nothing is left out when it is written.
    let text = String::from;
    let every = Config {
        keys: [("refresh".into(), vec!["r".into()])].into(),
        targets: vec![Target {
            name: text("a"),
            profile: Some(text("a")),
            region: Some(text("eu-west-2")),
            role_arn: Some(text("a")),
            external_id: Some(text("a")),
            mfa_serial: Some(text("a")),
            endpoint_url: Some(text("a")),
            color: Some(text("a")),
            write_profile: Some(text("a")),
            write_role_arn: Some(text("a")),
            ..Target::default()
        }],
        services: vec![Service {
            name: text("a"),
            target: Some(text("a")),
            ecs: Some(text("a")),
            target_groups: vec![text("a")],
            stable_target_group: Some(text("a")),
            lambda: Some(text("a")),
            log_groups: vec![text("a")],
            xray: Some(text("a")),
            alarms: vec![text("a")],
            dashboards: vec![text("a")],
            depends_on: vec![text("a")],
        }],
        severities: vec![SeverityRule { pattern: text("a"), severity: Severity::Low }],
        ..Config::default()
    };
    let mut known = Vec::new();
    keys(&toml::from_str(&print(&every)).unwrap(), "", &mut known);
    for key in known {
        assert!(shown.contains(&key), "config.example.toml does not show {key}");
    }
}

#[test]
fn what_is_printed_parses_to_the_same() {
    for text in [example().to_owned(), example_in_full()] {
        let config = parse(&text).unwrap();
        assert_eq!(parse(&print(&config)), Ok(config));
    }
}

#[test]
fn good_files_parse() {
    let files = files("valid");
    assert!(files.len() >= 3);
    for (name, text) in files {
        assert!(parse(&text).is_ok(), "{name}: {:?}", parse(&text));
    }
}

/// Each bad file begins with one `# expect: MESSAGE` for each error, in order.
#[test]
fn bad_files_say_what_is_wrong_and_where() {
    let files = files("invalid");
    assert!(files.len() >= 20);
    let mut wrong = Vec::new();
    for (name, text) in files {
        let expected: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# expect: ")).collect();
        let expected = expected.join("\n");
        match parse(&text) {
            Err(said) if said == expected && !said.is_empty() => {}
            other => wrong.push(format!("{name}\n  expected {expected}\n  got {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_error_knows_its_key_and_column() {
    let errors = Config::parse("[[target]]\nname = \"a\"\nregion = \"eu-west2\"\n", "c.toml").unwrap_err();
    let error = errors.first().unwrap();
    assert_eq!((error.key.as_str(), error.line, error.column), ("target[0].region", 3, 10));
    assert_eq!(error.suggestion.as_deref(), Some("eu-west-2"));
}

#[test]
fn new_regions_are_taken_and_mistyped_ones_are_not() {
    let refused = |region: &str| {
        let text = format!("[[target]]\nname = \"a\"\nregion = \"{region}\"\n");
        Config::parse(&text, "c.toml").err().and_then(|errors| errors.first()?.suggestion.clone())
    };
    let cases = [
        ("us-esat-1", Some("us-east-1")),
        ("eu-wset-2", Some("eu-west-2")),
        ("ap-southeats-2", Some("ap-southeast-2")),
        ("eu-west-9", None),
        ("ap-south-2", None),
        ("af-south-1", None),
        ("us-gov-east-1", None),
        ("br-interior-1", None),
    ];
    for (region, near) in cases {
        assert_eq!(refused(region).as_deref(), near, "{region}");
    }
}

#[test]
fn names_are_checked_against_what_there_is() {
    let themes = ["dark".to_owned(), "light".to_owned()];
    let known = Known {
        themes: &themes,
        panes: &["overview", "alarms"],
        actions: &["refresh", "rollback"],
        scenarios: &["bad-deploy"],
    };
    let check = |text: &str| {
        let errors = check_names(&parse(text).unwrap(), text, "config.toml", &known);
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let cases = [
        ("", ""),
        ("[demo]\nscenario = \"./mine.toml\"\n", ""),
        (
            "[ui]\ntheme = \"drak\"\n",
            "config.toml:2: ui.theme: there is no theme `drak` (did you mean `dark`?)",
        ),
        (
            "[ui]\nascii = true\nstart = \"alarm\"\n",
            "config.toml:3: ui.start: there is no pane `alarm` (did you mean `alarms`?)",
        ),
        (
            "[keys]\nrolback = [\"R\"]\n",
            "config.toml:2: keys.rolback: there is no action `rolback` (did you mean `rollback`?)",
        ),
        ("[demo]\nscenario = \"x\"\n", "config.toml:2: demo.scenario: there is no scenario `x`"),
    ];
    for (text, expected) in cases {
        assert_eq!(check(text), expected, "{text}");
    }
}

#[test]
fn the_schema_describes_every_section() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).unwrap();
    let properties = schema.get("properties").and_then(|p| p.as_object()).unwrap();
    for key in ["ui", "window", "poll", "cost", "logs", "keys", "demo", "target", "service", "severity"] {
        let described = properties.get(key).and_then(|p| p.get("description"));
        assert!(described.is_some(), "{key} has no description");
    }
    assert_eq!(schema.get("additionalProperties"), Some(&serde_json::Value::Bool(false)));
}

#[test]
fn a_target_becomes_the_spec_that_aws_reads() {
    let config = parse(&example_in_full()).unwrap();
    let spec = crate::aws::TargetSpec::from(config.targets.first().unwrap());
    assert_eq!(spec.name.as_str(), "prod");
    assert_eq!(spec.region.as_deref(), Some("eu-west-2"));
    assert!(spec.production && !spec.read_only);
}

#[test]
fn folders_are_named_after_the_program() {
    let paths = Paths::under(std::path::Path::new("/x"));
    assert_eq!(paths.config_file(), PathBuf::from("/x/config/config.toml"));
    assert_eq!(paths.journal(), PathBuf::from("/x/state/journal.jsonl"));
}

proptest! {
    #[test]
    fn any_text_is_survived(text in "\\PC{0,80}", at in 0usize..3000, cut in 0usize..3000) {
        let _ = Config::parse(&text, "c.toml");
        // The example with something strange in it, or cut off anywhere.
        let full = example_in_full();
        let (before, after) = full.split_at(full.floor_char_boundary(at));
        let _ = Config::parse(&format!("{before}{text}{after}"), "c.toml");
        let _ = Config::parse(&full.chars().take(cut).collect::<String>(), "c.toml");
    }
}
