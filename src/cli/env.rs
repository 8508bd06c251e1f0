//! The environment, read once. Nothing else in the program reads it, except the SDK and the crates that
//! know the platform's folders, zone and proxies.

use crate::aws;
use crate::theme::ColorDepth;

/// What of the environment matters here.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// What matters to AWS's credential chain.
    pub aws: aws::Env,
    /// `NO_COLOR` is set and not empty.
    pub no_color: bool,
    /// `COLORTERM`.
    pub colorterm: Option<String>,
    /// `TERM`.
    pub term: Option<String>,
    /// Inside tmux, where copying goes through its own buffer.
    pub in_tmux: bool,
    /// Over SSH.
    pub over_ssh: bool,
}

impl Environment {
    /// The process's own.
    pub fn read() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        let get = |name: &str| std::env::var(name).ok();
        Self::from(get)
    }

    /// The environment as `get` tells it.
    pub fn from(get: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| get(name).is_some_and(|value| !value.is_empty());
        Self {
            no_color: set("NO_COLOR"),
            colorterm: get("COLORTERM"),
            term: get("TERM"),
            in_tmux: set("TMUX"),
            over_ssh: set("SSH_CONNECTION"),
            aws: aws::Env::read(get),
        }
    }

    /// How many colours the terminal has.
    pub fn depth(&self) -> ColorDepth {
        ColorDepth::detect(self.no_color, self.colorterm.as_deref(), self.term.as_deref())
    }
}
