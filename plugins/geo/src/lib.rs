//! Distances and bearings on the ellipsoid WGS 84, and geohashes, as an API.
//!
//! Geodesics are Karney's, exact to some nanometres for any two points, antipodal ones too; nothing is approximated by a
//! sphere.

mod geohash;
mod point;
mod way;

use serde::{Deserialize, Serialize};
use weir_sdk::http::{Failure, Json, Path, Query};
use weir_sdk::meter;

use crate::geohash::Cell;
use crate::point::Point;
use crate::way::{Destination, Unit, Way};

/// The billed object: a pair of points of a matrix.
pub const PAIRS: &str = "pairs";

/// Points on each side of a matrix.
const SIDE_MAX: usize = 50;
/// Letters of a geohash: a cell of 12 is a few centimetres wide.
const LETTERS_MAX: u8 = 12;

weir_sdk::routes!(distance, destination, matrix, encode, decode);

/// Why there is no answer.
#[derive(Debug, thiserror::Error, Failure)]
pub enum Refused {
    /// A matrix has too many points.
    #[error("a matrix has 1 to {SIDE_MAX} points on each side")]
    #[failure(413)]
    TooMany,
    /// The call may not report so many pairs.
    #[error(transparent)]
    #[failure(transparent)]
    Meter(meter::MeterError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Two {
    from: Point,
    to: Point,
    #[serde(default)]
    unit: Unit,
}

#[weir_sdk::http("GET /v1/distance")]
fn distance(Query(Two { from, to, unit }): Query<Two>) -> Json<Way> {
    Json(Way::between(from, to, unit))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Course {
    from: Point,
    bearing: f64,
    distance: f64,
    #[serde(default)]
    unit: Unit,
}

#[weir_sdk::http("GET /v1/destination")]
fn destination(Query(course): Query<Course>) -> Result<Json<Destination>, Failure> {
    Destination::of(course.from, course.bearing, course.distance, course.unit).map(Json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Matrix {
    from: Vec<Point>,
    to: Vec<Point>,
    #[serde(default)]
    unit: Unit,
}

#[derive(Serialize)]
struct Distances {
    unit: Unit,
    distances: Vec<Vec<f64>>,
}

#[weir_sdk::http("POST /v1/matrix")]
fn matrix(Json(Matrix { from, to, unit }): Json<Matrix>) -> Result<Json<Distances>, Refused> {
    if ![from.len(), to.len()].iter().all(|points| (1..=SIDE_MAX).contains(points)) {
        return Err(Refused::TooMany);
    }
    let pairs = u64::try_from(from.len() * to.len()).map_err(|_| Refused::TooMany)?;
    meter::add(PAIRS, pairs).map_err(Refused::Meter)?;
    let row = |from: &Point| to.iter().map(|to| Way::between(*from, *to, unit).distance).collect();
    Ok(Json(Distances { unit, distances: from.iter().map(row).collect() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    point: Point,
    #[serde(default = "nine")]
    precision: u8,
}

const fn nine() -> u8 {
    9
}

#[weir_sdk::http("GET /v1/geohashes")]
fn encode(Query(Place { point, precision }): Query<Place>) -> Result<Json<Cell>, Failure> {
    if !(1..=LETTERS_MAX).contains(&precision) {
        return Err(Failure::invalid("/query/precision", format!("is from 1 to {LETTERS_MAX}")));
    }
    Ok(Json(geohash::cell_of(point, precision)))
}

#[derive(Deserialize)]
struct Named {
    hash: String,
}

#[weir_sdk::http("GET /v1/geohashes/{hash}")]
fn decode(Path(Named { hash }): Path<Named>) -> Result<Json<Cell>, Failure> {
    geohash::read(&hash, LETTERS_MAX).map(Json).map_err(|why| Failure::invalid("/path/hash", why))
}

#[cfg(test)]
mod tests;
