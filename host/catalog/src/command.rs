//! The commands: each is one transaction of catalog.db, and resolves when the snapshot shows it.
//!
//! All of them fail alike. `NotFound`, `Exists`, `Invalid`, `Unfit`, `TooManyKeys`, `HeldByOperator`, `Store`, `Unavailable`: nothing is written.
//! `NotYetVisible`: it is written and will appear. `Uncertain`: look before repeating. Those that make a thing with a
//! name find it instead when it is there and says the same, so repeating them is safe. A dropped future changes nothing:
//! the change goes on.

use types::{
    ApiId, AppId, Digest, InvitationId, KeyId, KeyKind, OrganisationId, PlanId, SecretKey, SubscriptionId, Timestamp,
    TokenId,
};

use crate::tables::{access, api, invitation, organisation, plan, release, subscription, suspension};
use crate::{
    Accept, Accepted, Actor, Authority, Catalog, CatalogError, Component, Invitation, Key, NewApi, NewKey, NewPlan,
    NewRelease, NewToken, Release, Subject, Suspension,
};

impl Catalog {
    /// Makes an organisation, or finds the one with this name.
    ///
    /// # Errors
    ///
    /// As the module says.
    pub async fn create_organisation(&self, actor: Actor, name: &str) -> Result<OrganisationId, CatalogError> {
        let name = name.to_owned();
        self.change(actor, move |change| organisation::create(change, &name)).await
    }

    /// Gives an organisation another name.
    ///
    /// # Errors
    ///
    /// As the module says; `Exists` when another one has it.
    pub async fn rename_organisation(
        &self,
        actor: Actor,
        organisation: OrganisationId,
        name: &str,
    ) -> Result<(), CatalogError> {
        let name = name.to_owned();
        self.change(actor, move |change| organisation::rename(change, organisation, &name)).await
    }

    /// Makes an API, or brings the organisation's API with this slug up to date: its title and its hosts.
    ///
    /// # Errors
    ///
    /// As the module says; `Exists` when another organisation has the slug or another API a host.
    pub async fn create_api(&self, actor: Actor, new: NewApi) -> Result<ApiId, CatalogError> {
        self.change(actor, move |change| api::create(change, &new)).await
    }

    /// Notes a component that the sandbox has accepted. A known one stays as it is, withdrawn or not.
    ///
    /// # Errors
    ///
    /// As the module says.
    pub async fn register_component(&self, actor: Actor, component: Component) -> Result<(), CatalogError> {
        self.change(actor, move |change| release::register(change, &component)).await
    }

    /// Keeps a component out of new releases, and its releases from being set live. What is live stays live.
    ///
    /// # Errors
    ///
    /// As the module says.
    pub async fn withdraw_component(&self, actor: Actor, digest: Digest, reason: &str) -> Result<(), CatalogError> {
        let reason = reason.to_owned();
        self.change(actor, move |change| release::withdraw(change, &digest, &reason)).await
    }

    /// Makes the next release of an API, or finds the latest one if it says the same. Answers its number.
    ///
    /// # Errors
    ///
    /// As the module says; `Unfit` also for a component that is withdrawn.
    pub async fn create_release(&self, actor: Actor, new: NewRelease) -> Result<u32, CatalogError> {
        self.change(actor, move |change| release::create(change, &new)).await
    }

    /// Lets a release serve its API, alone.
    ///
    /// # Errors
    ///
    /// As the module says; `Unfit` when its component is withdrawn.
    pub async fn set_live(&self, actor: Actor, api: ApiId, number: u32) -> Result<(), CatalogError> {
        self.set_live_weighted(actor, api, vec![(number, 1)]).await
    }

    /// Lets releases serve an API, each so often as its weight says: number and weight, none twice, none with 0.
    ///
    /// # Errors
    ///
    /// As the module says; `Unfit` also when a component of them is withdrawn.
    pub async fn set_live_weighted(
        &self,
        actor: Actor,
        api: ApiId,
        serving: Vec<(u32, u32)>,
    ) -> Result<(), CatalogError> {
        self.change(actor, move |change| release::set_live(change, api, &serving)).await
    }

    /// Makes the next version of a plan, or finds the newest one if it says the same. Subscriptions stay on their
    /// version; new ones get the newest.
    ///
    /// # Errors
    ///
    /// As the module says; `Unfit` also when a quota counts an object that the latest release does not declare.
    pub async fn create_plan(&self, actor: Actor, new: NewPlan) -> Result<PlanId, CatalogError> {
        self.change(actor, move |change| plan::create(change, &new)).await
    }

    /// Makes an app, or finds the organisation's app with this name.
    ///
    /// # Errors
    ///
    /// As the module says.
    pub async fn create_app(
        &self,
        actor: Actor,
        organisation: OrganisationId,
        name: &str,
    ) -> Result<AppId, CatalogError> {
        let name = name.to_owned();
        self.change(actor, move |change| organisation::create_app(change, organisation, &name)).await
    }

    /// Makes a key. The secret is shown this once and stored nowhere; after `NotYetVisible` it is lost, and the key is
    /// best disabled.
    ///
    /// # Errors
    ///
    /// As the module says; `TooManyKeys` when the app has two of this kind.
    pub async fn create_key(&self, actor: Actor, new: NewKey) -> Result<(Key, SecretKey), CatalogError> {
        let secret = SecretKey::generate(new.kind);
        self.change(actor, move |change| access::create_key(change, new, &secret).map(|key| (key, secret))).await
    }

    /// Refuses a key from now on, for good.
    ///
    /// # Errors
    ///
    /// As the module says.
    pub async fn disable_key(&self, actor: Actor, key: KeyId, reason: &str) -> Result<(), CatalogError> {
        let reason = reason.to_owned();
        self.change(actor, move |change| access::disable_key(change, key, &reason)).await
    }

    /// Lets a live key end at `end`, so that its successor can take over meanwhile.
    ///
    /// # Errors
    ///
    /// As the module says; `Unfit` when it has ended already.
    pub async fn retire_key(&self, actor: Actor, key: KeyId, end: Timestamp) -> Result<(), CatalogError> {
        self.change(actor, move |change| access::retire_key(change, key, end)).await
    }

    /// Makes a successor of a key, and lets the key end at `end`.
    ///
    /// # Errors
    ///
    /// As the module says; `Unfit` when it has ended already, `TooManyKeys` when it has a successor.
    pub async fn rotate_key(&self, actor: Actor, key: &Key, end: Timestamp) -> Result<(Key, SecretKey), CatalogError> {
        let (id, secret) = (key.id, SecretKey::generate(key.kind));
        self.change(actor, move |change| access::rotate_key(change, id, end, &secret).map(|new| (new, secret))).await
    }

    /// Subscribes an app to an API, or moves its subscription to another plan; its id and its anchor stay.
    ///
    /// # Errors
    ///
    /// As the module says; `Unfit` when the plan has a newer version.
    pub async fn subscribe(
        &self,
        actor: Actor,
        app: AppId,
        api: ApiId,
        plan: PlanId,
    ) -> Result<SubscriptionId, CatalogError> {
        self.change(actor, move |change| subscription::subscribe(change, app, api, plan)).await
    }

    /// Lets the overage of a subscription's billing period cost `cap` at most, in millionths of its plan's currency.
    /// `None` lifts the cap. Counts from the next call on.
    ///
    /// # Errors
    ///
    /// As the module says.
    pub async fn set_spend_cap(
        &self,
        actor: Actor,
        subscription: SubscriptionId,
        cap: Option<u64>,
    ) -> Result<(), CatalogError> {
        self.change(actor, move |change| subscription::set_spend_cap(change, subscription, cap)).await
    }

    /// Lets a subscription end at `end`. Subscribing again before or after lets it go on.
    ///
    /// # Errors
    ///
    /// As the module says.
    pub async fn cancel_subscription(
        &self,
        actor: Actor,
        subscription: SubscriptionId,
        end: Timestamp,
    ) -> Result<(), CatalogError> {
        self.change(actor, move |change| subscription::cancel(change, subscription, end)).await
    }

    /// Gives an app another name.
    ///
    /// # Errors
    ///
    /// As the module says; `Exists` when another app of its organisation has it.
    pub async fn rename_app(&self, actor: Actor, app: AppId, name: &str) -> Result<(), CatalogError> {
        let name = name.to_owned();
        self.change(actor, move |change| organisation::rename_app(change, app, &name)).await
    }

    /// Lets a thing stand still from the next call on, with a reason that callers read.
    ///
    /// # Errors
    ///
    /// As the module says; `HeldByOperator` when it stands still by an operator's word, and this is its owner's.
    pub async fn suspend(&self, actor: Actor, subject: Subject, wanted: Suspension) -> Result<(), CatalogError> {
        self.change(actor, move |change| suspension::suspend(change, subject, &wanted)).await
    }

    /// Lets a thing go on.
    ///
    /// # Errors
    ///
    /// As the module says; `HeldByOperator` when it stands still by an operator's word, and this is its owner's.
    pub async fn resume(&self, actor: Actor, subject: Subject, by: Authority) -> Result<(), CatalogError> {
        self.change(actor, move |change| suspension::resume(change, subject, by)).await
    }

    /// Makes a control token. The secret is shown this once and stored nowhere.
    ///
    /// # Errors
    ///
    /// As the module says.
    pub async fn create_token(&self, actor: Actor, new: NewToken) -> Result<(TokenId, SecretKey), CatalogError> {
        let secret = SecretKey::generate(KeyKind::Control);
        self.change(actor, move |change| access::create_token(change, new, &secret).map(|token| (token, secret))).await
    }

    /// Makes a successor of a control token with the same role and scopes, and lets the token end at `end`.
    ///
    /// # Errors
    ///
    /// As the module says; `Unfit` when it has ended already, or `end` lies in the past.
    pub async fn rotate_token(
        &self,
        actor: Actor,
        token: TokenId,
        end: Timestamp,
    ) -> Result<(TokenId, SecretKey), CatalogError> {
        let secret = SecretKey::generate(KeyKind::Control);
        self.change(actor, move |change| access::rotate_token(change, token, end, &secret).map(|new| (new, secret)))
            .await
    }

    /// Refuses a control token from now on, for good.
    ///
    /// # Errors
    ///
    /// As the module says.
    pub async fn disable_token(&self, actor: Actor, token: TokenId, reason: &str) -> Result<(), CatalogError> {
        let reason = reason.to_owned();
        self.change(actor, move |change| access::disable_token(change, token, &reason)).await
    }

    /// A component that was registered.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Unavailable`] when the file cannot be read.
    pub async fn component(&self, digest: Digest) -> Result<Option<Component>, CatalogError> {
        let read = move |conn: &rusqlite::Connection| release::component(conn, &digest);
        self.inner.store.read(read).await.map_err(|_| CatalogError::Unavailable)
    }

    /// A release of an API by its number, with the limits that count.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Unavailable`] when the file cannot be read.
    pub async fn release(&self, api: ApiId, number: u32) -> Result<Option<Release>, CatalogError> {
        let ceiling = self.inner.ceiling;
        let read = move |conn: &rusqlite::Connection| release::numbered(conn, api, number, &ceiling);
        self.inner.store.read(read).await.map_err(|_| CatalogError::Unavailable)
    }

    /// The latest releases of an API, newest first, at most `limit`, those before number `before` alone if there is one,
    /// with the limits that count.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Unavailable`] when the file cannot be read.
    pub async fn releases_before(
        &self,
        api: ApiId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<Release>, CatalogError> {
        let ceiling = self.inner.ceiling;
        let read = move |conn: &rusqlite::Connection| release::list(conn, api, (before, limit), &ceiling);
        self.inner.store.read(read).await.map_err(|_| CatalogError::Unavailable)
    }

    /// The latest releases of an API, newest first, at most `limit`, with the limits that count.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Unavailable`] when the file cannot be read.
    pub async fn releases(&self, api: ApiId, limit: u32) -> Result<Vec<Release>, CatalogError> {
        self.releases_before(api, None, limit).await
    }

    /// Makes an invitation that counts until `end`. The secret is shown this once and stored nowhere.
    ///
    /// # Errors
    ///
    /// As the module says.
    pub async fn invite(&self, actor: Actor, end: Timestamp) -> Result<(InvitationId, SecretKey), CatalogError> {
        let secret = SecretKey::generate(KeyKind::Invitation);
        self.change(actor, move |change| invitation::create(change, end, &secret).map(|id| (id, secret))).await
    }

    /// Refuses an invitation from now on.
    ///
    /// # Errors
    ///
    /// As the module says.
    pub async fn revoke_invitation(&self, actor: Actor, id: InvitationId, reason: &str) -> Result<(), CatalogError> {
        let reason = reason.to_owned();
        self.change(actor, move |change| invitation::revoke(change, id, &reason)).await
    }

    /// Makes an organisation with an app, a key and a token. The invitation is used up. The secrets are shown this once.
    ///
    /// # Errors
    ///
    /// As the module says; `NotInvited`, or `Exists` when an organisation has the name: then the invitation still counts.
    pub async fn accept_invitation(&self, accept: Accept) -> Result<Accepted, CatalogError> {
        self.change(Actor::Host, move |change| invitation::accept(change, accept)).await
    }

    /// Invitations after `after`, in the order of their ids, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Unavailable`] when the file cannot be read.
    pub async fn invitations(&self, after: Option<InvitationId>, limit: u32) -> Result<Vec<Invitation>, CatalogError> {
        let read = move |conn: &rusqlite::Connection| invitation::list(conn, (after, limit));
        self.inner.store.read(read).await.map_err(|_| CatalogError::Unavailable)
    }

    /// One invitation.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Unavailable`] when the file cannot be read.
    pub async fn invitation(&self, id: InvitationId) -> Result<Option<Invitation>, CatalogError> {
        let read = move |conn: &rusqlite::Connection| invitation::find(conn, id);
        self.inner.store.read(read).await.map_err(|_| CatalogError::Unavailable)
    }
}
