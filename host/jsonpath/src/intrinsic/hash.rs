//! `States.Hash`.

use md5::Md5;
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{Refusal, text};
use crate::sight::World;

/// Longest text to hash, in characters.
const CHARACTERS_MAX: usize = 10_000;

/// Lower-case hexadecimal. What is no string is hashed as its JSON text.
pub(super) fn hash(value: &Value, algorithm: &Value, world: &World) -> Result<Value, Refusal> {
    world.spend(crate::size::measure(value).bytes)?;
    let data = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if data.chars().count() > CHARACTERS_MAX {
        return Err(Refusal::Wrong("the data must have at most 10,000 characters"));
    }
    Ok(Value::String(match text::string(algorithm)? {
        "MD5" => hex(&Md5::digest(data)),
        "SHA-1" => hex(&Sha1::digest(data)),
        "SHA-256" => hex(&Sha256::digest(data)),
        "SHA-384" => hex(&Sha384::digest(data)),
        "SHA-512" => hex(&Sha512::digest(data)),
        _ => return Err(Refusal::Wrong("the algorithm must be MD5, SHA-1, SHA-256, SHA-384 or SHA-512")),
    }))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).flatten().collect()
}
