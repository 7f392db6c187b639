//! The `task` world: JSON in, JSON or a named error out.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use wasmtime::Store;

use super::CallContext;
use crate::component::{Component, Ready};
use crate::outcome::{FailureKind, GuestFailure};
use crate::run::{Ended, Ran, bounded};
use crate::settings::Limits;
use crate::state::HostState;
use crate::upload::Sandbox;
use crate::world::http::weir::plugin::types::Context;
use crate::world::task::exports::weir::plugin::task_handler as wit;

/// The most that a task's answer may hold, as in the Amazon States Language.
const OUTPUT_MAX: usize = 256 * 1024;

/// How the names of the host's own errors begin: a guest that used them could be taken for the host.
const RESERVED: [&str; 2] = ["States.", "Wasm."];

impl Sandbox {
    /// Calls a component of the `task` world once, on a fresh instance. `input` is JSON of at most 256 KiB, which the
    /// caller has checked. The answer is checked to be JSON of that size.
    pub fn call_task(
        &self,
        component: &Arc<Component>,
        context: &CallContext,
        input: Bytes,
        limits: &Arc<Limits>,
    ) -> impl Future<Output = Ran<Bytes>> + Send + use<'_> {
        let (queued, pace) = self.queue(component, context, limits);
        let (callee, wall, signals) = (Arc::clone(component), limits.wall, self.signals(context));
        let context = context.to_wit(limits);
        let work = Box::pin(async move {
            let (_place, mut store) = match queued.begin().await {
                Ok(begun) => begun,
                Err(ended) => return ended,
            };
            let ended = {
                let work = pin!(answer(&mut store, &callee, &context, &input));
                if callee.is_pure { work.await } else { bounded(work, wall, &signals).await }
            };
            read(ended).settle(store)
        });
        self.run(work, pace)
    }
}

async fn answer(
    store: &mut Store<HostState>,
    component: &Component,
    context: &Context,
    input: &[u8],
) -> wasmtime::Result<Result<Vec<u8>, wit::TaskError>> {
    let Ready::Task(pre) = &component.ready else {
        return Err(wasmtime::Error::msg("the component is not of the task world"));
    };
    let instance = pre.instantiate_async(&mut *store).await?;
    store.data_mut().instantiated();
    instance.weir_plugin_task_handler().call_run(store, context, input).await
}

fn read(ended: wasmtime::Result<Result<Vec<u8>, wit::TaskError>>) -> Ended<Bytes> {
    match ended {
        Err(error) => Ended::Stopped(error),
        Ok(Err(error)) if RESERVED.iter().any(|prefix| error.name.starts_with(prefix)) => Ended::Invalid(format!(
            "the error's name begins with one of the host's own prefixes, {}",
            RESERVED.join(" and ")
        )),
        Ok(Err(error)) => Ended::Failed(GuestFailure {
            kind: FailureKind::Permanent,
            code: error.name,
            message: error.cause,
            detail: None,
            retry_after_ms: None,
        }),
        Ok(Ok(output)) if output.len() > OUTPUT_MAX => Ended::TooLarge(format!("an output of {} bytes", output.len())),
        Ok(Ok(output)) => match serde_json::from_slice::<serde::de::IgnoredAny>(&output) {
            Ok(_) => Ended::Answered(output.into()),
            Err(error) => Ended::Invalid(format!("the output is not JSON: {error}")),
        },
    }
}
