//! Text: making remote text safe, and fitting values into cells. Pure.
//!
//! `sanitize.rs` is the one filter that all text from AWS passes where it enters; `fit.rs` cuts and pads by
//! display width; `find.rs` looks for what somebody typed; `units.rs` writes numbers; `time.rs` writes points
//! in time in the zone of the screen; `shell.rs` quotes words for a shell; `as_json.rs` keeps odd shapes as
//! their JSON text. Nothing here knows colours or reads a clock.

pub mod as_json;
pub mod find;
pub mod fit;
pub mod sanitize;
pub mod shell;
pub mod time;
pub mod units;

pub use find::Needle;
pub use fit::{cut_end, cut_middle, pad_left, pad_right, width, wrap};
pub use sanitize::{LINE_CAP, cap, sanitize, sanitize_block};
pub use shell::quoted;
pub use time::Zone;
