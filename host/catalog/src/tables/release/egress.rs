//! What a release may reach outside, as its provider asks for it.

use std::collections::BTreeSet;

use types::{Capability, Egress, EgressRule, HostPattern, Scheme, SecretGrant, SecretName, is_host_name};

use super::check::{NewRelease, NewRuns};
use crate::CatalogError;

const RULES: usize = 32;
const SECRETS: usize = 16;
const SECRET_HOSTS: usize = 8;
const SECRET_HEADERS: usize = 4;

pub(super) fn check(new: &NewRelease) -> Result<(), CatalogError> {
    let Egress { allow, secrets } = &new.egress;
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
    // The secrets of a workflow are connections of its HTTP tasks: nobody reads a placeholder.
    if secrets.is_empty() || matches!(new.runs, NewRuns::Workflow { .. }) {
        return Ok(());
    }
    if !new.grants.contains(&Capability::Config) {
        return refuse("a component reads the placeholders of its secrets as settings: grant config".to_owned());
    }
    match new.config.keys().find(|name| name.starts_with(SecretName::SETTING)) {
        Some(name) => Err(CatalogError::unfit("config", format!("{name} is the place of a secret: call it otherwise"))),
        None => Ok(()),
    }
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
        let why = said(&format!("{host} is no host that the release may reach over https"));
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
