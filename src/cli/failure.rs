//! Why a command ended without doing what it was asked: a sentence and an exit code.

use crate::config::ConfigError;
use crate::config::suggest;

/// A failed command.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Bad arguments or a bad config: nothing was done. Exit code 2.
    #[error("eyewall: {0}")]
    Usage(String),
    /// What is wrong with a file, one line each, as editors read them. Exit code 2.
    #[error("{}", lines(.0))]
    Config(Vec<ConfigError>),
    /// It failed at run time. Exit code 1.
    #[error("eyewall: {0}")]
    Failed(String),
    /// It said itself what is wrong. Exit code 1.
    #[error("")]
    Silent,
    /// It ended in a way that has an exit code of its own, and said how.
    #[error("")]
    Ended(u8),
}

fn lines(errors: &[ConfigError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl Failure {
    /// Bad arguments.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// A name that is none of those there are, with the one that was probably meant.
    pub fn unknown<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Self {
        let hint = match suggest(name, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are: {}", known.into_iter().collect::<Vec<_>>().join(", ")),
        };
        Self::Usage(format!("there is no {what} `{name}` ({hint})"))
    }

    /// Something that went wrong at run time.
    pub fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Config(_) => 2,
            Self::Failed(_) | Self::Silent => 1,
            Self::Ended(code) => *code,
        }
    }
}
