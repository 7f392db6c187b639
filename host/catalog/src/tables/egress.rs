//! What a release or a machine's role may reach outside, as its organisation asks for it.

use std::collections::BTreeSet;

use types::{Egress, EgressRule, HostPattern, OrganisationId, Scheme, SecretGrant, is_host_name};

use super::change::Change;
use super::secret;
use crate::CatalogError;

const RULES: usize = 32;
const SECRETS: usize = 16;
const SECRET_HOSTS: usize = 8;
const SECRET_HEADERS: usize = 4;

/// Refuses what cannot be granted, whoever it is for.
pub(super) fn check(Egress { allow, secrets }: &Egress) -> Result<(), CatalogError> {
    if allow.len() > RULES || secrets.len() > SECRETS {
        return Err(CatalogError::invalid("egress", format!("at most {RULES} places and {SECRETS} secrets")));
    }
    let refuse = |why: String| Err(CatalogError::unfit("egress", why));
    if allow.iter().any(|rule| *rule.host() == HostPattern::Any) {
        return refuse("name the hosts: `*` alone is for the operator's list".to_owned());
    }
    let mut names = BTreeSet::new();
    for secret in secrets {
        if !names.insert(&secret.name) {
            return refuse(format!("the secret {} is there twice", secret.name));
        }
        check_secret(secret, allow)?;
    }
    Ok(())
}

/// Refuses secrets that nobody has set: their requests would all be denied.
pub(super) fn require_secrets(
    change: &Change<'_>,
    organisation: OrganisationId,
    egress: &Egress,
) -> Result<(), CatalogError> {
    for wanted in &egress.secrets {
        if !secret::is_set(change, organisation, &wanted.name)? {
            let why = format!("the secret {0} is not set: `weir secrets set {0}` comes first", wanted.name);
            return Err(CatalogError::unfit("egress", why));
        }
    }
    Ok(())
}

fn check_secret(secret: &SecretGrant, allow: &[EgressRule]) -> Result<(), CatalogError> {
    let said = |why: &str| format!("the secret {}: {why}", secret.name);
    let refuse = |why: &str| Err(CatalogError::invalid("egress", said(why)));
    if secret.hosts.is_empty() || secret.hosts.len() > SECRET_HOSTS {
        return refuse("name one to eight hosts that may receive it");
    }
    if let Some(host) =
        secret.hosts.iter().find(|host| !is_host_name(host) || !allow.iter().any(|rule| covers(rule, host)))
    {
        let why = said(&format!("{host} is none of the hosts that may be reached over https"));
        return Err(CatalogError::unfit("egress", why));
    }
    let is_header = |name: &String| {
        let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        (1..=64).contains(&name.len()) && plain
    };
    if secret.headers.is_empty() || secret.headers.len() > SECRET_HEADERS || !secret.headers.iter().all(is_header) {
        return refuse("name one to four headers, in lower case, that may carry it");
    }
    Ok(())
}

fn covers(rule: &EgressRule, host: &str) -> bool {
    let is_host = match rule.host() {
        HostPattern::Name(name) => name == host,
        HostPattern::Below(above) => host.strip_suffix(above.as_str()).is_some_and(|rest| rest.ends_with('.')),
        HostPattern::Any | HostPattern::V4(_) | HostPattern::V6(_) => false,
    };
    is_host && rule.scheme() == Scheme::Https
}
