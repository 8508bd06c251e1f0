//! `eyewall trace FILE or ID`: the trace engine for pipes.
//!
//! What is read from a file needs no account; an id is asked from every target until one knows it.

use super::Failure;
use super::args::{Trace as Args, TraceFormat};
use super::out::Out;
use super::picture;
use super::session::Setup;
use crate::features::traces::{Trace, TraceId, id_in, print, read, traces};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::io::Read;
use tokio::runtime::Builder;

/// Files larger than this are no traces: X-Ray keeps at most 500 KB of one.
const MAX_FILE: u64 = 256 * 1024 * 1024;

/// Reads and prints.
///
/// # Errors
/// What is neither a file nor a trace id; a file without a segment in it; an id that no target knows.
pub fn run(setup: Setup, args: &Args, out: &mut Out) -> Result<(), Failure> {
    let text = print(setup, args)?;
    out.text(&text)
}

/// What is to be printed.
///
/// # Errors
/// As [`run`].
pub fn print(mut setup: Setup, args: &Args) -> Result<String, Failure> {
    let traces = match (file(&args.what)?, id_in(&args.what)) {
        (Some(text), _) => {
            read::file(&text).map_err(|problem| Failure::Failed(format!("{}: {problem}", args.what)))?
        }
        (None, Some(id)) => vec![ask(&setup, id)?],
        (None, None) => {
            let what = crate::text::sanitize(&args.what).into_owned();
            return Err(Failure::usage(format!("`{what}` is neither a file nor a trace id")));
        }
    };
    if args.format == TraceFormat::Svg {
        setup.colour_everything()?;
    }
    let mut pages = traces.iter().map(|trace| draw(&setup, trace, args.width));
    Ok(match args.format {
        TraceFormat::Json => format!("{:#}\n", print::data(&traces)),
        TraceFormat::Text => pages.map(|page| picture::text(&page)).collect::<Vec<_>>().join("\n"),
        TraceFormat::Ansi => pages.map(|page| picture::ansi(&page)).collect::<Vec<_>>().join("\n"),
        TraceFormat::Svg => {
            let mut all = Buffer::empty(Rect { width: args.width, ..Rect::default() });
            for page in pages.by_ref() {
                all.content.extend(page.content);
                all.area.height = all.area.height.saturating_add(page.area.height);
            }
            picture::svg(&all, &setup.theme)
        }
    })
}

/// Asks one target after the other, those that know nothing of it or do not answer passed over.
///
/// # Errors
/// No target has it: with the first error of those that did not answer.
fn ask(setup: &Setup, id: TraceId) -> Result<Trace, Failure> {
    let paused = setup.common.demo && setup.common.at.is_some();
    let runtime = Builder::new_current_thread().enable_all().start_paused(paused).build();
    let runtime = runtime.map_err(Failure::failed)?;
    let found = runtime.block_on(async {
        let aws = setup.aws(setup.clock())?;
        let mut problem = None;
        for spec in &setup.specs {
            let conn = aws.connect(spec).await;
            match traces(&conn, &[id]).await {
                Ok(mut found) => {
                    if let Some(trace) = found.remove(&id) {
                        return Ok(trace);
                    }
                }
                Err(error) => {
                    problem = problem.or_else(|| Some(format!("{}: {error} {}", spec.name, error.advice)));
                }
            }
        }
        let none =
            || format!("X-Ray has no trace {}: not sampled, not indexed, or older than 30 days", id.xray());
        Err(Failure::Failed(problem.unwrap_or_else(none)))
    });
    runtime.shutdown_background();
    found
}

fn draw(setup: &Setup, trace: &Trace, width: u16) -> Buffer {
    let mut buf = print::picture(trace, width, &setup.zone, &setup.theme);
    if setup.theme.ascii {
        crate::app::ascii::plain(&mut buf);
    }
    buf
}

/// The text of a file or of standard input; `None` when there is no such file.
fn file(name: &str) -> Result<Option<String>, Failure> {
    let problem = |error: std::io::Error| Failure::usage(format!("{name}: {error}"));
    let mut bytes = Vec::new();
    if name == "-" {
        std::io::stdin().take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(problem)?;
    } else {
        match std::fs::File::open(name) {
            Ok(file) => file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(problem)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(problem(error)),
        };
    }
    if bytes.len() as u64 > MAX_FILE {
        return Err(Failure::usage(format!("{name}: larger than {} MiB", MAX_FILE / 1024 / 1024)));
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}
