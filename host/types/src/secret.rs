//! Secrets: shown once, kept as digests. None has a `Display`, `Debug` or `Serialize` that shows it.

use std::fmt;

use crate::Digest;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_CHARACTERS: usize = 30;
const CHECKSUM_CHARACTERS: usize = 6;

/// Why a text is not a secret of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It has none of our prefixes. It may be an imported key, known by its digest alone.
    #[error("the key does not begin with a prefix of this host")]
    Foreign,
    /// It has our prefix and a wrong length, alphabet or checksum: mistyped or made up.
    #[error("the key is mistyped: its checksum does not fit")]
    Checksum,
}

/// What a secret opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// A consumer's key for calls that are billed.
    Live,
    /// A consumer's key for calls that are not.
    Test,
    /// A bearer token of the control plane.
    Control,
    /// An invitation to sign up.
    Invitation,
    /// A link to a question that an execution asks somebody.
    Approval,
}

impl KeyKind {
    const ALL: [Self; 5] = [Self::Live, Self::Test, Self::Control, Self::Invitation, Self::Approval];

    /// What a key or token that begins like `text` opens; `None` for one that is not ours.
    pub fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| text.starts_with(kind.prefix()))
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Live => "weir_live_",
            Self::Test => "weir_test_",
            Self::Control => "weir_ctrl_",
            Self::Invitation => "weir_invt_",
            Self::Approval => "weir_appr_",
        }
    }
}

/// A key or token in the clear, for the moment between its making and its showing.
///
/// Prefix, 30 random base62 characters (178 bits), and the CRC-32 of all before it as six base62 digits, so that a
/// mistyped one is refused without a look-up.
pub struct SecretKey(String);

impl SecretKey {
    /// Draws a new one.
    pub fn generate(kind: KeyKind) -> Self {
        let mut text = String::with_capacity(48);
        text.push_str(kind.prefix());
        random_base62(&mut text, RANDOM_CHARACTERS);
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Self(text)
    }

    /// Checks the form of `text` and says what it opens. Looks nothing up.
    ///
    /// # Errors
    ///
    /// [`SecretError::Foreign`] without our prefix, [`SecretError::Checksum`] when the rest does not fit it.
    pub fn check(text: &str) -> Result<KeyKind, SecretError> {
        let kind = KeyKind::of(text).ok_or(SecretError::Foreign)?;
        let length = kind.prefix().len() + RANDOM_CHARACTERS + CHECKSUM_CHARACTERS;
        if text.len() != length || !text.is_ascii() {
            return Err(SecretError::Checksum);
        }
        let (body, given) = text.split_at(length - CHECKSUM_CHARACTERS);
        if checksum(body) == given { Ok(kind) } else { Err(SecretError::Checksum) }
    }

    /// The secret of this kind that `text` is, as its bearer sends it. `None`: it is mistyped, or of another kind.
    pub fn parse(text: &str, kind: KeyKind) -> Option<Self> {
        (Self::check(text) == Ok(kind)).then(|| Self(text.to_owned()))
    }

    /// The text itself, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it: SHA-256 of the whole text. No slow hash: the entropy is high and the path is hot.
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    /// Its first 14 characters, to be recognised by.
    pub fn display_prefix(&self) -> &str {
        &self.0[..14]
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", self.display_prefix())
    }
}

/// The 32 random bytes of `<data>/host.key`: encrypts secrets at rest and authenticates compiled artefacts.
#[derive(Clone)]
pub struct HostKey([u8; 32]);

impl HostKey {
    /// Draws a new one.
    pub fn generate() -> Self {
        let mut bytes = [0; 32];
        fill_random(&mut bytes);
        Self(bytes)
    }

    /// The key that these bytes of the file are.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the file and for deriving keys of one use each.
    pub const fn reveal(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostKey(…)")
    }
}

/// A secret of an organisation in the clear, for the moment in which it is sealed or sent. Overwritten when dropped.
pub struct SecretValue(zeroize::Zeroizing<String>);

impl SecretValue {
    /// The most bytes that a secret may have.
    pub const BYTES_MAX: usize = 8 * 1024;

    /// Takes a text in.
    pub fn new(text: String) -> Self {
        Self(zeroize::Zeroizing::new(text))
    }

    /// The text itself, to be sealed or put into a request.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(…)")
    }
}

/// Appends so many characters of base 62, each equally likely.
pub(crate) fn random_base62(text: &mut String, characters: usize) {
    let whole = text.len() + characters;
    while text.len() < whole {
        let mut bytes = zeroize::Zeroizing::new([0; 64]);
        fill_random(&mut *bytes);
        // Rejection keeps each character equally likely: 248 is the largest multiple of 62 in a byte.
        let fair = bytes.iter().filter(|byte| **byte < 248).map(|byte| usize::from(byte % 62));
        let missing = whole - text.len();
        text.extend(fair.take(missing).map(|index| char::from(ALPHABET[index])));
    }
}

/// Draws bytes for a secret of somebody else's form. They are the caller's to overwrite.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill_random(&mut bytes);
    bytes
}

/// Fills `bytes` from the kernel's generator.
pub(crate) fn fill_random(bytes: &mut [u8]) {
    #[expect(
        clippy::expect_used,
        reason = "a machine whose kernel gives no random bytes can make no key: nothing may go on"
    )]
    getrandom::fill(bytes).expect("the kernel gives random bytes");
}

fn checksum(text: &str) -> String {
    let mut rest = crc32fast::hash(text.as_bytes());
    let mut digits = [b'0'; CHECKSUM_CHARACTERS];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[usize::try_from(rest % 62).unwrap_or(0)];
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // The vectors are those of the published key format.
    #[test]
    fn the_checksum_is_crc32_in_six_base62_digits() {
        assert_eq!(checksum("weir_live_0123456789ABCDEFGHIJabcdefghij"), "14zXSv");
        assert_eq!(checksum("weir_test_0123456789ABCDEFGHIJabcdefghij"), "3qvLPi");
        let key = SecretKey("weir_live_0123456789ABCDEFGHIJabcdefghij14zXSv".to_owned());
        assert_eq!(key.digest().to_string(), "87d908383d28d9615587c6c8efd9908d6c247f8fe3b6b80d4395dd2e2b8b32f8");
    }

    #[test]
    fn a_generated_key_passes_its_own_check_and_a_mistyped_one_does_not() {
        let key = SecretKey::generate(KeyKind::Live);
        assert_eq!(SecretKey::check(key.reveal()), Ok(KeyKind::Live));
        let mut mistyped = key.reveal().to_owned();
        let last = if mistyped.ends_with('0') { '1' } else { '0' };
        mistyped.pop();
        mistyped.push(last);
        assert_eq!(SecretKey::check(&mistyped), Err(SecretError::Checksum));
        assert_eq!(SecretKey::check("sk_other"), Err(SecretError::Foreign));
    }

    #[test]
    fn a_secret_does_not_print_itself() {
        let key = SecretKey::generate(KeyKind::Control);
        assert!(!format!("{key:?}").contains(&key.reveal()[14..]));
    }
}
