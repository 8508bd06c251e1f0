//! What is made of stopped tasks, and how it looks.

use super::screen::{app, asked, body, detail, key, polled};
use super::{Rollout, at};
use crate::features::rollouts::autopsy::{Autopsy, LastLine, StoppedContainer, StoppedTask};
use crate::features::rollouts::wire::RolloutDetail;
use crate::features::{Payload, Query, Topic};
use crossterm::event::KeyCode;

fn task(code: &str, reason: &str, exit: Option<i32>) -> StoppedTask {
    StoppedTask {
        id: "0f3a9c112233445566778899aabbccdd".into(),
        at: Some(at(-100)),
        code: Some(code.into()),
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
        containers: vec![StoppedContainer { name: "web".into(), exit, reason: None, unhealthy: false }],
        lines: Ok(Vec::new()),
    }
}

const EXITED: &str = "EssentialContainerExited";
const SCHEDULER: &str = "ServiceSchedulerInitiated";
const NOT_STARTED: &str = "TaskFailedToStart";

#[test]
fn a_cause_is_told_from_what_ecs_says() {
    let cases = [
        (EXITED, "Essential container in task exited", Some(1), "exit 1", false),
        (EXITED, "Essential container in task exited", Some(139), "exit 139 (segmentation fault)", false),
        (
            EXITED,
            "OutOfMemoryError: Container killed due to memory usage",
            Some(137),
            "out of memory, exit 137",
            false,
        ),
        (EXITED, "", Some(0), "exit 0", false),
        (EXITED, "", None, EXITED, false),
        (
            NOT_STARTED,
            "CannotPullContainerError: pull image manifest has been retried 5 time(s): not found",
            None,
            "image not pulled",
            false,
        ),
        (
            NOT_STARTED,
            "ResourceInitializationError: unable to pull secrets or registry auth",
            None,
            "secrets or log set-up failed",
            false,
        ),
        (
            SCHEDULER,
            "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:x)",
            Some(143),
            "unhealthy to the load balancer, exit 143",
            false,
        ),
        (
            SCHEDULER,
            "Task failed container health checks",
            Some(143),
            "unhealthy by its own check, exit 143",
            false,
        ),
        (
            "SpotInterruption",
            "Your Spot Task was interrupted.",
            Some(143),
            "spot capacity taken back, exit 143",
            false,
        ),
        (
            SCHEDULER,
            "Scaling activity initiated by (deployment ecs-svc/1)",
            Some(143),
            "exit 143 (asked to end)",
            true,
        ),
    ];
    for (code, reason, exit, cause, orderly) in cases {
        let task = task(code, reason, exit);
        assert_eq!((task.cause().as_str(), task.is_orderly()), (cause, orderly), "{code} {reason}");
    }
    let silent = StoppedTask { code: None, reason: None, containers: Vec::new(), ..task("", "", None) };
    assert_eq!(silent.cause(), "no reason given");
}

fn autopsy() -> Autopsy {
    let mut killed = task(EXITED, "OutOfMemoryError: Container killed due to memory usage", Some(137));
    let line = |n: i64, text: &str| LastLine { at: at(-104 + n), text: text.into() };
    let trace = "java.lang.OutOfMemoryError: heap at com.shop.checkout.Basket.add(Basket.java:88) at \
                 com.shop.checkout.Handler.handle(Handler.java:41) and so to the very end";
    killed.lines = Ok(vec![line(0, "INFO heap 97 %"), line(3, trace)]);
    let mut unpulled = task(NOT_STARTED, "CannotPullContainerError: web:v42: not found", None);
    unpulled.lines = Err("denied: logs:FilterLogEvents".into());
    Autopsy { tasks: vec![killed, unpulled, task(EXITED, "", Some(1))], more: 2, orderly: 1, cut: true }
}

fn opened(found: Result<Autopsy, String>) -> crate::app::App {
    let mut app = app();
    key(&mut app, KeyCode::Enter, 0);
    let query = asked(&app, Topic::RolloutDetail).unwrap();
    let Query::RolloutDetail(asked) = &query else { panic!("{query:?}") };
    assert_eq!(asked.stopped.as_deref(), Some("web-checkout:42"));
    let stopped = Some(("web-checkout:42".to_owned(), found));
    let detail = RolloutDetail { stopped, history: Vec::<Rollout>::new(), ..detail() };
    polled(&mut app, query, Ok(Payload::RolloutDetail(detail)), 0);
    app
}

#[test]
fn enter_shows_why_and_escape_goes_back() {
    let mut app = opened(Ok(autopsy()));
    assert!(body(&app, 120, 30, 0).contains("5 stopped: exit 137, Enter shows why"));
    key(&mut app, KeyCode::Enter, 0);
    insta::assert_snapshot!("autopsy_120", body(&app, 120, 30, 0));
    insta::assert_snapshot!("autopsy_80", body(&app, 80, 24, 0));
    // A long line is read to its end where it does not fit; scrolling stops there, and comes back at once.
    let small = |app: &crate::app::App| body(app, 80, 15, 0);
    assert!(
        !small(&app).contains("heap 97 %") && small(&app).contains("more lines, PgDn"),
        "{}",
        small(&app)
    );
    for _ in 0..5 {
        key(&mut app, KeyCode::PageDown, 0);
        small(&app);
    }
    let end = small(&app);
    assert!(end.contains("very end") && end.contains("heap 97 %"), "{end}");
    key(&mut app, KeyCode::PageUp, 0);
    assert!(!small(&app).contains("heap 97 %"));
    // The next task is another one, with what is known of it.
    key(&mut app, KeyCode::Down, 0);
    assert!(small(&app).contains("CannotPullContainerError: web:v42: not found"));
    for _ in 0..30 {
        key(&mut app, KeyCode::Down, 0);
    }
    assert!(small(&app).contains("container web: exit 1"), "{}", small(&app));
    key(&mut app, KeyCode::Esc, 0);
    assert!(body(&app, 120, 30, 0).contains("EVENTS"));
}

#[test]
fn a_stack_trace_keeps_its_lines() {
    let text = "panic in handler: no connection\n    at pool::Pool::get\n\n    at handler".to_owned();
    let died = StoppedTask {
        lines: Ok(vec![LastLine { at: at(-101), text }]),
        ..task(EXITED, "Essential container in task exited", Some(101))
    };
    let mut app = opened(Ok(Autopsy { tasks: vec![died], ..Autopsy::default() }));
    key(&mut app, KeyCode::Enter, 0);
    let shown = body(&app, 80, 24, 0);
    let rows: Vec<&str> = shown.lines().skip_while(|row| !row.contains("panic in handler")).take(3).collect();
    let indent = " ".repeat(14);
    assert!(rows[0].ends_with("panic in handler: no connection"), "{shown}");
    assert_eq!(rows[1..], [format!("{indent}    at pool::Pool::get"), format!("{indent}    at handler")]);
}

#[test]
fn none_denied_and_unread_look_different() {
    let none = body(&opened(Ok(Autopsy::default())), 120, 30, 0);
    assert!(!none.contains("stopped:"), "{none}");
    let denied = body(&opened(Err("denied: ecs:DescribeTasks".into())), 120, 30, 0);
    assert!(denied.contains("stopped tasks: denied: ecs:DescribeTasks"), "{denied}");
    // Without any, Enter has nothing to open.
    let mut app = opened(Ok(Autopsy::default()));
    key(&mut app, KeyCode::Enter, 0);
    assert!(body(&app, 120, 30, 0).contains("EVENTS"));
}
