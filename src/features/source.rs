//! What a poller polls. Implementations live in each feature's `source.rs`, the only SDK code there is.

use super::{Payload, Query};
use crate::app::Now;
use crate::aws::SourceError;
use std::future::Future;

/// Reads one topic of one target. It keeps its own cursors and caches; it never decides when.
pub trait Source: Send + 'static {
    /// Answers the question once. Dropped when the question changes.
    fn poll(
        &mut self,
        query: &Query,
        ctx: &SourceCtx,
    ) -> impl Future<Output = Result<Payload, SourceError>> + Send;

    /// The topic went off, its question changed, or the program ends: stop what AWS still runs for us.
    fn close(&mut self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// What a poll may know besides its question.
#[derive(Debug, Clone, Copy)]
pub struct SourceCtx {
    /// The present.
    pub now: Now,
    /// How often somebody asked for everything anew (`r`) while it was on screen; 0 while it is not. A source that
    /// reads some things rarely reads them when this has grown.
    pub refreshes: u32,
}
