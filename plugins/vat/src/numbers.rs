//! VAT numbers: brought into one form, and checked by format and check digits.

mod digits;
mod formulas;
mod letters;
mod persons;

use serde::{Deserialize, Serialize};
use weir_sdk::http::{Failure, Request, Response};

use crate::country;

/// Numbers of one batch, at most.
const NUMBERS_MAX: usize = 100;
/// Characters of one number, spaces and all, at most.
const LENGTH_MAX: usize = 40;

/// Why a number cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Its length or its characters are not those of the country.
    Format,
    /// The format is right; the check digits are not.
    CheckDigits,
}

/// What can be said of one number.
#[derive(Debug, PartialEq, Serialize)]
struct Verdict {
    /// As it was given.
    input: String,
    /// In one form: prefix and number, capitals, nothing between.
    number: String,
    /// The member state, or `XI` for Northern Ireland.
    country: Option<&'static str>,
    valid: bool,
    /// `unknown-prefix`, `format` or `check-digits`, when it is not valid.
    reason: Option<&'static str>,
    /// What a number of this country looks like.
    expected: Option<&'static str>,
}

#[derive(Serialize)]
struct Answer<T> {
    #[serde(flatten)]
    verdict: T,
    /// Said in every answer, so that nobody takes it for a look-up in VIES.
    registration: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    numbers: Vec<String>,
}

#[derive(Serialize)]
struct Verdicts {
    valid: usize,
    invalid: usize,
    numbers: Vec<Verdict>,
}

/// `GET /v1/numbers/{number}`.
pub(crate) fn check_one(request: &Request) -> Result<Response, Failure> {
    let verdict = check(request.param("number").unwrap_or_default())?;
    Response::json(200, &Answer { verdict, registration: "not-checked" })
}

/// `POST /v1/numbers`: `{"numbers":["DE136695976",…]}`.
pub(crate) fn check_batch(request: &Request) -> Result<Response, Failure> {
    let Batch { numbers } = request.json()?;
    if numbers.len() > NUMBERS_MAX {
        return Err(Failure::rejected("too-many", format!("a batch has at most {NUMBERS_MAX} numbers")));
    }
    let numbers: Vec<_> = numbers.iter().map(|number| check(number)).collect::<Result<_, _>>()?;
    let valid = numbers.iter().filter(|verdict| verdict.valid).count();
    let verdict = Verdicts { valid, invalid: numbers.len() - valid, numbers };
    Response::json(200, &Answer { verdict, registration: "not-checked" })
}

/// Checks one number, prefix and all.
fn check(input: &str) -> Result<Verdict, Failure> {
    if input.len() > LENGTH_MAX {
        return Err(Failure::rejected("too-long", format!("a number has at most {LENGTH_MAX} characters")));
    }
    let number = normalised(input);
    let split = number.split_at_checked(2).and_then(|(prefix, rest)| Some((known(prefix)?, rest)));
    let Some(((code, expected, rule), rest)) = split else {
        let input = input.to_owned();
        return Ok(Verdict {
            input,
            number,
            country: None,
            valid: false,
            reason: Some("unknown-prefix"),
            expected: None,
        });
    };
    let reason = match rule(rest) {
        Ok(()) => None,
        Err(Fault::Format) => Some("format"),
        Err(Fault::CheckDigits) => Some("check-digits"),
    };
    // Greece's ISO code is accepted in front of a number, and written as the one that invoices need.
    let number = if code == "GR" { format!("EL{rest}") } else { number };
    let (country, valid) = (Some(code), reason.is_none());
    Ok(Verdict { input: input.to_owned(), number, country, valid, reason, expected: Some(expected) })
}

/// Capitals, without what people put between the groups.
fn normalised(input: &str) -> String {
    input
        .chars()
        .filter(|c| !matches!(c, ' ' | '.' | '-' | '/' | '_' | '\u{a0}'))
        .flat_map(char::to_uppercase)
        .collect()
}

type Rule = fn(&str) -> Result<(), Fault>;

/// The country, the look of its numbers, and their rule.
fn known(prefix: &str) -> Option<(&'static str, &'static str, Rule)> {
    let code = if prefix == "XI" { "XI" } else { country::find(prefix).ok()?.iso };
    let (expected, rule): (_, Rule) = match code {
        "AT" => ("ATU and 8 digits", formulas::austria),
        "BE" => ("BE and 10 digits, the first 0 or 1", formulas::belgium),
        "BG" => ("BG and 9 or 10 digits", persons::bulgaria),
        "CY" => ("CY, 8 digits and a letter", letters::cyprus),
        "CZ" => ("CZ and 8, 9 or 10 digits", persons::czechia),
        "DE" => ("DE and 9 digits", formulas::germany),
        "DK" => ("DK and 8 digits", formulas::denmark),
        "EE" => ("EE and 9 digits", formulas::estonia),
        "ES" => ("ES and 9 characters, the first or the last a letter", letters::spain),
        "FI" => ("FI and 8 digits", formulas::finland),
        "FR" => ("FR, 2 characters and 9 digits", letters::france),
        "GR" => ("EL and 9 digits", formulas::greece),
        "HR" => ("HR and 11 digits", formulas::croatia),
        "HU" => ("HU and 8 digits", formulas::hungary),
        "IE" => {
            ("IE, 7 digits and 1 or 2 letters, or 8 characters with a letter in the second place", letters::ireland)
        }
        "IT" => ("IT and 11 digits", formulas::italy),
        "LT" => ("LT and 9 or 12 digits", formulas::lithuania),
        "LU" => ("LU and 8 digits", formulas::luxembourg),
        "LV" => ("LV and 11 digits", persons::latvia),
        "MT" => ("MT and 8 digits", formulas::malta),
        "NL" => ("NL, 9 digits, B and 2 digits", letters::netherlands),
        "PL" => ("PL and 10 digits", formulas::poland),
        "PT" => ("PT and 9 digits", formulas::portugal),
        "RO" => ("RO and 2 to 10 digits", formulas::romania),
        "SE" => ("SE and 12 digits, the last two 01", formulas::sweden),
        "SI" => ("SI and 8 digits", formulas::slovenia),
        "SK" => ("SK and 10 digits", formulas::slovakia),
        "XI" => ("XI and 9 or 12 digits, or GD or HA and 3 digits", letters::northern_ireland),
        _ => return None,
    };
    Some((code, expected, rule))
}

#[cfg(test)]
mod tests;
