//! The rules that a compiler does not know: what a folder may mention, how long a file may be, how it opens.

use std::fs;
use std::path::{Path, PathBuf};

/// Non-blank lines of a source file, without its tests.
const CEILING: usize = 400;
const MAIN_CEILING: usize = 80;

/// What the pure folders may not mention (invariant 1).
const IMPURE: [&str; 7] =
    ["tokio", "aws_sdk", "aws_config", "aws_smithy", "std::fs", "std::env", concat!("::", "now(")];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files under `folder` with this extension, as path and text.
fn files(folder: &str, extension: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(root()).unwrap().to_owned(), text));
            }
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<(PathBuf, String)> {
    let sources = files("src", "rs");
    assert!(sources.len() > 100, "the sources are not where they were");
    sources
}

/// Whether the whole file is tests.
fn is_test(path: &Path) -> bool {
    path.components().any(|part| {
        part.as_os_str().to_str().is_some_and(|part| {
            part.strip_suffix(".rs")
                .unwrap_or(part)
                .split('_')
                .any(|word| matches!(word, "tests" | "testing"))
        })
    })
}

/// The file up to its test module.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap()
}

/// Code without comments: whole lines of them, as this code base writes them.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = without_tests(text).lines().enumerate().map(|(index, line)| (index + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Whether it is in a folder, or a file of a feature, that must stay pure.
fn is_pure(path: &Path) -> bool {
    let path = path.to_str().unwrap();
    let folder = ["src/app/", "src/widgets/", "src/service/", "src/text/"];
    let part = |name: &str| path.ends_with(&format!("/{name}.rs")) || path.contains(&format!("/{name}/"));
    folder.iter().any(|folder| path.starts_with(folder))
        || path.starts_with("src/features/") && ["mechanism", "model", "pane", "view"].into_iter().any(part)
}

#[track_caller]
fn none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn files_stay_short() {
    let mut problems = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| !is_test(path)) {
        let lines = without_tests(text).lines().filter(|line| !line.trim().is_empty()).count();
        let ceiling = if path.ends_with("src/main.rs") { MAIN_CEILING } else { CEILING };
        if lines > ceiling {
            problems.push(format!("{}: {lines} lines, at most {ceiling}", path.display()));
        }
    }
    none(&problems);
}

#[test]
fn files_open_by_saying_what_they_are() {
    let all = [sources(), files("tests", "rs"), files("benches", "rs")].concat();
    let wordless = all.iter().filter(|(_, text)| !text.starts_with("//! "));
    none(
        &wordless.map(|(path, _)| format!("{}: does not open with //!", path.display())).collect::<Vec<_>>(),
    );
}

#[test]
fn pure_folders_mention_nothing_impure() {
    let mut problems = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| is_pure(path) && !is_test(path)) {
        for (line, code) in code(text) {
            for word in IMPURE.iter().filter(|word| code.contains(*word)) {
                problems.push(format!("{}:{line}: {word}", path.display()));
            }
        }
    }
    none(&problems);
}

#[test]
fn models_know_no_colours() {
    let mut problems = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| path.ends_with("model.rs")) {
        for (line, _) in
            code(text).filter(|(_, code)| code.contains("ratatui") || code.contains("crate::theme"))
        {
            problems.push(format!("{}:{line}: a model knows how it looks", path.display()));
        }
    }
    none(&problems);
}

#[test]
fn every_request_goes_through_the_connection() {
    let mut problems = Vec::new();
    for (path, text) in
        sources().iter().filter(|(path, _)| !path.starts_with("src/aws") && !path.starts_with("src/demo"))
    {
        let code: String =
            code(text).flat_map(|(_, line)| line.chars()).filter(|c| !c.is_whitespace()).collect();
        if !is_test(path) && code.contains(".send().await") {
            problems.push(format!("{}: sends without Conn::call", path.display()));
        }
    }
    none(&problems);
}

#[test]
fn nothing_is_allowed_left_for_later_or_bound_to_a_machine() {
    let words = [
        concat!("#[al", "low("),
        concat!("#![al", "low("),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("/wo", "rk/"),
    ];
    let mut all = Vec::new();
    for (folder, extension) in [
        ("src", "rs"),
        ("src", "toml"),
        ("tests", "rs"),
        ("tests", "py"),
        ("benches", "rs"),
        ("themes", "toml"),
    ] {
        all.extend(files(folder, extension));
    }
    for entry in fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md" || extension == "toml") {
            let text = fs::read_to_string(&path).unwrap();
            all.push((path, text));
        }
    }
    let mut problems = Vec::new();
    for (path, text) in &all {
        for (index, line) in text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(*word)) {
                problems.push(format!("{}:{}: {word}", path.display(), index + 1));
            }
        }
    }
    none(&problems);
}

/// Panes and overlays get the store to read; only the app hands it out to be written (invariant 2).
#[test]
fn the_store_is_written_in_one_place() {
    let verbs = [
        "store.apply(",
        "store.apply_op(",
        "store.derive(",
        "store.tick(",
        "store.set_active(",
        "&mut Store",
    ];
    let mut problems = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| !path.starts_with("src/app") && !is_test(path)) {
        for (line, code) in code(text) {
            for verb in verbs.iter().filter(|verb| code.contains(*verb)) {
                problems.push(format!("{}:{line}: {verb}", path.display()));
            }
        }
    }
    none(&problems);
}
