//! Where in Traces a link leads: which list, which part of the screen, which trace. Pure.

use super::filter::Filter;
use super::model::TraceId;
use crate::aws::TargetId;
use serde::{Deserialize, Serialize};

/// Which list the screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Panel {
    /// Traces.
    #[default]
    List,
    /// Services.
    Services,
}

/// A place in Traces.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Place {
    /// What the list is limited to; as it is when absent.
    pub filter: Option<Filter>,
    /// Which list.
    pub panel: Panel,
    /// The opened trace.
    pub trace: Option<TraceId>,
    /// Whose trace; any active target may know it when absent.
    pub target: Option<TargetId>,
}

impl Place {
    /// The list of the traces through a service, by its name in X-Ray.
    pub fn of_service(target: &TargetId, name: &str) -> Self {
        Self { filter: Some(Filter::of_service(name)), target: Some(target.clone()), ..Self::default() }
    }

    /// One trace.
    pub fn of_trace(target: Option<TargetId>, id: TraceId) -> Self {
        Self { trace: Some(id), target, ..Self::default() }
    }

    /// A list.
    pub fn of_list(filter: Filter) -> Self {
        Self { filter: Some(filter), ..Self::default() }
    }
}
