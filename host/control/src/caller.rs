//! Who sends a request, and what that lets him touch: the one place that decides it.
//!
//! Operators may do everything. A provider's token acts for one organisation: it sees and changes what belongs to that,
//! and a thing of somebody else's reads as one that does not exist.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath};
use catalog::{
    Actor, Api, App, Authority, AwsCredential, Key, Organisation, Principal, Role, Scope, Scopes, Snapshot,
    Subscription, Token,
};
use http::header;
use http::request::Parts;
use types::{AccessKeyId, ApiId, AppId, Code, KeyId, OrganisationId, SubscriptionId, TokenId};

use crate::house::Desk;
use crate::refusal::Refusal;
use crate::table::{self, Needs};

/// The holder of a valid token: proof that it was checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller(Principal);

impl FromRequestParts<Desk> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Refusal> {
        let header = parts.headers.get(header::AUTHORIZATION).ok_or_else(|| {
            Refusal::because(Code::Unauthorised, "send a token of this host as `Authorization: Bearer …`")
        })?;
        let principal = header
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .and_then(|(_, secret)| desk.house.catalog.authenticate_token(secret.trim()))
            .ok_or_else(|| {
                Refusal::because(Code::Unauthorised, "the token is mistyped, unknown or disabled, or has expired")
            })?;
        let route = parts.extensions.get::<MatchedPath>();
        let scope = match route.and_then(|route| table::needs(&parts.method, route.as_str())) {
            Some(Needs::Nothing) => return Ok(Self(principal)),
            Some(Needs::Read) => Scope::Read,
            Some(Needs::Publish) => Scope::Publish,
            Some(Needs::Manage) => Scope::Manage,
            None => return Err(Refusal::new(Code::Forbidden)),
        };
        if principal.scopes.has(scope) {
            return Ok(Self(principal));
        }
        Err(Refusal::because(Code::Forbidden, format!("this takes a token with the scope {}", scope.as_str())))
    }
}

impl Caller {
    /// The caller as the author of changes.
    pub(crate) const fn actor(&self) -> Actor {
        self.0.actor()
    }

    /// The token behind the request.
    pub(crate) const fn principal(&self) -> &Principal {
        &self.0
    }

    /// Goes on for who has all of `scopes` himself: nobody gives away more than he has.
    pub(crate) fn require_scopes(&self, scopes: Scopes) -> Result<(), Refusal> {
        if self.0.scopes.contain(scopes) {
            return Ok(());
        }
        Err(Refusal::because(Code::Forbidden, "a token makes and rotates none that may do more than itself"))
    }

    /// Whether the token is the caller's to look at and to end: his organisation's.
    pub(crate) fn holds(&self, token: &Token) -> bool {
        match (self.0.role, token.role) {
            (Role::Operator, _) => true,
            (Role::Provider(own), Role::Provider(its)) => own == its,
            (Role::Provider(_), Role::Operator) => false,
        }
    }

    /// The token with this id. One that is revoked is gone.
    pub(crate) fn token(&self, snapshot: &Snapshot, id: TokenId) -> Result<Arc<Token>, Refusal> {
        let found = snapshot.token(id).filter(|token| self.holds(token) && token.disabled.is_none());
        found.cloned().ok_or_else(|| Refusal::missing("token", id))
    }

    /// By whose word the caller suspends.
    pub(crate) const fn authority(&self) -> Authority {
        match self.0.role {
            Role::Operator => Authority::Operator,
            Role::Provider(_) => Authority::Owner,
        }
    }

    /// Goes on for an operator alone.
    pub(crate) fn require_operator(&self) -> Result<(), Refusal> {
        match self.0.role {
            Role::Operator => Ok(()),
            Role::Provider(_) => Err(Refusal::because(Code::Forbidden, "this takes an operator's token")),
        }
    }

    /// Whether what belongs to `organisation` is for this caller.
    pub(crate) fn owns(&self, organisation: OrganisationId) -> bool {
        match self.0.role {
            Role::Operator => true,
            Role::Provider(own) => own == organisation,
        }
    }

    /// The organisation that a new thing goes to: the one that is named by id or name, else the caller's own.
    pub(crate) fn organisation(&self, snapshot: &Snapshot, named: Option<&str>) -> Result<Arc<Organisation>, Refusal> {
        let found = match (named, self.0.role) {
            (None, Role::Operator) => {
                return Err(Refusal::unfit("/organisation", "an operator says for which organisation, by id or name"));
            }
            (None, Role::Provider(own)) => snapshot.organisation(own),
            (Some(named), _) => match named.parse::<OrganisationId>() {
                Ok(id) => snapshot.organisation(id),
                Err(_) => snapshot.organisation_named(named),
            },
        };
        found
            .filter(|organisation| self.owns(organisation.id))
            .cloned()
            .ok_or_else(|| Refusal::missing("organisation", named.unwrap_or("of this token")))
    }

    /// Whose things a list is about: those of the organisation that is named, else the caller's own; for an operator,
    /// everyone's.
    pub(crate) fn only(&self, snapshot: &Snapshot, named: Option<&str>) -> Result<Option<OrganisationId>, Refusal> {
        match (named, self.0.role) {
            (None, Role::Operator) => Ok(None),
            (named, _) => self.organisation(snapshot, named).map(|organisation| Some(organisation.id)),
        }
    }

    /// The API with this slug, to be changed or looked into.
    pub(crate) fn api(&self, snapshot: &Snapshot, slug: &str) -> Result<Arc<Api>, Refusal> {
        snapshot
            .api(slug)
            .filter(|api| self.owns(api.organisation))
            .cloned()
            .ok_or_else(|| Refusal::missing("API", slug))
    }

    /// The credential with this id.
    pub(crate) fn aws_credential(&self, snapshot: &Snapshot, id: AccessKeyId) -> Result<Arc<AwsCredential>, Refusal> {
        let found = snapshot.aws_credential(id).filter(|credential| self.owns(credential.organisation));
        found.cloned().ok_or_else(|| Refusal::missing("credential", id))
    }

    /// The app with this id.
    pub(crate) fn app(&self, snapshot: &Snapshot, app: AppId) -> Result<Arc<App>, Refusal> {
        snapshot.app(app).filter(|app| self.owns(app.organisation)).cloned().ok_or_else(|| Refusal::missing("app", app))
    }

    /// The key with this id. Whose app it is not, his key it is not either, and so it is not there.
    pub(crate) fn key(&self, snapshot: &Snapshot, key: KeyId) -> Result<Arc<Key>, Refusal> {
        let owns = |key: &&Arc<Key>| self.app(snapshot, key.app).is_ok();
        snapshot.key_by_id(key).filter(owns).cloned().ok_or_else(|| Refusal::missing("key", key))
    }

    /// The subscription with this id, to be looked at: by the one who has it, and by the one who sells the API.
    pub(crate) fn subscription(
        &self,
        snapshot: &Snapshot,
        subscription: SubscriptionId,
    ) -> Result<Arc<Subscription>, Refusal> {
        snapshot
            .subscription_by_id(subscription)
            .filter(|subscription| self.sees(snapshot, subscription))
            .cloned()
            .ok_or_else(|| Refusal::missing("subscription", subscription))
    }

    /// Whether the caller has the subscription, or sells what it is to.
    pub(crate) fn sees(&self, snapshot: &Snapshot, subscription: &Subscription) -> bool {
        let has = snapshot.app(subscription.app).is_some_and(|app| self.owns(app.organisation));
        has || self.sells(snapshot, subscription.api)
    }

    /// Whether the caller sells this API.
    pub(crate) fn sells(&self, snapshot: &Snapshot, api: ApiId) -> bool {
        snapshot.api_by_id(api).is_some_and(|api| self.owns(api.organisation))
    }
}
