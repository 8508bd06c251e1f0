//! `rollouts`, `rollouts watch` and `rollback` as they are started, against the simulated AWS.
//!
//! In `demo` the program has the simulator inside, its time put at a moment and running on without waiting: what
//! is printed is the same every time. In `served` the simulator stands behind its socket, so that a test can
//! change the world between two reads, count the calls, and start the program again.

mod console;
mod demo;
mod prompt;
mod served;

use crate::binary::command;
use crate::common::scratch;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Output;

/// What a run came to.
struct Run {
    code: i32,
    out: String,
    err: String,
    home: PathBuf,
}

impl Run {
    fn of(output: &Output, home: PathBuf) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        Self { code: output.status.code().unwrap_or(-1), out, err, home }
    }

    /// Fails unless it ended like this and said all of these, in this order.
    #[track_caller]
    fn ends(&self, code: i32, said: &[&str]) -> &Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        for (name, text) in [("out", &self.out), ("err", &self.err)] {
            assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "std{name}: {text:?}");
        }
        let all = format!("{}{}", self.out, self.err);
        let mut rest = all.as_str();
        for words in said {
            let (_, after) = rest.split_once(words).unwrap_or_else(|| panic!("no `{words}` in\n{all}"));
            rest = after;
        }
        self
    }

    /// The objects, one a line.
    fn json(&self) -> Vec<Value> {
        let lines = self.out.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    /// The steps in the journal.
    fn journal(&self, folder: &str) -> Vec<String> {
        let file = self.home.join(".local/state/eyewall").join(folder).join("journal.jsonl");
        journal(&file).iter().map(|line| line["step"].as_str().unwrap().to_owned()).collect()
    }
}

fn journal(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Runs it in the demo's world, at its usual time.
fn demo(test: &str, arguments: &[&str]) -> Run {
    let home = scratch(test);
    let output = command(&home)
        .args(["--demo", "--at", "2026-11-22T10:00:00Z"])
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    Run::of(&output, home)
}
