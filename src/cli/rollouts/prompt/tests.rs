//! The prompt: keys and reads as they come, and what is printed meanwhile.

use super::*;
use crate::aws::{ErrorClass, TargetId};
use crate::cli::out::Out;
use crate::features::rollouts::plan::Circumstances;
use crate::features::rollouts::tests::{at, canary, place, plan_of};
use crossterm::event::KeyEvent;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;

/// What is done once, while this text is written.
type Meanwhile = Option<(&'static str, Box<dyn FnOnce()>)>;

/// Paper that remembers.
#[derive(Clone, Default)]
struct Paper {
    text: Rc<RefCell<String>>,
    meanwhile: Rc<RefCell<Meanwhile>>,
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = str::from_utf8(bytes).unwrap();
        self.text.borrow_mut().push_str(text);
        let now = self.meanwhile.borrow().as_ref().is_some_and(|(awaited, _)| text.contains(awaited));
        if let (true, Some((_, act))) = (now, self.meanwhile.borrow_mut().take()) {
            act();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn type_in(events: &UnboundedSender<Event>, text: &str) {
    for c in text.chars() {
        let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
        events.unbounded_send(Event::Key(KeyEvent::new(code, KeyModifiers::NONE))).unwrap();
    }
}

/// Asks under a plan, until there is an answer.
async fn answer(
    plan: Plan,
    events: impl Stream<Item = Event> + Unpin,
    reads: impl Stream<Item = Result<Plan, SourceError>> + Unpin,
    paper: &Paper,
) -> Answer {
    let mut out = Out::to(paper.clone());
    let mut say = Say::to(&mut out);
    let mut dialog = Dialog::open(TargetId::new("prod"), plan.name.clone());
    dialog.plan_read(plan);
    let whole = |plan: &Plan| report::plan(plan, None, at(0), &Glyphs::UNICODE);
    let mut page = Page { say: &mut say, whole: &whole, notices: Vec::new(), line: String::new() };
    converse(&mut dialog, events, reads, future::pending(), &mut page).await.unwrap()
}

/// The plan once somebody has deployed something else.
fn other() -> Plan {
    let mut shift = canary();
    shift.new.revision = format!("{}9", shift.new.revision);
    shift.new.task_definition = Some("web-checkout:43".into());
    plan_of(&shift)
}

#[tokio::test(start_paused = true)]
async fn keys_typed_before_a_changed_plan_stood_there_do_not_confirm_it() {
    let (paper, (keys, events), (plans, reads)) = (Paper::default(), unbounded(), unbounded());
    // They come while the new plan is written, for the one above it.
    let typist = keys.clone();
    let blind = move || type_in(&typist, "checkout\n");
    *paper.meanwhile.borrow_mut() = Some(("the call: ecs:StopServiceDeployment", Box::new(blind)));
    let later = async {
        plans.unbounded_send(Ok(other())).unwrap();
        tokio::time::sleep(CADENCE).await;
        type_in(&keys, "\n");
        tokio::time::sleep(CADENCE).await;
        type_in(&keys, "checkout\n");
    };
    let (answer, ()) = tokio::join!(answer(plan_of(&canary()), events, reads, &paper), later);
    assert_eq!(answer, Ok(Box::new(other())));
    let text = paper.text.borrow();
    assert!(text.contains("type the name first"), "what came before was dropped:\n{text}");
    // All of the new plan stands there, and what differs right above the line.
    let (above, below) = text.split_once("target revision was").unwrap();
    for words in ["rev 43", "does not undo", "the call: ecs:StopServiceDeployment", "aws ecs stop-service"] {
        assert!(above.contains(words), "no `{words}` in\n{above}");
    }
    assert!(below.contains("type  checkout  to roll back"), "{below}");
    assert!(text.lines().all(|line| line.starts_with('\r') || line.is_empty()), "{text:?}");
}

#[tokio::test(start_paused = true)]
async fn whoever_types_steadily_gets_newer_plans_too() {
    let (paper, (keys, events)) = (Paper::default(), unbounded());
    let read = Rc::new(RefCell::new(0));
    let count = Rc::clone(&read);
    let reads = stream::unfold(count, async |count| {
        tokio::time::sleep(CADENCE).await;
        *count.borrow_mut() += 1;
        Some((Ok(plan_of(&canary())), count))
    });
    let typist = async {
        for _ in 0..21 {
            type_in(&keys, "x");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        drop(keys);
    };
    let plan = plan_of(&canary());
    let (answer, ()) = tokio::join!(answer(plan, events, Box::pin(reads), &paper), typist);
    assert_eq!(answer, Err(vec!["the terminal is gone".to_owned()]));
    assert_eq!(*read.borrow(), 4, "one in five seconds, whatever is typed");
    assert!(paper.text.borrow().contains("xxxxxxxxxxxxxxxxxxxx"), "and what was typed stays");
}

#[tokio::test(start_paused = true)]
async fn what_is_named_by_others_never_reaches_the_terminal_raw() {
    let (paper, (keys, events), (plans, reads)) = (Paper::default(), unbounded(), unbounded());
    let hostile = "checkout\u{1b}]0;owned\u{7}";
    let plan = |read| Plan::new(&read, Circumstances { word: hostile.into(), ..place() }, at(0));
    let error = SourceError::new(ErrorClass::Service, "ecs:DescribeServices", "\u{1b}[2J");
    plans.unbounded_send(Err(SourceError { advice: "\u{1b}[2J".into(), ..error })).unwrap();
    let mut changed = canary();
    changed.new.revision.push_str("\u{1b}[2J");
    plans.unbounded_send(Ok(plan(changed))).unwrap();
    let later = async {
        tokio::time::sleep(CADENCE).await;
        type_in(&keys, "x\u{9b}2J");
        tokio::time::sleep(CADENCE).await;
        drop(keys);
    };
    let (answer, ()) = tokio::join!(answer(plan(canary()), events, reads, &paper), later);
    assert!(answer.is_err());
    let text = paper.text.borrow().replace("\r\u{1b}[K", "").replace("\r\n", "");
    assert!(text.contains("checkout") && !text.chars().any(char::is_control), "{text:?}");
}
