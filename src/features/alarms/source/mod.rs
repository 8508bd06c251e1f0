//! `DescribeAlarms`, mute rules, history, and the alarm's own metrics. The only SDK code of this feature.

mod convert;

use super::model::{Alarm, AlarmDetail, AlarmList, AlarmState, DetailQuery, HistoryItem, Silent};
use crate::aws::operation::{
    DESCRIBE_ALARM_HISTORY, DESCRIBE_ALARMS, GET_ALARM_MUTE_RULE, LIST_ALARM_MUTE_RULES,
};
use crate::aws::{Conn, SourceError};
use crate::features::metrics::source::fetch;
use crate::features::{Payload, Query, Source, SourceCtx, internal};
use crate::text::sanitize;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    self as sdk, AlarmMuteRuleStatus, AlarmType, HistoryItemType, ScanBy, StateValue,
};
use convert::{clean_line, composite, log, metric, parse_state, time};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// Alarms that are read at most: AWS allows 5,000 per region by default.
const MAX_ALARMS: usize = 20_000;
/// Up to this many are all read at every poll: three calls.
const FEW: usize = 300;
/// More are all read this often; between, those that are not OK and those that were not.
const ALL_EVERY: Duration = Duration::from_mins(5);
/// Names that one call takes.
const NAMES: usize = 100;
/// Mute rules are asked for this often.
const MUTES_EVERY: Duration = Duration::from_mins(5);
/// Mute rules that are looked into at most.
const MAX_MUTE_RULES: usize = 50;
/// History entries that are read.
const HISTORY: i32 = 100;

/// Reads all alarms of a target.
pub struct ListSource {
    conn: Conn,
    mutes: Mutes,
    /// The alarms as they were told last, by name.
    last: Vec<Arc<Alarm>>,
    /// When all of them were read.
    all_at: Option<Duration>,
    /// How often somebody had asked for all anew by then.
    refreshes: u32,
}

/// Which alarms one reading is about.
#[derive(Clone, Copy)]
enum Which<'a> {
    All,
    In(&'a StateValue),
    Named(&'a [String]),
}

#[derive(Default)]
struct Mutes {
    read_at: Option<Duration>,
    /// Alarm name -> rule name.
    by_alarm: BTreeMap<String, String>,
    unknown: Option<String>,
}

impl ListSource {
    /// A source over this connection.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone(), mutes: Mutes::default(), last: Vec::new(), all_at: None, refreshes: 0 }
    }

    async fn read(&self, which: Which<'_>) -> Result<Vec<Alarm>, SourceError> {
        let mut alarms = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let request = self
                .conn
                .cloudwatch()
                .describe_alarms()
                // Left out, only metric alarms come back.
                .alarm_types(AlarmType::MetricAlarm)
                .alarm_types(AlarmType::CompositeAlarm)
                .alarm_types(AlarmType::from("LogAlarm"))
                .max_records(100)
                .set_next_token(token.take());
            let request = match which {
                Which::All => request,
                Which::In(state) => request.state_value(state.clone()),
                Which::Named(names) => request.set_alarm_names(Some(names.to_vec())),
            };
            let page = self.conn.call(&DESCRIBE_ALARMS, request.send()).await?;
            alarms.extend(page.metric_alarms().iter().map(metric));
            alarms.extend(page.composite_alarms().iter().map(composite));
            alarms.extend(page.log_alarms().iter().map(log));
            token = page.next_token().map(str::to_owned);
            if token.is_none() || alarms.len() >= MAX_ALARMS {
                break;
            }
        }
        for alarm in &mut alarms {
            if let Some(rule) = self.mutes.by_alarm.get(&alarm.name) {
                alarm.silent = Some(Silent::Muted(rule.clone()));
            }
        }
        Ok(alarms)
    }

    /// Those that may have changed their state, and the names they stand for: what is not OK now, and by its
    /// name what was not and is no longer among them.
    async fn changed(&self) -> Result<(Vec<Alarm>, HashSet<String>), SourceError> {
        let mut alarms = self.read(Which::In(&StateValue::Alarm)).await?;
        alarms.extend(self.read(Which::In(&StateValue::InsufficientData)).await?);
        let mut names: HashSet<String> = alarms.iter().map(|alarm| alarm.name.clone()).collect();
        let was = self.last.iter().filter(|alarm| alarm.state != AlarmState::Ok);
        let gone = was.filter(|alarm| !names.contains(&alarm.name)).map(|alarm| alarm.name.clone());
        let gone: Vec<String> = gone.collect();
        for names in gone.chunks(NAMES) {
            alarms.extend(self.read(Which::Named(names)).await?);
        }
        names.extend(gone);
        Ok((alarms, names))
    }

    /// Mute rules say nothing about their targets in lists: each active one is asked for.
    async fn read_mutes(&mut self, now: Duration) {
        if self.mutes.read_at.is_some_and(|at| now.saturating_sub(at) < MUTES_EVERY) {
            return;
        }
        self.mutes.read_at = Some(now);
        match self.active_mutes().await {
            Ok(by_alarm) => self.mutes = Mutes { read_at: Some(now), by_alarm, unknown: None },
            Err(error) => self.mutes.unknown = Some(error.short()),
        }
    }

    async fn active_mutes(&self) -> Result<BTreeMap<String, String>, SourceError> {
        let request = self.conn.cloudwatch().list_alarm_mute_rules().statuses(AlarmMuteRuleStatus::Active);
        let rules = self.conn.call(&LIST_ALARM_MUTE_RULES, request.send()).await?;
        let mut by_alarm = BTreeMap::new();
        for rule in rules.alarm_mute_rule_summaries().iter().take(MAX_MUTE_RULES) {
            // A summary names its rule by ARN: arn:..:alarm-mute-rule:NAME.
            let name = rule.alarm_mute_rule_arn().and_then(|arn| arn.rsplit([':', '/']).next());
            let Some(name) = name else { continue };
            let request = self.conn.cloudwatch().get_alarm_mute_rule().alarm_mute_rule_name(name);
            let rule = self.conn.call(&GET_ALARM_MUTE_RULE, request.send()).await?;
            for alarm in rule.mute_targets().map(sdk::MuteTargets::alarm_names).unwrap_or_default() {
                by_alarm.insert(sanitize(alarm).into_owned(), sanitize(name).into_owned());
            }
        }
        Ok(by_alarm)
    }
}

impl Source for ListSource {
    async fn poll(&mut self, _query: &Query, ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let now = ctx.now.since_start;
        let due = self.all_at.is_none_or(|at| now.saturating_sub(at) >= ALL_EVERY)
            || ctx.refreshes > self.refreshes;
        let (alarms, replaced) = if self.last.len() <= FEW || due {
            self.read_mutes(now).await;
            let alarms = self.read(Which::All).await?;
            (self.all_at, self.refreshes) = (Some(now), self.refreshes.max(ctx.refreshes));
            (alarms, None)
        } else {
            let (alarms, names) = self.changed().await?;
            (alarms, Some(names))
        };
        let last = std::mem::take(&mut self.last);
        let known = |alarm: &Alarm| {
            let place = last.binary_search_by(|known| known.name.cmp(&alarm.name)).ok();
            place.and_then(|place| last.get(place)).filter(|known| known.as_ref() == alarm).cloned()
        };
        let mut told: Vec<Arc<Alarm>> =
            alarms.into_iter().map(|alarm| known(&alarm).unwrap_or_else(|| Arc::new(alarm))).collect();
        if let Some(replaced) = replaced {
            told.extend(last.into_iter().filter(|alarm| !replaced.contains(&alarm.name)));
        }
        told.sort_by(|a, b| a.name.cmp(&b.name));
        told.dedup_by(|a, b| a.name == b.name);
        self.last = told;
        Ok(Payload::Alarms(AlarmList::new(self.last.clone(), self.mutes.unknown.clone())))
    }
}

/// Reads what stands behind one alarm.
pub struct DetailSource {
    conn: Conn,
}

impl DetailSource {
    /// A source over this connection.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone() }
    }

    async fn history(&self, query: &DetailQuery, now: Timestamp) -> Result<Vec<HistoryItem>, SourceError> {
        let request = self
            .conn
            .cloudwatch()
            .describe_alarm_history()
            .alarm_name(&query.name)
            .set_alarm_types(Some(vec![
                AlarmType::MetricAlarm,
                AlarmType::CompositeAlarm,
                AlarmType::from("LogAlarm"),
            ]))
            .end_date(DateTime::from_secs(now.as_second()))
            .scan_by(ScanBy::TimestampDescending)
            .max_records(HISTORY);
        let page = self.conn.call(&DESCRIBE_ALARM_HISTORY, request.send()).await?;
        Ok(page
            .alarm_history_items()
            .iter()
            .filter_map(|item| {
                Some(HistoryItem {
                    at: time(item.timestamp()?)?,
                    kind: clean_line(item.history_item_type().map_or("", HistoryItemType::as_str)),
                    summary: sanitize(item.history_summary().unwrap_or_default()).into_owned(),
                })
            })
            .collect())
    }

    async fn children(&self, query: &DetailQuery) -> Result<Vec<(String, AlarmState)>, SourceError> {
        let request = self
            .conn
            .cloudwatch()
            .describe_alarms()
            // Beside it AWS takes only MaxRecords and NextToken.
            .children_of_alarm_name(&query.name);
        let page = self.conn.call(&DESCRIBE_ALARMS, request.send()).await?;
        let metric = page.metric_alarms().iter().map(|a| (a.alarm_name(), a.state_value()));
        let composite = page.composite_alarms().iter().map(|a| (a.alarm_name(), a.state_value()));
        let all = metric.chain(composite);
        Ok(all
            .map(|(name, state)| (sanitize(name.unwrap_or_default()).into_owned(), parse_state(state)))
            .collect())
    }
}

impl Source for DetailSource {
    async fn poll(&mut self, query: &Query, ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let Query::AlarmDetail(query) = query else {
            return Err(internal("AlarmDetail", "asked for something else"));
        };
        let mut detail = AlarmDetail {
            name: query.name.clone(),
            series: Vec::new(),
            history: Vec::new(),
            children: Vec::new(),
            missing: Vec::new(),
        };
        // Each part may be denied alone: what can be read is shown, the rest is named.
        let mut first_error = None;
        let mut parts = 0;
        if !query.metrics.is_empty() {
            parts += 1;
            match fetch(&self.conn, &query.metrics, query.window.range(ctx.now.wall)).await {
                Ok(series) => detail.series = series,
                Err(error) => note(&mut detail.missing, &mut first_error, "metrics", error),
            }
        }
        parts += 1;
        match self.history(query, ctx.now.wall).await {
            Ok(history) => detail.history = history,
            Err(error) => note(&mut detail.missing, &mut first_error, "history", error),
        }
        if query.children {
            parts += 1;
            match self.children(query).await {
                Ok(children) => detail.children = children,
                Err(error) => note(&mut detail.missing, &mut first_error, "children", error),
            }
        }
        match first_error {
            Some(error) if detail.missing.len() == parts => Err(error),
            _ => Ok(Payload::AlarmDetail(detail)),
        }
    }
}

fn note(missing: &mut Vec<String>, first: &mut Option<SourceError>, part: &str, error: SourceError) {
    missing.push(format!("{part}: {}", error.short()));
    first.get_or_insert(error);
}
