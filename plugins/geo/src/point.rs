//! Points.

use serde::Deserialize;

/// A point on the ellipsoid, in degrees; written `52.5,13.4`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Point {
    /// From -90 to 90.
    pub(crate) latitude: f64,
    /// From -180 to 180.
    pub(crate) longitude: f64,
}

impl TryFrom<String> for Point {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no point: write latitude,longitude in degrees, such as 52.5,13.4");
        let (latitude, longitude) = text.split_once(',').ok_or_else(wrong)?;
        let number = |text: &str| text.trim().parse::<f64>().map_err(|_| wrong());
        let (latitude, longitude) = (number(latitude)?, number(longitude)?);
        if !(-90.0..=90.0).contains(&latitude) || !(-180.0..=180.0).contains(&longitude) {
            return Err(format!("{text:?} is no point: latitude is from -90 to 90, longitude from -180 to 180"));
        }
        Ok(Self { latitude, longitude })
    }
}
