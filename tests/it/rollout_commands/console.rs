//! The console finds in the journal what an earlier run sent, and says how it ended.

use super::{Run, demo};
use crate::common::{Driver, Options};
use std::path::Path;
use std::time::Duration;

/// A journal as a program leaves it that was killed after this many lines. `test` names its folder.
fn left(test: &str, lines: usize) -> String {
    let run: Run = demo(
        test,
        &["rollback", "checkout", "--confirm", "checkout", "--region", "eu-west-2", "--seed", "7"],
    );
    run.ends(0, &["rolled back"]);
    let journal = std::fs::read_to_string(run.home.join(".local/state/eyewall/demo/journal.jsonl")).unwrap();
    journal.lines().take(lines).flat_map(|line| [line, "\n"]).collect()
}

async fn start(test: &str, journal: &str, as_real: bool) -> Driver {
    let driver = Driver::start(test, Options { as_real, ..Options::default() }).await;
    std::fs::write(driver.folder.join("journal.jsonl"), journal).unwrap();
    driver
}

fn steps(folder: &Path) -> usize {
    std::fs::read_to_string(folder.join("journal.jsonl")).unwrap().lines().count()
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_arrived_is_found_out_by_the_next_start() {
    let mut driver = start("left-sending", &left("left-by-sending", 1), true).await;
    driver.wait_for("checkout rollback sent 10:00:00", Duration::from_secs(10)).await;
    driver.press("2<Enter>R").await;
    driver.shows("a rollback of checkout was sent");
    driver.wait_for("checkout rollback FAILED: the call never arrived", Duration::from_mins(2)).await;
    driver.settle().await;
    assert_eq!(steps(&driver.folder), 2, "its end is in the journal");
    driver.press("@").await;
    driver.shows("the call never arrived");
}

#[tokio::test(start_paused = true)]
async fn what_has_an_end_is_left_alone_and_so_is_what_another_simulated_world_was_sent() {
    for (lines, as_real) in [(3, true), (1, false)] {
        let mut driver = start("left-ended", &left("left-by-ended", lines), as_real).await;
        driver.settle().await;
        driver.advance(Duration::from_mins(2)).await;
        driver.hides("checkout rollback");
        assert_eq!(steps(&driver.folder), lines);
    }
}
