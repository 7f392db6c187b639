//! Credentials for clients of AWS: their secrets are shown when they are made, and never again.

use std::sync::Arc;

use axum::extract::State;
use catalog::{AwsCredential, Snapshot};
use types::{AccessKeyId, Code, SecretValue};

use super::things::Thing;
use super::{Answer, Reply};
use crate::caller::Caller;
use crate::house::Desk;
use crate::read::{Fresh, Path, Query};
use crate::refusal::Refusal;

/// `GET /v1/aws-credentials`, without their secrets. An organisation has at most 20, so there are no pages.
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(query): Query<api::AwsCredentialQuery>,
) -> Answer<api::Page<api::AwsCredentialEntry>> {
    let snapshot = desk.house.catalog.snapshot();
    let only = query.organisation.as_deref().map(|named| caller.organisation(&snapshot, Some(named)));
    let only = only.transpose()?.map(|organisation| organisation.id);
    let seen = |credential: &&Arc<AwsCredential>| {
        only.is_none_or(|only| only == credential.organisation) && caller.owns(credential.organisation)
    };
    let items = snapshot.aws_credentials().filter(seen).map(|credential| shown(credential)).collect();
    Ok(Reply::Found(api::Page { items, next: None }))
}

/// `POST /v1/aws-credentials`.
pub(crate) async fn create(
    State(desk): State<Desk>,
    caller: Caller,
    Fresh(new, repeat): Fresh<api::NewAwsCredential>,
) -> Answer<api::AwsCredential> {
    let organisation = caller.organisation(&desk.house.catalog.snapshot(), new.organisation.as_deref())?;
    let (id, secret) = (AccessKeyId::generate(), SecretValue::generate_access_key());
    let sealed = desk.house.vault.seal_access_key(organisation.id, id, &secret);
    let sealed = sealed.map_err(|error| Refusal::failed(Code::Internal, "seal a credential", &error))?;
    let new = catalog::NewAwsCredential { id, organisation: organisation.id, name: new.name, sealed };
    let catalog = desk.house.catalog.insisting_on(repeat);
    catalog.create_aws_credential(caller.actor(), new).await?;
    let credential = caller.aws_credential(&catalog.snapshot(), id)?;
    Ok(Reply::Made(api::AwsCredential {
        access_key_id: id,
        secret_access_key: secret.reveal().to_owned(),
        name: credential.name.clone(),
        organisation: organisation.id,
        account: organisation.account.clone(),
        created_at: credential.created_at.into(),
    }))
}

/// `DELETE /v1/aws-credentials/{access_key}`: what it signs is refused from now on.
pub(crate) async fn delete(
    State(desk): State<Desk>,
    caller: Caller,
    Path(at): Path<AwsCredentialAt>,
) -> Answer<api::AwsCredentialEntry> {
    let known = caller.aws_credential(&desk.house.catalog.snapshot(), at.0)?;
    desk.house.catalog.delete_aws_credential(caller.actor(), known.id).await?;
    Ok(Reply::Found(shown(&known)))
}

fn shown(credential: &AwsCredential) -> api::AwsCredentialEntry {
    api::AwsCredentialEntry {
        access_key_id: credential.id,
        name: credential.name.clone(),
        organisation: credential.organisation,
        created_at: credential.created_at.into(),
    }
}

/// `/v1/aws-credentials/{access_key}`.
#[derive(serde::Deserialize)]
pub(crate) struct AwsCredentialAt(AccessKeyId);

impl Thing for AwsCredentialAt {
    type Shown = api::AwsCredentialEntry;

    async fn find(
        &self,
        _: &Desk,
        snapshot: &Arc<Snapshot>,
        caller: &Caller,
    ) -> Result<(String, api::AwsCredentialEntry), Refusal> {
        let credential = caller.aws_credential(snapshot, self.0)?;
        Ok((credential.id.to_string(), shown(&credential)))
    }
}
