//! `ListDashboards` and `GetDashboard`: what dashboards there are, and what is in one. Bodies are read here,
//! off the loop. `data.rs` reads their metrics. The only SDK code of this feature.

mod data;

pub use data::DataSource;

use super::model::{DashboardList, Found, Listed, LocalDashboard, Name};
use super::parse::{MAX_BYTES, parse};
use crate::aws::operation::{GET_DASHBOARD, LIST_DASHBOARDS};
use crate::aws::{Conn, SourceError};
use crate::features::{Payload, Query, Source, SourceCtx, internal};
use crate::text::sanitize;
use aws_sdk_cloudwatch::types::DashboardEntry;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Dashboards that are kept.
const MAX_DASHBOARDS: usize = 5_000;
/// Bodies that one answer looks into; each is a call.
const MAX_BODIES: usize = 100;

/// Lists the dashboards of an account.
pub struct ListSource {
    conn: Conn,
    /// What bodies are about, with the time they were written.
    looked_into: BTreeMap<String, (Option<Timestamp>, BTreeSet<String>)>,
}

impl ListSource {
    /// A source over this connection.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone(), looked_into: BTreeMap::new() }
    }

    /// Looks into bodies that are new or were written since.
    async fn look_into(&mut self, list: &mut DashboardList) {
        let mut left = MAX_BODIES;
        for listed in &mut list.dashboards {
            let known = self.looked_into.get(&listed.name).filter(|(at, _)| *at == listed.modified);
            if let Some((_, about)) = known {
                listed.about = Some(about.clone());
                continue;
            }
            if left == 0 || list.unread.is_some() {
                continue;
            }
            left -= 1;
            match body(&self.conn, &listed.name).await {
                Ok(text) => {
                    let read = parse(Name::account(listed.name.clone()), &text);
                    let about = read.map(|dashboard| dashboard.about()).unwrap_or_default();
                    self.looked_into.insert(listed.name.clone(), (listed.modified, about.clone()));
                    listed.about = Some(about);
                }
                Err(error) => list.unread = Some(error.short()),
            }
        }
    }
}

impl Source for ListSource {
    async fn poll(&mut self, query: &Query, _ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let Query::Dashboards(query) = query else {
            return Err(internal("Dashboards", "asked for something else"));
        };
        let mut list = DashboardList::default();
        let mut token: Option<String> = None;
        loop {
            let request = self.conn.cloudwatch().list_dashboards().set_next_token(token.take());
            let page = self.conn.call(&LIST_DASHBOARDS, request.send()).await?;
            list.dashboards.extend(page.dashboard_entries().iter().map(listed));
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
            if list.dashboards.len() >= MAX_DASHBOARDS {
                list.more = true;
                break;
            }
        }
        list.dashboards.sort_by(|a, b| a.name.cmp(&b.name));
        if query.bodies {
            self.look_into(&mut list).await;
        }
        Ok(Payload::Dashboards(list))
    }
}

fn listed(entry: &DashboardEntry) -> Listed {
    Listed {
        name: sanitize(entry.dashboard_name().unwrap_or_default()).into_owned(),
        modified: entry.last_modified().and_then(|at| Timestamp::from_second(at.secs()).ok()),
        bytes: entry.size().and_then(|bytes| u64::try_from(bytes).ok()),
        about: None,
    }
}

/// Reads one dashboard of an account.
pub struct BodySource {
    conn: Conn,
}

impl BodySource {
    /// A source over this connection.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone() }
    }
}

impl Source for BodySource {
    async fn poll(&mut self, query: &Query, _ctx: &SourceCtx) -> Result<Payload, SourceError> {
        let Query::Dashboard(name) = query else {
            return Err(internal("Dashboard", "asked for something else"));
        };
        let text = body(&self.conn, name).await?;
        let name = Name::account(name.clone());
        let dashboard = parse(name.clone(), &text);
        Ok(Payload::Dashboard(Box::new(Found { name, dashboard })))
    }
}

async fn body(conn: &Conn, name: &str) -> Result<String, SourceError> {
    let request = conn.cloudwatch().get_dashboard().dashboard_name(name);
    let answer = conn.call(&GET_DASHBOARD, request.send()).await?;
    Ok(answer.dashboard_body().unwrap_or_default().to_owned())
}

/// Reads dashboards given as files; one that cannot be read says why.
pub async fn read_files(files: &[PathBuf]) -> Vec<LocalDashboard> {
    let mut read: Vec<LocalDashboard> = Vec::new();
    for file in files {
        let stem = file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy();
        let stem = sanitize(&stem).into_owned();
        let mut name = stem.clone();
        for count in 2.. {
            if read.iter().all(|other| other.found.name.name != name) {
                break;
            }
            name = format!("{stem} ({count})");
        }
        let name = Name::file(name);
        let dashboard = match read_file(file).await {
            Ok(text) => parse(name.clone(), &text),
            Err(problem) => Err(problem),
        };
        let path = sanitize(&file.display().to_string()).into_owned();
        let about = dashboard.as_ref().map(super::Dashboard::about).unwrap_or_default();
        read.push(LocalDashboard { path, found: Found { name, dashboard }, about });
    }
    read
}

async fn read_file(file: &Path) -> Result<String, String> {
    let problem = |error: std::io::Error| sanitize(&error.to_string()).into_owned();
    let bytes = tokio::fs::metadata(file).await.map_err(problem)?.len();
    if bytes > MAX_BYTES as u64 {
        return Err(format!("the file has {bytes} bytes; {MAX_BYTES} are read"));
    }
    tokio::fs::read_to_string(file).await.map_err(problem)
}
