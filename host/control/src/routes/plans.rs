//! Plans: what is included, how fast, and what more costs.

use axum::extract::State;
use catalog::{NewPlan, Plan, Provisos, Snapshot};
use types::{ApiId, Currency, LimitKind, Money, PlanId, Quota, Rate, RouteId, Terms};

use super::{Answer, Reply, page, things};
use crate::caller::Caller;
use crate::house::Desk;
use crate::provisos::IfMatch;
use crate::read::{Body, Path, Query};
use crate::refusal::Refusal;

/// `GET /v1/apis/{slug}/plans`: every version of every plan.
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Path(slug): Path<String>,
    Query(query): Query<api::ListQuery<PlanId>>,
) -> Answer<api::Page<api::Plan>> {
    let snapshot = desk.house.catalog.snapshot();
    let api = caller.api(&snapshot, &slug)?;
    page(&query, snapshot.plans_of(api.id).map(|plan| (plan.id, plan)), |plan| shown(&snapshot, plan)).map(Reply::Found)
}

/// `POST /v1/apis/{slug}/plans`.
pub(crate) async fn create(
    State(desk): State<Desk>,
    caller: Caller,
    Path(slug): Path<String>,
    if_match: IfMatch,
    Body(new): Body<api::NewPlan>,
) -> Answer<api::Plan> {
    let catalog = &desk.house.catalog;
    let (api, newest) = {
        let snapshot = catalog.snapshot();
        let api = caller.api(&snapshot, &slug)?;
        let newest = snapshot.plan_named(api.id, &new.name).cloned();
        (api, newest)
    };
    let routes = match &new.routes {
        None => None,
        Some(named) => Some(route_ids(&desk, api.id, named).await?),
    };
    let plan = NewPlan { api: api.id, price: price_of(&new)?, terms: terms_of(&new)?, name: new.name, routes };
    // Whoever changes a plan must have seen the API's plans. The first version, and the same again, change none.
    let changes = newest.as_ref().is_some_and(|newest| {
        newest.price != plan.price || *newest.terms != plan.terms || newest.routes != plan.routes
    });
    let condition = if changes { if_match.required_on(&api.id)? } else { if_match.on(&api.id) };
    let insisting = catalog.insisting_on(Provisos { condition, repeat: None });
    let id = insisting.create_plan(caller.actor(), plan).await?;
    let before = newest.filter(|newest| newest.id == id).map(|_| ());
    let snapshot = catalog.snapshot();
    let plan = snapshot.plan(id).ok_or_else(|| Refusal::missing("plan", id))?;
    Ok(Reply::known(before, shown(&snapshot, plan)))
}

/// The ids of routes that are named by method and path, as the latest release has them.
async fn route_ids(desk: &Desk, api: ApiId, named: &[String]) -> Result<Vec<RouteId>, Refusal> {
    let releases = desk.house.catalog.releases(api, 1).await?;
    let routes = releases.first().map(|release| release.routes.as_slice()).unwrap_or_default();
    named
        .iter()
        .map(|name| {
            let found = routes.iter().find(|route| {
                name.split_once(' ').is_some_and(|(method, path)| {
                    route.method.eq_ignore_ascii_case(method) && route.template == path.trim()
                })
            });
            found.map(|route| route.id).ok_or_else(|| {
                Refusal::unfit("/routes", format!("{name:?} is not a route of the latest release, such as `GET /v1/x`"))
            })
        })
        .collect()
}

fn price_of(new: &api::NewPlan) -> Result<Option<Money>, Refusal> {
    new.price.as_deref().map(|price| money(price, new.currency, "/price")).transpose()
}

fn money(amount: &str, currency: Option<Currency>, pointer: &str) -> Result<Money, Refusal> {
    Money::parse(amount, currency.unwrap_or(Currency::USD)).map_err(|error| Refusal::field(pointer, error.to_string()))
}

fn terms_of(new: &api::NewPlan) -> Result<Terms, Refusal> {
    let quotas = new.quotas.iter().enumerate().map(|(index, quota)| {
        let pointer = format!("/quotas/{index}/overage");
        let overage = quota.overage.as_deref().map(|amount| money(amount, new.currency, &pointer)).transpose()?;
        Ok(Quota { object: quota.object.clone(), amount: quota.amount, per: quota.per, limit: quota.limit, overage })
    });
    let rate =
        new.rate.map(|rate| Rate { count: rate.count, window: rate.window, burst: rate.burst.unwrap_or(rate.count) });
    Ok(Terms { quotas: quotas.collect::<Result<_, Refusal>>()?, rate, only_2xx_billed: new.only_2xx_billed })
}

pub(super) fn shown(snapshot: &Snapshot, plan: &Plan) -> api::Plan {
    let price = plan.price.filter(|price| price.micros != 0).map(|price| format!("{price} a month"));
    let rate = plan
        .terms
        .rate
        .map(|rate| format!("at most {} calls a {}, {} at once", rate.count, rate.window.as_str(), rate.burst));
    let quotas = plan.terms.quotas.iter().map(quota_sentence);
    api::Plan {
        id: plan.id,
        name: plan.name.to_string(),
        version: plan.version,
        price,
        terms: quotas.chain(rate).collect(),
        suspended: things::suspension(snapshot.plan_suspension(plan.id).map(AsRef::as_ref)),
    }
}

fn quota_sentence(quota: &Quota) -> String {
    let included = format!("{} {} {}", quota.amount, quota.object, quota.per.adjective().to_ascii_lowercase());
    match (quota.limit, quota.overage) {
        (LimitKind::Hard, _) => format!("{included}, then no more"),
        (LimitKind::Soft, None) => format!("{included}, then more at no charge"),
        (LimitKind::Soft, Some(overage)) => {
            format!("{included}, then {overage} each")
        }
    }
}
