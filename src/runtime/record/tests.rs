//! Recordings written and read back.
