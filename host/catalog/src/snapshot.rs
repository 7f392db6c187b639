//! The catalog as calls see it: persistent maps, so that a change shares all that it leaves alone.

use std::fmt;
use std::sync::Arc;

use rpds::{HashTrieMapSync, RedBlackTreeMapSync};
use types::{
    AccessKeyId, ApiId, AppId, Digest, KeyId, OrganisationId, PlanId, RoleName, SecretName, SubscriptionId, TokenId,
};

use crate::{Api, App, AwsCredential, Key, MachineRole, Organisation, Plan, Secret, Subscription, Suspension, Token};

/// One consistent state of the catalog. Never changes; a change makes another one.
///
/// Look-ups are one or two hash look-ups and allocate nothing. Lists are in the order of ids unless they say otherwise.
#[derive(Clone, Default, PartialEq)]
pub struct Snapshot {
    organisations: RedBlackTreeMapSync<OrganisationId, Arc<Organisation>>,
    apis: RedBlackTreeMapSync<ApiId, Arc<Api>>,
    plans: RedBlackTreeMapSync<PlanId, Arc<Plan>>,
    apps: RedBlackTreeMapSync<AppId, Arc<App>>,
    tokens: RedBlackTreeMapSync<TokenId, Arc<Token>>,
    slugs: HashTrieMapSync<Arc<str>, Arc<Api>>,
    hosts: HashTrieMapSync<String, Arc<Api>>,
    keys: HashTrieMapSync<Digest, Arc<Key>>,
    keys_by_id: HashTrieMapSync<KeyId, Arc<Key>>,
    subscriptions: HashTrieMapSync<(AppId, ApiId), Arc<Subscription>>,
    subscriptions_by_id: HashTrieMapSync<SubscriptionId, Arc<Subscription>>,
    token_digests: HashTrieMapSync<Digest, Arc<Token>>,
    secrets: RedBlackTreeMapSync<(OrganisationId, SecretName), Arc<Secret>>,
    machine_roles: RedBlackTreeMapSync<(OrganisationId, RoleName), Arc<MachineRole>>,
    aws_credentials: RedBlackTreeMapSync<AccessKeyId, Arc<AwsCredential>>,
    // Apart from the plans and apps, so that suspending one leaves its subscriptions and keys as they are.
    suspended_plans: HashTrieMapSync<PlanId, Arc<Suspension>>,
    suspended_apps: HashTrieMapSync<AppId, Arc<Suspension>>,
    /// How often things were changed, by id. Those that never were are not there.
    revisions: HashTrieMapSync<Arc<str>, u64>,
}

impl Snapshot {
    /// The API with this slug.
    pub fn api(&self, slug: &str) -> Option<&Arc<Api>> {
        self.slugs.get(slug)
    }

    /// The API that this host name leads to, given in lower case and without a port.
    pub fn api_by_host(&self, host: &str) -> Option<&Arc<Api>> {
        self.hosts.get(host)
    }

    /// The API with this id.
    pub fn api_by_id(&self, api: ApiId) -> Option<&Arc<Api>> {
        self.apis.get(&api)
    }

    /// The key whose secret has this digest, live or not.
    pub fn key(&self, digest: &Digest) -> Option<&Arc<Key>> {
        self.keys.get(digest)
    }

    /// The key with this id, live or not.
    pub fn key_by_id(&self, key: KeyId) -> Option<&Arc<Key>> {
        self.keys_by_id.get(&key)
    }

    /// The app with this id.
    pub fn app(&self, app: AppId) -> Option<&Arc<App>> {
        self.apps.get(&app)
    }

    /// The subscription of this app to this API.
    pub fn subscription(&self, app: AppId, api: ApiId) -> Option<&Arc<Subscription>> {
        self.subscriptions.get(&(app, api))
    }

    /// The subscription with this id.
    pub fn subscription_by_id(&self, subscription: SubscriptionId) -> Option<&Arc<Subscription>> {
        self.subscriptions_by_id.get(&subscription)
    }

    /// The plan version with this id.
    pub fn plan(&self, plan: PlanId) -> Option<&Arc<Plan>> {
        self.plans.get(&plan)
    }

    /// Why a version of a plan is suspended; `None` while it is not.
    pub fn plan_suspension(&self, plan: PlanId) -> Option<&Arc<Suspension>> {
        self.suspended_plans.get(&plan)
    }

    /// Why an app is suspended; `None` while it is not.
    pub fn app_suspension(&self, app: AppId) -> Option<&Arc<Suspension>> {
        self.suspended_apps.get(&app)
    }

    /// How often the thing with this id was changed since it was made. For management, not for calls.
    pub fn revision(&self, id: &str) -> u64 {
        self.revisions.get(id).copied().unwrap_or(0)
    }

    /// The version of a plan that takes new subscriptions. Looks at every plan: for management, not for calls.
    pub fn plan_named(&self, api: ApiId, name: &str) -> Option<&Arc<Plan>> {
        self.plans_of(api).filter(|plan| &*plan.name == name).max_by_key(|plan| plan.version)
    }

    /// The organisation with this id.
    pub fn organisation(&self, organisation: OrganisationId) -> Option<&Arc<Organisation>> {
        self.organisations.get(&organisation)
    }

    /// The organisation with this name. Looks at every one: for management, not for calls.
    pub fn organisation_named(&self, name: &str) -> Option<&Arc<Organisation>> {
        self.organisations().find(|organisation| organisation.name == name)
    }

    /// The control token with this id, disabled or not.
    pub fn token(&self, token: TokenId) -> Option<&Arc<Token>> {
        self.tokens.get(&token)
    }

    /// The control token whose secret has this digest, disabled or not.
    pub fn token_by_digest(&self, digest: &Digest) -> Option<&Arc<Token>> {
        self.token_digests.get(digest)
    }

    /// The secret of this organisation with this name, removed or not.
    pub fn secret(&self, organisation: OrganisationId, name: &SecretName) -> Option<&Arc<Secret>> {
        self.secrets.get(&(organisation, name.clone()))
    }

    /// All secrets, removed ones too, by organisation and name.
    pub fn secrets(&self) -> impl Iterator<Item = &Arc<Secret>> {
        self.secrets.values()
    }

    /// The role of this organisation's state machines with this name, removed or not.
    pub fn machine_role(&self, organisation: OrganisationId, name: &RoleName) -> Option<&Arc<MachineRole>> {
        self.machine_roles.get(&(organisation, name.clone()))
    }

    /// All roles of state machines, removed ones too, by organisation and name.
    pub fn machine_roles(&self) -> impl Iterator<Item = &Arc<MachineRole>> {
        self.machine_roles.values()
    }

    /// The credential for clients of AWS with this id.
    pub fn aws_credential(&self, id: AccessKeyId) -> Option<&Arc<AwsCredential>> {
        self.aws_credentials.get(&id)
    }

    /// All credentials for clients of AWS.
    pub fn aws_credentials(&self) -> impl Iterator<Item = &Arc<AwsCredential>> {
        self.aws_credentials.values()
    }

    /// All organisations.
    pub fn organisations(&self) -> impl Iterator<Item = &Arc<Organisation>> {
        self.organisations.values()
    }

    /// All APIs.
    pub fn apis(&self) -> impl Iterator<Item = &Arc<Api>> {
        self.apis.values()
    }

    /// All versions of all plans.
    pub fn plans(&self) -> impl Iterator<Item = &Arc<Plan>> {
        self.plans.values()
    }

    /// All versions of an API's plans. Looks at every plan: for management, not for calls.
    pub fn plans_of(&self, api: ApiId) -> impl Iterator<Item = &Arc<Plan>> {
        self.plans.values().filter(move |plan| plan.api == api)
    }

    /// All apps.
    pub fn apps(&self) -> impl Iterator<Item = &Arc<App>> {
        self.apps.values()
    }

    /// All control tokens.
    pub fn tokens(&self) -> impl Iterator<Item = &Arc<Token>> {
        self.tokens.values()
    }

    /// All keys, in no order.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.keys_by_id.values()
    }

    /// The keys of an app, in no order. Looks at every key: for management, not for calls.
    pub fn keys_of(&self, app: AppId) -> impl Iterator<Item = &Arc<Key>> {
        self.keys().filter(move |key| key.app == app)
    }

    /// All subscriptions, in no order.
    pub fn subscriptions(&self) -> impl Iterator<Item = &Arc<Subscription>> {
        self.subscriptions_by_id.values()
    }

    /// How many subscriptions there are.
    pub fn subscription_count(&self) -> usize {
        self.subscriptions_by_id.size()
    }

    /// This state with `changed` put in place of what had the same ids.
    pub(crate) fn with(&self, changed: Changed) -> Self {
        let mut next = self.clone();
        for organisation in changed.organisations {
            next.organisations.insert_mut(organisation.id, organisation);
        }
        for plan in changed.plans {
            next.plans.insert_mut(plan.id, plan);
        }
        next.put_apis(changed.apis);
        for app in changed.apps {
            next.apps.insert_mut(app.id, app);
        }
        for key in changed.keys {
            next.keys.insert_mut(key.digest, Arc::clone(&key));
            next.keys_by_id.insert_mut(key.id, key);
        }
        for subscription in changed.subscriptions {
            next.subscriptions.insert_mut((subscription.app, subscription.api), Arc::clone(&subscription));
            next.subscriptions_by_id.insert_mut(subscription.id, subscription);
        }
        for secret in changed.secrets {
            next.secrets.insert_mut((secret.organisation, secret.name.clone()), secret);
        }
        for role in changed.machine_roles {
            next.machine_roles.insert_mut((role.organisation, role.name.clone()), role);
        }
        for token in changed.tokens {
            next.token_digests.insert_mut(token.digest, Arc::clone(&token));
            next.tokens.insert_mut(token.id, token);
        }
        for (id, credential) in changed.aws_credentials {
            match credential {
                Some(credential) => next.aws_credentials.insert_mut(id, credential),
                None => drop(next.aws_credentials.remove_mut(&id)),
            }
        }
        for (id, number) in changed.revisions {
            next.revisions.insert_mut(id.into(), number);
        }
        put_suspensions(&mut next.suspended_plans, changed.suspended_plans);
        put_suspensions(&mut next.suspended_apps, changed.suspended_apps);
        next
    }

    fn put_apis(&mut self, apis: Vec<Arc<Api>>) {
        // All old host names go before any new one comes: one may have moved from one API of the group to another.
        for api in &apis {
            if let Some(old) = self.apis.get(&api.id) {
                for host in &old.hosts {
                    self.hosts.remove_mut(host);
                }
            }
        }
        for api in apis {
            for host in &api.hosts {
                self.hosts.insert_mut(host.clone(), Arc::clone(&api));
            }
            self.slugs.insert_mut(Arc::clone(&api.slug), Arc::clone(&api));
            self.apis.insert_mut(api.id, api);
        }
    }
}

fn put_suspensions<I: Copy + Eq + std::hash::Hash>(
    known: &mut HashTrieMapSync<I, Arc<Suspension>>,
    changed: Vec<(I, Option<Suspension>)>,
) {
    for (id, suspension) in changed {
        match suspension {
            Some(suspension) => known.insert_mut(id, Arc::new(suspension)),
            None => {
                known.remove_mut(&id);
            }
        }
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("apis", &self.apis.size())
            .field("apps", &self.apps.size())
            .field("subscriptions", &self.subscriptions_by_id.size())
            .finish_non_exhaustive()
    }
}

/// Things as they now are in catalog.db: new, or in place of what has the same id.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    pub(crate) organisations: Vec<Arc<Organisation>>,
    pub(crate) apis: Vec<Arc<Api>>,
    pub(crate) plans: Vec<Arc<Plan>>,
    pub(crate) apps: Vec<Arc<App>>,
    pub(crate) keys: Vec<Arc<Key>>,
    pub(crate) subscriptions: Vec<Arc<Subscription>>,
    pub(crate) tokens: Vec<Arc<Token>>,
    pub(crate) secrets: Vec<Arc<Secret>>,
    pub(crate) machine_roles: Vec<Arc<MachineRole>>,
    /// `None`: it was deleted.
    pub(crate) aws_credentials: Vec<(AccessKeyId, Option<Arc<AwsCredential>>)>,
    /// `None`: not, or no longer.
    pub(crate) suspended_plans: Vec<(PlanId, Option<Suspension>)>,
    pub(crate) suspended_apps: Vec<(AppId, Option<Suspension>)>,
    pub(crate) revisions: Vec<(String, u64)>,
}

#[cfg(test)]
mod tests;
