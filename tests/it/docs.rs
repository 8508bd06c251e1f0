//! What is written down is what is there: the README's keys, the help text, the tests that ARCHITECTURE names.
//!
//! `UPDATE=1 cargo test --test it docs` writes the README's table of keys anew.

use crate::common::scratch;
use eyewall::app::action::{ACTIONS, Scope};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

const START: &str = "<!-- keys -->\n";
const END: &str = "<!-- /keys -->";

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The table of keys, as the README has it.
fn keys() -> String {
    let mut table = String::from("| | Keys | Verb | |\n|---|---|---|---|\n");
    for scope in [Scope::Move, Scope::Go, Scope::Find, Scope::Read, Scope::Jump, Scope::Do, Scope::More] {
        let mut title = scope.title();
        let verbs = ACTIONS.iter().filter(|info| info.scope == scope);
        for info in verbs {
            let keys: Vec<String> = info.keys.iter().map(|key| format!("`{key}`")).collect();
            writeln!(table, "| {title} | {} | {} | {} |", keys.join(" "), info.name, info.doc).unwrap();
            title = "";
        }
    }
    table
}

#[test]
fn the_readme_has_the_keys_that_there_are() {
    let text = fs::read_to_string(path("README.md")).unwrap();
    let (before, rest) = text.split_once(START).expect("README.md has a place for the keys");
    let (table, after) = rest.split_once(END).expect("the place for the keys ends");
    let keys = keys();
    #[expect(clippy::disallowed_methods, reason = "tests have no command line of their own")]
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path("README.md"), [before, START, &keys, END, after].concat()).unwrap();
        return;
    }
    assert_eq!(table, keys, "UPDATE=1 cargo test --test it docs writes it anew");
}

#[test]
fn the_help_text() {
    let help = crate::binary::command(&scratch("help")).arg("--help").output().unwrap();
    insta::assert_snapshot!(String::from_utf8(help.stdout).unwrap());
}

/// Every invariant of ARCHITECTURE.md names tests in parentheses; they must exist.
#[test]
fn each_invariant_is_guarded_by_a_test_that_exists() {
    let text = fs::read_to_string(path("ARCHITECTURE.md")).unwrap();
    let (_, section) = text.split_once("## Invariants").unwrap();
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    let tests = functions("src") + &functions("tests");
    let mut invariants = 0;
    for number in 1..=10 {
        let Some((_, rest)) = section.split_once(&format!("\n{number}. ")) else { break };
        let invariant =
            rest.split_once(&format!("\n{}. ", number + 1)).map_or(rest, |(invariant, _)| invariant);
        let (_, guards) = invariant.rsplit_once('(').unwrap_or_else(|| panic!("{number} names no test"));
        let names: Vec<&str> = guards.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{number} names no test");
        for name in names {
            let function = format!("fn {}(", name.rsplit("::").next().unwrap());
            assert!(tests.contains(&function), "invariant {number} names `{name}`, which is no test");
        }
        invariants += 1;
    }
    assert_eq!(invariants, 10);
}

/// All lines that begin a test function under this folder.
fn functions(folder: &str) -> String {
    let mut found = String::new();
    let mut folders = vec![path(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(path).unwrap();
                let mut attribute = false;
                for line in text.lines().map(str::trim_start) {
                    if attribute && line.contains("fn ") {
                        found.push_str(line);
                    }
                    // Other attributes, and `proptest!`, may stand between.
                    attribute = line.starts_with("#[") && (attribute || line.contains("test"));
                }
            }
        }
    }
    found
}
