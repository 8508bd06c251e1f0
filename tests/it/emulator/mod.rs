//! The sources against AWS emulators that others wrote: what the simulator answers proves only that we
//! agree with ourselves.
//!
//! The emulators are pinned Python packages in a virtual environment under `target/`, started on free ports
//! when the first test needs them and ended with the test binary, however it ends. Without Python the tests
//! fail and say what is missing; `EYEWALL_SKIP_EMULATORS=1` skips them visibly.

mod alarms;
mod binary;
mod identity;
mod inventory;
mod logs;
mod metrics;
mod redirect;
mod traces;
mod weights;

use crate::common;
use eyewall::aws::Conn;
use eyewall::runtime::clock::Clock;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

const REQUIREMENTS: &str = include_str!("requirements.txt");
const MISSING: &str = "the emulator tests need python3 (3.10 or later) with venv and pip, and PyPI once \
                       (Debian: apt install python3-venv); EYEWALL_SKIP_EMULATORS=1 skips them";

/// A running emulator.
pub struct Server {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// Its stdin stays open as long as this process lives; its end ends the emulator.
    _process: Child,
}

/// An emulator, or `None` when they are to be skipped, which is said on stderr.
pub fn moto(test: &str) -> Option<&'static Server> {
    static SERVER: OnceLock<Server> = OnceLock::new();
    (!skipped(test)).then(|| SERVER.get_or_init(|| start("moto")))
}

/// As [`moto`].
pub fn ministack(test: &str) -> Option<&'static Server> {
    static SERVER: OnceLock<Server> = OnceLock::new();
    (!skipped(test)).then(|| SERVER.get_or_init(|| start("ministack")))
}

/// Whether the tests that need Python are to be skipped. Says so past the capture of test output.
pub fn skipped(test: &str) -> bool {
    #[expect(clippy::disallowed_methods, reason = "tests have no command line of their own")]
    let skipped = std::env::var_os("EYEWALL_SKIP_EMULATORS").is_some_and(|value| value == "1");
    if skipped {
        let line = format!("SKIPPED {test}: EYEWALL_SKIP_EMULATORS=1\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
    skipped
}

/// The Python of the virtual environment, made when it is missing or its packages are others.
pub fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let venv = folder().join("venv");
        let python = venv.join("bin/python");
        let installed = venv.join("installed.txt");
        if std::fs::read_to_string(&installed).is_ok_and(|text| text == REQUIREMENTS) {
            return python;
        }
        let _ = std::fs::remove_dir_all(&venv);
        let wanted = folder().join("requirements.txt");
        std::fs::write(&wanted, REQUIREMENTS).unwrap();
        succeed(Command::new("python3").args(["-m", "venv"]).arg(&venv));
        succeed(Command::new(&python).args(["-m", "pip", "install", "--quiet", "-r"]).arg(&wanted));
        std::fs::write(&installed, REQUIREMENTS).unwrap();
        python
    })
}

/// A connection that reaches an emulator. Emulators go by the machine's clock, so this does too.
pub async fn connect(server: &Server) -> (Conn, Clock) {
    let clock = Clock::system();
    let http = redirect::client(&server.url);
    (common::aws(http, clock).connect(&common::target("emulator")).await, clock)
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("emulators");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn start(name: &str) -> Server {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/emulator/serve.py");
    let log = folder().join(format!("{name}.log"));
    let mut process = Command::new(python())
        .args([&script, Path::new(name), &log])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port = line.trim().strip_prefix("ready ");
    let port =
        port.unwrap_or_else(|| panic!("{name} did not start ({}), see {}", line.trim(), log.display()));
    Server { url: format!("http://127.0.0.1:{port}"), _process: process }
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; {MISSING}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}\n{MISSING}", output.status);
}
