//! A service that does jobs, and goes on whatever becomes of the host.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use express::TaskFailed;
use serde_json::json;
use workflows::{Job, Performed, Performing, Standing, Submitted};

/// What it says of each job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Says {
    #[default]
    Runs,
    Succeeded,
    Failed,
    /// The first attempt has failed, any other succeeded.
    FailedOnce,
    /// That it cannot be reached.
    Silent,
    /// Nothing, however long it is waited for.
    Nothing,
    Denied,
}

/// Knows jobs by the invocation and the attempt that started them.
#[derive(Default)]
pub(crate) struct Service {
    pub(crate) says: Mutex<Says>,
    /// Each start that it was asked for, repeated ones too.
    pub(crate) started: Mutex<Vec<String>>,
    pub(crate) asked: AtomicUsize,
    pub(crate) stopped: Mutex<Vec<String>>,
    /// So many requests to stop a job are refused.
    pub(crate) refuses: AtomicUsize,
}

impl Service {
    pub(crate) fn take(&self, job: &Job) -> Performing {
        let id = format!("{}/{}", job.invocation_id, job.task.attempt);
        self.started.lock().unwrap().push(id.clone());
        let (name, halt) = (job.task.resource.rsplit(':').next().unwrap().to_owned(), job.halt.clone());
        let length = job.task.input["handle_bytes"].as_u64().unwrap_or_default();
        Box::pin(async move {
            match &*name {
                "slowStart.sync" => {
                    halt.cancelled().await;
                    tokio::time::sleep(Duration::from_millis(1_200)).await;
                }
                "briefStart.sync" => tokio::time::sleep(Duration::from_millis(300)).await,
                _ => {}
            }
            let usage = (name == "meteredStart.sync").then(|| id.clone());
            let padding = "x".repeat(usize::try_from(length).unwrap());
            Performed {
                answer: Ok(Arc::new(json!({ "JobRunId": id }))),
                job: Some(json!({ "RunId": id, "Padding": padding })),
                usage,
            }
        })
    }

    /// `None`: it does not answer.
    pub(crate) fn ask(&self, job: &Submitted) -> Option<Standing> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let id = job.handle["RunId"].as_str().unwrap();
        let failed = |error: &'static str, cause: &str| TaskFailed { error: error.into(), cause: cause.to_owned() };
        let says = match *self.says.lock().unwrap() {
            Says::FailedOnce if id.ends_with("/1") => Says::Failed,
            Says::FailedOnce => Says::Succeeded,
            says => says,
        };
        Some(match says {
            Says::Nothing => return None,
            Says::Runs => Standing::Runs,
            Says::Failed | Says::FailedOnce => {
                Standing::Ended(Err(failed("States.TaskFailed", r#"{"JobRunState":"FAILED"}"#)))
            }
            Says::Succeeded => Standing::Ended(Ok(Arc::new(json!({ "JobRunState": "SUCCEEDED" })))),
            Says::Silent => Standing::Unheard(failed("States.Http.Socket", "nobody answers")),
            Says::Denied => Standing::Lost(failed("Glue.AccessDeniedException", "no")),
        })
    }

    pub(crate) fn stop(&self, job: &Submitted) -> Result<(), TaskFailed> {
        let take = |left: usize| left.checked_sub(1);
        if self.refuses.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {
            return Err(TaskFailed { error: "Glue.ThrottlingException".into(), cause: String::new() });
        }
        self.stopped.lock().unwrap().push(job.handle["RunId"].as_str().unwrap().to_owned());
        Ok(())
    }

    pub(crate) fn say(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }
}
