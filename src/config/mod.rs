//! The configuration: one TOML file, every key optional, everything wrong with it said at once.
//!
//! `types.rs` and `lists.rs` hold the keys with their defaults, `read.rs` turns text into a [`Config`] or
//! [`ConfigError`]s, `validate.rs` judges values, `state.rs` is what is remembered between runs. All of that
//! is pure over texts; `paths.rs` alone knows where files live. The environment and flags belong to `cli`.

pub mod error;
pub mod glob;
mod lists;
pub mod paths;
mod read;
pub mod span;
pub mod state;
mod types;
mod validate;

pub use error::{ConfigError, Origin, suggest};
pub use glob::Glob;
pub use lists::{Service, Severity, SeverityRule, Target};
pub use paths::Paths;
pub use span::Span;
pub use state::{Remembered, State};
pub use types::{ColorChoice, Config, Cost, Demo, Logs, Poll, Security, Ui, Verdict, Window};
pub use validate::{Known, check_names, error_at};

impl Config {
    /// Reads a config file's text. `file` is its name in messages.
    ///
    /// # Errors
    /// Everything that is wrong with it: all unknown keys and words, or else the first value of a wrong type,
    /// or else all values that make no sense.
    pub fn parse(text: &str, file: &str) -> Result<Self, Vec<ConfigError>> {
        read::read(Origin { file, text })
    }
}

/// The JSON schema of the config file, for editors.
pub fn schema() -> String {
    serde_json::to_string_pretty(&schemars::schema_for!(Config)).unwrap_or_default()
}

/// The annotated example: every key at its default.
pub fn example() -> &'static str {
    include_str!("../../config.example.toml")
}

/// The config as TOML, defaults included: what `config print` shows.
pub fn print(config: &Config) -> String {
    toml::to_string_pretty(config).unwrap_or_default()
}

#[cfg(test)]
mod tests;
