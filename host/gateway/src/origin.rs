//! Who began an execution, as its row says: whose it is to ask for, and the release behind its tasks.

use std::sync::Arc;

use types::{ApiId, AppId, ReleaseId};

use crate::call::Call;

/// The words in which the gateway tells itself about an execution that it began.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Origin {
    /// The app whose key began it.
    pub(crate) app: AppId,
    /// The API of its machine.
    pub(crate) api: ApiId,
    /// The same API's slug.
    pub(crate) slug: Arc<str>,
    /// The release that is its machine.
    pub(crate) release: ReleaseId,
    /// That release's number.
    pub(crate) number: u32,
    /// How often what led to it has come through this host.
    pub(crate) depth: u8,
}

impl Origin {
    /// `None`: nobody was authenticated.
    pub(crate) fn of(call: &Call) -> Option<Self> {
        let target = &call.target;
        Some(Self {
            app: call.progress.caller.get()?.app,
            api: target.api.id,
            slug: Arc::clone(&target.api.slug),
            release: target.served.release.id,
            number: target.served.release.number,
            depth: call.asked.depth.unwrap_or(u8::MAX),
        })
    }

    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}
