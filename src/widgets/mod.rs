//! Drawing that more than one screen needs. Pure: values in, cells out.

pub mod chart;
pub mod dialog;
pub mod input;
pub mod list;
pub mod markdown;
pub mod paint;
pub mod progress;
pub mod sparkline;
pub mod table;

#[cfg(test)]
pub mod testing;
