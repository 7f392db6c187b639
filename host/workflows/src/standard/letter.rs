//! What has happened outside, on its way to an execution.

/// What has happened outside, as it lies in the inbox.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) enum Happened {
    /// A task was answered with this JSON text.
    Succeeded { task: u64, output: String },
    /// A task has failed.
    Failed { task: u64, error: String, cause: String },
    /// Somebody still works at it.
    Beat { task: u64 },
    /// A worker has taken up an activity.
    TakenUp { task: u64, worker: Option<String> },
}

impl Happened {
    /// As it lies in the inbox.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
