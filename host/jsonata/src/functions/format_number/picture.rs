//! The picture of a number: what its characters ask for.

use crate::error::{Result, fail};
use crate::value::Value;

/// A symbol may be so long: it may be written for every digit.
const SYMBOL_BYTES_MAX: usize = 16;

/// What stands for what.
#[derive(Debug)]
pub(super) struct Symbols {
    pub(super) decimal: String,
    pub(super) grouping: String,
    pub(super) exponent: String,
    pub(super) minus: String,
    percent: String,
    per_mille: String,
    zero: char,
    digit: String,
    pattern: String,
}

impl Symbols {
    /// The usual ones, but for what an object says otherwise.
    pub(super) fn new(options: Value<'_>) -> Result<Self> {
        let mut symbols = Self {
            decimal: ".".into(),
            grouping: ",".into(),
            exponent: "e".into(),
            minus: "-".into(),
            percent: "%".into(),
            per_mille: "\u{2030}".into(),
            zero: '0',
            digit: "#".into(),
            pattern: ";".into(),
        };
        options.each_field(&mut |name, value| {
            let Value::Text(text) = value else { return Ok(()) };
            if text.len() > SYMBOL_BYTES_MAX {
                return fail("D3205");
            }
            match name {
                "decimal-separator" => symbols.decimal = text.into(),
                "grouping-separator" => symbols.grouping = text.into(),
                "exponent-separator" => symbols.exponent = text.into(),
                "minus-sign" => symbols.minus = text.into(),
                "percent" => symbols.percent = text.into(),
                "per-mille" => symbols.per_mille = text.into(),
                "zero-digit" => symbols.zero = text.chars().next().unwrap_or('0'),
                "digit" => symbols.digit = text.into(),
                "pattern-separator" => symbols.pattern = text.into(),
                _ => {}
            }
            Ok(())
        })?;
        Ok(symbols)
    }

    /// A digit in the family of the zero.
    pub(super) fn digit_of(&self, digit: char) -> char {
        let value = digit.to_digit(10).and_then(|value| char::from_u32(u32::from(self.zero) + value));
        value.unwrap_or(digit)
    }

    fn is_digit(&self, next: char) -> bool {
        (u32::from(self.zero)..u32::from(self.zero) + 10).contains(&u32::from(next))
    }

    fn is(next: char, symbol: &str) -> bool {
        let mut chars = symbol.chars();
        chars.next() == Some(next) && chars.next().is_none()
    }

    fn is_active(&self, next: char) -> bool {
        let symbols = [&self.decimal, &self.exponent, &self.grouping, &self.digit, &self.pattern];
        self.is_digit(next) || symbols.iter().any(|symbol| Self::is(next, symbol))
    }

    fn count_digits(&self, text: &str) -> usize {
        text.chars().filter(|next| self.is_digit(*next)).count()
    }

    fn count_places(&self, text: &str) -> usize {
        text.chars().filter(|next| self.is_digit(*next) || Self::is(*next, &self.digit)).count()
    }
}

/// What one half of a picture asks for.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) prefix: String,
    pub(super) suffix: String,
    /// 100 for percent, 1000 for per mille.
    pub(super) factor: f64,
    pub(super) whole_min: usize,
    pub(super) scaling: usize,
    pub(super) fraction_min: usize,
    pub(super) fraction_max: usize,
    pub(super) exponent_min: usize,
    pub(super) has_point: bool,
    /// Every so many digits of the whole part, if that is all that the separators say.
    regular: usize,
    whole_groups: Vec<usize>,
    pub(super) fraction_groups: Vec<usize>,
}

impl Part {
    /// Whether a separator stands before the last so many digits of the whole part.
    pub(super) fn groups_at(&self, digits: usize) -> bool {
        if self.regular > 0 { digits.is_multiple_of(self.regular) } else { self.whole_groups.contains(&digits) }
    }
}

/// A half of a picture, taken apart.
struct Pieces<'p> {
    picture: &'p str,
    prefix: &'p str,
    suffix: &'p str,
    active: &'p str,
    mantissa: &'p str,
    exponent: Option<&'p str>,
    whole: &'p str,
    fraction: &'p str,
}

/// Reads a picture: one part, or one for each sign.
pub(super) fn parts(picture: &str, symbols: &Symbols) -> Result<Vec<Part>> {
    let halves: Vec<&str> = picture.split(symbols.pattern.as_str()).collect();
    if halves.len() > 2 {
        return fail("D3080");
    }
    let pieces: Vec<Pieces<'_>> = halves.into_iter().map(|half| pieces(half, symbols)).collect();
    for piece in &pieces {
        if let Some(code) = wrong(piece, symbols) {
            return fail(code);
        }
    }
    Ok(pieces.iter().map(|piece| analysed(piece, symbols)).collect())
}

fn pieces<'p>(picture: &'p str, symbols: &Symbols) -> Pieces<'p> {
    let counts = |next: char| symbols.is_active(next) && !Symbols::is(next, &symbols.exponent);
    let prefix = picture.find(counts).and_then(|place| picture.get(..place)).unwrap_or_default();
    let last = picture.char_indices().rev().find(|(_, next)| counts(*next));
    let suffix = last.and_then(|(place, next)| picture.get(place + next.len_utf8()..)).unwrap_or_default();
    let end = picture.len() - suffix.len();
    let active = picture.get(prefix.len()..end).unwrap_or_default();
    let mut mantissa = active;
    let mut exponent = None;
    let found = picture.get(prefix.len()..).and_then(|rest| rest.find(symbols.exponent.as_str()));
    if let Some(place) = found.map(|place| place + prefix.len()).filter(|place| *place <= end) {
        // The place is counted from the beginning of the picture, though it is used in its active part.
        mantissa = active.get(..place).unwrap_or(active);
        exponent = Some(active.get(place + 1..).unwrap_or_default());
    }
    let (whole, fraction) = mantissa.split_once(symbols.decimal.as_str()).unwrap_or((mantissa, suffix));
    Pieces { picture, prefix, suffix, active, mantissa, exponent, whole, fraction }
}

/// What is wrong with a picture; of several things the last.
fn wrong(pieces: &Pieces<'_>, symbols: &Symbols) -> Option<&'static str> {
    let picture = pieces.picture;
    let has = |symbol: &str| picture.contains(symbol);
    let twice = |symbol: &str| picture.find(symbol) != picture.rfind(symbol);
    let either = has(&symbols.percent) || has(&symbols.per_mille);
    let mut code = None;
    let mut check = |wrong: bool, found: &'static str| {
        if wrong {
            code = Some(found);
        }
    };
    check(twice(&symbols.decimal), "D3081");
    check(twice(&symbols.percent), "D3082");
    check(twice(&symbols.per_mille), "D3083");
    check(has(&symbols.percent) && has(&symbols.per_mille), "D3084");
    check(symbols.count_places(pieces.mantissa) == 0, "D3085");
    check(pieces.active.chars().any(|next| !symbols.is_active(next)), "D3086");
    match picture.split_once(symbols.decimal.as_str()) {
        Some((before, after)) => {
            let beside = before.ends_with(&symbols.grouping) || after.starts_with(&symbols.grouping);
            check(beside, "D3087");
        }
        None => check(pieces.whole.ends_with(&symbols.grouping), "D3088"),
    }
    check(has(&symbols.grouping.repeat(2)), "D3089");
    let before = pieces.whole.split_once(symbols.digit.as_str()).map(|(before, _)| before);
    check(before.is_some_and(|before| symbols.count_digits(before) > 0), "D3090");
    let after = pieces.fraction.rsplit_once(symbols.digit.as_str()).map(|(_, after)| after);
    check(after.is_some_and(|after| symbols.count_digits(after) > 0), "D3091");
    check(pieces.exponent.is_some_and(|exponent| !exponent.is_empty()) && either, "D3092");
    let digits = |exponent: &str| !exponent.is_empty() && exponent.chars().all(|next| symbols.is_digit(next));
    check(pieces.exponent.is_some_and(|exponent| !digits(exponent)), "D3093");
    code
}

fn analysed(pieces: &Pieces<'_>, symbols: &Symbols) -> Part {
    let separators = |text: &str| -> Vec<(String, String)> {
        let places = text.match_indices(symbols.grouping.as_str()).map(|(place, _)| place);
        places.filter_map(|place| Some((text.get(..place)?.to_owned(), text.get(place..)?.to_owned()))).collect()
    };
    let after = |(_, after): &(String, String)| symbols.count_places(after);
    let before = |(before, _): &(String, String)| symbols.count_places(before);
    let whole_groups: Vec<usize> = separators(pieces.whole).iter().map(after).collect();
    let fraction_groups: Vec<usize> = separators(pieces.fraction).iter().map(before).collect();
    let mut whole_min = symbols.count_digits(pieces.whole);
    let scaling = whole_min;
    let mut fraction_min = symbols.count_digits(pieces.fraction);
    let mut fraction_max = symbols.count_places(pieces.fraction);
    if whole_min == 0 && fraction_max == 0 {
        if pieces.exponent.is_some() {
            (fraction_min, fraction_max) = (1, 1);
        } else {
            whole_min = 1;
        }
    }
    if pieces.exponent.is_some() && whole_min == 0 && pieces.whole.contains(&symbols.digit) {
        whole_min = 1;
    }
    if whole_min == 0 && fraction_min == 0 {
        fraction_min = 1;
    }
    let factor = if pieces.picture.contains(&symbols.percent) {
        100.0
    } else if pieces.picture.contains(&symbols.per_mille) {
        1_000.0
    } else {
        1.0
    };
    Part {
        prefix: pieces.prefix.to_owned(),
        suffix: pieces.suffix.to_owned(),
        factor,
        whole_min,
        scaling,
        fraction_min,
        fraction_max,
        exponent_min: pieces.exponent.map_or(0, |exponent| symbols.count_digits(exponent)),
        has_point: pieces.picture.contains(&symbols.decimal),
        regular: regular(&whole_groups),
        whole_groups,
        fraction_groups,
    }
}

/// The distance between separators, if it is the same between all, and to the end.
pub(crate) fn regular(places: &[usize]) -> usize {
    let divisor = |left: usize, right: usize| {
        let (mut left, mut right) = (left, right);
        while right != 0 {
            (left, right) = (right, left % right);
        }
        left
    };
    let Some(factor) = places.iter().copied().reduce(divisor) else { return 0 };
    let all = (1..=places.len()).all(|number| places.contains(&(number * factor)));
    if all { factor } else { 0 }
}
