//! Pictures of small buffers.
