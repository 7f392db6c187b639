//! One job: started, asked after, stopped.

use egress::Used;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use types::OrganisationId;

use crate::call::{Aws, ServiceFault, ServiceTask};
use crate::table::{Kind, Stands};

/// A job that a service does, of a kind that can be waited for.
#[derive(Debug)]
pub struct ServiceJob<'a> {
    kind: &'static Kind,
    start: ServiceTask<'a>,
}

/// A job that a service has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// What the service answered.
    pub answer: Value,
    /// By what the job is asked after and stopped: the parameters of the question, some hundred bytes.
    pub handle: Value,
}

/// Where a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It goes on.
    Runs,
    /// It has ended with this result, or as failed: `States.TaskFailed` with the JSON text of its description.
    Ended(Result<Value, ServiceFault>),
    /// The service did not say. It may say so later.
    Unheard(ServiceFault),
    /// The service does not say, and will not.
    Lost(ServiceFault),
}

impl Aws {
    /// The job that a task of an organisation starts, by id and name. `resource` ends in `.sync`. `None`: it is of no kind that
    /// is known, its service has no endpoint, or the organisation may use none.
    pub fn job<'a>(&'a self, of: (OrganisationId, &str), resource: &'a str) -> Option<ServiceJob<'a>> {
        let (kind, start) = Kind::of(resource)?;
        Some(ServiceJob { kind, start: self.task(of, start)? })
    }
}

impl ServiceJob<'_> {
    /// Starts it. `invocation` is as in [`ServiceTask::perform`]; where the service has a parameter by which it tells a
    /// repeated start from a new one, and the author has not set it, it is made of `attempt`, which is the same when the
    /// start is repeated after a crash and for no other.
    ///
    /// # Errors
    ///
    /// As of [`ServiceTask::perform`]; `AmazonECS.Unknown` where the service answers that it could not place a task.
    pub async fn start(&self, parameters: &Value, invocation: &str, attempt: &str) -> Result<Started, ServiceFault> {
        let mut parameters = parameters.clone();
        if let (Some(token), Some(members)) = (self.kind.token, parameters.as_object_mut())
            && !members.keys().any(|name| name.eq_ignore_ascii_case(token))
        {
            members.insert(token.to_owned(), json!(token_of(attempt)));
        }
        let answer = self.start.perform(&parameters, invocation).await?;
        let handle = self.kind.question(&parameters, &answer);
        if answer.get("Failures").and_then(Value::as_array).is_some_and(|failures| !failures.is_empty()) {
            if let Some(handle) = &handle {
                // Of several tasks some may run.
                drop(self.stop(handle, invocation).await);
            }
            return Err(ServiceFault::new("AmazonECS.Unknown", answer.to_string()));
        }
        let handle = handle.ok_or_else(|| ServiceFault::runtime(format!("the answer names no job: {answer}")))?;
        Ok(Started { answer, handle })
    }

    /// Breaks off a start that is still being sent, and tells what it came to. Questions and stops are not in it.
    pub fn end(&self) -> Used {
        self.start.end()
    }

    /// Asks where it stands. Dropping the future gives the question up.
    pub async fn ask(&self, handle: &Value, invocation: &str) -> Standing {
        let question = self.start.beside(self.kind.ask.0);
        let answer = question.perform(handle, invocation).await;
        question.end();
        match answer {
            Ok(answer) => self.standing(handle, answer),
            Err(fault) if fault.is_passing() => Standing::Unheard(fault),
            Err(fault) => Standing::Lost(fault),
        }
    }

    /// Stops it. One that has ended stays as it is.
    ///
    /// # Errors
    ///
    /// As of [`ServiceTask::perform`]: it may run on. The same can be asked for again.
    pub async fn stop(&self, handle: &Value, invocation: &str) -> Result<(), ServiceFault> {
        let mut stopped = Ok(());
        for parameters in self.kind.stops(handle) {
            let stop = self.start.beside(self.kind.stop.0);
            let answer = stop.perform(&parameters, invocation).await;
            stop.end();
            stopped = stopped.and(answer.and_then(|answer| match answer.get("Errors").and_then(Value::as_array) {
                // A stop of several is answered for each, whatever it came to.
                Some(errors) if !errors.is_empty() => Err(ServiceFault::new("States.TaskFailed", answer.to_string())),
                _ => Ok(()),
            }));
        }
        stopped
    }

    fn standing(&self, handle: &Value, mut answer: Value) -> Standing {
        let described =
            answer.pointer_mut(self.kind.described).map(Value::take).filter(|described| !described.is_null());
        let unknown = || {
            // What was started a moment ago may not be known everywhere yet.
            let cause = format!("{} does not know the job {handle}", self.kind.service);
            Standing::Unheard(ServiceFault::new("States.TaskFailed", cause))
        };
        let Some(mut job) = described else { return unknown() };
        let succeeded = match self.kind.stands {
            Stands::State { at, good, bad } => {
                let state = job.pointer(at).and_then(Value::as_str).unwrap_or_default();
                if !good.contains(&state) && !bad.contains(&state) {
                    return Standing::Runs;
                }
                good.contains(&state)
            }
            Stands::Tasks => {
                let tasks = job.as_array().map(Vec::as_slice).unwrap_or_default();
                if tasks.len() != handle["Tasks"].as_array().map_or(0, Vec::len) {
                    return unknown();
                }
                let has_ended = |task: &Value| task["LastStatus"] == "STOPPED" || task["LastStatus"] == "DELETED";
                if !tasks.iter().all(has_ended) {
                    return Standing::Runs;
                }
                let succeeded = tasks.iter().all(task_succeeded);
                job = if tasks.len() == 1 { job[0].take() } else { json!({ "Tasks": job }) };
                succeeded
            }
        };
        Standing::Ended(if succeeded {
            Ok(match self.kind.under {
                Some(member) => json!({ member: job }),
                None => job,
            })
        } else {
            Err(ServiceFault::new("States.TaskFailed", job.to_string()))
        })
    }
}

/// A task that has stopped: whether it did so by itself, and each container that has run has ended well.
fn task_succeeded(task: &Value) -> bool {
    let containers = task["Containers"].as_array().map(Vec::as_slice).unwrap_or_default();
    // One that has never run has none: where no other has, nothing was done.
    let codes: Vec<&Value> =
        containers.iter().filter_map(|container| container.get("ExitCode")).filter(|code| !code.is_null()).collect();
    let by_itself = task["StopCode"].is_null() || task["StopCode"] == "EssentialContainerExited";
    by_itself && !codes.is_empty() && codes.iter().all(|code| **code == 0)
}

/// 32 letters and digits: what each service takes that has such a parameter.
fn token_of(attempt: &str) -> String {
    let digest = Sha256::digest(attempt.as_bytes());
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    format!("{:032x}", u128::from_be_bytes(half))
}
