//! Takes a changed config or theme while the console runs.
//!
//! The folders are watched, not the files: editors replace files. What counts is whether a text changed, so
//! reading a file, or saving it unchanged, does nothing.

use super::session::{Setup, parse_config, read_config, read_themes};
use crate::app::Msg;
use crate::aws::Aws;
use crate::config::{Config, Paths};
use crate::runtime::Outside;
use notify::{RecursiveMode, Watcher};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;

/// Editors write in several steps: the last one counts.
const SETTLE: Duration = Duration::from_millis(150);

/// Watches the config file and the theme folder for the rest of the run.
pub fn watch(setup: &Setup, aws: &Aws, outside: &mpsc::Sender<Outside>) {
    let (common, paths, outside) = (setup.common.clone(), setup.paths.clone(), outside.clone());
    let aws = aws.clone();
    let mut themes = setup.user_themes.clone();
    tokio::spawn(async move {
        let (changed, mut changes) = mpsc::channel(1);
        let folders = folders(common.config.as_deref(), paths.as_ref());
        let Some(_watcher) =
            tokio::task::spawn_blocking(move || watcher(&folders, changed)).await.ok().flatten()
        else {
            return;
        };
        let mut text = read_config(&common, paths.as_ref()).map(|(_, text)| text).unwrap_or_default();
        while changes.recv().await.is_some() {
            tokio::time::sleep(SETTLE).await;
            let _ = changes.try_recv();
            let mut messages = Vec::new();
            let new_themes = paths.as_ref().map(|paths| read_themes(&paths.themes())).unwrap_or_default();
            if new_themes != themes {
                themes.clone_from(&new_themes);
                messages.push(Msg::ThemesLoaded(new_themes));
            }
            match read_config(&common, paths.as_ref()) {
                Ok((_, same)) if same == text => {}
                Ok((file, new)) => {
                    let config = parse_config(&new, &file.display().to_string(), &themes, &common);
                    text = new;
                    if let Ok(config) = &config {
                        apply(config, &aws);
                    }
                    messages.push(Msg::ConfigLoaded(Box::new(config.map_err(|failure| failure.to_string()))));
                }
                Err(failure) => messages.push(Msg::ConfigLoaded(Box::new(Err(failure.to_string())))),
            }
            for message in messages {
                if outside.send(Outside::Msg(message)).await.is_err() {
                    return;
                }
            }
        }
    });
}

/// What the connections have to know. It holds before the app is told, so that no rollback slips through.
fn apply(config: &Config, aws: &Aws) {
    if config.read_only {
        aws.forbid_writes();
    }
    aws.cap().set_limit_usd(Some(config.cost.max_usd_per_hour));
}

fn folders(config: Option<&Path>, paths: Option<&Paths>) -> Vec<PathBuf> {
    let own = paths.map(|paths| paths.config.clone());
    let config = config.map_or(own, |file| match file.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Some(PathBuf::from(".")),
        folder => folder.map(Path::to_owned),
    });
    config.into_iter().chain(paths.map(Paths::themes)).collect()
}

/// The running watcher, or nothing when no folder is there to be watched.
fn watcher(folders: &[PathBuf], changed: mpsc::Sender<()>) -> Option<notify::RecommendedWatcher> {
    let handler = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            // Full means that a look is due already.
            let _ = changed.try_send(());
        }
    };
    let existing: Vec<_> = folders.iter().filter(|folder| folder.is_dir()).collect();
    if existing.is_empty() {
        return None;
    }
    let mut watcher = notify::recommended_watcher(handler)
        .inspect_err(|error| tracing::warn!("changes of the config are not noticed: {error}"))
        .ok()?;
    for folder in existing {
        if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
            tracing::warn!("changes in {} are not noticed: {error}", folder.display());
        }
    }
    Some(watcher)
}
