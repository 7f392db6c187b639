//! Reads the text of a filter.

use serde_json::Value;

use super::operator::OPERATORS;
use super::{Filter, Term};
use crate::path::read::{Reader, malformed};
use crate::path::{PathError, Root};

/// How large a compiled regular expression may be, in bytes.
const REGEX_BYTES_MAX: usize = 262_144;

impl Filter {
    /// What stands between `[?` and `]`.
    pub(in crate::path) fn read(reader: &mut Reader<'_>) -> Result<Self, PathError> {
        joined(reader, "||", Self::Any, |reader| joined(reader, "&&", Self::All, one))
    }
}

fn joined(
    reader: &mut Reader<'_>,
    token: &str,
    join: fn(Box<[Filter]>) -> Filter,
    read: impl Fn(&mut Reader<'_>) -> Result<Filter, PathError>,
) -> Result<Filter, PathError> {
    let mut filters = vec![read(reader)?];
    loop {
        reader.skip_spaces();
        if !reader.eat(token) {
            break;
        }
        filters.push(read(reader)?);
    }
    Ok(if filters.len() == 1 { filters.remove(0) } else { join(filters.into()) })
}

fn one(reader: &mut Reader<'_>) -> Result<Filter, PathError> {
    reader.skip_spaces();
    if reader.eat("!") {
        return reader.inside(|reader| one(reader).map(|filter| Filter::Not(Box::new(filter))));
    }
    if reader.eat("(") {
        return reader.inside(|reader| {
            let filter = Filter::read(reader)?;
            reader.skip_spaces();
            reader.expect(")")?;
            Ok(filter)
        });
    }
    let left = term(reader)?;
    reader.skip_spaces();
    if reader.eat("=~") {
        reader.skip_spaces();
        return Ok(Filter::Matches(left, regex(reader)?));
    }
    for (token, operator) in OPERATORS {
        let is_word = token.starts_with(|first: char| first.is_ascii_lowercase());
        let rest = reader.rest.strip_prefix(token);
        let rest = rest.filter(|rest| !is_word || rest.starts_with([' ', '[', '\'', '"', '$', '@']));
        if let Some(rest) = rest {
            reader.rest = rest;
            reader.skip_spaces();
            return Ok(Filter::Compare(left, operator, term(reader)?));
        }
    }
    match left {
        Term::Path(path) => Ok(Filter::Exists(path)),
        Term::Literal(_) => Err(malformed("a constant in a filter must be compared with something")),
    }
}

fn term(reader: &mut Reader<'_>) -> Result<Term, PathError> {
    if reader.rest.starts_with(['@', '$']) {
        return reader.inside(|reader| {
            let path = reader.path()?;
            match path.root() {
                Root::Document | Root::Current | Root::Variable(_) => Ok(Term::Path(path)),
                _ => Err(malformed("a filter cannot read the context object")),
            }
        });
    }
    literal(reader).map(Term::Literal)
}

fn literal(reader: &mut Reader<'_>) -> Result<Value, PathError> {
    if reader.rest.starts_with(['\'', '"']) {
        return reader.quoted().map(Value::String);
    }
    if reader.eat("[") {
        return reader.inside(list);
    }
    let is_part = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '+' | '.');
    let end = reader.rest.find(|character| !is_part(character)).unwrap_or(reader.rest.len());
    let (word, rest) = reader.rest.split_at_checked(end).unwrap_or_default();
    let value = serde_json::from_str(word)
        .map_err(|_| malformed("a filter compares paths, 'texts', numbers, true, false, null and lists of these"))?;
    reader.rest = rest;
    Ok(value)
}

fn list(reader: &mut Reader<'_>) -> Result<Value, PathError> {
    let mut items = Vec::new();
    reader.skip_spaces();
    if reader.eat("]") {
        return Ok(Value::Array(items));
    }
    loop {
        reader.skip_spaces();
        items.push(literal(reader)?);
        reader.skip_spaces();
        if reader.eat("]") {
            return Ok(Value::Array(items));
        }
        reader.expect(",")?;
    }
}

/// `/expression/flags`, which must match a text from its beginning to its end.
fn regex(reader: &mut Reader<'_>) -> Result<regex::Regex, PathError> {
    reader.expect("/")?;
    let mut escaped = false;
    let end = reader.rest.find(|character| {
        let ends = character == '/' && !escaped;
        escaped = character == '\\' && !escaped;
        ends
    });
    let end = end.ok_or_else(|| malformed("a regular expression is not closed with '/'"))?;
    let (body, rest) = reader.rest.split_at_checked(end).unwrap_or_default();
    reader.rest = rest;
    reader.expect("/")?;
    let mut builder = regex::RegexBuilder::new(&format!("^(?:{})$", body.replace("\\/", "/")));
    builder.size_limit(REGEX_BYTES_MAX).dfa_size_limit(REGEX_BYTES_MAX);
    loop {
        if reader.eat("i") {
            builder.case_insensitive(true);
        } else if reader.eat("s") {
            builder.dot_matches_new_line(true);
        } else if reader.eat("x") {
            builder.ignore_whitespace(true);
        } else {
            break;
        }
    }
    builder.build().map_err(|_| malformed("its regular expression is wrong, too large, or looks around or back"))
}
