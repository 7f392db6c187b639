//! Codes are read back by a reader that shares nothing with the writer.

use weir_sdk::Context;
use weir_sdk::http::Request;

use super::*;

fn ask(request: &Request) -> Result<Response, Failure> {
    handle(&Context::default(), request)
}

fn get(query: &str) -> Result<Response, Failure> {
    ask(&Request::get(&format!("/v1/codes?{query}")))
}

fn post(body: &serde_json::Value) -> Result<Response, Failure> {
    ask(&Request::post("/v1/codes", body.to_string()))
}

/// Whether each pixel of a PNG is dark, by its palette.
fn pixels(png: &[u8]) -> (usize, Vec<u8>) {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut rows = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut rows).unwrap();
    let channels = info.color_type.samples();
    let side = usize::try_from(info.width).unwrap();
    (side, rows.chunks(channels).map(|pixel| pixel[0]).collect())
}

fn scan(png: &[u8]) -> String {
    let (side, pixels) = pixels(png);
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| pixels[y * side + x]);
    let grids = picture.detect_grids();
    assert_eq!(grids.len(), 1, "codes in the picture");
    grids[0].decode().unwrap().1
}

#[test]
fn what_was_written_can_be_read() {
    let long = "Weir ".repeat(60);
    for text in ["0123456789", "HELLO WORLD", "https://example.org/?a=b&c=d", "Füße – 東京 🚲", &long] {
        for correction in ["L", "M", "Q", "H"] {
            for size in [200, 333, 1024] {
                let wish = serde_json::json!({ "text": text, "format": "png", "size": size, "correction": correction });
                let answer = post(&wish).unwrap();
                let (side, _) = pixels(&answer.body);
                assert_eq!(side, size);
                assert_eq!(scan(&answer.body), text, "{correction} {size}");
            }
        }
    }
}

#[test]
fn the_smallest_version_of_the_standard_is_taken() {
    // ISO/IEC 18004, table 7: what fits into a version at a level.
    for (text, correction, version) in [
        ("1".repeat(41), "L", "1"),
        ("1".repeat(42), "L", "2"),
        ("A".repeat(25), "L", "1"),
        ("A".repeat(10), "H", "1"),
        ("A".repeat(11), "H", "2"),
        ("a".repeat(14), "M", "1"),
        ("a".repeat(15), "M", "2"),
        ("a".repeat(2953), "L", "40"),
        ("7".repeat(3057), "H", "40"),
    ] {
        let answer = post(&serde_json::json!({ "text": text, "correction": correction })).unwrap();
        assert_eq!(answer.header("x-qr-version"), Some(version), "{} {correction}", text.len());
    }
    let spare = get("text=a&correction=L").unwrap();
    assert_eq!(spare.header("x-qr-correction"), Some("H"), "correction that costs nothing is given");
}

#[test]
fn a_symbol_begins_as_the_standard_says() {
    // Figure 2 of the standard: finder patterns in three corners, timing patterns between them, and the dark module.
    let symbol = get("text=HELLO&format=png&size=32&quiet=4&correction=L").unwrap();
    let (side, pixels) = pixels(&symbol.body);
    let dark = |x: usize, y: usize| pixels[(y + 5) * side + x + 5] == 0;
    for (left, top) in [(0, 0), (14, 0), (0, 14)] {
        for (x, y) in (0..7).flat_map(|x| (0..7).map(move |y| (x, y))) {
            let ring = [x, y, 6 - x, 6 - y].into_iter().min().unwrap();
            assert_eq!(dark(left + x, top + y), ring != 1, "finder at {left},{top}: {x},{y}");
        }
    }
    for at in 8..13 {
        assert_eq!((dark(at, 6), dark(6, at)), (at % 2 == 0, at % 2 == 0), "timing at {at}");
    }
    assert!(dark(8, 13));
    assert!((0..side).all(|at| pixels[at] == 255 && pixels[4 * side + at] == 255), "the quiet zone is light");
}

#[test]
fn an_svg_draws_the_same_modules() {
    let query = "text=https%3A%2F%2Fexample.org&size=300&quiet=2";
    let svg = String::from_utf8(get(query).unwrap().body).unwrap();
    assert!(
        svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"300\" height=\"300\" viewBox=\"0 0 29 29\"")
    );
    let path = svg.split("d=\"").nth(1).unwrap().split('"').next().unwrap();
    let mut picture = vec![255u8; 29 * 29];
    for bar in path.split('z').filter(|bar| !bar.is_empty()) {
        let (at, run) = bar.strip_prefix('M').unwrap().split_once('h').unwrap();
        let (x, y) = at.split_once(',').unwrap();
        let run: usize = run.split('v').next().unwrap().parse().unwrap();
        let start = y.parse::<usize>().unwrap() * 29 + x.parse::<usize>().unwrap();
        picture[start..start + run].fill(0);
    }
    let (side, pixels) = pixels(&get(&format!("{query}&format=png")).unwrap().body);
    let scale = side / 29;
    let margin = (side - scale * 25) / 2;
    for (x, y) in (0..25).flat_map(|x| (0..25).map(move |y| (x, y))) {
        let pixel = pixels[(margin + y * scale) * side + margin + x * scale];
        assert_eq!(pixel, picture[(y + 2) * 29 + x + 2], "{x},{y}");
    }
}

#[test]
fn colours_are_drawn_and_those_that_cannot_be_read_are_refused() {
    let svg = |query: &str| String::from_utf8(get(query).unwrap().body).unwrap();
    let navy = svg("text=a&dark=%23000080&light=transparent");
    assert!(navy.contains("fill=\"#000080\"") && navy.contains("fill=\"none\""), "{navy}");
    let answer = get("text=a&dark=000080&light=transparent&format=png").unwrap();
    assert_eq!(scan(&answer.body), "a");
    for query in ["dark=cccccc", "dark=ffffff&light=000000", "dark=transparent", "light=767676&dark=555555"] {
        assert_eq!(get(&format!("text=a&{query}")).unwrap_err().code(), "low-contrast", "{query}");
    }
}

#[test]
fn what_cannot_be_drawn_is_refused_by_name() {
    let long = "a".repeat(1274);
    for (query, status, code) in [
        ("text=", 400, "empty-text"),
        ("", 400, "request-invalid"),
        ("text=a&size=31", 400, "request-invalid"),
        ("text=a&size=2049", 400, "request-invalid"),
        ("text=a&quiet=17", 400, "request-invalid"),
        ("text=a&format=gif", 400, "request-invalid"),
        ("text=a&dark=red", 400, "request-invalid"),
        ("text=a&colour=red", 400, "request-invalid"),
        ("text=a&size=32&quiet=6", 422, "too-small"),
        (&format!("text={long}&correction=H"), 413, "too-long"),
    ] {
        let failure = get(query).unwrap_err();
        assert_eq!((failure.status(), failure.code()), (status, code), "{query}");
    }
    assert_eq!(get("text=a&dark=red").unwrap_err().errors()[0].pointer, "/query/dark");
}

#[test]
fn a_network_is_written_as_telephones_read_it() {
    let wifi = |body: serde_json::Value| ask(&Request::post("/v1/wifi", body.to_string()));
    let answer = wifi(serde_json::json!({
        "network": "Café;Bar", "password": "a\\b:c\"d,e", "hidden": true, "format": "png",
    }));
    assert_eq!(scan(&answer.unwrap().body), r#"WIFI:T:WPA;S:Café\;Bar;P:a\\b\:c\"d\,e;H:true;;"#);
    let open = wifi(serde_json::json!({ "network": "Guests", "security": "nopass", "format": "png" }));
    assert_eq!(scan(&open.unwrap().body), "WIFI:T:nopass;S:Guests;;");
    for refused in [
        serde_json::json!({ "network": "x", "password": "short" }),
        serde_json::json!({ "network": "", "security": "nopass" }),
        serde_json::json!({ "network": "x", "security": "nopass", "password": "y" }),
        serde_json::json!({ "network": "x", "security": "WEP", "password": "1234" }),
    ] {
        assert_eq!(wifi(refused.clone()).unwrap_err().code(), "invalid-network", "{refused}");
    }
}
