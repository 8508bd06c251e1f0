//! Where files live: the platform's folders. The only place that knows them.
//!
//! Nothing is opened or made here; `cli` and `runtime` do that.

use directories::ProjectDirs;
use std::path::{Path, PathBuf};

/// The program's folders on this platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Holds `config.toml` and `themes/`.
    pub config: PathBuf,
    /// Holds what is remembered and the journal.
    pub state: PathBuf,
    /// Holds what can be fetched again.
    pub cache: PathBuf,
}

impl Paths {
    /// The folders of the user who runs the program; `None` when there is no home folder.
    pub fn of_user() -> Option<Self> {
        let dirs = ProjectDirs::from("", "", "eyewall")?;
        Some(Self {
            config: dirs.config_dir().to_owned(),
            // Only Linux has a state folder of its own.
            state: dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned(),
            cache: dirs.cache_dir().to_owned(),
        })
    }

    /// All folders under one: for tests and portable installs.
    pub fn under(root: &Path) -> Self {
        Self { config: root.join("config"), state: root.join("state"), cache: root.join("cache") }
    }

    /// The config file.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// The user's own themes, one `NAME.toml` each.
    pub fn themes(&self) -> PathBuf {
        self.config.join("themes")
    }

    /// What is remembered between runs.
    pub fn state_file(&self) -> PathBuf {
        self.state.join("state.toml")
    }

    /// Every step of every rollback, one JSON object a line.
    pub fn journal(&self) -> PathBuf {
        self.state.join("journal.jsonl")
    }
}
