//! The screen through the real core, documents through the real SDK, and what follows from a finding.

mod documents;
mod model;
mod screen;
mod source;
