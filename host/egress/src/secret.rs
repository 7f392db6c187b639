//! Secrets on their way out: a guest sends a placeholder, the host puts the value in, towards the hosts that the secret
//! is bound to and in the headers that its release names. The value never enters the guest, a log or an error.

use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::{HeaderMap, HeaderValue};
use sha2::Sha256;
use types::{HostKey, OrganisationId, Scheme, SecretName, SecretValue};

use crate::fault::Denied;
use crate::target::{Host, Target};

/// How every placeholder begins.
const PREFIX: &str = "weir-secret-";
/// What the host's key is used for here, and nowhere else.
const PURPOSE: &[u8] = b"weir egress placeholder v1";
/// Characters of a placeholder after its prefix: 128 bits.
const CHARACTERS: usize = 32;

/// Who keeps the values. The room owns the trait, the host plugs the catalog in.
pub trait Secrets: Send + Sync + 'static {
    /// The value as it is now. `None`: it is not set, or cannot be read.
    fn value(&self, organisation: OrganisationId, name: &SecretName) -> Option<SecretValue>;
}

/// A secret that a release may send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundSecret {
    /// What the guest holds in its place.
    pub placeholder: String,
    /// Which.
    pub name: SecretName,
    /// The hosts that may receive it.
    pub hosts: Vec<String>,
    /// The headers that may carry it, in lower case.
    pub headers: Vec<String>,
}

/// Makes placeholders. One is the same for a release as long as the host's key is, and tells nothing: who has not been
/// given it cannot have it sent, not even by a guest that passes on what its own callers send.
#[derive(Clone)]
pub(crate) struct Placeholders(Hmac<Sha256>);

impl Placeholders {
    pub(crate) fn new(key: &HostKey) -> Self {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut derive = Hmac::<Sha256>::new_from_slice(key.reveal()).expect("a key of any length");
        derive.update(PURPOSE);
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mac = Hmac::new_from_slice(&derive.finalize().into_bytes()).expect("a key of any length");
        Self(mac)
    }

    pub(crate) fn of(&self, holder: u128, name: &SecretName) -> String {
        let mut mac = self.0.clone();
        mac.update(&holder.to_be_bytes());
        mac.update(name.as_str().as_bytes());
        let digest = mac.finalize().into_bytes();
        let hex: String = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(hex_digit).collect();
        format!("{PREFIX}{}", &hex[..CHARACTERS])
    }
}

fn hex_digit(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).unwrap_or('0')
}

/// Puts values in place of placeholders: one in a header, so that a head grows by no more than its secrets.
pub(crate) fn substitute(
    headers: &mut HeaderMap,
    target: &Target,
    bound: &[BoundSecret],
    organisation: OrganisationId,
    secrets: &Arc<dyn Secrets>,
) -> Result<(), Denied> {
    for (header, value) in headers.iter_mut() {
        let Some((at, secret)) = find(value.as_bytes(), bound) else { continue };
        let (before, rest) = value.as_bytes().split_at(at);
        let after = rest.get(secret.placeholder.len()..).unwrap_or_default();
        if find(before, bound).or_else(|| find(after, bound)).is_some() {
            return Err(Denied::SecretsTogether(secret.name.clone()));
        }
        let to_host = matches!(&target.host, Host::Name(name) if secret.hosts.contains(name));
        let in_header = secret.headers.iter().any(|allowed| allowed == header.as_str());
        if !to_host || !in_header || target.scheme != Scheme::Https {
            return Err(Denied::SecretNotBound(secret.name.clone()));
        }
        let known = secrets.value(organisation, &secret.name);
        let known = known.ok_or_else(|| Denied::SecretMissing(secret.name.clone()))?;
        let whole = [before, known.reveal().as_bytes(), after].concat();
        // A value that no header can hold was refused when it was set.
        *value = HeaderValue::from_bytes(&whole).map_err(|_| Denied::Header(header.clone()))?;
        value.set_sensitive(true);
    }
    Ok(())
}

/// Refuses a placeholder where no value is put in: it would reach the other side as it is.
pub(crate) fn check_url(target: &Target, bound: &[BoundSecret]) -> Result<(), Denied> {
    let query = target.query.as_deref().unwrap_or_default();
    refuse([target.authority().as_bytes(), target.path.as_bytes(), query.as_bytes()], bound)
}

/// As [`check_url`], of trailers.
pub(crate) fn check_trailers(trailers: &HeaderMap, bound: &[BoundSecret]) -> Result<(), Denied> {
    refuse(trailers.values().map(HeaderValue::as_bytes), bound)
}

fn refuse<'a>(parts: impl IntoIterator<Item = &'a [u8]>, bound: &[BoundSecret]) -> Result<(), Denied> {
    match parts.into_iter().find_map(|part| find(part, bound)) {
        Some((_, secret)) => Err(Denied::SecretMisplaced(secret.name.clone())),
        None => Ok(()),
    }
}

/// Where a placeholder begins, and whose it is. Those of other releases are just text.
fn find<'a>(text: &[u8], bound: &'a [BoundSecret]) -> Option<(usize, &'a BoundSecret)> {
    let begins = |at: &usize| text.get(*at..).is_some_and(|rest| rest.starts_with(PREFIX.as_bytes()));
    let is_at = |at: usize, secret: &&BoundSecret| {
        text.get(at..).is_some_and(|rest| rest.starts_with(secret.placeholder.as_bytes()))
    };
    (0..text.len())
        .filter(begins)
        .find_map(|at| bound.iter().find(|secret| is_at(at, secret)).map(|secret| (at, secret)))
}

#[cfg(test)]
mod tests {
    use types::Timestamp;

    use super::*;

    struct Kept;

    impl Secrets for Kept {
        fn value(&self, _organisation: OrganisationId, name: &SecretName) -> Option<SecretValue> {
            (name.as_str() == "stripe").then(|| SecretValue::new("sk_live_1".to_owned()))
        }
    }

    fn bound(name: &str) -> BoundSecret {
        BoundSecret {
            placeholder: format!("{PREFIX}{name}"),
            name: name.parse().unwrap(),
            hosts: vec!["api.stripe.com".to_owned()],
            headers: vec!["authorization".to_owned()],
        }
    }

    fn sent(url: &str, header: &'static str, value: &str, bound: &[BoundSecret]) -> Result<HeaderMap, Denied> {
        let mut headers = HeaderMap::new();
        headers.insert(header, HeaderValue::from_str(value).unwrap());
        let organisation = OrganisationId::generate(Timestamp::from_micros(0));
        let secrets: Arc<dyn Secrets> = Arc::new(Kept);
        substitute(&mut headers, &Target::parse(url).unwrap(), bound, organisation, &secrets)?;
        Ok(headers)
    }

    #[test]
    fn a_placeholder_becomes_the_value_towards_its_host_in_its_header() {
        let headers =
            sent("https://api.stripe.com/v1", "authorization", "Bearer weir-secret-stripe", &[bound("stripe")])
                .unwrap();
        assert_eq!(headers["authorization"], "Bearer sk_live_1");
        assert!(!format!("{headers:?}").contains("sk_live"));
    }

    #[test]
    fn towards_anyone_else_or_elsewhere_the_request_is_denied() {
        let secret = [bound("stripe")];
        let not_bound = Err(Denied::SecretNotBound("stripe".parse().unwrap()));
        for (url, header) in [
            ("https://evil.example/", "authorization"),
            ("https://api.stripe.com.evil.example/", "authorization"),
            ("http://api.stripe.com/", "authorization"),
            ("https://api.stripe.com/", "x-echo"),
        ] {
            assert_eq!(sent(url, header, "weir-secret-stripe", &secret), not_bound, "{url} {header}");
        }
    }

    #[test]
    fn a_header_carries_one_secret_once() {
        let secrets = [bound("stripe"), bound("other")];
        for value in ["weir-secret-stripe weir-secret-stripe", "weir-secret-stripeweir-secret-other"] {
            let found = sent("https://api.stripe.com/", "authorization", value, &secrets);
            assert_eq!(found, Err(Denied::SecretsTogether("stripe".parse().unwrap())), "{value}");
        }
    }

    #[test]
    fn bytes_outside_of_ascii_hide_no_placeholder() {
        let secret = [bound("stripe")];
        let value = HeaderValue::from_bytes(b"\xff weir-secret-stripe").unwrap();
        let organisation = OrganisationId::generate(Timestamp::from_micros(0));
        let secrets: Arc<dyn Secrets> = Arc::new(Kept);
        let target = Target::parse("https://api.stripe.com/").unwrap();
        let mut elsewhere = HeaderMap::from_iter([(http::header::COOKIE, value.clone())]);
        let denied = substitute(&mut elsewhere, &target, &secret, organisation, &secrets);
        assert_eq!(denied, Err(Denied::SecretNotBound("stripe".parse().unwrap())));
        let mut in_place = HeaderMap::from_iter([(http::header::AUTHORIZATION, value)]);
        assert_eq!(substitute(&mut in_place, &target, &secret, organisation, &secrets), Ok(()));
        assert_eq!(in_place["authorization"].as_bytes(), b"\xff sk_live_1");
    }

    #[test]
    fn a_placeholder_in_the_url_or_a_trailer_is_denied() {
        let (secret, misplaced) = ([bound("stripe")], Err(Denied::SecretMisplaced("stripe".parse().unwrap())));
        for url in [
            "https://api.stripe.com/v1/weir-secret-stripe",
            "https://api.stripe.com/v1?key=weir-secret-stripe",
            "https://weir-secret-stripe.stripe.com/",
        ] {
            assert_eq!(check_url(&Target::parse(url).unwrap(), &secret), misplaced, "{url}");
            assert_eq!(check_url(&Target::parse(url).unwrap(), &[]), Ok(()), "{url}");
        }
        let trailers = HeaderMap::from_iter([(http::header::COOKIE, HeaderValue::from_static("weir-secret-stripe"))]);
        assert_eq!(check_trailers(&trailers, &secret), misplaced);
    }

    #[test]
    fn a_secret_that_was_removed_denies_the_request() {
        let gone = sent("https://api.stripe.com/", "authorization", "weir-secret-other", &[bound("other")]);
        assert_eq!(gone, Err(Denied::SecretMissing("other".parse().unwrap())));
    }

    #[test]
    fn a_placeholder_of_another_release_is_just_text() {
        let headers =
            sent("https://api.stripe.com/", "authorization", "weir-secret-foreign", &[bound("stripe")]).unwrap();
        assert_eq!(headers["authorization"], "weir-secret-foreign");
    }

    #[test]
    fn a_placeholder_is_one_holders_own_and_stays_the_same() {
        let placeholders = Placeholders::new(&HostKey::from_bytes([1; 32]));
        let (one, other) = (1, 2);
        let name: SecretName = "stripe".parse().unwrap();
        assert_eq!(placeholders.of(one, &name), placeholders.of(one, &name));
        assert_ne!(placeholders.of(one, &name), placeholders.of(other, &name));
        assert_ne!(placeholders.of(one, &name), Placeholders::new(&HostKey::from_bytes([2; 32])).of(one, &name));
        assert_eq!(placeholders.of(one, &name).len(), PREFIX.len() + CHARACTERS);
    }
}
