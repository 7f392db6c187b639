use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

use super::*;

const DECLARED: [(&str, u64); 1] = [(MEGAPIXELS, 16)];

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Left half red, right half blue.
fn halves(width: u32, height: u32) -> DynamicImage {
    let pixel = |x, _| if x < width / 2 { Rgb([200, 0, 0]) } else { Rgb([0, 0, 200]) };
    RgbImage::from_fn(width, height, pixel).into()
}

fn call(query: &str, body: Vec<u8>) -> (Result<Response, Failure>, Vec<(String, u64)>) {
    let request = Request::post(&format!("/v1/thumbnails?{query}"), body);
    meter::record(&DECLARED, || handle(&Context::default(), &request))
}

fn picture(response: &Response) -> DynamicImage {
    image::load_from_memory(&response.body).unwrap()
}

#[test]
fn every_format_becomes_every_format() {
    let input = halves(300, 200);
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let body = encoded(&input, format);
        for (name, media_type) in [("png", "image/png"), ("jpeg", "image/jpeg"), ("webp", "image/webp")] {
            let (answer, _) = call(&format!("width=60&format={name}"), body.clone());
            let response = answer.unwrap();
            assert_eq!(response.header("content-type"), Some(media_type));
            assert_eq!(response.header("x-image-size"), Some("60x40"));
            let picture = picture(&response).into_rgb8();
            assert_eq!(picture.dimensions(), (60, 40), "{format:?} to {name}");
            let [red, _, blue] = picture.get_pixel(5, 20).0;
            assert!(red > 150 && blue < 60, "{format:?} to {name}: the left half is red");
        }
    }
}

#[test]
fn the_format_stays_unless_another_is_asked_for() {
    let (answer, _) = call("width=10", encoded(&halves(30, 20), ImageFormat::WebP));
    assert_eq!(answer.unwrap().header("content-type"), Some("image/webp"));
}

#[test]
fn started_megapixels_are_reported_once_there_is_a_thumbnail() {
    let (answer, reported) = call("width=10", encoded(&halves(1_250, 1_000), ImageFormat::Jpeg));
    assert_eq!(answer.unwrap().header("x-megapixels"), Some("2"));
    assert_eq!(reported, [(MEGAPIXELS.to_owned(), 2)]);

    let mut cut = encoded(&halves(1_250, 1_000), ImageFormat::Png);
    cut.truncate(cut.len() / 2);
    let (answer, reported) = call("width=10", cut);
    assert_eq!(answer.unwrap_err().code(), "broken-image");
    assert!(reported.is_empty(), "{reported:?}");
}

#[test]
fn a_call_that_may_report_less_is_refused_before_decoding() {
    let request = Request::post("/v1/thumbnails?width=10", encoded(&halves(1_250, 1_000), ImageFormat::Png));
    let (answer, reported) = meter::record(&[(MEGAPIXELS, 1)], || handle(&Context::default(), &request));
    assert_eq!(answer, Err(Failure::QuotaExceeded(MEGAPIXELS.to_owned())));
    assert!(reported.is_empty());
}

/// The head of a PNG that claims to be 30,000 pixels a side: 57 bytes that would become 3.6 GB.
#[test]
fn an_image_that_claims_to_be_huge_is_refused_by_its_head() {
    let mut small = encoded(&halves(8, 8), ImageFormat::Png);
    small[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    let crc = crc32(&small[12..29]);
    small[29..33].copy_from_slice(&crc.to_be_bytes());
    let (answer, reported) = call("width=10", small);
    assert_eq!(answer.unwrap_err().code(), "image-too-large");
    assert!(reported.is_empty());
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[test]
fn what_is_no_image_is_refused() {
    for body in [&b""[..], b"hello", b"GIF89a\x01\0\x01\0", b"<svg/>"] {
        assert_eq!(call("width=10", body.to_vec()).0.unwrap_err().code(), "unsupported-format", "{body:?}");
    }
}

#[test]
fn cover_cuts_evenly() {
    let (answer, _) = call("width=40&height=40&fit=cover&format=png", encoded(&halves(400, 100), ImageFormat::Png));
    let picture = picture(&answer.unwrap()).into_rgb8();
    assert_eq!(picture.dimensions(), (40, 40));
    assert_eq!((picture.get_pixel(2, 20).0, picture.get_pixel(37, 20).0), ([200, 0, 0], [0, 0, 200]));
}

#[test]
fn transparency_becomes_white_in_a_jpeg_and_stays_in_a_png() {
    let clear: DynamicImage = RgbaImage::from_pixel(64, 64, Rgba([0, 0, 0, 0])).into();
    let body = encoded(&clear, ImageFormat::Png);
    let (jpeg, _) = call("width=8&format=jpeg", body.clone());
    assert!(picture(&jpeg.unwrap()).into_rgb8().get_pixel(4, 4).0.iter().all(|part| *part > 250));
    let (png, _) = call("width=8", body);
    assert_eq!(picture(&png.unwrap()).into_rgba8().get_pixel(4, 4).0[3], 0);
}

/// A JPEG with an EXIF segment that says: turn by 90 degrees.
#[test]
fn a_picture_taken_sideways_stands_upright() {
    let jpeg = encoded(&halves(80, 40), ImageFormat::Jpeg);
    let mut exif = b"\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    let mut body = jpeg[..2].to_vec();
    body.append(&mut exif);
    body.extend_from_slice(&jpeg[2..]);
    let (answer, _) = call("width=20&format=png", body);
    let picture = picture(&answer.unwrap()).into_rgb8();
    assert_eq!(picture.dimensions(), (20, 40));
    assert!(picture.get_pixel(10, 2).0[0] > 150, "what was left is now at the top");
}

#[test]
fn info_says_what_a_thumbnail_would_cost() {
    let request = Request::post("/v1/info", encoded(&halves(1_250, 1_000), ImageFormat::Png));
    let (answer, reported) = meter::record(&[], || handle(&Context::default(), &request));
    let info: serde_json::Value = serde_json::from_slice(&answer.unwrap().body).unwrap();
    assert_eq!((&info["format"], &info["width"], &info["megapixels"]), (&"png".into(), &1_250.into(), &2.into()));
    assert!(reported.is_empty());
}
