//! Sealing what must not be read from the file: the values of organisations' secrets, and the secrets of credentials.

use std::fmt;

use chacha20poly1305::aead::{Aead as _, Generate as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use types::{AccessKeyId, HostKey, OrganisationId, SecretName, SecretValue};

/// What the host's key is used for here, and nowhere else.
const PURPOSE: &[u8] = b"weir secrets v1";
/// The version of the key that seals. One more when the host's key is changed and what it sealed is sealed anew.
const KEY_VERSION: u32 = 1;

/// A value under the host's key. Bound to its organisation and its name: a row that is copied to another opens nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Which version of the key sealed it.
    pub(crate) key_version: u32,
    /// Drawn anew for each value.
    pub(crate) nonce: [u8; 24],
    /// The value and its tag.
    pub(crate) text: Vec<u8>,
}

/// Seals and opens, with a key derived from the host's.
#[derive(Clone)]
pub struct Vault(XChaCha20Poly1305);

/// Why a value was not sealed or opened: another key, another owner, or bytes that were changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret cannot be read with this host's key; set it again")]
pub struct Unreadable;

impl Vault {
    /// The vault of a host.
    ///
    /// # Panics
    ///
    /// Never: HKDF gives as many bytes as the key has.
    pub fn new(host_key: &HostKey) -> Self {
        let mut key = Key::default();
        #[expect(clippy::expect_used, reason = "HKDF gives up to 8 KiB, and this asks for 32 bytes")]
        Hkdf::<Sha256>::new(None, host_key.reveal()).expand(PURPOSE, &mut key).expect("32 bytes");
        Self(XChaCha20Poly1305::new(&key))
    }

    /// Seals a value for its one owner and name.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] when the cipher refuses, which it does for no value of a secret's size.
    pub fn seal(
        &self,
        organisation: OrganisationId,
        name: &SecretName,
        value: &SecretValue,
    ) -> Result<Sealed, Unreadable> {
        self.seal_for(&bound_to(organisation, name), value)
    }

    /// Opens what was sealed for this owner and name.
    ///
    /// # Errors
    ///
    /// [`Unreadable`].
    pub fn open(
        &self,
        organisation: OrganisationId,
        name: &SecretName,
        sealed: &Sealed,
    ) -> Result<SecretValue, Unreadable> {
        self.open_for(&bound_to(organisation, name), sealed)
    }

    /// Seals the secret access key of a credential.
    ///
    /// # Errors
    ///
    /// [`Unreadable`], as for secrets.
    pub fn seal_access_key(
        &self,
        organisation: OrganisationId,
        id: AccessKeyId,
        secret: &SecretValue,
    ) -> Result<Sealed, Unreadable> {
        self.seal_for(&credential_of(organisation, id), secret)
    }

    /// Opens the secret access key of this credential.
    ///
    /// # Errors
    ///
    /// [`Unreadable`].
    pub fn open_access_key(
        &self,
        organisation: OrganisationId,
        id: AccessKeyId,
        sealed: &Sealed,
    ) -> Result<SecretValue, Unreadable> {
        self.open_for(&credential_of(organisation, id), sealed)
    }

    /// Seals a text of another room, which is bound to `place`: a name of its own for each thing that is sealed.
    ///
    /// # Errors
    ///
    /// [`Unreadable`], as for secrets.
    pub fn seal_text(&self, place: &str, text: &SecretValue) -> Result<Vec<u8>, Unreadable> {
        let Sealed { key_version, nonce, text } = self.seal_for(place.as_bytes(), text)?;
        Ok([&key_version.to_be_bytes()[..], &nonce, &text].concat())
    }

    /// Opens what [`Self::seal_text`] sealed for this place.
    ///
    /// # Errors
    ///
    /// [`Unreadable`].
    pub fn open_text(&self, place: &str, sealed: &[u8]) -> Result<SecretValue, Unreadable> {
        let (key_version, rest) = sealed.split_first_chunk::<4>().ok_or(Unreadable)?;
        let (nonce, text) = rest.split_first_chunk::<24>().ok_or(Unreadable)?;
        let key_version = u32::from_be_bytes(*key_version);
        self.open_for(place.as_bytes(), &Sealed { key_version, nonce: *nonce, text: text.to_vec() })
    }

    fn seal_for(&self, aad: &[u8], value: &SecretValue) -> Result<Sealed, Unreadable> {
        let nonce = XNonce::generate();
        let payload = Payload { msg: value.reveal().as_bytes(), aad };
        let text = self.0.encrypt(&nonce, payload).map_err(|_| Unreadable)?;
        Ok(Sealed { key_version: KEY_VERSION, nonce: nonce.into(), text })
    }

    fn open_for(&self, aad: &[u8], sealed: &Sealed) -> Result<SecretValue, Unreadable> {
        let payload = Payload { msg: &sealed.text, aad };
        let opened = (sealed.key_version == KEY_VERSION).then(|| self.0.decrypt(&sealed.nonce.into(), payload));
        let text = opened.ok_or(Unreadable)?.map_err(|_| Unreadable)?;
        String::from_utf8(text).map(SecretValue::new).map_err(|_| Unreadable)
    }
}

/// What a secret is bound to.
fn bound_to(organisation: OrganisationId, name: &SecretName) -> Vec<u8> {
    [&organisation.as_u128().to_be_bytes()[..], name.as_str().as_bytes()].concat()
}

/// What the secret of a credential is bound to. No secret has such a name: names are in lower case.
fn credential_of(organisation: OrganisationId, id: AccessKeyId) -> Vec<u8> {
    [&organisation.as_u128().to_be_bytes()[..], id.as_bytes()].concat()
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

#[cfg(test)]
mod tests {
    use types::Timestamp;

    use super::*;

    #[test]
    fn a_sealed_value_opens_for_its_owner_and_name_with_the_same_key_alone() {
        let vault = Vault::new(&HostKey::from_bytes([1; 32]));
        let (owner, other) =
            (OrganisationId::generate(Timestamp::from_micros(1)), OrganisationId::generate(Timestamp::from_micros(2)));
        let name: SecretName = "stripe".parse().unwrap();
        let sealed = vault.seal(owner, &name, &SecretValue::new("sk_live_1".to_owned())).unwrap();
        assert_eq!(vault.open(owner, &name, &sealed).unwrap().reveal(), "sk_live_1");
        assert!(vault.open(other, &name, &sealed).is_err());
        assert!(vault.open(owner, &"other".parse().unwrap(), &sealed).is_err());
        assert!(Vault::new(&HostKey::from_bytes([2; 32])).open(owner, &name, &sealed).is_err());
        for position in 0..sealed.text.len() {
            let mut changed = sealed.clone();
            changed.text[position] ^= 1;
            assert!(vault.open(owner, &name, &changed).is_err());
        }
        assert!(vault.open(owner, &name, &Sealed { key_version: 2, ..sealed }).is_err());
    }

    #[test]
    fn a_text_of_another_room_opens_at_its_place_alone() {
        let vault = Vault::new(&HostKey::from_bytes([1; 32]));
        let sealed = vault.seal_text("endpoint one", &SecretValue::new("whsec_1".to_owned())).unwrap();
        assert_eq!(vault.open_text("endpoint one", &sealed).unwrap().reveal(), "whsec_1");
        assert!(vault.open_text("endpoint two", &sealed).is_err());
        assert!(vault.open_text("endpoint one", &sealed[..27]).is_err());
    }

    #[test]
    fn the_same_value_is_never_sealed_alike_and_shows_nothing() {
        let vault = Vault::new(&HostKey::from_bytes([1; 32]));
        let owner = OrganisationId::generate(Timestamp::from_micros(1));
        let name: SecretName = "stripe".parse().unwrap();
        let seal = || vault.seal(owner, &name, &SecretValue::new("sk_live_1".to_owned())).unwrap();
        let (one, two) = (seal(), seal());
        assert_ne!(one.nonce, two.nonce);
        assert_ne!(one.text, two.text);
        assert!(!one.text.windows(7).any(|part| part == b"sk_live"));
        assert_eq!(format!("{one:?}"), "Sealed(…)");
    }

    #[test]
    fn an_access_key_opens_for_its_owner_and_id_alone() {
        let vault = Vault::new(&HostKey::from_bytes([1; 32]));
        let (owner, other) =
            (OrganisationId::generate(Timestamp::from_micros(1)), OrganisationId::generate(Timestamp::from_micros(2)));
        let (id, secret) = (AccessKeyId::generate(), SecretValue::generate_access_key());
        let sealed = vault.seal_access_key(owner, id, &secret).unwrap();
        assert_eq!(vault.open_access_key(owner, id, &sealed).unwrap().reveal(), secret.reveal());
        assert!(vault.open_access_key(other, id, &sealed).is_err());
        assert!(vault.open_access_key(owner, AccessKeyId::generate(), &sealed).is_err());
        assert!(Vault::new(&HostKey::from_bytes([2; 32])).open_access_key(owner, id, &sealed).is_err());
    }
}
