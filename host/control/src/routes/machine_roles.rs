//! Roles of state machines: what those that clients of AWS have made may reach outside.

use axum::extract::State;
use types::{Egress, RoleName};

use super::{Answer, Reply};
use crate::caller::Caller;
use crate::house::Desk;
use crate::read::{Body, Path, Query};
use crate::refusal::Refusal;

/// `GET /v1/machine-roles`.
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(query): Query<api::MachineRoleQuery>,
) -> Answer<api::Page<api::MachineRole>> {
    let snapshot = desk.house.catalog.snapshot();
    let only = query.organisation.as_deref().map(|named| caller.organisation(&snapshot, Some(named)));
    let only = only.transpose()?.map(|organisation| organisation.id);
    let mine = |role: &&std::sync::Arc<catalog::MachineRole>| {
        only.is_none_or(|only| only == role.organisation) && caller.owns(role.organisation)
    };
    let items = snapshot.machine_roles().filter(mine).filter_map(|role| shown(role)).collect();
    Ok(Reply::Found(api::Page { items, next: None }))
}

/// `PUT /v1/machine-roles/{role}`.
pub(crate) async fn set(
    State(desk): State<Desk>,
    caller: Caller,
    Path(name): Path<RoleName>,
    Body(new): Body<api::NewMachineRole>,
) -> Answer<api::MachineRole> {
    let catalog = &desk.house.catalog;
    let organisation = caller.organisation(&catalog.snapshot(), new.organisation.as_deref())?.id;
    let find = || catalog.snapshot().machine_role(organisation, &name).and_then(|role| shown(role));
    let before = find().map(drop);
    let grant = Egress { allow: new.allow, secrets: new.secrets };
    catalog.set_machine_role(caller.actor(), organisation, name.clone(), grant).await?;
    find().map(|made| Reply::known(before, made)).ok_or_else(|| Refusal::missing("role", &name))
}

/// `DELETE /v1/machine-roles/{role}`.
pub(crate) async fn remove(
    State(desk): State<Desk>,
    caller: Caller,
    Path(name): Path<RoleName>,
    Query(query): Query<api::MachineRoleQuery>,
) -> Answer<api::MachineRole> {
    let catalog = &desk.house.catalog;
    let organisation = caller.organisation(&catalog.snapshot(), query.organisation.as_deref())?.id;
    let known = catalog.snapshot().machine_role(organisation, &name).and_then(|role| shown(role));
    let known = known.ok_or_else(|| Refusal::missing("role", &name))?;
    catalog.remove_machine_role(caller.actor(), organisation, name).await?;
    Ok(Reply::Found(known))
}

/// `None`: it was removed.
fn shown(role: &catalog::MachineRole) -> Option<api::MachineRole> {
    let egress = role.egress.clone()?;
    Some(api::MachineRole {
        name: role.name.clone(),
        organisation: role.organisation,
        version: role.version,
        allow: egress.allow,
        secrets: egress.secrets,
        updated_at: role.updated_at.into(),
    })
}
