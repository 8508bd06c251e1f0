//! The program's own log: tracing into tui-logger's ring, which Diagnostics shows.
//!
//! Never `tui_logger::init_logger`: it starts a thread that wakes every 10 ms for ever. The ring's events
//! are moved when Diagnostics is drawn.

use super::args::LogLevel;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging at this level. A second start changes nothing.
pub fn start(level: LogLevel) {
    let (filter, ring) = match level {
        LogLevel::Off => return,
        LogLevel::Error => (LevelFilter::ERROR, tui_logger::LevelFilter::Error),
        LogLevel::Warn => (LevelFilter::WARN, tui_logger::LevelFilter::Warn),
        LogLevel::Info => (LevelFilter::INFO, tui_logger::LevelFilter::Info),
        LogLevel::Debug => (LevelFilter::DEBUG, tui_logger::LevelFilter::Debug),
        LogLevel::Trace => (LevelFilter::TRACE, tui_logger::LevelFilter::Trace),
    };
    tui_logger::set_default_level(ring);
    let layers = tracing_subscriber::registry().with(filter).with(tui_logger::TuiTracingSubscriberLayer);
    // Fails only when somebody started it before, which is as good.
    let _ = layers.try_init();
}
