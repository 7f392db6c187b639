//! From the pixels of the input to the bytes of the thumbnail.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageEncoder, Rgb, RgbImage};
use weir_sdk::http::Failure;

use crate::geometry::{Plan, Size, plan};
use crate::parameters::Parameters;
use crate::source::{Format, Source, turned};

/// Makes the thumbnail, and says how large it has become.
pub(crate) fn thumbnail(
    source: Source<'_>,
    parameters: &Parameters,
    format: Format,
) -> Result<(Vec<u8>, Size), Failure> {
    let orientation = source.orientation();
    let plan = plan(source.upright(), parameters);
    let upright = resized(source.decode()?, orientation, &plan);
    let bytes = encoded(upright, format, parameters.quality)?;
    Ok((bytes, plan.output))
}

/// Cuts, shrinks and turns. The plan speaks of the upright picture; the cut happens before it is turned, when there
/// is most to throw away.
fn resized(picture: DynamicImage, orientation: Orientation, plan: &Plan) -> DynamicImage {
    let (left, top, part) = lying(plan, orientation, &picture);
    let whole = part.width == picture.width() && part.height == picture.height();
    let picture = if whole { picture } else { picture.crop_imm(left, top, part.width, part.height) };

    let Size { width, height } = plan.output;
    let output = if turned(orientation) { Size { width: height, height: width } } else { plan.output };
    // The good filter needs sixteen bytes for each pixel of a column: first a coarse step, down to twice the size.
    let (twice_width, twice_height) = (output.width * 2, output.height * 2);
    let coarse = if part.width > twice_width && part.height > twice_height {
        let small = picture.thumbnail_exact(twice_width, twice_height);
        drop(picture);
        small
    } else {
        picture
    };
    let mut small = coarse.resize_exact(output.width, output.height, FilterType::CatmullRom);
    small.apply_orientation(orientation);
    small
}

/// The plan's part, in the coordinates of the picture as it lies in the file. The part is in the middle, so only its
/// sides may have to be exchanged.
fn lying(plan: &Plan, orientation: Orientation, picture: &DynamicImage) -> (u32, u32, Size) {
    if turned(orientation) {
        let part = Size { width: plan.part.height, height: plan.part.width };
        ((picture.width() - part.width) / 2, (picture.height() - part.height) / 2, part)
    } else {
        (plan.left, plan.top, plan.part)
    }
}

fn encoded(picture: DynamicImage, format: Format, quality: u8) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let (width, height) = (picture.width(), picture.height());
    let written = match format {
        Format::Jpeg => {
            let flat = on_white(picture);
            JpegEncoder::new_with_quality(&mut bytes, quality).write_image(
                &flat,
                width,
                height,
                image::ExtendedColorType::Rgb8,
            )
        }
        Format::Png | Format::WebP => {
            let (color, pixels) = if picture.color().has_alpha() {
                (image::ExtendedColorType::Rgba8, picture.into_rgba8().into_raw())
            } else {
                (image::ExtendedColorType::Rgb8, picture.into_rgb8().into_raw())
            };
            match format {
                Format::Png => PngEncoder::new(&mut bytes).write_image(&pixels, width, height, color),
                _ => WebPEncoder::new_lossless(&mut bytes).write_image(&pixels, width, height, color),
            }
        }
    };
    written.map_err(|error| Failure::permanent("not-encoded", error.to_string()))?;
    Ok(bytes)
}

/// JPEG has no transparency: what shows through is white.
fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0;
        Rgb([red, green, blue].map(|part| over_white(part, alpha)))
    })
}

fn over_white(part: u8, alpha: u8) -> u8 {
    let (part, alpha) = (u32::from(part), u32::from(alpha));
    u8::try_from((part * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
}
