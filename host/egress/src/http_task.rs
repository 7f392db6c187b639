//! The HTTP task of the Amazon States Language, `arn:aws:states:::http:invoke`, on a line: what a state machine's
//! parameters came to goes out as a request, and what comes back becomes its result, or an error by AWS's names.

mod connection;
mod encode;
mod request;
mod token;

use std::time::Duration;

use http::Response;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::{Map, Value, json};

use crate::body::InBody;
use crate::fault::{Denied, SendError};
use crate::line::{Line, Timeouts};

pub(crate) use token::Tokens;

use connection::Connection;
use request::HttpTask;

/// How long a task may take, tokens included.
const WITHIN: Duration = Duration::from_mins(1);
/// The most bytes of a response's body: what a state may hold.
const BODY_MAX: usize = 256 * 1024;

/// A failed task, as Retry and Catch see it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {cause}")]
pub struct TaskFault {
    /// The error's name, such as `States.Http.StatusCode.404`.
    pub error: String,
    /// More of it, for people. For a bad status the whole response, as JSON.
    pub cause: String,
}

impl TaskFault {
    fn named(error: &str, cause: impl Into<String>) -> Self {
        Self { error: error.to_owned(), cause: cause.into() }
    }

    fn runtime(cause: impl Into<String>) -> Self {
        Self::named("States.Runtime", cause)
    }

    /// A denial does not pass by being tried again; the rest may.
    fn of_send(error: &SendError) -> Self {
        match error {
            SendError::Denied(
                Denied::Target(_)
                | Denied::Method(_)
                | Denied::MethodTooLong
                | Denied::Header(_)
                | Denied::HeadTooLarge,
            ) => Self::runtime(error.to_string()),
            SendError::Denied(_) => Self::named("States.Permissions", error.to_string()),
            SendError::RequestTooLarge(_) => Self::named("States.DataLimitExceeded", error.to_string()),
            _ => Self::named("States.Http.Socket", error.to_string()),
        }
    }
}

impl Line {
    /// Performs an HTTP task. `parameters` are those of the state: `ApiEndpoint`, `Method`, `Authentication` or
    /// `InvocationConfig`, `Headers`, `QueryParameters`, `RequestBody`, `Transform`. The result has `Headers`,
    /// `ResponseBody`, `StatusCode` and `StatusText`.
    ///
    /// A connection's name is that of a secret, which the release must be granted for the endpoint's host. Its value
    /// is a JSON document: `{"type": "api-key", "header", "value"}`, `{"type": "basic", "user", "password"}`, or
    /// `{"type": "oauth", "endpoint", "client_id", "client_secret", "scope"}`.
    ///
    /// # Errors
    ///
    /// [`TaskFault`]: `States.Http.StatusCode.N` for a status outside of 2xx, `States.Http.Socket` when no response
    /// came within 60 s, `States.Permissions` for what is not granted, `States.DataLimitExceeded` for more than
    /// 256 KiB, `States.Runtime` for parameters that make no request.
    pub async fn http_task(&self, parameters: &Value) -> Result<Value, TaskFault> {
        let late = || TaskFault::named("States.Http.Socket", "the task took longer than 60 s");
        tokio::time::timeout(WITHIN, Box::pin(self.perform(parameters))).await.map_err(|_| late())?
    }

    async fn perform(&self, parameters: &Value) -> Result<Value, TaskFault> {
        let task = HttpTask::read(parameters)?;
        let mut request = task.request()?;
        let connection = task.connection.as_ref().map(|name| Connection::of(self, name, &task.target)).transpose()?;
        if let Some(connection) = &connection {
            connection.authorise(self, request.headers_mut()).await?;
        }
        let response = self.send(request, Timeouts::default()).await.map_err(|error| TaskFault::of_send(&error))?;
        let status = response.status();
        if status == http::StatusCode::UNAUTHORIZED
            && let Some(connection) = &connection
        {
            // It may have been revoked: the next try asks for a new one.
            connection.forget_token(self);
        }
        let result = read(response).await?;
        if status.is_success() {
            return Ok(result);
        }
        Err(TaskFault::named(&format!("States.Http.StatusCode.{}", status.as_u16()), result.to_string()))
    }
}

/// A whole response as a result. A body that says it is JSON is parsed, any other is text.
async fn read(response: Response<InBody>) -> Result<Value, TaskFault> {
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, BODY_MAX).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            TaskFault::named("States.DataLimitExceeded", "the response's body is larger than 256 KiB")
        } else {
            TaskFault::named("States.Http.Socket", error.to_string())
        }
    })?;
    let body = body.to_bytes();
    let kind = parts.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
    let body = if kind == "application/json" || kind.ends_with("+json") {
        serde_json::from_slice(&body).unwrap_or_else(|_| text())
    } else {
        text()
    };
    let mut headers = Map::new();
    for (name, value) in &parts.headers {
        let values = headers.entry(name.as_str()).or_insert_with(|| json!([]));
        if let Some(values) = values.as_array_mut() {
            values.push(Value::String(String::from_utf8_lossy(value.as_bytes()).into_owned()));
        }
    }
    Ok(json!({
        "Headers": headers,
        "ResponseBody": body,
        "StatusCode": parts.status.as_u16(),
        "StatusText": parts.status.canonical_reason().unwrap_or_default(),
    }))
}
