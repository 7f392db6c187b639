//! The routes, and what every request passes through.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post, put};
use futures_util::FutureExt as _;
use http::HeaderValue;
use types::{CallId, Code};

use crate::house::{Desk, House, Settings};
use crate::refusal::Refusal;
use crate::routes::aws_credentials::AwsCredentialAt;
use crate::routes::things::{
    self, ApiAt, AppAt, KeyAt, OrganisationAt, PlanAt, ReleaseAt, SubscriptionAt, Suspendable,
};
use crate::routes::tokens::TokenAt;
use crate::routes::{
    accounts, apis, approvals, audit, aws_credentials, books, components, consumers, deliveries, executions, health,
    invitations, machine_roles, objects, plans, releases, reports, schedules, secrets, sign_up, tokens, traces,
    webhooks,
};
use crate::states;

/// How long a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// It reads or changes a few rows.
    Quick,
    /// It compiles, or reads a whole file.
    Slow,
}

/// The handlers of [`ROUTES`](crate::ROUTES), path by path. Tests hold the two together.
fn paths() -> Vec<(&'static str, Pace, MethodRouter<Desk>)> {
    use Pace::{Quick, Slow};
    let mut all = vec![
        ("/healthz", Quick, get(health::healthz)),
        ("/readyz", Quick, get(health::readyz)),
        (api::openapi::PATH, Quick, get(health::openapi)),
        ("/v1/whoami", Quick, get(accounts::whoami)),
        ("/v1/organisations", Quick, get(accounts::organisations).post(accounts::create_organisation)),
        (
            "/v1/organisations/{organisation}",
            Quick,
            get(things::show::<OrganisationAt>).patch(accounts::rename_organisation),
        ),
        ("/v1/tokens", Quick, get(tokens::list).post(tokens::create)),
        ("/v1/tokens/{token}", Quick, get(things::show::<TokenAt>).delete(tokens::revoke)),
        ("/v1/tokens/{token}/rotate", Quick, post(tokens::rotate)),
        ("/v1/invitations", Quick, get(invitations::list).post(invitations::create)),
        ("/v1/invitations/{invitation}", Quick, delete(invitations::revoke)),
        ("/v1/invitations/accept", Quick, post(invitations::accept)),
        ("/v1/apis", Quick, get(apis::list).post(apis::create)),
        ("/v1/apis/{slug}", Quick, get(things::show::<ApiAt>).patch(apis::change)),
        ("/v1/apis/{slug}/suspension", Quick, suspension::<ApiAt>()),
        ("/v1/apis/{slug}/live", Quick, put(apis::set_live)),
        ("/v1/apis/{slug}/releases", Quick, get(releases::list).post(releases::create)),
        ("/v1/apis/{slug}/releases/{number}", Quick, get(things::show::<ReleaseAt>)),
        ("/v1/apis/{slug}/releases/{number}/suspension", Quick, suspension::<ReleaseAt>()),
        ("/v1/plans/{plan}", Quick, get(things::show::<PlanAt>)),
        ("/v1/plans/{plan}/suspension", Quick, suspension::<PlanAt>()),
        ("/v1/apis/{slug}/plans", Quick, get(plans::list).post(plans::create)),
        ("/v1/components/{digest}", Slow, get(components::show).put(components::upload)),
        ("/v1/apps", Quick, get(consumers::apps).post(consumers::create_app)),
        ("/v1/apps/{app}", Quick, get(things::show::<AppAt>).patch(consumers::rename_app)),
        ("/v1/apps/{app}/suspension", Quick, suspension::<AppAt>()),
        ("/v1/keys/{key}", Quick, get(things::show::<KeyAt>).patch(consumers::end_key)),
        ("/v1/keys/{key}/rotate", Quick, post(consumers::rotate_key)),
        ("/v1/keys/{key}/suspension", Quick, suspension::<KeyAt>()),
        ("/v1/subscriptions/{subscription}", Quick, get(things::show::<SubscriptionAt>)),
        ("/v1/subscriptions/{subscription}/cancel", Quick, post(consumers::cancel)),
        ("/v1/subscriptions/{subscription}/suspension", Quick, suspension::<SubscriptionAt>()),
        ("/v1/apps/{app}/keys", Quick, get(consumers::keys).post(consumers::create_key)),
        ("/v1/keys/{key}/disable", Quick, post(consumers::disable_key)),
        ("/v1/subscriptions", Quick, get(consumers::subscriptions).post(consumers::subscribe)),
        ("/v1/subscriptions/{subscription}/spend-cap", Quick, put(consumers::set_spend_cap)),
        ("/v1/secrets", Quick, get(secrets::list)),
        ("/v1/secrets/{name}", Quick, put(secrets::set).delete(secrets::remove)),
        ("/v1/machine-roles", Quick, get(machine_roles::list)),
        ("/v1/machine-roles/{role}", Quick, put(machine_roles::set).delete(machine_roles::remove)),
        ("/v1/aws-credentials", Quick, get(aws_credentials::list).post(aws_credentials::create)),
        (
            "/v1/aws-credentials/{access_key}",
            Quick,
            get(things::show::<AwsCredentialAt>).delete(aws_credentials::delete),
        ),
        ("/v1/sign-up", Quick, post(sign_up::ask)),
        ("/v1/usage", Quick, get(reports::usage)),
        ("/v1/calls", Quick, get(reports::calls)),
        ("/v1/calls/{call}", Quick, get(reports::call)),
        ("/v1/calls/{call}/logs", Quick, get(reports::logs)),
        ("/v1/calls/{call}/trace", Quick, get(traces::of_call)),
        ("/v1/apis/{slug}/traces", Quick, get(traces::list)),
        ("/v1/audit", Quick, get(audit::list)),
        ("/v1/audit/verify", Slow, get(books::verify)),
        ("/v1/reconcile", Slow, get(books::reconcile)),
        ("/v1/host", Quick, get(books::host)),
        // What is not there, so that a typing error in `/v1` is answered as everything else is.
        ("/v1", Quick, get(missing)),
    ];
    all.extend(executions_and_letters());
    all
}

/// The rest of them: what runs by itself, and what goes out.
fn executions_and_letters() -> Vec<(&'static str, Pace, MethodRouter<Desk>)> {
    use Pace::{Quick, Slow};
    vec![
        ("/v1/objects", Slow, get(objects::used)),
        ("/v1/objects/{bucket}", Quick, get(objects::list)),
        ("/v1/objects/{bucket}/{*key}", Slow, get(objects::read).put(objects::put).delete(objects::delete)),
        ("/v1/webhooks", Quick, get(webhooks::list).post(webhooks::set)),
        ("/v1/webhooks/{webhook}", Quick, get(webhooks::show).patch(webhooks::change).delete(webhooks::delete)),
        ("/v1/webhooks/{webhook}/rotate", Quick, post(webhooks::rotate)),
        ("/v1/webhooks/{webhook}/test", Quick, post(webhooks::test)),
        ("/v1/deliveries", Quick, get(deliveries::list)),
        ("/v1/deliveries/{delivery}", Quick, get(deliveries::show)),
        ("/v1/deliveries/{delivery}/redeliver", Quick, post(deliveries::redeliver)),
        ("/v1/approvals", Quick, get(approvals::list)),
        ("/v1/executions", Quick, get(executions::list)),
        ("/v1/executions/{arn}", Quick, get(executions::show)),
        ("/v1/executions/{arn}/history", Quick, get(executions::history)),
        ("/v1/executions/{arn}/stop", Quick, post(executions::stop)),
        ("/v1/executions/{arn}/redrive", Quick, post(executions::redrive)),
        ("/v1/executions/redrive", Quick, post(executions::redrive_all)),
        ("/v1/schedules", Quick, get(schedules::list)),
        ("/v1/schedules/{schedule}", Quick, get(schedules::show).put(schedules::put).delete(schedules::delete)),
    ]
}

/// The id of a request, as its log line has it.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// Standing still and going on.
fn suspension<T: Suspendable>() -> MethodRouter<Desk> {
    put(things::suspend::<T>).delete(things::resume::<T>)
}

/// The control plane over these rooms.
pub fn router(house: House, settings: Settings) -> Router {
    let desk = Desk::new(house, settings);
    let mut router = Router::new();
    for (path, pace, handlers) in paths() {
        let within = match pace {
            Pace::Quick => desk.settings.request_timeout,
            Pace::Slow => desk.settings.upload_timeout,
        };
        router = router.route(path, handlers.layer(from_fn_with_state(within, bound)));
    }
    // Pages for people, whose links let them in.
    let pages: [(&str, MethodRouter<Desk>); 2] = [
        ("/approvals/{token}", get(approvals::look).post(approvals::decide)),
        ("/sign-up/{token}", get(sign_up::look).post(sign_up::accept)),
    ];
    for (path, handlers) in pages {
        router = router.route(path, handlers.layer(from_fn_with_state(desk.settings.request_timeout, bound)));
    }
    // Beside the routes of `/v1`: it asks for a signature in place of a token, answers in a form of its own, and keeps
    // its own time.
    router
        .route("/", post(states::answer))
        .fallback(missing)
        .method_not_allowed_fallback(not_allowed)
        .layer(from_fn_with_state(desk.clone(), stamp))
        .with_state(desk)
}

async fn missing(request: Request) -> Refusal {
    Refusal::because(Code::NotFound, format!("there is no {} here; the routes begin with /v1/", request.uri().path()))
}

async fn not_allowed() -> Refusal {
    Refusal::because(Code::MethodNotAllowed, "the path is there, but not for this method: see the header Allow")
}

/// Cuts a request off that takes too long. A change that it began goes on: the catalog finishes what it has taken.
async fn bound(State(within): State<Duration>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(within, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Refusal::because(Code::Overloaded, "the host did not finish in time: look before repeating it")
            .into_response(),
    }
}

/// The outermost layer: an id for every request, a line in the log, a problem document for every refusal, and a
/// panic that is one request's own.
async fn stamp(State(desk): State<Desk>, mut request: Request, next: Next) -> Response {
    let begun = desk.house.clock.moment();
    // An id as calls have it, but of its own form: this is no call, and nothing is billed.
    let id = format!("req_{:032x}", CallId::generate(desk.house.clock.now()).as_u128());
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = answer.unwrap_or_else(|_| {
        tracing::error!(request.id = id, "a control request panicked");
        Refusal::new(Code::Internal).into_response()
    });
    let refusal = response.extensions_mut().remove::<Refusal>();
    let fault = response.extensions().get::<states::FaultName>().map(|fault| fault.0.to_owned());
    let code = refusal.as_ref().map(|refusal| refusal.code().to_owned()).or(fault);
    if let Some(refusal) = refusal {
        let allow = response.headers_mut().remove(http::header::ALLOW);
        response = refusal.render(&id);
        if let Some(allow) = allow {
            response.headers_mut().insert(http::header::ALLOW, allow);
        }
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", id);
    }
    let elapsed = desk.house.clock.moment().since(begun);
    tracing::info!(
        request.id = id,
        http.method = %method,
        http.route = route.unwrap_or_default(),
        http.status = response.status().as_u16(),
        code = code.unwrap_or_default(),
        elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        "control request"
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ROUTES;

    #[test]
    fn every_path_that_is_served_is_in_the_list() {
        let listed = |path: &str| ROUTES.iter().any(|(_, listed, _)| *listed == path);
        let missing: Vec<_> =
            paths().into_iter().map(|(path, ..)| path).filter(|path| *path != "/v1" && !listed(path)).collect();
        assert!(missing.is_empty(), "add to ROUTES: {missing:?}");
    }
}
