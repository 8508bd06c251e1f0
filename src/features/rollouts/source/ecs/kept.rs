//! ECS's part of the list of rollouts, which a read that fails does not take away: what was seen last stays, and why
//! it is not newer is said. A role for one other mechanism alone may lack ECS altogether.

use super::ListReader;
use super::claims::Claims;
use crate::app::Now;
use crate::aws::{Conn, ErrorClass, SourceError};
use crate::features::rollouts::model::Unread;
use crate::features::rollouts::wire::RolloutList;
use std::sync::Arc;
use std::time::Duration;

/// After what trying again does not soon cure.
const REFUSED_AGE: Duration = Duration::from_mins(1);
/// Where AWS asks for fewer requests, read after read.
const BUSY_AGE: Duration = Duration::from_secs(15);
/// Reads in a row that may fail so before that counts.
const BUSY_READS: u32 = 3;

/// Reads it.
pub struct KeptReader {
    reader: ListReader,
    last: RolloutList,
    /// When the last read failed, and why, if it did.
    failed: Option<(Duration, SourceError)>,
    /// Reads that failed in a row.
    failures: u32,
}

impl KeptReader {
    /// A reader for one target.
    pub fn new(conn: &Conn) -> Self {
        Self { reader: ListReader::new(conn), last: RolloutList::default(), failed: None, failures: 0 }
    }

    /// Reads it. What could not be read is as it was seen last, and noted.
    ///
    /// # Errors
    /// When a login or a key is missing.
    pub async fn read(&mut self, now: Now) -> Result<RolloutList, SourceError> {
        let rests = self.failed.as_ref().is_some_and(|(at, error)| {
            let age = match error.class {
                ErrorClass::Denied | ErrorClass::NotEnabled | ErrorClass::Invalid => REFUSED_AGE,
                ErrorClass::Throttled | ErrorClass::OverBudget if self.failures >= BUSY_READS => BUSY_AGE,
                _ => Duration::ZERO,
            };
            now.since_start.saturating_sub(*at) < age
        });
        if !rests {
            match self.reader.read(now).await {
                Ok(list) => (self.last, self.failed, self.failures) = (list, None, 0),
                Err(error) if error.class.parks() => return Err(error),
                Err(error) => {
                    self.failed = Some((now.since_start, error));
                    self.failures += 1;
                }
            }
        }
        let mut list = self.last.clone();
        if let Some((_, error)) = &self.failed {
            list.notes.insert(0, format!("ECS: {}", error.short()));
            list.ecs_unread = Some(error.clone());
        }
        Ok(list)
    }

    /// Asks at the next read, however long ago it failed.
    pub fn ask_again(&mut self) {
        (self.failed, self.failures) = (None, 0);
    }

    /// Rules and target groups that owners of services move, as the last sweep told, or why there was none.
    pub fn claimed(&self) -> Result<Arc<Claims>, Unread> {
        self.reader.claimed().ok_or_else(|| {
            let unread = self.failed.as_ref().map(|(_, error)| Unread::of(error));
            unread.unwrap_or_else(|| Unread::passing("ECS is not read yet"))
        })
    }

    /// Whether all services were looked at in the read of this time.
    pub fn swept(&self, now: Now) -> bool {
        self.reader.swept(now)
    }
}
