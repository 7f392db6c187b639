//! The functions that are there.

#![expect(clippy::unnecessary_wraps, reason = "all functions of the language are called in one way")]

mod arrays;
mod encoding;
mod extra;
mod format_number;
mod higher;
mod matching;
mod numbers;
mod objects;
mod strings;
mod time;

use std::sync::LazyLock;

pub(crate) use format_number::regular;
pub(crate) use strings::string;

use crate::error::Result;
use crate::eval::Evaluation;
use crate::signature::Signature;
use crate::value::Value;

/// A function of the language.
pub(crate) struct Native {
    pub(crate) name: &'static str,
    pub(crate) signature: LazyLock<Signature>,
    /// How many arguments other functions give it.
    pub(crate) arity: usize,
    pub(crate) call: for<'a> fn(&Evaluation<'a>, &[Value<'a>]) -> Result<Value<'a>>,
}

impl std::fmt::Debug for Native {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

macro_rules! natives {
    ($($name:literal $signature:literal $arity:literal $call:expr;)*) => {
        const COUNT: usize = [$($name),*].len();
        static NATIVES: [Native; COUNT] =
            [$(Native {
                name: $name,
                // The texts are right: a test calls every function.
                signature: LazyLock::new(|| Signature::parse($signature).unwrap_or_default()),
                arity: $arity,
                call: $call,
            }),*];
    };
}

natives! {
    "sum" "<a<n>:n>" 1 numbers::sum;
    "count" "<a:n>" 1 arrays::count;
    "max" "<a<n>:n>" 1 numbers::max;
    "min" "<a<n>:n>" 1 numbers::min;
    "average" "<a<n>:n>" 1 numbers::average;
    "string" "<x-b?:s>" 1 strings::to_string;
    "substring" "<s-nn?:s>" 3 strings::substring;
    "substringBefore" "<s-s:s>" 2 strings::substring_before;
    "substringAfter" "<s-s:s>" 2 strings::substring_after;
    "lowercase" "<s-:s>" 1 strings::lowercase;
    "uppercase" "<s-:s>" 1 strings::uppercase;
    "length" "<s-:n>" 1 strings::length;
    "trim" "<s-:s>" 1 strings::trim;
    "pad" "<s-ns?:s>" 3 strings::pad;
    "match" "<s-f<s:o>n?:a<o>>" 3 matching::find_all;
    "contains" "<s-(sf):b>" 2 matching::contains;
    "replace" "<s-(sf)(sf)n?:s>" 4 matching::replace;
    "split" "<s-(sf)n?:a<s>>" 3 matching::split;
    "join" "<a<s>s?:s>" 2 strings::join;
    "formatNumber" "<n-so?:s>" 3 format_number::format_number;
    "formatBase" "<n-n?:s>" 2 numbers::format_base;
    "formatInteger" "<n-s:s>" 2 time::format_integer;
    "parseInteger" "<s-s:n>" 2 time::parse_integer;
    "number" "<(nsb)-:n>" 1 numbers::number;
    "floor" "<n-:n>" 1 numbers::floor;
    "ceil" "<n-:n>" 1 numbers::ceil;
    "round" "<n-n?:n>" 2 numbers::round;
    "abs" "<n-:n>" 1 numbers::abs;
    "sqrt" "<n-:n>" 1 numbers::sqrt;
    "power" "<n-n:n>" 2 numbers::power;
    "boolean" "<x-:b>" 1 objects::boolean;
    "not" "<x-:b>" 1 objects::not;
    "map" "<af>" 2 higher::map;
    "zip" "<a+>" 0 arrays::zip;
    "filter" "<af>" 2 higher::filter;
    "single" "<af?>" 2 higher::single;
    "reduce" "<afj?:j>" 3 higher::reduce;
    "sift" "<o-f?:o>" 2 higher::sift;
    "keys" "<x-:a<s>>" 1 objects::keys;
    "lookup" "<x-s:x>" 2 objects::field;
    "append" "<xx:a>" 2 arrays::append;
    "exists" "<x:b>" 1 objects::exists;
    "spread" "<x-:a<o>>" 1 objects::spread;
    "merge" "<a<o>:o>" 1 objects::merge;
    "reverse" "<a:a>" 1 arrays::reverse;
    "each" "<o-f:a>" 2 higher::each;
    "error" "<s?:x>" 1 objects::error;
    "assert" "<bs?:x>" 2 objects::assert;
    "type" "<x:s>" 1 objects::type_of;
    "sort" "<af?:a>" 2 arrays::sort;
    "shuffle" "<a:a>" 1 arrays::shuffle;
    "distinct" "<x:x>" 1 arrays::distinct;
    "base64encode" "<s-:s>" 1 encoding::base64_encode;
    "base64decode" "<s-:s>" 1 encoding::base64_decode;
    "encodeUrlComponent" "<s-:s>" 1 encoding::encode_url_component;
    "encodeUrl" "<s-:s>" 1 encoding::encode_url;
    "decodeUrlComponent" "<s-:s>" 1 encoding::decode_url_component;
    "decodeUrl" "<s-:s>" 1 encoding::decode_url;
    "toMillis" "<s-s?:n>" 2 time::to_millis;
    "fromMillis" "<n-s?s?:s>" 3 time::from_millis;
    "now" "<s?s?:s>" 2 time::now;
    "millis" "<:n>" 0 time::millis;
    "clone" "<(oa)-:o>" 1 objects::clone;
    // What Step Functions adds; it takes `$eval` away.
    "random" "<n?:n>" 0 extra::random;
    "partition" "<an:a>" 2 extra::partition;
    "range" "<nnn:a>" 3 extra::range;
    "hash" "<ss:s>" 2 extra::hash;
    "uuid" "<:s>" 0 extra::uuid;
    "parse" "<s:x>" 1 extra::parse;
}

static TRANSFORM: LazyLock<Signature> = LazyLock::new(|| Signature::parse("<(oa):o>").unwrap_or_default());

/// A function by its name.
pub(crate) fn find(name: &str) -> Option<&'static Native> {
    NATIVES.iter().find(|native| native.name == name)
}

/// What a transform takes.
pub(crate) fn transform_signature() -> &'static Signature {
    &TRANSFORM
}

/// A picture may be so long. It is gone through some times, and each of its characters may become one of the result.
const PICTURE_BYTES_MAX: usize = 1_000;

/// Counts the reading of a picture.
///
/// # Errors
///
/// `D3205` when it is too long.
fn read_picture(run: &Evaluation<'_>, picture: &str) -> Result<()> {
    if picture.len() > PICTURE_BYTES_MAX {
        return crate::error::fail("D3205");
    }
    run.work(picture.len())?;
    run.arena.spend(picture.len() * 16)
}

/// An argument, or nothing.
fn argument<'a>(arguments: &[Value<'a>], place: usize) -> Value<'a> {
    arguments.get(place).copied().unwrap_or(Value::Undefined)
}

/// A text, if there is one: signatures let nothing else through.
fn text<'a>(arguments: &[Value<'a>], place: usize) -> Option<&'a str> {
    if let Value::Text(text) = argument(arguments, place) { Some(text) } else { None }
}

/// A number, if there is one.
fn number(arguments: &[Value<'_>], place: usize) -> Option<f64> {
    if let Value::Number(number) = argument(arguments, place) { Some(number) } else { None }
}
