//! Searching in text, by text, by regular expressions and by functions that answer as these do.

use super::{argument, number, text};
use crate::error::{Fault, Result, fail};
use crate::eval::{Evaluation, Function};
use crate::regex::Pattern;
use crate::value::{Flags, Items, Value};

/// A match: where it is in the text, in bytes, and its groups.
struct Hit<'a> {
    start: usize,
    end: usize,
    text: Value<'a>,
    groups: Vec<Value<'a>>,
    next: Next<'a>,
}

/// How to get the next match.
enum Next<'a> {
    Search { pattern: &'a Pattern, position: u32, from: usize },
    Call(Value<'a>),
}

/// Where a byte is in UTF-16 code units.
fn units(text: &str, offset: usize) -> f64 {
    let before = text.get(..offset).unwrap_or_default();
    if before.is_ascii() { offset as f64 } else { before.encode_utf16().count() as f64 }
}

/// The byte of a UTF-16 code unit.
fn offset(text: &str, units: f64) -> usize {
    let mut passed = 0.0;
    for (offset, next) in text.char_indices() {
        if passed >= units {
            return offset;
        }
        passed += next.len_utf16() as f64;
    }
    text.len()
}

/// The first match of a matcher.
fn first<'a>(run: &Evaluation<'a>, matcher: Value<'a>, text: &'a str) -> Result<Option<Hit<'a>>> {
    match matcher {
        Value::Function(Function::Matcher { pattern, position }) => search(run, pattern, *position, text, 0),
        _ => answered(run, run.apply(matcher, &[Value::Text(text)], Value::Null)?, text),
    }
}

fn next<'a>(run: &Evaluation<'a>, hit: &Hit<'a>, text: &'a str) -> Result<Option<Hit<'a>>> {
    match hit.next {
        Next::Search { pattern, position, from } if from < text.len() => {
            let found = search(run, pattern, position, text, from)?;
            no_empty(found.as_ref().is_some_and(|hit| hit.start == hit.end), position)?;
            Ok(found)
        }
        Next::Search { .. } => Ok(None),
        Next::Call(function) => answered(run, run.apply(function, &[], Value::Null)?, text),
    }
}

/// A match of nothing would be found again and again.
fn no_empty(empty: bool, position: u32) -> Result<()> {
    if empty { Err(Fault::new("D1004").at(position)) } else { Ok(()) }
}

fn search<'a>(
    run: &Evaluation<'a>,
    pattern: &'a Pattern,
    position: u32,
    text: &'a str,
    from: usize,
) -> Result<Option<Hit<'a>>> {
    run.work(pattern.cost(text.len() - from))?;
    let Some(found) = pattern.find(text, from) else { return Ok(None) };
    let part = |start: usize, end: usize| Value::Text(text.get(start..end).unwrap_or_default());
    let (start, end) = (found.whole.start(), found.whole.end());
    let groups = found.groups.iter().map(|group| group.map_or(Value::Undefined, |(start, end)| part(start, end)));
    run.arena.spend_items(found.groups.len())?;
    let next = Next::Search { pattern, position, from: end };
    Ok(Some(Hit { start, end, text: part(start, end), groups: groups.collect(), next }))
}

/// What a function of the expression answered, as a match.
fn answered<'a>(run: &Evaluation<'a>, answer: Value<'a>, text: &str) -> Result<Option<Hit<'a>>> {
    let field = |name: &str| answer.field(name).unwrap_or(Value::Undefined);
    if answer.is_undefined() {
        return Ok(None);
    }
    run.read(text)?;
    let (start, end, groups, next) = (field("start"), field("end"), field("groups"), field("next"));
    let (Value::Number(from), Value::Number(to)) = (start, end) else { return fail("T1010") };
    let groups = groups.items().map(Items::iter).into_iter().flatten().collect();
    Ok(Some(Hit {
        start: offset(text, from),
        end: offset(text, to),
        text: field("match"),
        groups,
        next: Next::Call(next),
    }))
}

impl<'a> Evaluation<'a> {
    /// A match as the object that a regular expression answers when it is called.
    pub(crate) fn next_match(
        &self,
        pattern: &'a Pattern,
        position: u32,
        text: &'a str,
        from: usize,
    ) -> Result<Value<'a>> {
        let Some(hit) = search(self, pattern, position, text, from)? else { return Ok(Value::Undefined) };
        no_empty(from > 0 && hit.start == hit.end, position)?;
        let next = Function::Next { pattern, position, text, from: hit.end };
        self.arena.object(vec![
            ("match", hit.text),
            ("start", Value::Number(units(text, hit.start))),
            ("end", Value::Number(units(text, hit.end))),
            ("groups", self.arena.list(&hit.groups, Flags::PLAIN)?),
            ("next", self.arena.function(next)?),
        ])
    }
}

/// How many matches are wanted: all, if it is not said.
fn limit(arguments: &[Value<'_>], place: usize, code: &'static str) -> Result<f64> {
    match number(arguments, place) {
        Some(limit) if limit < 0.0 => Err(Fault::new(code).index(place + 1).value(argument(arguments, place))),
        Some(limit) => Ok(limit),
        None => Ok(f64::INFINITY),
    }
}

pub(super) fn contains<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let (Some(whole), token) = (text(arguments, 0), argument(arguments, 1)) else { return Ok(Value::Undefined) };
    run.read(whole)?;
    Ok(Value::Bool(match token {
        Value::Undefined => return Ok(Value::Undefined),
        Value::Text(token) => whole.contains(token),
        Value::Function(Function::Matcher { pattern, .. }) => {
            run.work(pattern.cost(whole.len()))?;
            pattern.is_match(whole)
        }
        _ => first(run, token, whole)?.is_some(),
    }))
}

pub(super) fn find_all<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let Some(whole) = text(arguments, 0) else { return Ok(Value::Undefined) };
    let limit = limit(arguments, 2, "D3040")?;
    let mut out = Vec::new();
    let mut hit = if limit > 0.0 { first(run, argument(arguments, 1), whole)? } else { None };
    while let Some(found) = hit.filter(|_| (out.len() as f64) < limit) {
        let start = Value::Number(units(whole, found.start));
        let groups = run.arena.list(&found.groups, Flags::PLAIN)?;
        let object = run.arena.object(vec![("match", found.text), ("index", start), ("groups", groups)])?;
        run.push(&mut out, object)?;
        hit = next(run, &found, whole)?;
    }
    Ok(run.arena.counted_list(&out, Flags::SEQUENCE))
}

pub(super) fn split<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let (Some(whole), separator) = (text(arguments, 0), argument(arguments, 1)) else { return Ok(Value::Undefined) };
    let limit = limit(arguments, 2, "D3020")?;
    run.read(whole)?;
    let mut out = Vec::new();
    match separator {
        _ if limit <= 0.0 => {}
        Value::Text("") => {
            for part in whole.split_inclusive(|_| true) {
                if out.len() as f64 >= limit.trunc() {
                    break;
                }
                run.push(&mut out, Value::Text(part))?;
            }
        }
        Value::Text(separator) => {
            for part in whole.split(separator) {
                if out.len() as f64 >= limit.trunc() {
                    break;
                }
                run.push(&mut out, Value::Text(part))?;
            }
        }
        Value::Undefined => out.push(Value::Text(whole)),
        _ => {
            let mut start = 0;
            let mut hit = first(run, separator, whole)?;
            while let Some(found) = hit.filter(|_| (out.len() as f64) < limit) {
                run.push(&mut out, Value::Text(whole.get(start..found.start).unwrap_or_default()))?;
                start = found.end;
                hit = next(run, &found, whole)?;
            }
            if (out.len() as f64) < limit {
                run.push(&mut out, Value::Text(whole.get(start..).unwrap_or_default()))?;
            }
        }
    }
    Ok(run.arena.counted_list(&out, Flags::PLAIN))
}

pub(super) fn replace<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let Some(whole) = text(arguments, 0) else { return Ok(Value::Undefined) };
    let (pattern, replacement) = (argument(arguments, 1), argument(arguments, 2));
    if let Value::Text("") = pattern {
        return Err(Fault::new("D3010").index(2));
    }
    let limit = limit(arguments, 3, "D3011")?;
    run.read(whole)?;
    let mut out = Pieces { run, out: String::new(), from: 0, whole };
    let mut count = 0.0;
    if let (Value::Text(pattern), Value::Text(replacement)) = (pattern, replacement) {
        for (start, _) in whole.match_indices(pattern) {
            if count >= limit {
                break;
            }
            count += 1.0;
            run.work(1)?;
            out.add(start, start + pattern.len(), replacement)?;
        }
        return out.finish();
    }
    if matches!(pattern, Value::Text(_) | Value::Undefined) {
        return Err(Fault::new("D3012").value(replacement));
    }
    let mut hit = if limit > 0.0 { first(run, pattern, whole)? } else { None };
    while let Some(found) = hit.filter(|_| count < limit) {
        count += 1.0;
        match replacement {
            Value::Text(template) => {
                let substitute = substitute(run, template, &found)?;
                out.add(found.start, found.end, &substitute)?;
            }
            _ => {
                let object = match_object(run, &found, whole)?;
                match run.apply(replacement, &[object], Value::Null)? {
                    Value::Text(substitute) => out.add(found.start, found.end, substitute)?,
                    other => return Err(Fault::new("D3012").value(other)),
                }
            }
        }
        hit = next(run, &found, whole)?;
    }
    out.finish()
}

fn match_object<'a>(run: &Evaluation<'a>, hit: &Hit<'a>, whole: &str) -> Result<Value<'a>> {
    run.arena.object(vec![
        ("match", hit.text),
        ("start", Value::Number(units(whole, hit.start))),
        ("end", Value::Number(units(whole, hit.end))),
        ("groups", run.arena.list(&hit.groups, Flags::PLAIN)?),
    ])
}

/// A text in which parts are replaced, from the first to the last.
struct Pieces<'r, 'a> {
    run: &'r Evaluation<'a>,
    out: String,
    from: usize,
    whole: &'a str,
}

impl<'a> Pieces<'_, 'a> {
    fn add(&mut self, start: usize, end: usize, substitute: &str) -> Result<()> {
        let before = self.whole.get(self.from..start).unwrap_or_default();
        self.run.arena.spend(before.len() + substitute.len())?;
        self.out.push_str(before);
        self.out.push_str(substitute);
        self.from = end;
        Ok(())
    }

    fn finish(mut self) -> Result<Value<'a>> {
        if self.from == 0 && self.out.is_empty() {
            return Ok(Value::Text(self.whole));
        }
        self.out.push_str(self.whole.get(self.from..).unwrap_or_default());
        self.run.arena.text(&self.out)
    }
}

/// Puts the groups of a match where `$1` and so on stand.
fn substitute<'a>(run: &Evaluation<'a>, template: &str, hit: &Hit<'a>) -> Result<String> {
    run.read(template)?;
    let text = |value: &Value<'a>| if let Value::Text(text) = value { *text } else { "" };
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('0') {
            out.push_str(text(&hit.text));
            rest = after;
        } else {
            match group_number(rest, hit.groups.len()) {
                Some((number, length)) => {
                    out.push_str(number.checked_sub(1).and_then(|place| hit.groups.get(place)).map_or("", text));
                    rest = rest.get(length..).unwrap_or_default();
                }
                None => out.push('$'),
            }
        }
        run.arena.spend(out.len() / 16)?;
        if out.len() > run.arena.left() {
            run.arena.spend(out.len())?;
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// The number of a group, of as many digits as there can be, and how many these are.
fn group_number(text: &str, groups: usize) -> Option<(usize, usize)> {
    let digits_max = if groups == 0 { 1 } else { groups.ilog10() as usize + 1 };
    let length = text.bytes().take(digits_max).take_while(u8::is_ascii_digit).count();
    let mut digits = text.get(..length).filter(|digits| !digits.is_empty())?;
    let mut number: usize = digits.parse().ok()?;
    if digits_max > 1 && number > groups {
        digits = digits.get(..digits_max - 1)?;
        number = digits.parse().ok()?;
    }
    Some((number, number.to_string().len()))
}
