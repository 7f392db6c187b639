//! Between the plain types and the generated ones. Reached by the export macros only.
#![allow(missing_docs, clippy::allow_attributes, reason = "reached through macros, not by people")]

use crate::bindings::granted::wasi::{config::store, logging::logging};
use crate::bindings::http::exports::weir::plugin::http_handler as http_wire;
use crate::bindings::http::weir::plugin::{meter as meter_wire, types};
use crate::bindings::task::exports::weir::plugin::task_handler as task_wire;
use crate::config::ConfigError;
use crate::http::{Failure, Problem, Request, Response};
use crate::log::Level;
use crate::meter::MeterError;
use crate::task::TaskError;
use crate::{Caller, Context, Step};

pub fn http(
    context: types::Context,
    request: http_wire::Request,
    handler: fn(&Context, &Request) -> Result<Response, Failure>,
) -> Result<http_wire::Response, http_wire::Failure> {
    let request = Request {
        method: request.method,
        path: request.path,
        query: request.query,
        route: request.route,
        path_params: request.path_params,
        headers: request.headers.into_iter().map(|field| (field.name, field.value)).collect(),
        body: request.body,
    };
    match handler(&context_of(context), &request) {
        Ok(Response { status, headers, body }) => {
            let headers = headers.into_iter().map(|(name, value)| types::Field { name, value }).collect();
            Ok(http_wire::Response { status, headers, body })
        }
        Err(Failure::Rejected(problem)) => Err(http_wire::Failure::Rejected(problem_of(problem))),
        Err(Failure::Retryable(problem)) => Err(http_wire::Failure::Retryable(problem_of(problem))),
        Err(Failure::Permanent(problem)) => Err(http_wire::Failure::Permanent(problem_of(problem))),
        Err(Failure::QuotaExceeded(object)) => Err(http_wire::Failure::QuotaExceeded(object)),
    }
}

pub fn task(
    context: types::Context,
    input: &[u8],
    run: fn(&Context, &[u8]) -> Result<Vec<u8>, TaskError>,
) -> Result<Vec<u8>, task_wire::TaskError> {
    run(&context_of(context), input).map_err(|TaskError { name, cause }| task_wire::TaskError { name, cause })
}

pub fn meter_add(object: &str, quantity: u64) -> Result<(), MeterError> {
    meter_wire::add(object, quantity).map_err(|error| meter_error(error, object))
}

pub fn meter_remaining(object: &str) -> Result<u64, MeterError> {
    meter_wire::remaining(object).map_err(|error| meter_error(error, object))
}

fn meter_error(error: meter_wire::MeterError, object: &str) -> MeterError {
    let object = object.to_owned();
    match error {
        meter_wire::MeterError::UnknownObject => MeterError::UnknownObject { object },
        meter_wire::MeterError::LimitReached(left) => MeterError::LimitReached { object, left },
        meter_wire::MeterError::TooManyObjects => MeterError::TooManyObjects,
    }
}

pub fn log(level: Level, context: &str, message: &str) {
    let level = match level {
        Level::Trace => logging::Level::Trace,
        Level::Debug => logging::Level::Debug,
        Level::Info => logging::Level::Info,
        Level::Warn => logging::Level::Warn,
        Level::Error => logging::Level::Error,
        Level::Critical => logging::Level::Critical,
    };
    logging::log(level, context, message);
}

pub fn config_get(name: &str) -> Result<Option<String>, ConfigError> {
    store::get(name).map_err(config_error)
}

pub fn config_all() -> Result<Vec<(String, String)>, ConfigError> {
    store::get_all().map_err(config_error)
}

fn config_error(error: store::Error) -> ConfigError {
    match error {
        store::Error::Upstream(cause) | store::Error::Io(cause) => ConfigError { cause },
    }
}

fn context_of(context: types::Context) -> Context {
    Context {
        call_id: context.call_id,
        invocation_id: context.invocation_id,
        attempt: context.attempt,
        deadline_ms: context.deadline_ms,
        traceparent: context.traceparent,
        api: context.api,
        release: context.release,
        caller: context.caller.map(|types::Caller { app, subscription, plan }| Caller { app, subscription, plan }),
        step: context.step.map(|types::Step { execution, state }| Step { execution, state }),
    }
}

fn problem_of(problem: Problem) -> types::Problem {
    let detail = problem.detail();
    let Problem { code, message, retry_after_ms, .. } = problem;
    match detail {
        Ok(detail) => types::Problem { code, message, detail, retry_after_ms },
        Err(error) => types::Problem {
            code: "not-json".to_owned(),
            message: format!("{code}: {message}: {error}"),
            detail: None,
            retry_after_ms,
        },
    }
}
