//! Reads the stopped tasks of one side of an opened shift and their last log lines.
//!
//! Two calls a time: `ListTasks` and `DescribeTasks`. A dead task's lines are read once they cannot become
//! more, and a task definition once.

use super::super::autopsy::{Autopsy, LastLine, StoppedContainer, StoppedTask};
use super::super::model::arn_tail;
use super::ecs;
use crate::aws::operation::{DESCRIBE_TASK_DEFINITION, DESCRIBE_TASKS, FILTER_LOG_EVENTS, LIST_TASKS};
use crate::aws::{Conn, SourceError};
use crate::text::sanitize_block;
use aws_sdk_ecs::types::{ContainerDefinition, DesiredStatus, HealthStatus, Task, TaskDefinition};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Tasks that are shown.
const MAX_TASKS: usize = 5;
/// Lines per task.
const MAX_LINES: i32 = 20;
/// A task's last lines arrive within this time of its end.
const LOGS_SETTLE: SignedDuration = SignedDuration::from_mins(2);
/// Lines are looked for so far back from the end.
const LOGS_BEFORE: SignedDuration = SignedDuration::from_mins(30);
/// Pages of a log that are read: the first may be empty.
const MAX_PAGES: usize = 4;

type Lines = Result<Vec<LastLine>, String>;

/// Where a container's lines go.
#[derive(Debug, Clone)]
struct Place {
    container: String,
    /// Group and stream prefix; why there are none.
    logs: Result<(String, String), String>,
}

/// Reads autopsies of one target.
pub struct Coroner {
    conn: Conn,
    /// Lines of tasks long dead, by task.
    lines: BTreeMap<String, Lines>,
    /// Where the containers of one task definition log to.
    places: Option<(String, Vec<Place>)>,
}

impl Coroner {
    /// For one target.
    pub fn new(conn: &Conn) -> Self {
        Self { conn: conn.clone(), lines: BTreeMap::new(), places: None }
    }

    /// The stopped tasks of a service that ran `definition` (`family:number`).
    ///
    /// # Errors
    /// When tasks cannot be listed or described. Lines that cannot be read are said to be missing.
    pub async fn examine(
        &mut self,
        cluster: &str,
        service: &str,
        definition: &str,
        now: Timestamp,
    ) -> Result<Autopsy, SourceError> {
        let request = self.conn.ecs().list_tasks().cluster(cluster).service_name(service);
        let request = request.desired_status(DesiredStatus::Stopped).max_results(100);
        let listed = self.conn.call(&LIST_TASKS, request.send()).await?;
        let mut autopsy = Autopsy { cut: listed.next_token().is_some(), ..Autopsy::default() };
        if listed.task_arns().is_empty() {
            return Ok(autopsy);
        }
        let request = self.conn.ecs().describe_tasks().cluster(cluster);
        let request = request.set_tasks(Some(listed.task_arns().to_vec()));
        let described = self.conn.call(&DESCRIBE_TASKS, request.send()).await?;
        let own = |task: &&Task| task.task_definition_arn().map(arn_tail) == Some(definition);
        let stopped: Vec<StoppedTask> = described.tasks().iter().filter(own).map(task).collect();
        let (orderly, mut dead): (Vec<_>, Vec<_>) = stopped.into_iter().partition(StoppedTask::is_orderly);
        dead.sort_by_key(|task| std::cmp::Reverse(task.at));
        autopsy.orderly = orderly.len() as u32;
        autopsy.more = dead.len().saturating_sub(MAX_TASKS) as u32;
        dead.truncate(MAX_TASKS);
        self.lines.retain(|id, _| dead.iter().any(|task| task.id == *id));
        for task in &mut dead {
            task.lines = self.last_lines(task, definition, now).await;
        }
        autopsy.tasks = dead;
        Ok(autopsy)
    }

    async fn last_lines(&mut self, task: &StoppedTask, definition: &str, now: Timestamp) -> Lines {
        if let Some(known) = self.lines.get(&task.id) {
            return known.clone();
        }
        let end = task.at.unwrap_or(now);
        let lines = match self.place(task, definition).await? {
            Place { container, logs: Ok((group, prefix)) } => {
                let stream = format!("{prefix}/{container}/{}", task.id);
                self.read(&group, stream, end).await
            }
            Place { logs: Err(why), .. } => Err(why),
        };
        if lines.is_ok() && now.duration_since(end) > LOGS_SETTLE {
            self.lines.insert(task.id.clone(), lines.clone());
        }
        lines
    }

    /// Where the container that failed logs to: the first that ended badly, else the first.
    async fn place(&mut self, task: &StoppedTask, definition: &str) -> Result<Place, String> {
        if self.places.as_ref().is_none_or(|(of, _)| of != definition) {
            let request = self.conn.ecs().describe_task_definition().task_definition(definition);
            let answer = self.conn.call(&DESCRIBE_TASK_DEFINITION, request.send()).await;
            let answer = answer.map_err(|error| error.short())?;
            let containers =
                answer.task_definition().map(TaskDefinition::container_definitions).unwrap_or_default();
            self.places = Some((definition.to_owned(), containers.iter().map(place).collect()));
        }
        let places = self.places.iter().flat_map(|(_, places)| places);
        let failed = task.containers.iter().find(|it| it.exit.is_some_and(|exit| exit != 0));
        let mut of_failed = places.clone().filter(|it| failed.is_some_and(|one| one.name == it.container));
        let place = of_failed.next().or_else(|| places.clone().find(|it| it.logs.is_ok()));
        place.cloned().ok_or_else(|| "none of its containers logs to CloudWatch".to_owned())
    }

    async fn read(&self, group: &str, stream: String, end: Timestamp) -> Lines {
        let from = end.checked_sub(LOGS_BEFORE).unwrap_or(end);
        let to = end.checked_add(LOGS_SETTLE).unwrap_or(end);
        let (mut lines, mut token): (Vec<LastLine>, Option<String>) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let request = self.conn.logs().filter_log_events().log_group_name(group);
            let request = request.log_stream_names(&stream).limit(MAX_LINES).start_from_head(false);
            let request = request.start_time(from.as_millisecond()).end_time(to.as_millisecond());
            let page = self.conn.call(&FILTER_LOG_EVENTS, request.set_next_token(token).send()).await;
            let page = page.map_err(|error| error.short())?;
            lines.extend(page.events().iter().filter_map(|event| {
                let at = Timestamp::from_millisecond(event.timestamp()?).ok()?;
                let text = sanitize_block(event.message().unwrap_or_default()).trim_end().to_owned();
                Some(LastLine { at, text })
            }));
            token = page.next_token().map(str::to_owned);
            if token.is_none() || lines.len() >= MAX_LINES as usize {
                break;
            }
        }
        lines.sort_by_key(|line| line.at);
        let first = lines.len().saturating_sub(MAX_LINES as usize);
        Ok(lines.split_off(first))
    }
}

fn place(container: &ContainerDefinition) -> Place {
    let name = ecs::text(container.name());
    let logs = match container.log_configuration() {
        None => Err(format!("container {name} logs nowhere")),
        Some(logs) if logs.log_driver().as_str() != "awslogs" => Err(format!(
            "container {name} logs by {}, not to CloudWatch",
            ecs::text(Some(logs.log_driver().as_str()))
        )),
        Some(logs) => {
            let option = |key: &str| logs.options().and_then(|options| options.get(key)).cloned();
            option("awslogs-group")
                .zip(option("awslogs-stream-prefix"))
                .ok_or_else(|| format!("the log stream of container {name} cannot be told: it has no prefix"))
        }
    };
    Place { container: name, logs }
}

fn task(task: &Task) -> StoppedTask {
    let some = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(|text| ecs::text(Some(text)));
    let containers = task.containers().iter().map(|container| StoppedContainer {
        name: ecs::text(container.name()),
        exit: container.exit_code(),
        reason: some(container.reason()),
        unhealthy: container.health_status() == Some(&HealthStatus::Unhealthy),
    });
    StoppedTask {
        id: ecs::text(task.task_arn().map(arn_tail)),
        at: ecs::time(task.stopped_at().or(task.stopping_at())),
        code: some(task.stop_code().map(aws_sdk_ecs::types::TaskStopCode::as_str)),
        reason: some(task.stopped_reason()),
        containers: containers.collect(),
        lines: Ok(Vec::new()),
    }
}
