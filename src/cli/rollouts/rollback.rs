//! `eyewall rollback NAME`: the console's rollback for scripts. The same plan, the same dialog to confirm it, the
//! same sending, watch and journal.
//!
//! Nothing is sent without `--confirm` or the name typed at the prompt. The exit code says how it ended: 0 done, 3
//! nothing sent, 4 failed, 5 unknown, 6 superseded. What was sent is never sent again, and no signal calls it back.

use super::say::Say;
use super::sites::Sites;
use super::{block_on, prompt, told};
use crate::aws::{ErrorClass, SourceError, TargetId};
use crate::cli::args::Rollback;
use crate::cli::out::Out;
use crate::cli::session::Setup;
use crate::cli::{Failure, shell};
use crate::features::rollouts::mechanism::ecs::Wanted;
use crate::features::rollouts::plan::Circumstances;
use crate::features::rollouts::report::{self, json};
use crate::features::rollouts::rollback::{Dialog, Input, Reply};
use crate::features::rollouts::watch::{Ending, Watch};
use crate::features::rollouts::wire::ShiftRef;
use crate::features::rollouts::{Plan, RolloutName, SendResult, find, op};
use serde_json::json;
use std::time::Duration;

/// The deployment is read for the first time so long after sending.
const FIRST: Duration = Duration::from_secs(1);
/// And again this often.
const CADENCE: Duration = Duration::from_secs(5);
/// How often the plan is read before its error counts, where trying again may help.
const ATTEMPTS: u64 = 3;

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Planned,
    Done,
    NothingSent,
    Failed,
    Unknown,
    Superseded,
}

impl Outcome {
    fn code(self) -> u8 {
        match self {
            Self::Planned | Self::Done => 0,
            Self::NothingSent => 3,
            Self::Failed => 4,
            Self::Unknown => 5,
            Self::Superseded => 6,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Planned => "PLANNED",
            Self::Done => "DONE",
            Self::NothingSent => "NOTHING_SENT",
            Self::Failed => "FAILED",
            Self::Unknown => "UNKNOWN",
            Self::Superseded => "SUPERSEDED",
        }
    }
}

/// How it ended, and why.
struct End {
    outcome: Outcome,
    why: Vec<String>,
    /// It stands on standard output already, as the last line of the watch.
    told: bool,
}

impl End {
    fn nothing_sent(why: impl Into<String>) -> Self {
        Self { outcome: Outcome::NothingSent, why: vec![why.into()], told: false }
    }
}

/// Plans, asks, sends, watches.
///
/// # Errors
/// A name or a side that is none or several; each end but done, with its exit code.
pub fn run(setup: &Setup, args: &Rollback, out: &mut Out) -> Result<(), Failure> {
    let mut say = Say::new(setup, args.json, out);
    block_on(setup, async {
        let mut sites = Sites::open(setup, setup.running_clock()).await?;
        let end = Box::pin(carry_out(setup, args, &mut sites, &mut say)).await?;
        if !end.told {
            if end.outcome == Outcome::NothingSent {
                say.problem("nothing was sent");
            }
            end.why.iter().for_each(|why| say.problem(why));
        }
        let rest = json!({
            "outcome": end.outcome.name(),
            "exitCode": end.outcome.code(),
            "why": end.why,
        });
        say.value(&json::document("end", sites.clock.wall(), rest))?;
        match end.outcome.code() {
            0 => Ok(()),
            code => Err(Failure::Ended(code)),
        }
    })
}

async fn carry_out(
    setup: &Setup,
    args: &Rollback,
    sites: &mut Sites,
    say: &mut Say<'_>,
) -> Result<End, Failure> {
    sites.read_lists(Some(&args.name)).await;
    sites.settle_open(say).await;
    let unread = sites.say_missing(say);
    let Some((target, name)) = sites.find(&args.name)? else {
        return Ok(End::nothing_sent(format!("{} was not found in what could be read", args.name)));
    };
    if unread {
        let why =
            format!("{} may also be in a target that could not be read: pass --target {target}", args.name);
        return Ok(End::nothing_sent(why));
    }
    let list = sites.site(&target).and_then(|site| site.list.as_ref().ok());
    let mut shift = match list.map(|list| find::to_undo(list, &name)) {
        Some(Ok(shift)) => shift,
        Some(Err(why)) => return Ok(End::nothing_sent(why)),
        None => return Ok(End::nothing_sent("its deployments could not be read")),
    };
    let known = list.and_then(|list| list.shift_of(&name)).filter(|_| shift.again.is_none());
    match (&args.to, known) {
        (Some(to), Some(known)) => {
            find::side(to, known).map_err(|sides| Failure::Usage(format!("--to {to}: {sides}")))?;
        }
        (None, Some(known)) => find::undecided(known).map_or(Ok(()), |why| Err(Failure::Usage(why)))?,
        _ => {}
    }
    sites.told.clone_from(&args.to);
    if let Some(watch) = sites.rollbacks.flights.in_flight(&target, &name) {
        return Ok(End::nothing_sent(format!("one is in flight already: {}", watch.line(say.zone()))));
    }
    let mut plan = match read_plan(sites, &target, &shift).await {
        Ok(plan) => plan,
        Err(error) => return Ok(End::nothing_sent(told(&error))),
    };
    // After that read: which group is the old one, the list may not know.
    if shift.again.is_none() {
        sites.compare(Some(&shift.deployment)).await;
    }
    if let (Some(to), Some(again)) = (&args.to, &plan.again) {
        let wanted = find::earlier(to, again);
        let wanted = wanted.map_err(|there| Failure::Usage(format!("--to {to}: {there}")))?;
        if wanted != again.wanted() && wanted != Wanted::Before {
            shift.again = Some(wanted);
            plan = match read_plan(sites, &target, &shift).await {
                Ok(plan) => plan,
                Err(error) => return Ok(End::nothing_sent(told(&error))),
            };
        }
    }
    let compared = sites.compared(&target, &shift.deployment);
    let shown = Some(&compared).filter(|_| shift.again.is_none());
    say.lines(&report::plan(&plan, shown, sites.clock.wall(), setup.theme.glyphs()))?;
    let document = json!({ "plan": json::plan(&plan, &compared) });
    say.value(&json::document("plan", sites.clock.wall(), document))?;
    if let (None, Some(again)) = (&args.to, &plan.again)
        && let Some(why) = &again.unasked
    {
        return Ok(End::nothing_sent(if again.choices.is_empty() {
            format!("{why}, and no other revision that ran to its end is known")
        } else {
            format!("{why}: --to says which revision to deploy again")
        }));
    }
    if plan.refused() {
        let why = plan.refusals().map(str::to_owned).collect();
        return Ok(End { outcome: Outcome::NothingSent, why, told: false });
    }
    if args.dry_run {
        say.lines(&["a dry run: nothing was sent".to_owned()])?;
        return Ok(End { outcome: Outcome::Planned, why: vec!["a dry run".to_owned()], told: true });
    }
    let confirmed = match &args.confirm {
        Some(word) => confirm(plan, word),
        None if prompt::possible(say) => {
            Box::pin(prompt::ask(plan, shown, &shift, setup.theme.glyphs(), sites, say)).await?
        }
        None => Err(vec![format!("pass --confirm {} to send it", plan.place.word)]),
    };
    match confirmed {
        Ok(plan) => Box::pin(send(*plan, args, sites, say)).await,
        Err(why) => Ok(End { outcome: Outcome::NothingSent, why, told: false }),
    }
}

/// The plan as it is now.
pub(super) async fn read_plan(
    sites: &mut Sites,
    target: &TargetId,
    shift: &ShiftRef,
) -> Result<Plan, SourceError> {
    let mut attempt = 1;
    let (shift, reads) = loop {
        match sites.read_one(target, shift, true).await {
            Ok((shift, _)) if shift.owner.may_show() && attempt < ATTEMPTS => {}
            Ok(read) => break read,
            Err(error) if error.class == ErrorClass::Throttled && attempt < ATTEMPTS => {}
            Err(error) => return Err(error),
        }
        tokio::time::sleep(Duration::from_secs(attempt)).await;
        attempt += 1;
    };
    let site = sites.site(target);
    let nobody = || SourceError::new(ErrorClass::NotAws, "sts:GetCallerIdentity", "not asked");
    let place = Circumstances {
        target: target.clone(),
        region: site.and_then(|site| site.conn.region()).unwrap_or_default(),
        production: site.is_some_and(|site| site.conn.spec().production),
        caller: reads.caller.unwrap_or_else(|| Err(nobody())),
        no_writes: reads.no_writes,
        word: find::word(&shift.name, target, sites.lists()),
    };
    Ok(Plan::new(&shift, place, sites.clock.wall()))
}

/// Types the name into the dialog, as a person would: it alone says whether that sends anything.
fn confirm(plan: Plan, word: &str) -> Result<Box<Plan>, Vec<String>> {
    let mut dialog = Dialog::open(plan.place.target.clone(), plan.name.clone());
    let expected = plan.place.word.clone();
    dialog.plan_read(plan);
    dialog.set_drawn(true);
    for c in word.chars() {
        dialog.input(Input::Char(c));
    }
    match dialog.input(Input::Enter) {
        Reply::Send(plan) => Ok(plan),
        Reply::AskCode => Err(vec!["an MFA code is needed, and only the console asks for one".to_owned()]),
        _ if word != expected => Err(vec![format!("--confirm {word} is not the name: it is {expected}")]),
        _ => Err(dialog.notices()),
    }
}

async fn send(plan: Plan, args: &Rollback, sites: &mut Sites, say: &mut Say<'_>) -> Result<End, Failure> {
    let Some(conn) = sites.site(&plan.place.target).map(|site| site.conn.clone()) else {
        return Ok(End::nothing_sent(format!("target {} is gone", plan.place.target)));
    };
    let (clock, operation) = (sites.clock, plan.call.operation());
    say.at(clock.wall(), &format!("reading once more, then {operation}"))?;
    let sending = Box::pin(op::send(&plan, &conn, &sites.journal, || clock.wall()));
    let (result, stopped) = uninterrupted(sending, say).await;
    let Some(result) = result else {
        let why = "it may have been sent: the next start of eyewall says how it ended";
        return Ok(End { outcome: Outcome::Unknown, why: vec![why.to_owned()], told: false });
    };
    let (target, name) = (plan.place.target.clone(), plan.name.clone());
    match &result {
        SendResult::Sent { .. } | SendResult::Lost { .. } => {
            sites.rollbacks.answered(plan, result);
            watch(&target, &name, args, sites, stopped, say).await
        }
        _ => Ok(unsent(&plan, result)),
    }
}

/// Waits for the answer of a sending, whatever signals come, and says whether one came. Whoever insists with a
/// second one gets no answer: the journal knows that it may have been sent.
async fn uninterrupted(
    mut sending: impl Future<Output = SendResult> + Unpin,
    say: &mut Say<'_>,
) -> (Option<SendResult>, bool) {
    // Heard before it is sent, so that no signal can end the program between sending and telling.
    let interrupted = shell::interrupted();
    tokio::select! {
        biased;
        result = &mut sending => return (Some(result), false),
        () = interrupted => {}
    }
    say.problem("it is on its way and cannot be called back: waiting for AWS's answer");
    tokio::select! {
        biased;
        result = &mut sending => (Some(result), true),
        () = shell::interrupted() => (None, true),
    }
}

/// What to say when AWS did not take it.
fn unsent(plan: &Plan, result: SendResult) -> End {
    let mut end = End { outcome: Outcome::NothingSent, why: Vec::new(), told: false };
    match result {
        SendResult::Changed(newer) => {
            end.why.push("the plan no longer holds".to_owned());
            end.why.extend(plan.diff(&newer).iter().map(ToString::to_string));
            end.why.extend(newer.refusals().map(str::to_owned));
        }
        SendResult::Beaten { newer, error } => {
            end.outcome = Outcome::Failed;
            end.why.push(format!("AWS refused it, somebody was faster: {}", told(&error)));
            end.why.extend(plan.diff(&newer).iter().map(ToString::to_string));
        }
        SendResult::Unread(error) => {
            end.why.push(format!("the last read before sending failed: {}", told(&error)));
        }
        SendResult::Rejected(error) => {
            if !error.unsent {
                end.outcome = Outcome::Failed;
                end.why.push("AWS refused it: nothing changed".to_owned());
            }
            end.why.push(told(&error));
            if error.class == ErrorClass::Denied {
                end.why.push(format!("missing: {}", error.operation));
                end.why.extend(plan.command().map(|command| format!("for someone who may: {command}")));
            }
        }
        SendResult::Sent { .. } | SendResult::Lost { .. } => {}
    }
    end
}

/// Tells how it goes until it is known how it ended, a line for each change.
async fn watch(
    target: &TargetId,
    name: &RolloutName,
    args: &Rollback,
    sites: &mut Sites,
    stopped: bool,
    say: &mut Say<'_>,
) -> Result<End, Failure> {
    let mut interrupted = Box::pin(shell::interrupted());
    let clock = sites.clock;
    let until = args.timeout.map(|timeout| clock.since_start() + timeout);
    let (mut last, mut next) = (String::new(), FIRST);
    loop {
        let flight = sites.rollbacks.flights.iter().find(|it| it.name() == name && it.target() == target);
        let Some(watch) = flight.cloned() else {
            return Ok(End { outcome: Outcome::Unknown, why: Vec::new(), told: false });
        };
        let line = watch.line(say.zone());
        if line != last {
            tell(&watch, &line, sites, say)?;
            last.clone_from(&line);
        }
        if let Some(ended) = &watch.ended {
            let outcome = match ended.ending {
                Ending::Done => Outcome::Done,
                Ending::Superseded => Outcome::Superseded,
                Ending::Failed => Outcome::Failed,
                Ending::Unknown => Outcome::Unknown,
            };
            return Ok(End { outcome, why: vec![ended.why.clone()], told: true });
        }
        let left = until.map(|until| until.saturating_sub(clock.since_start()));
        let why = tokio::select! {
            biased;
            () = std::future::ready(()), if stopped => Some("stopped"),
            () = &mut interrupted => Some("stopped"),
            () = timer(left) => Some("timed out"),
            () = sites.wait(next) => None,
        };
        next = CADENCE;
        if let Some(why) = why {
            let id = watch.request_id.as_deref().map(|id| format!(", request id {id}")).unwrap_or_default();
            let sent = format!("{why}: it was sent {}{id}", say.zone().second(watch.sent_at));
            let follow = format!("AWS carries on; `eyewall rollouts watch {}` follows it", name.full());
            return Ok(End { outcome: Outcome::Unknown, why: vec![sent, follow], told: false });
        }
        let shifts = sites.watched(target);
        sites.follow(target, shifts, say).await;
    }
}

fn tell(watch: &Watch, line: &str, sites: &Sites, say: &mut Say) -> Result<(), Failure> {
    let at = sites.clock.wall();
    say.at(at, line)?;
    let (status, weight) = watch.seen.clone().unzip();
    let rest = json!({
        "sentAt": watch.sent_at.to_string(),
        "requestId": watch.request_id,
        "answerLost": watch.lost.is_some(),
        "status": status,
        "weight": weight.flatten(),
        "error": watch.problem.as_ref().map(json::error),
        "text": line,
    });
    say.value(&json::document("step", at, rest))
}

/// Ends after this long; never without an end.
async fn timer(left: Option<Duration>) {
    match left {
        Some(left) => tokio::time::sleep(left).await,
        None => std::future::pending().await,
    }
}
