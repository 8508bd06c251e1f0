//! `sts:GetCallerIdentity`.

use crate::aws::{Conn, SourceError, identity};
use crate::features::{Payload, Query, Source, SourceCtx};

/// Reads who we are.
pub struct IdentitySource {
    conn: Conn,
}

impl IdentitySource {
    /// A source over this connection.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone() }
    }
}

impl Source for IdentitySource {
    async fn poll(&mut self, _query: &Query, _ctx: &SourceCtx) -> Result<Payload, SourceError> {
        identity(&self.conn).await.map(Payload::Identity)
    }
}
