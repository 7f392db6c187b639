//! The `http` world: a typed request in, a typed response or failure out.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use wasmtime::Store;

use super::{CallContext, HttpRequest, response};
use crate::component::{Component, Ready};
use crate::outcome::{FailureKind, GuestFailure};
use crate::run::{Ended, Ran, bounded};
use crate::settings::Limits;
use crate::state::HostState;
use crate::upload::Sandbox;
use crate::world::http::exports::weir::plugin::http_handler as wit;
use crate::world::http::weir::plugin::types::{Context, Field, Problem};

impl Sandbox {
    /// Calls a component of the `http` world once, on a fresh instance.
    ///
    /// Dropping the future ends the guest, unless it runs on other threads: then it runs on within its limits, and what it did
    /// is lost. Never an error: whatever happens is an outcome.
    pub fn call_http(
        &self,
        component: &Arc<Component>,
        context: &CallContext,
        request: HttpRequest,
        limits: &Arc<Limits>,
    ) -> impl Future<Output = Ran<http::Response<Bytes>>> + Send + use<'_> {
        let (queued, pace) = self.queue(component, context, limits);
        let (context, request) = (context.to_wit(limits), to_wit(request));
        let (callee, limits, signals) = (Arc::clone(component), Arc::clone(limits), self.threads().signals.clone());
        let work = Box::pin(async move {
            let (_place, mut store) = match queued.begin().await {
                Ok(begun) => begun,
                Err(ended) => return ended,
            };
            let ended = {
                let work = pin!(answer(&mut store, &callee, &context, &request));
                if callee.is_pure { work.await } else { bounded(work, limits.wall, &signals).await }
            };
            read(ended, &limits).settle(store)
        });
        self.run(work, pace)
    }
}

async fn answer(
    store: &mut Store<HostState>,
    component: &Component,
    context: &Context,
    request: &wit::Request,
) -> wasmtime::Result<Result<wit::Response, wit::Failure>> {
    let Ready::Http(pre) = &component.ready else {
        return Err(wasmtime::Error::msg("the component is not of the http world"));
    };
    let instance = pre.instantiate_async(&mut *store).await?;
    store.data_mut().instantiated();
    instance.weir_plugin_http_handler().call_handle(store, context, request).await
}

fn to_wit(request: HttpRequest) -> wit::Request {
    let field = |(name, value): (&http::HeaderName, &http::HeaderValue)| Field {
        name: name.as_str().to_owned(),
        value: value.as_bytes().to_vec(),
    };
    wit::Request {
        method: request.method.as_str().to_owned(),
        path: request.path,
        query: request.query,
        route: request.route.to_string(),
        path_params: request.path_params,
        headers: request.headers.iter().map(field).collect(),
        body: request.body.into(),
    }
}

fn read(ended: wasmtime::Result<Result<wit::Response, wit::Failure>>, limits: &Limits) -> Ended<http::Response<Bytes>> {
    match ended {
        Err(error) => Ended::Stopped(error),
        Ok(Err(failure)) => Ended::Failed(named(failure)),
        Ok(Ok(answer)) if answer.body.len() > limits.response_body.to_usize() => {
            Ended::TooLarge(format!("a body of {} bytes", answer.body.len()))
        }
        Ok(Ok(answer)) => {
            let fields = answer.headers.into_iter().map(|field| (field.name, field.value));
            response::head(answer.status, fields, limits).map_response(answer.body.into())
        }
    }
}

fn named(failure: wit::Failure) -> GuestFailure {
    let with = |kind, problem: Problem| GuestFailure {
        kind,
        code: problem.code,
        message: problem.message,
        detail: problem.detail,
        retry_after_ms: problem.retry_after_ms,
    };
    match failure {
        wit::Failure::Rejected(problem) => with(FailureKind::Rejected, problem),
        wit::Failure::Retryable(problem) => with(FailureKind::Retryable, problem),
        wit::Failure::Permanent(problem) => with(FailureKind::Permanent, problem),
        wit::Failure::QuotaExceeded(object) => GuestFailure {
            kind: FailureKind::QuotaExceeded,
            code: "quota-exceeded".to_owned(),
            message: format!("The component's own quota for {object} is used up."),
            detail: None,
            retry_after_ms: None,
        },
    }
}
