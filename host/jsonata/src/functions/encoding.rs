//! Base64 and the escapes of addresses.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::text;
use crate::error::{Fault, Result};
use crate::eval::Evaluation;
use crate::value::Value;

const WRITES: GeneralPurpose = GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new());

/// Reads whatever is there, as the official implementation does.
const READS: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(super) fn base64_encode<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let Some(text) = text(arguments, 0) else { return Ok(Value::Undefined) };
    run.read(text)?;
    run.arena.spend(text.len())?;
    // A byte of each code unit, as the official implementation takes it.
    let bytes: Vec<u8> = text.encode_utf16().map(|unit| unit.to_le_bytes()[0]).collect();
    run.arena.text(&WRITES.encode(bytes))
}

pub(super) fn base64_decode<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let Some(text) = text(arguments, 0) else { return Ok(Value::Undefined) };
    run.read(text)?;
    run.arena.spend(text.len())?;
    let mut digits: Vec<u8> = text
        .bytes()
        .take_while(|byte| *byte != b'=')
        .filter_map(|byte| match byte {
            b'-' => Some(b'+'),
            b'_' => Some(b'/'),
            b'+' | b'/' => Some(byte),
            _ => byte.is_ascii_alphanumeric().then_some(byte),
        })
        .collect();
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    let bytes = READS.decode(digits).unwrap_or_default();
    run.arena.text(&bytes.iter().map(|byte| char::from(*byte)).collect::<String>())
}

/// What an address may hold beside letters and digits, in a part of it and as a whole.
const PART: &[u8] = b"-_.!~*'()";
const WHOLE: &[u8] = b"-_.!~*'();/?:@&=+$,#";
const RESERVED: &[u8] = b";/?:@&=+$,#";

pub(super) fn encode_url_component<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    encode(run, text(arguments, 0), PART)
}

pub(super) fn encode_url<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    encode(run, text(arguments, 0), WHOLE)
}

fn encode<'a>(run: &Evaluation<'a>, text: Option<&str>, kept: &[u8]) -> Result<Value<'a>> {
    let Some(text) = text else { return Ok(Value::Undefined) };
    run.read(text)?;
    run.arena.spend(text.len() * 3)?;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    run.arena.text(&out)
}

pub(super) fn decode_url_component<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    decode(run, text(arguments, 0), b"", "decodeUrlComponent")
}

pub(super) fn decode_url<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    decode(run, text(arguments, 0), RESERVED, "decodeUrl")
}

fn decode<'a>(run: &Evaluation<'a>, text: Option<&'a str>, kept: &[u8], name: &str) -> Result<Value<'a>> {
    let Some(text) = text else { return Ok(Value::Undefined) };
    run.read(text)?;
    run.arena.spend(text.len())?;
    match decoded(text, kept) {
        Some(decoded) => run.arena.text(&decoded),
        None => Err(Fault::new("D3140").value(Value::Text(text)).word(name)),
    }
}

fn decoded(text: &str, kept: &[u8]) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first != b'%' {
            out.push(*first);
            rest = after;
            continue;
        }
        let escape = after.get(..2)?;
        let byte = hex(escape)?;
        if kept.contains(&byte) {
            out.extend_from_slice(rest.get(..3)?);
        } else {
            out.push(byte);
        }
        rest = after.get(2..)?;
    }
    String::from_utf8(out).ok()
}

fn hex(digits: &[u8]) -> Option<u8> {
    let mut byte = 0_u32;
    for digit in digits {
        byte = byte * 16 + char::from(*digit).to_digit(16)?;
    }
    u8::try_from(byte).ok()
}
