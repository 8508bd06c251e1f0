//! The only SDK code of rollouts: the list of what shifts, exact reads for a rollback, what an opened one has
//! beside them, and the one call that undoes it.
//!
//! Each mechanism has its own folder or file; here they are put together.

mod alb;
mod autopsy;
mod codedeploy;
mod detail;
pub(super) mod ecs;
mod lambda;
mod metrics;
#[cfg(test)]
mod tests;

pub use detail::DetailSource;
pub use metrics::{VerdictsSource, read as compare};

use super::mechanism::Call;
use super::model::{Owner, Rollout, RolloutName};
use super::plan::{Caller, Plan};
use super::wire::{MAX_RECENT, RolloutList, RolloutsQuery, ShiftRef, Shifts, ShiftsQuery};
use crate::app::Now;
use crate::aws::{Conn, ErrorClass, SourceError, identity};
use crate::features::{Payload, Query, Source, SourceCtx, internal};
use aws_sdk_elasticloadbalancingv2::types::Action;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// How old the load balancer's answers may be in the list.
const BALANCER_AGE: SignedDuration = SignedDuration::from_secs(9);
/// Ended shifts are shown this long.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Ended shifts that each mechanism keeps: one more than the list shows of all, so that a cut is seen.
const KEPT: usize = MAX_RECENT + 1;

/// All services and the shifts among them.
pub struct ListSource {
    ecs: ecs::KeptReader,
    lambda: lambda::ListReader,
    alb: alb::ListReader,
    codedeploy: codedeploy::ListReader,
    /// It was asked before.
    asked: bool,
}

impl ListSource {
    /// A source for one target.
    pub fn new(conn: &Conn) -> Self {
        Self {
            ecs: ecs::KeptReader::new(conn),
            lambda: lambda::ListReader::new(conn),
            alb: alb::ListReader::new(conn),
            codedeploy: codedeploy::ListReader::new(conn),
            asked: false,
        }
    }

    /// Reads the list.
    ///
    /// # Errors
    /// When a login or a key is missing, or no mechanism told anything. What cannot be read of one beside others
    /// becomes a note.
    pub async fn read(&mut self, query: &RolloutsQuery, now: Now) -> Result<RolloutList, SourceError> {
        Box::pin(self.read_some(query, true, now)).await
    }

    /// The same; where it need not be whole, without aliases, which is said, and what ended by its own names.
    async fn read_some(
        &mut self,
        query: &RolloutsQuery,
        whole: bool,
        now: Now,
    ) -> Result<RolloutList, SourceError> {
        let lambda = async {
            if whole { self.lambda.read(&query.functions, now).await } else { Ok(Default::default()) }
        };
        // None waits for another: each has a limiter of its own.
        let (list, read, deployments) =
            tokio::join!(self.ecs.read(now), lambda, self.codedeploy.read(whole, now));
        let mut list = list?;
        list.forwards = query.forwards.clone();
        if !whole {
            list.pending.push("Lambda aliases".to_owned());
        }
        let (mut aliases, notes) = read?;
        list.notes.extend(notes);
        let (deployments, notes) = deployments?;
        list.notes.extend(notes);
        // What CodeDeploy moves is listed once, as CodeDeploy's.
        aliases.retain(|alias| !deployments.iter().any(|it| moves(it, alias)));
        list.shifts.extend(aliases);
        list.shifts.extend(deployments);
        // The same of rules that a deployment moves.
        let listed = (list.shifts.as_slice(), self.ecs.swept(now));
        let (splits, notes) = self.alb.read(query, &self.ecs.claimed(), listed, now).await?;
        list.notes.extend(notes);
        list.shifts.extend(splits);
        if let Some(error) = &list.ecs_unread
            && !(self.lambda.told() || self.codedeploy.told() || self.alb.told())
        {
            // Who asks waits then: the next time ECS is asked at once.
            self.ecs.ask_again();
            return Err(error.clone());
        }
        let (aliases, deployments) = (self.lambda.ended(), self.codedeploy.ended());
        let moving = list.shifts.iter().filter(|it| it.mechanism.codedeploy().is_some());
        let known = |alias: &&Rollout| moving.clone().chain(deployments).any(|it| moves(it, alias));
        let aliases: Vec<Rollout> = aliases.iter().filter(|alias| !known(alias)).cloned().collect();
        let others: Vec<&Rollout> = aliases.iter().chain(deployments).chain(self.alb.ended()).collect();
        newest(&mut list, &others);
        Ok(list)
    }
}

/// What ended of ECS together with what ended of the others, newest first and no more than the list shows.
fn newest(list: &mut RolloutList, others: &[&Rollout]) {
    if others.is_empty() && list.recent.len() <= MAX_RECENT {
        return;
    }
    let mut all: Vec<Rollout> = list.recent.iter().chain(others.iter().copied()).cloned().collect();
    all.sort_by_key(|shift| std::cmp::Reverse(shift.finished_at));
    if all.len() > MAX_RECENT {
        all.truncate(MAX_RECENT);
        list.notes.push(format!("of those that ended within a day only the newest {MAX_RECENT} are kept"));
    }
    list.recent = Arc::new(all);
}

/// Whether a deployment is what moves an alias.
fn moves(deployment: &Rollout, alias: &Rollout) -> bool {
    let owns = |owner: &Owner| matches!(owner, Owner::Deployment(id) if *id == deployment.deployment);
    *deployment.thing() == alias.name || owns(&alias.owner)
}

/// Exact reads of one shift, whatever moves it.
pub(super) struct Readers {
    ecs: ecs::Reader,
    lambda: lambda::Reader,
    alb: alb::Reader,
    codedeploy: codedeploy::Reader,
}

impl Readers {
    /// Readers that remember nothing but what never changes.
    pub(super) fn new(conn: &Conn) -> Self {
        Self {
            ecs: ecs::Reader::new(conn, SignedDuration::ZERO),
            lambda: lambda::Reader::new(conn),
            alb: alb::Reader::new(conn),
            codedeploy: codedeploy::Reader::new(conn, SignedDuration::ZERO),
        }
    }

    /// The same for the last read before a call, which must be quick.
    pub(super) fn again(conn: &Conn) -> Self {
        Self { alb: alb::Reader::again(conn), ..Self::new(conn) }
    }

    /// One shift, read whole. `told` are names of the side that traffic goes back to, where AWS does not know it.
    ///
    /// # Errors
    /// Also when it is no longer there.
    pub(super) async fn shift(
        &mut self,
        asked: &ShiftRef,
        told: &[String],
        now: Timestamp,
    ) -> Result<Rollout, SourceError> {
        match (&asked.name, &asked.again) {
            (RolloutName::Ecs { cluster, service }, None) => {
                self.ecs.shift((cluster, service), &asked.deployment, now).await
            }
            (RolloutName::Ecs { cluster, service }, Some(wanted)) => {
                self.ecs.again((cluster, service), &asked.deployment, wanted, now).await
            }
            (RolloutName::Lambda { function, alias }, _) => self.lambda.alias(function, alias, now).await,
            (RolloutName::Alb { .. }, _) => self.alb.split(&asked.name, &asked.deployment, told, now).await,
            (RolloutName::CodeDeploy { .. }, _) => self.codedeploy.shift(&asked.deployment, now).await,
        }
    }
}

/// What was read right before a call that AWS does not guard itself: of load balancers the actions to write.
pub(super) struct Look(Vec<Action>);

/// Looks once more, right before the call, at what AWS does not guard. `None` when that is not as it was confirmed.
///
/// # Errors
/// When it cannot be read.
pub(super) async fn look(plan: &Plan, conn: &Conn) -> Result<Option<Look>, SourceError> {
    match &plan.call {
        Call::Ecs(call) => Ok(ecs::look(call, &plan.guard, conn).await?.then(|| Look(Vec::new()))),
        Call::Lambda(_) | Call::CodeDeploy(_) => Ok(Some(Look(Vec::new()))),
        Call::Alb(call) => Ok(alb::look(call, conn).await?.map(Look)),
    }
}

/// Makes the one call that undoes a shift, on a connection for writes, and gives its request id.
///
/// # Errors
/// AWS's refusal, that no good answer came, or that it never left.
pub(super) async fn undo(call: &Call, look: Look, conn: &Conn) -> Result<Option<String>, SourceError> {
    match call {
        Call::Ecs(call) => ecs::undo(call, conn).await,
        Call::Lambda(call) => lambda::undo(call, conn).await,
        Call::Alb(call) => alb::undo(call, look.0, conn).await,
        Call::CodeDeploy(call) => codedeploy::undo(call, conn).await,
    }
}

/// Whether AWS may have refused because somebody else was faster: then a read shows the difference.
pub(super) fn lost_race(call: &Call, error: &SourceError) -> bool {
    match call {
        Call::Ecs(_) => error.code.as_deref().is_some_and(|code| ecs::REFUSALS.contains(&code)),
        Call::Alb(_) => false,
        Call::Lambda(_) => error.code.as_deref() == Some("PreconditionFailedException"),
        Call::CodeDeploy(_) => error.code.as_deref() == Some(codedeploy::ALREADY_OVER),
    }
}

/// Exact reads of a few deployments, nothing remembered but what never changes.
pub struct ShiftsSource {
    conn: Conn,
    readers: Readers,
}

impl ShiftsSource {
    /// A source for one target.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone(), readers: Readers::new(conn) }
    }

    /// Reads them.
    ///
    /// # Errors
    /// For a reason that a login or a key cures, or when nothing could be read for one that passes. What
    /// would make a poller wait long (denied, refused) stays with its shift: a rollback is being watched.
    pub async fn read(&mut self, query: &ShiftsQuery, now: Now) -> Result<Shifts, SourceError> {
        let (mut shifts, mut failed) = (Vec::new(), Vec::new());
        for asked in &query.shifts {
            match Box::pin(self.readers.shift(asked, &query.stable, now.wall)).await {
                Ok(shift) => shifts.push(shift),
                Err(error) if error.class.parks() => return Err(error),
                Err(error) => failed.push((asked.clone(), error)),
            }
        }
        let passes =
            |class| !matches!(class, ErrorClass::Denied | ErrorClass::NotEnabled | ErrorClass::Invalid);
        if shifts.is_empty()
            && let Some((_, error)) = failed.iter().find(|(_, error)| passes(error.class))
        {
            return Err(error.clone());
        }
        let (caller, no_writes) = if query.caller {
            let (caller, no_writes) = Box::pin(read_caller(&self.conn)).await;
            (Some(caller), no_writes)
        } else {
            (None, self.conn.writes_refused())
        };
        Ok(Shifts { shifts, failed, caller, no_writes })
    }
}

/// Who would be calling, with the credentials for writes where the target has its own, and why it takes no
/// writes. Never from memory: credentials that ended since must show.
pub(super) async fn read_caller(conn: &Conn) -> (Result<Caller, SourceError>, Option<String>) {
    let (conn, no_writes) = match conn.for_writes().await {
        Ok(writer) => (writer, None),
        // A target that takes no writes still says who is looking.
        Err(error) => (conn.clone(), Some(error.message)),
    };
    let caller = identity(&conn).await.map(|identity| Caller {
        account: identity.account,
        region: identity.region,
        arn: identity.arn,
        short: identity.user_short,
        expires_at: identity.expires_at,
    });
    (caller, no_writes)
}

impl Source for ListSource {
    async fn poll(&mut self, query: &Query, ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let Query::Rollouts(query) = query else {
            return Err(internal("rollouts", "not asked for the list"));
        };
        // Many aliases take many seconds, at the pace at which Lambda and CodeDeploy may be asked: what else
        // shifts is not kept waiting for them.
        let asked_before = std::mem::replace(&mut self.asked, true);
        Box::pin(self.read_some(query, asked_before, ctx.now)).await.map(Payload::Rollouts)
    }
}

impl Source for ShiftsSource {
    async fn poll(&mut self, query: &Query, ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let Query::Shifts(query) = query else { return Err(internal("rollouts", "not asked for shifts")) };
        self.read(query, ctx.now).await.map(Payload::Shifts)
    }
}
