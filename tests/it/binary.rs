//! The program as it is started: in a terminal of its own, in a pipe, with wrong arguments.

use crate::common::scratch;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_eyewall");
const ROWS: NonZeroU16 = NonZeroU16::new(24).unwrap();
const COLUMNS: NonZeroU16 = NonZeroU16::new(80).unwrap();
/// No answer of the program takes this long, even on a busy machine.
const LONGEST: Duration = Duration::from_secs(30);

/// The program without a terminal, with nothing of this machine's environment but a home of its own.
pub fn command(home: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("HOME", home).env("TZ", "UTC").current_dir(home);
    command
}

/// Runs it in a home that is empty.
pub fn output(test: &str, arguments: &[&str]) -> Output {
    command(&scratch(test)).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The program in a terminal.
struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    bytes: Receiver<Vec<u8>>,
    screen: vt100::Parser,
}

impl Terminal {
    fn start(test: &str, arguments: &[&str]) -> Self {
        let pty = native_pty_system();
        let pair =
            pty.openpty(PtySize { rows: ROWS.get(), cols: COLUMNS.get(), ..PtySize::default() }).unwrap();
        let mut command = CommandBuilder::new(PROGRAM);
        command.env_clear();
        command.args(arguments);
        let home = scratch(test);
        command.cwd(&home);
        command.env("HOME", &home);
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, bytes) = channel();
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(length @ 1..) = reader.read(&mut chunk) {
                if sender.send(chunk.iter().take(length).copied().collect()).is_err() {
                    break;
                }
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { child, master: pair.master, keys, bytes, screen: vt100::Parser::new(ROWS, COLUMNS, 0) }
    }

    fn contents(&self) -> String {
        self.screen.screen().contents()
    }

    /// Reads until the screen shows this.
    fn wait_for(&mut self, wanted: &str) {
        while !self.contents().contains(wanted) {
            self.read(wanted);
        }
    }

    /// Reads until a row has the cursor, some rows below the first that had it.
    fn wait_for_cursor(&mut self, from: usize) -> usize {
        loop {
            let text = self.contents();
            match text.lines().position(|line| line.starts_with('▌')) {
                Some(row) if row >= from => return row,
                _ => self.read("the cursor on a row"),
            }
        }
    }

    fn read(&mut self, wanted: &str) {
        let bytes = self.bytes.recv_timeout(LONGEST);
        let bytes = bytes.unwrap_or_else(|_| panic!("no `{wanted}` on:\n{}", self.contents()));
        self.screen.process(&bytes);
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn signal(&mut self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        assert!(Command::new("kill").args([format!("-{name}"), pid]).status().unwrap().success());
    }

    /// Reads to the end; the exit code, once the terminal is as it was before.
    fn end(mut self, how: &str) -> u32 {
        while let Ok(bytes) = self.bytes.recv_timeout(LONGEST) {
            self.screen.process(&bytes);
        }
        let code = self.child.wait().unwrap().exit_code();
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "{how}: still on the alternate screen");
        assert!(!screen.hide_cursor(), "{how}: the cursor is still hidden");
        assert!(!screen.bracketed_paste(), "{how}: paste is still bracketed");
        drop(self.master);
        code
    }
}

#[test]
fn it_paints_in_a_terminal_and_leaves_it_as_it_was() {
    let mut terminal = Terminal::start("pty-quit", &["demo"]);
    terminal.wait_for("DEMO");
    assert!(terminal.screen.screen().alternate_screen());
    terminal.press("3");
    terminal.wait_for("checkout-5xx");
    terminal.press("\u{3}\u{3}");
    assert_eq!(terminal.end("quit"), 0);
}

#[test]
fn signals_end_it_in_order() {
    for signal in ["TERM", "HUP"] {
        let mut terminal = Terminal::start("pty-signal", &["demo"]);
        terminal.wait_for("DEMO");
        terminal.signal(signal);
        assert_eq!(terminal.end(signal), 0, "{signal}");
    }
}

/// An arrow over a slow line comes in pieces; it must not be taken for Esc.
#[test]
fn a_split_arrow_key_is_an_arrow_key() {
    let mut terminal = Terminal::start("pty-arrow", &["demo", "--at", "2026-11-22T10:00:00Z"]);
    terminal.wait_for("DEMO");
    terminal.press("3");
    terminal.wait_for(" in ALARM · ");
    let first = terminal.wait_for_cursor(0);
    for piece in ["\u{1b}", "[", "B"] {
        terminal.press(piece);
    }
    terminal.wait_for_cursor(first + 1);
    terminal.press("\u{3}\u{3}");
    assert_eq!(terminal.end("quit"), 0);
}

#[test]
fn without_a_terminal_it_names_what_works_without_one() {
    let output = output("pipe", &["demo"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("eyewall snapshot"), "{}", text(&output.stderr));
}

#[test]
fn a_wrong_config_is_refused_with_file_line_and_key() {
    let home = scratch("bad-config");
    let file = home.join("bad.toml");
    std::fs::write(&file, "[ui]\ntheme = \"dark\"\nascci = true\n").unwrap();
    let output = command(&home).args(["demo", "--config"]).arg(&file).output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(output.stdout.is_empty());
    for part in ["bad.toml:3", "ascci", "ascii"] {
        assert!(said.contains(part), "no `{part}` in: {said}");
    }
}

#[test]
fn wrong_arguments_are_refused_with_a_suggestion() {
    let cases: [(&[&str], &str); 8] = [
        (&["snapshot", "alarm", "--demo"], "alarms"),
        (&["snapshot", "alarms", "--demo", "--theme", "drak"], "dark"),
        (&["snapshot", "alarms", "--demo", "--scenario", "bad-deplyo"], "bad-deploy"),
        (&["snapshot", "alarms", "--demo", "--fault", "logs=slow"], "logs=slow"),
        (&["snapshot", "alarms", "--demo", "--keys", "<Entr>"], "<Entr>"),
        (&["snapshot", "alarms", "--region", "eu-west2"], "eu-west-2"),
        (&["snapshot", "alarms", "--target", "prod"], "prod"),
        (&["snapshott"], "snapshot"),
    ];
    for (arguments, suggestion) in cases {
        let output = output("bad-arguments", arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(suggestion), "{arguments:?}: no `{suggestion}` in: {said}");
        assert!(output.stdout.is_empty(), "{arguments:?} printed something");
    }
}

/// The picture of a moment is the same every time: what the README shows can be made again.
#[test]
fn a_snapshot_of_a_fixed_time_is_the_same_twice() {
    let arguments = ["snapshot", "rollouts", "--demo", "--at", "2026-11-22T10:00:00Z", "--format", "svg"];
    let [one, two] = ["snapshot-1", "snapshot-2"].map(|test| output(test, &arguments));
    assert!(one.status.success(), "{}", text(&one.stderr));
    assert!(text(&one.stdout).contains("checkout"));
    assert_eq!(one.stdout, two.stdout);
}
