//! Geodesics: the shortest ways on the ellipsoid WGS 84.

use geographiclib_rs::{DirectGeodesic as _, Geodesic, InverseGeodesic as _};
use serde::{Deserialize, Serialize};
use weir_sdk::http::Failure;

use crate::point::Point;

/// Once around the earth, and a little.
const DISTANCE_MAX_M: f64 = 40_100_000.0;

/// What distances are told in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unit {
    /// Metres.
    #[default]
    M,
    /// Kilometres.
    Km,
    /// International miles.
    Mi,
    /// Nautical miles.
    Nmi,
}

impl Unit {
    const fn metres(self) -> f64 {
        match self {
            Self::M => 1.0,
            Self::Km => 1_000.0,
            Self::Mi => 1_609.344,
            Self::Nmi => 1_852.0,
        }
    }
}

/// The way from one point to another.
#[derive(Debug, Serialize)]
pub(crate) struct Way {
    pub(crate) distance: f64,
    pub(crate) unit: Unit,
    /// Degrees from north by east, from 0 to 360, at the beginning.
    pub(crate) initial_bearing: f64,
    /// The same on arrival.
    pub(crate) final_bearing: f64,
}

impl Way {
    pub(crate) fn between(from: Point, to: Point, unit: Unit) -> Self {
        let (metres, initial, last, _): (f64, f64, f64, f64) =
            Geodesic::wgs84().inverse(from.latitude, from.longitude, to.latitude, to.longitude);
        Self { distance: metres / unit.metres(), unit, initial_bearing: bearing(initial), final_bearing: bearing(last) }
    }
}

/// Where a way ends.
#[derive(Debug, Serialize)]
pub(crate) struct Destination {
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    pub(crate) final_bearing: f64,
}

impl Destination {
    pub(crate) fn of(from: Point, course: f64, distance: f64, unit: Unit) -> Result<Self, Failure> {
        if !(-360.0..=360.0).contains(&course) {
            return Err(Failure::invalid("/query/bearing", "is from -360 to 360 degrees"));
        }
        let metres = distance * unit.metres();
        if !(0.0..=DISTANCE_MAX_M).contains(&metres) {
            return Err(Failure::invalid("/query/distance", "is from nothing to once around the earth (40,100 km)"));
        }
        let (latitude, longitude, last): (f64, f64, f64) =
            Geodesic::wgs84().direct(from.latitude, from.longitude, course, metres);
        Ok(Self { latitude, longitude, final_bearing: bearing(last) })
    }
}

/// Degrees from 0 to 360, the latter left out.
fn bearing(azimuth: f64) -> f64 {
    let turned = azimuth.rem_euclid(360.0);
    // A tiny negative one rounds to the full circle.
    if turned >= 360.0 { 0.0 } else { turned + 0.0 }
}
