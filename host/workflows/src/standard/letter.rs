//! What has happened outside, on its way to an execution.

use types::Timestamp;

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
    /// As it lies in the inbox, having happened at `at`.
    pub(crate) fn text(&self, at: Timestamp) -> String {
        serde_json::to_string(&(at, self)).unwrap_or_default()
    }

    /// What lies in the inbox, and when it happened; that is not known of what a former version put there.
    pub(crate) fn read(text: &str) -> Option<(Option<Timestamp>, Self)> {
        if text.starts_with('[') {
            let (at, happened) = serde_json::from_str(text).ok()?;
            return Some((Some(at), happened));
        }
        serde_json::from_str(text).ok().map(|happened| (None, happened))
    }
}
