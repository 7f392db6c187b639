//! The image that came: its head, and whether there is room for the rest of it.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, metadata::Orientation};
use weir_sdk::http::Failure;

use crate::geometry::Size;

/// Pixels of an image, at most: the `max_per_call` of the object in `weir.toml`, in pixels.
pub(crate) const PIXELS_MAX: u64 = 16_000_000;
/// The longest side of an image, at most.
const SIDE_MAX: u32 = 16_384;
/// What decoding may need. The component has 128 MiB; beside this it holds the file, and the image once more,
/// made smaller.
const DECODING_BYTES_MAX: u64 = 76 << 20;

/// The formats that are read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Png,
    Jpeg,
    WebP,
}

impl Format {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::WebP => "webp",
        }
    }

    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
        }
    }
}

/// An image whose head has been read and found small enough.
pub(crate) struct Source<'a> {
    decoder: Box<dyn ImageDecoder + 'a>,
    format: Format,
    orientation: Orientation,
}

impl<'a> Source<'a> {
    /// Reads the head, and refuses what cannot be decoded in the room there is.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, Failure> {
        let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| broken(&error))?;
        let format = match reader.format() {
            Some(ImageFormat::Png) => Format::Png,
            Some(ImageFormat::Jpeg) => Format::Jpeg,
            Some(ImageFormat::WebP) => Format::WebP,
            _ => return Err(Failure::rejected("unsupported-format", "the body is no PNG, JPEG or WebP image")),
        };
        let mut decoder = reader.into_decoder().map_err(|error| broken(&error))?;
        let (width, height) = decoder.dimensions();
        let pixels = u64::from(width) * u64::from(height);
        if width > SIDE_MAX || height > SIDE_MAX || pixels > PIXELS_MAX || pixels == 0 {
            return Err(too_large(format!(
                "the image is {width} by {height} pixels; at most {SIDE_MAX} a side and {PIXELS_MAX} in all are taken"
            )));
        }
        let need = decoder.total_bytes() + working_bytes(format, bytes, pixels);
        if need > DECODING_BYTES_MAX {
            return Err(too_large(format!(
                "the image is {width} by {height} pixels; in its encoding that takes more memory than there is"
            )));
        }
        // A head that cannot be read says nothing about the picture.
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        Ok(Self { decoder: Box::new(decoder), format, orientation })
    }

    pub(crate) const fn format(&self) -> Format {
        self.format
    }

    /// How the picture has to be turned to stand upright.
    pub(crate) const fn orientation(&self) -> Orientation {
        self.orientation
    }

    pub(crate) fn width(&self) -> u32 {
        self.decoder.dimensions().0
    }

    pub(crate) fn height(&self) -> u32 {
        self.decoder.dimensions().1
    }

    /// The size upright.
    pub(crate) fn upright(&self) -> Size {
        let (width, height) = self.decoder.dimensions();
        if turned(self.orientation) { Size { width: height, height: width } } else { Size { width, height } }
    }

    /// What is billed: a started million of pixels counts whole.
    pub(crate) fn megapixels(&self) -> u64 {
        let (width, height) = self.decoder.dimensions();
        (u64::from(width) * u64::from(height)).div_ceil(1_000_000)
    }

    /// Decodes the pixels, as they lie in the file.
    pub(crate) fn decode(self) -> Result<DynamicImage, Failure> {
        DynamicImage::from_decoder(self.decoder).map_err(|error| broken(&error))
    }
}

/// Whether an orientation exchanges width and height.
pub(crate) const fn turned(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    )
}

/// What a decoder holds beside the pixels that it gives back.
fn working_bytes(format: Format, bytes: &[u8], pixels: u64) -> u64 {
    match format {
        // All coefficients of up to three components, two bytes each, until the last scan.
        Format::Jpeg if is_progressive(bytes) => pixels * 6,
        Format::Jpeg | Format::Png => 0,
        // A frame of its own.
        Format::WebP => pixels * 4,
    }
}

/// Whether a JPEG is written in several scans: the kind of its frame header says so.
fn is_progressive(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(2..).unwrap_or_default();
    while let [0xff, marker, after @ ..] = rest {
        match *marker {
            0xff => rest = &rest[1..],
            0xc2 | 0xc6 | 0xca | 0xce => return true,
            0xc0 | 0xc1 | 0xc3 | 0xda => return false,
            _ => {
                let [high, low, ..] = after else { return false };
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                rest = after.get(length..).unwrap_or_default();
            }
        }
    }
    false
}

fn too_large(message: String) -> Failure {
    Failure::rejected("image-too-large", message)
}

fn broken(error: &dyn std::fmt::Display) -> Failure {
    Failure::rejected("broken-image", format!("the image cannot be read: {error}"))
}
