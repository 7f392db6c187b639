//! A picture to be made small.

use std::io::Cursor;

use anyhow::Context;
use image::{ImageFormat, Rgb, RgbImage};

/// A PNG of 1,500 by 1,000 pixels: one and a half megapixels, billed as two.
pub(crate) fn png() -> anyhow::Result<Vec<u8>> {
    let part = |value: u32, most: u32| u8::try_from(value * 255 / most).unwrap_or(u8::MAX);
    let picture = RgbImage::from_fn(1_500, 1_000, |x, y| Rgb([part(x, 1_500), part(y, 1_000), 96]));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).context("could not make a picture")?;
    Ok(bytes.into_inner())
}
