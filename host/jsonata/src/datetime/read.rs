//! Text as moments.

use std::cell::RefCell;
use std::rc::Rc;

use super::calendar::{DAY_MS, Moment, utc};
use super::fields::field;
use super::integer::{Case, Form, Integer, leading_number};
use super::picture::{self, Marker, Part, shown};
use super::words;
use super::write::{DAYS, MONTHS};
use crate::error::{Fault, Result, fail};
use crate::regex::Pattern;
use crate::value::Value;

/// How many pictures an evaluation keeps.
const READERS_MAX: usize = 8;

/// The pictures of an evaluation, each compiled once.
#[derive(Debug, Default)]
pub(crate) struct Readers<'a>(RefCell<Vec<(&'a str, Rc<Reader>)>>);

impl<'a> Readers<'a> {
    pub(crate) fn get(&self, picture: &'a str, make: impl FnOnce() -> Result<Reader>) -> Result<Rc<Reader>> {
        let mut known = self.0.borrow_mut();
        if let Some((_, reader)) = known.iter().find(|(known, _)| *known == picture) {
            return Ok(Rc::clone(reader));
        }
        let reader = Rc::new(make()?);
        if known.len() >= READERS_MAX {
            known.remove(0);
        }
        known.push((picture, Rc::clone(&reader)));
        Ok(reader)
    }
}

/// A picture that text is read by.
#[derive(Debug)]
pub(crate) struct Reader {
    parts: Vec<Part>,
    pattern: Pattern,
}

impl Reader {
    /// Reads a picture.
    ///
    /// # Errors
    ///
    /// `D3130` to `D3135`, and `L1005` for one that is too long.
    pub(crate) fn parse(picture: &str) -> Result<Self> {
        let parts = picture::parse(picture)?;
        let mut source = String::from("^");
        for part in &parts {
            source.push('(');
            match part {
                Part::Literal(text) => source.push_str(&escaped(text)),
                Part::Marker(marker) => source.push_str(&marker_pattern(marker)?),
            }
            source.push(')');
        }
        source.push('$');
        Ok(Self { parts, pattern: Pattern::parse(&source, "i")? })
    }

    pub(crate) fn cost(&self, bytes: usize) -> usize {
        self.pattern.cost(bytes)
    }

    /// Milliseconds since 1970, if the text has the form of the picture. What the picture does not say is that of now,
    /// or the least.
    ///
    /// # Errors
    ///
    /// `D3136` when something in between is missing.
    pub(crate) fn read(&self, text: &str, now: f64) -> Result<Option<f64>> {
        let Some(found) = self.pattern.find(text, 0) else { return Ok(None) };
        let mut fields = Fields::default();
        for (part, group) in self.parts.iter().zip(&found.groups) {
            let (Part::Marker(marker), Some((start, end))) = (part, group) else { continue };
            fields.any = true;
            let Some(component) = marker.component else { continue };
            fields.set(component, value(marker, text.get(*start..*end).unwrap_or_default())?);
        }
        if fields.any { fields.millis(Moment::new(now)).map(Some) } else { Ok(None) }
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for next in text.chars() {
        if ".*+?^${}()|[]\\".contains(next) {
            out.push('\\');
        }
        out.push(next);
    }
    out
}

fn marker_pattern(marker: &Marker) -> Result<String> {
    if let Some(component @ ('Z' | 'z')) = marker.component {
        let prefix = if component == 'z' { "GMT" } else { "" };
        let more = zone_separator(marker).map(|separator| format!("{}[0-9]+", escaped(&separator.to_string())));
        return Ok(format!("{prefix}[-+][0-9]+{}", more.unwrap_or_default()));
    }
    match (&marker.integer, marker.component) {
        (Some(_), Some('f')) => Ok("[0-9]+".to_owned()),
        (Some(integer), _) => integer_pattern(integer),
        (None, Some('M' | 'x' | 'F' | 'P')) => Ok("[a-zA-Z]+".to_owned()),
        (None, component) => Err(Fault::new("D3133").value(Value::Text(&shown(component)))),
    }
}

fn zone_separator(marker: &Marker) -> Option<char> {
    let integer = marker.integer.as_ref().filter(|integer| integer.regular > 0)?;
    integer.separators.first().map(|(_, separator)| *separator)
}

fn integer_pattern(integer: &Integer) -> Result<String> {
    let upper = integer.case == Case::Upper;
    Ok(match &integer.form {
        Form::Letters if upper => "[A-Z]+".to_owned(),
        Form::Letters => "[a-z]+".to_owned(),
        Form::Roman if upper => "[MDCLXVI]+".to_owned(),
        Form::Roman => "[mdclxvi]+".to_owned(),
        Form::Words => format!("(?:{}|and|[\\-, ])+", words::all().join("|")),
        Form::Decimal => {
            let count = integer.width.map_or("+".to_owned(), |width| format!("{{{width}}}"));
            format!("[0-9]{count}{}", if integer.ordinal { "(?:th|st|nd|rd)" } else { "" })
        }
        Form::Unknown(token) => return Err(Fault::new("D3130").value(Value::Text(token))),
    })
}

/// What a part of the text says; `None` for a name that is unknown.
fn value(marker: &Marker, text: &str) -> Result<Option<f64>> {
    if matches!(marker.component, Some('Z' | 'z')) {
        return Ok(Some(zone(
            text.trim_start_matches(|next: char| next.is_ascii_alphabetic()),
            zone_separator(marker),
        )));
    }
    if let Some(integer) = &marker.integer {
        if marker.component == Some('f') {
            let thousandths = text.get(..text.len().min(3)).unwrap_or_default();
            return Ok(Some(format!("0.{thousandths}").parse().unwrap_or(f64::NAN) * 1_000.0));
        }
        return integer.read(text).map(Some);
    }
    let names: &[&str] = match marker.component {
        Some('P') => {
            return Ok(match text {
                "am" | "AM" => Some(0.0),
                "pm" | "PM" => Some(1.0),
                _ => None,
            });
        }
        Some('F') => &DAYS,
        _ => &MONTHS,
    };
    let width = marker.width_max.filter(|width| *width > 0).unwrap_or(usize::MAX);
    let place = names.iter().rposition(|name| name.get(..width.min(name.len())) == Some(text));
    Ok(place.map(|place| place as f64 + 1.0))
}

/// Minutes east of Greenwich.
fn zone(text: &str, separator: Option<char>) -> f64 {
    let (hours, minutes) = match separator.and_then(|separator| text.split_once(separator)) {
        Some((hours, minutes)) => (hours, minutes),
        None if text.len() <= 3 => (text, "0"),
        None => text.split_at(3.min(text.len())),
    };
    leading_number(hours) * 60.0 + leading_number(minutes)
}

/// The components that were read.
#[derive(Debug, Default)]
struct Fields {
    known: Vec<(char, Option<f64>)>,
    any: bool,
}

impl Fields {
    fn set(&mut self, component: char, value: Option<f64>) {
        self.known.retain(|(known, _)| *known != component);
        self.known.push((component, value));
    }

    fn get(&self, component: char) -> Option<f64> {
        self.known.iter().find(|(known, _)| *known == component).and_then(|(_, value)| *value)
    }

    /// Whether components are there, but none beside these. Zero counts as missing.
    fn only(&self, all: &str, wanted: &str) -> bool {
        let there = |component: char| self.get(component).is_some_and(|value| value != 0.0 && !value.is_nan());
        all.chars().all(|component| !there(component) || wanted.contains(component)) && wanted.chars().any(there)
    }

    fn millis(mut self, now: Moment) -> Result<f64> {
        const DATE: &str = "YXMxWwdD";
        let by_month = self.only(DATE, "YMD");
        let by_day = !by_month && self.only(DATE, "Yd");
        let by_month_week = self.only(DATE, "Xxw");
        let by_week = !by_month_week && self.only(DATE, "XW");
        let half_day = !self.only("PHhmsf", "Hmsf") && self.only("PHhmsf", "Phmsf");
        let date = match (by_day, by_month_week, by_week) {
            (true, ..) => "YD",
            (_, true, _) => "XxwF",
            (.., true) => "XWF",
            _ => "YMD",
        };
        self.fill(date, half_day, now)?;
        let get = |component: char| self.get(component).unwrap_or(f64::NAN);
        let mut month = if get('M') > 0.0 { get('M') - 1.0 } else { 0.0 };
        let mut day = get('D');
        if by_day {
            let date = Moment::new(utc(get('Y'), 0.0, 1.0) + (get('d') - 1.0) * DAY_MS);
            (month, day) = (date.month, date.day);
        }
        if by_month_week || by_week {
            return fail("D3136");
        }
        let mut hours = get('H');
        if half_day {
            hours = if get('h') == 12.0 { 0.0 } else { get('h') };
            hours += if get('P') == 1.0 { 12.0 } else { 0.0 };
        }
        let date = utc(get('Y'), month, day);
        let time = hours.trunc() * 3_600_000.0 + get('m').trunc() * 60_000.0 + get('s').trunc() * 1_000.0;
        let millis = Moment::new(date + time + get('f').trunc()).millis;
        let zone = [self.get('Z'), self.get('z')].into_iter().flatten().find(|zone| *zone != 0.0).unwrap_or(0.0);
        Ok(millis - zone * 60_000.0)
    }

    /// Fills in what is not there: before the first component that is, from now; after it, the least.
    fn fill(&mut self, date: &str, half_day: bool, now: Moment) -> Result<()> {
        let (mut started, mut ended) = (false, false);
        for component in date.chars().chain(if half_day { "Phmsf" } else { "Hmsf" }.chars()) {
            if self.get(component).is_some() {
                started = true;
                if ended {
                    return fail("D3136");
                }
            } else if started {
                ended = true;
                self.set(component, Some(if "MDd".contains(component) { 1.0 } else { 0.0 }));
            } else {
                self.set(component, Some(field(now, component).unwrap_or(f64::NAN)));
            }
        }
        Ok(())
    }
}
