//! `rollback` in a terminal: the name is typed, and nothing else sends.

use crate::common::scratch;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::mpsc::channel;
use std::time::Duration;

const LONGEST: Duration = Duration::from_secs(30);

/// Types each of these once the words before it are there; what was printed, and the exit code.
fn typed(test: &str, keys: &[(&str, &str)]) -> (String, u32) {
    let size = PtySize { rows: 24, cols: 80, ..PtySize::default() };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_eyewall"));
    let home = scratch(test);
    command.env_clear();
    command.args(["--demo", "--at", "2026-11-22T10:00:00Z", "rollback", "checkout"]);
    command.cwd(&home);
    command.env("HOME", &home);
    command.env("TZ", "UTC");
    command.env("TERM", "xterm-256color");
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let (mut reader, mut writer) =
        (pair.master.try_clone_reader().unwrap(), pair.master.take_writer().unwrap());
    let (sender, bytes) = channel();
    std::thread::spawn(move || {
        let mut chunk = [0; 4096];
        while let Ok(length @ 1..) = reader.read(&mut chunk) {
            if sender.send(String::from_utf8_lossy(&chunk[..length]).into_owned()).is_err() {
                break;
            }
        }
    });
    let mut text = String::new();
    for (words, keys) in keys {
        while !text.contains(words) {
            let more = bytes.recv_timeout(LONGEST);
            text.push_str(&more.unwrap_or_else(|_| panic!("no `{words}` in\n{text}")));
        }
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }
    while let Ok(more) = bytes.recv_timeout(LONGEST) {
        text.push_str(&more);
    }
    (text, child.wait().unwrap().exit_code())
}

#[test]
fn only_the_exact_name_and_enter_send_it() {
    let (text, code) = typed(
        "prompt-sends",
        &[
            ("type  checkout  to roll back:", "checkou\r"),
            ("not the name: nothing was sent", "t"),
            ("Enter sends ecs:StopServiceDeployment", "\r"),
        ],
    );
    assert!(text.contains("checkout rolled back"), "{text}");
    assert_eq!(code, 0);
}

#[test]
fn paste_is_refused_and_escape_sends_nothing() {
    let paste = "\u{1b}[200~checkout\u{1b}[201~";
    let prompt = "type  checkout  to roll back:";
    for keys in [
        &[(prompt, paste), ("paste is refused", "\r"), ("type the name first", "\u{3}")][..],
        &[(prompt, "checkout"), ("Enter sends", "\u{1b}")],
    ] {
        let (text, code) = typed("prompt-cancels", keys);
        assert!(text.contains("nothing was sent") && !text.contains("rollback sent"), "{text}");
        assert_eq!(code, 3);
    }
}
