//! Pictures of dates and times: text with markers such as `[Y0001]`.

use super::integer::{Case, Integer};
use crate::error::{Fault, Result, fail};
use crate::value::Value;

/// The most digits that a width may ask for.
const WIDTH_MAX: usize = 1_000;

#[derive(Debug)]
pub(super) enum Part {
    Literal(String),
    Marker(Marker),
}

/// One component of a date, and how it is written.
#[derive(Debug)]
pub(super) struct Marker {
    pub(super) component: Option<char>,
    pub(super) names: Option<Case>,
    pub(super) integer: Option<Integer>,
    pub(super) width_max: Option<usize>,
    /// How many digits of the year are written, if not all.
    pub(super) year_digits: Option<usize>,
    /// The zone of Greenwich is written as `Z`.
    pub(super) zulu: bool,
}

/// Reads a picture.
pub(super) fn parse(picture: &str) -> Result<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::new();
    let mut rest = picture;
    while let Some((before, after)) = rest.split_once('[') {
        literal(&mut parts, before);
        if let Some(after) = after.strip_prefix('[') {
            parts.push(Part::Literal("[".to_owned()));
            rest = after;
            continue;
        }
        let Some((marker, after)) = after.split_once(']') else { return fail("D3135") };
        let marker = Marker::parse(&marker.split_whitespace().collect::<String>())?;
        // Where a number follows another at once, how long the first is must be known to read it.
        if marker.is_numeric()
            && let Some(Part::Marker(Marker { integer: Some(before), .. })) = parts.last_mut()
        {
            before.width = Some(before.mandatory);
        }
        parts.push(Part::Marker(marker));
        rest = after;
    }
    literal(&mut parts, rest);
    Ok(parts)
}

fn literal(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Literal(text.replace("]]", "]")));
    }
}

/// How a component is written if the picture does not say.
fn default_presentation(component: char) -> Option<&'static str> {
    Some(match component {
        'Y' | 'M' | 'D' | 'd' | 'W' | 'w' | 'X' | 'x' | 'H' | 'h' | 'f' => "1",
        'F' | 'P' | 'C' | 'E' => "n",
        'm' | 's' => "01",
        'Z' | 'z' => "01:01",
        _ => return None,
    })
}

impl Marker {
    fn is_numeric(&self) -> bool {
        self.names.is_none() && self.component.is_some_and(|component| "YMDdFWwXxHhmsf".contains(component))
    }

    fn parse(marker: &str) -> Result<Self> {
        let component = marker.chars().next();
        let rest = marker.get(component.map_or(0, char::len_utf8)..).unwrap_or_default();
        let (presentation, width) = match rest.rsplit_once(',') {
            Some((presentation, width)) => (presentation, Some(width)),
            None => (rest, None),
        };
        let (min, max) = widths(width)?;
        let (mut first, mut second) = (presentation, None);
        if presentation.chars().count() > 1
            && let Some(last) = presentation.chars().next_back().filter(|last| "atco".contains(*last))
        {
            first = presentation.strip_suffix(last).unwrap_or(presentation);
            second = Some(last);
        }
        if presentation.is_empty() {
            let default = component.and_then(default_presentation);
            first = default.ok_or_else(|| Fault::new("D3132").value(Value::Text(&shown(component))))?;
        }
        let names = match (first.chars().next(), first.chars().nth(1)) {
            (Some('n'), _) => Some(Case::Lower),
            (Some('N'), Some('n')) => Some(Case::Title),
            (Some('N'), _) => Some(Case::Upper),
            _ => None,
        };
        let mut marker =
            Self { component, names, integer: None, width_max: max, year_digits: None, zulu: second == Some('t') };
        if marker.is_numeric() {
            let picture = second.map_or_else(|| first.to_owned(), |second| format!("{first};{second}"));
            let mut integer = Integer::parse(&picture)?;
            integer.mandatory = integer.mandatory.max(min.unwrap_or(0));
            if component == Some('Y') {
                marker.year_digits =
                    max.or_else(|| Some(integer.mandatory + integer.optional).filter(|digits| *digits >= 2));
                integer.mandatory = max.unwrap_or(integer.mandatory);
            }
            marker.integer = Some(integer);
        }
        if matches!(component, Some('Z' | 'z')) {
            marker.integer = Some(Integer::parse(first)?);
        }
        Ok(marker)
    }
}

pub(super) fn shown(component: Option<char>) -> String {
    component.map(String::from).unwrap_or_default()
}

/// The least and the most digits: `2`, `2-4`, `*-4`.
fn widths(width: Option<&str>) -> Result<(Option<usize>, Option<usize>)> {
    let Some(width) = width else { return Ok((None, None)) };
    let (min, max) = width.split_once('-').unwrap_or((width, "*"));
    let number = |text: &str| {
        let end = text.find(|next: char| !next.is_ascii_digit()).unwrap_or(text.len());
        let number = text.get(..end).filter(|digits| !digits.is_empty())?;
        Some(number.parse().unwrap_or(usize::MAX))
    };
    let widths = (number(min), number(max));
    if [widths.0, widths.1].into_iter().flatten().any(|width| width > WIDTH_MAX) {
        return fail("D3205");
    }
    Ok(widths)
}
