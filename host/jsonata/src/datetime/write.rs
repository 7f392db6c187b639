//! Moments as text.

use super::calendar::Moment;
use super::fields::field;
use super::integer::{Case, Integer, leading_number};
use super::picture::{self, Marker, Part, shown};
use crate::error::{Fault, Result};
use crate::value::Value;

const ISO: &str = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]";

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Hours and minutes east of Greenwich.
#[derive(Debug, Clone, Copy)]
struct Zone {
    hours: f64,
    minutes: f64,
}

/// Writes a moment by a picture, or as ISO 8601, in a zone such as `+0130`.
///
/// # Errors
///
/// Those of pictures: `D3130` to `D3135`.
pub(crate) fn format(millis: f64, picture: Option<&str>, zone: Option<&str>) -> Result<String> {
    let offset = zone.map_or(0.0, leading_number);
    let zone = Zone { hours: (offset / 100.0).floor(), minutes: offset % 100.0 };
    let moment = Moment::new(millis + (60.0 * zone.hours + zone.minutes) * 60_000.0);
    let mut out = String::new();
    for part in picture::parse(picture.unwrap_or(ISO))? {
        match part {
            Part::Literal(text) => out.push_str(&text),
            Part::Marker(marker) => out.push_str(&component(moment, &marker, zone)?),
        }
    }
    Ok(out)
}

fn component(moment: Moment, marker: &Marker, zone: Zone) -> Result<String> {
    let Some(component) = marker.component else { return Ok("undefined".to_owned()) };
    match component {
        'P' => {
            let half = if moment.hours() >= 12.0 { "pm" } else { "am" };
            Ok(if marker.names == Some(Case::Upper) { half.to_uppercase() } else { half.to_owned() })
        }
        'C' | 'E' => Ok("ISO".to_owned()),
        'Z' | 'z' => written_zone(marker, zone),
        _ => {
            // What the picture asks for and nobody knows is undefined, in JavaScript.
            let Some(mut value) = field(moment, component) else { return Ok("undefined".to_owned()) };
            if let Some(digits) = marker.year_digits.and_then(|digits| i32::try_from(digits).ok()) {
                value %= 10_f64.powi(digits);
            }
            match (&marker.integer, marker.names) {
                (Some(integer), _) => integer.format(value),
                (None, Some(case)) => name(component, value, case, marker.width_max),
                (None, None) => Ok("undefined".to_owned()),
            }
        }
    }
}

fn name(component: char, value: f64, case: Case, width_max: Option<usize>) -> Result<String> {
    let names: &[&str] = match component {
        'M' | 'x' => &MONTHS,
        'F' => &DAYS,
        _ => return Err(Fault::new("D3133").value(Value::Text(&shown(Some(component))))),
    };
    let place = names.iter().enumerate().position(|(place, _)| place as f64 == value - 1.0);
    let name = place.and_then(|place| names.get(place)).copied().unwrap_or("undefined");
    let name = match case {
        Case::Upper => name.to_uppercase(),
        Case::Lower => name.to_lowercase(),
        Case::Title => name.to_owned(),
    };
    Ok(name.chars().take(width_max.unwrap_or(usize::MAX)).collect())
}

fn written_zone(marker: &Marker, zone: Zone) -> Result<String> {
    let Some(integer) = &marker.integer else { return Ok(String::new()) };
    let offset = zone.hours * 100.0 + zone.minutes;
    let text = match integer.mandatory {
        _ if integer.regular > 0 => integer.format(offset)?,
        1 | 2 => {
            let mut text = integer.format(zone.hours)?;
            if zone.minutes != 0.0 {
                text.push(':');
                text.push_str(&Integer::parse("00")?.format(zone.minutes.floor())?);
            }
            text
        }
        3 | 4 => integer.format(offset)?,
        digits => return Err(Fault::new("D3134").value(Value::Number(digits as f64))),
    };
    let sign = if offset >= 0.0 { "+" } else { "" };
    let prefix = if marker.component == Some('z') { "GMT" } else { "" };
    Ok(if offset == 0.0 && marker.zulu { "Z".to_owned() } else { format!("{prefix}{sign}{text}") })
}
