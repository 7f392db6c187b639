//! Against published values: of the geodesic library's author, of Australia's datum manual, of the geohash's inventor.

use serde_json::{Value, json};
use weir_sdk::Context;
use weir_sdk::http::Request;

use super::*;

fn ask(request: &Request) -> Result<Value, Failure> {
    let response = handle(&Context::default(), request)?;
    Ok(serde_json::from_slice(&response.body).unwrap())
}

fn get(path: &str) -> Result<Value, Failure> {
    ask(&Request::get(path))
}

fn near(found: &Value, expected: f64, within: f64) {
    let found = found.as_f64().unwrap();
    assert!((found - expected).abs() <= within, "{found} is not {expected}");
}

const fn degrees(whole: f64, minutes: f64, seconds: f64) -> f64 {
    let part = minutes / 60.0 + seconds / 3600.0;
    if whole < 0.0 { whole - part } else { whole + part }
}

#[test]
fn distances_are_those_of_the_reference() {
    for (from, to, metres, first, last) in [
        // GeodSolve's own example: New York to London.
        ("40.6,-73.8", "51.6,-0.5", 5_551_759.400, 51.198_882_84, 107.821_776_73),
        // A quarter of a meridian.
        ("0,0", "90,0", 10_001_965.729, 0.0, 0.0),
        // Along the equator: the radius of WGS 84.
        ("0,0", "0,90", 10_018_754.171, 90.0, 90.0),
    ] {
        let way = get(&format!("/v1/distance?from={from}&to={to}")).unwrap();
        near(&way["distance"], metres, 0.001);
        near(&way["initial_bearing"], first, 1e-7);
        near(&way["final_bearing"], last, 1e-7);
    }
    // Nearly antipodal, where Vincenty's formula does not converge.
    let far = get("/v1/distance?from=0,0&to=0.5,179.5").unwrap();
    near(&far["distance"], 19_936_288.579, 0.001);
}

#[test]
fn the_example_of_the_australian_datum_manual_holds() {
    // Flinders Peak to Buninyong, on GRS 80, which differs from WGS 84 by a tenth of a millimetre.
    let peak = (degrees(-37.0, 57.0, 3.720_30), degrees(144.0, 25.0, 29.524_40));
    let town = (degrees(-37.0, 39.0, 10.156_10), degrees(143.0, 55.0, 35.383_90));
    let way = get(&format!("/v1/distance?from={},{}&to={},{}", peak.0, peak.1, town.0, town.1)).unwrap();
    near(&way["distance"], 54_972.271, 0.001);
    near(&way["initial_bearing"], degrees(306.0, 52.0, 5.37), 1e-5);
    near(&way["final_bearing"], degrees(127.0, 10.0, 25.07) + 180.0, 1e-5);
}

#[test]
fn a_way_that_is_walked_ends_where_it_was_measured_to() {
    let way = get("/v1/distance?from=52.52,13.405&to=-33.87,151.21&unit=nmi").unwrap();
    let (bearing, distance) = (&way["initial_bearing"], &way["distance"]);
    let path = format!("/v1/destination?from=52.52,13.405&bearing={bearing}&distance={distance}&unit=nmi");
    let end = get(&path).unwrap();
    near(&end["latitude"], -33.87, 1e-9);
    near(&end["longitude"], 151.21, 1e-9);
    near(&end["final_bearing"], way["final_bearing"].as_f64().unwrap(), 1e-9);
}

#[test]
fn units_are_the_international_ones() {
    let distance =
        |unit| get(&format!("/v1/distance?from=0,0&to=1,1&unit={unit}")).unwrap()["distance"].as_f64().unwrap();
    let metres = distance("m");
    for (unit, length) in [("km", 1000.0), ("mi", 1609.344), ("nmi", 1852.0)] {
        assert!((distance(unit) * length - metres).abs() < 1e-6, "{unit}");
    }
}

#[test]
fn a_matrix_has_every_pair_and_reports_it() {
    let body = json!({ "from": ["0,0", "52.5,13.4"], "to": ["0,90", "90,0", "0,0"], "unit": "km" });
    let request = Request::post("/v1/matrix", body.to_string());
    let (answer, reported) = meter::record(&[(PAIRS, 2500)], || ask(&request));
    let rows = &answer.unwrap()["distances"];
    near(&rows[0][0], 10_018.754, 0.001);
    near(&rows[0][1], 10_001.966, 0.001);
    assert_eq!(rows[0][2], 0.0);
    assert_eq!(rows[1].as_array().map(Vec::len), Some(3));
    assert_eq!(reported, [(PAIRS.to_owned(), 6)]);

    let (spent, _) = meter::record(&[(PAIRS, 5)], || ask(&request));
    assert_eq!(spent, Err(Failure::QuotaExceeded(PAIRS.into())));
    let many = json!({ "from": ["0,0"], "to": vec!["0,0"; 51] });
    assert_eq!(ask(&Request::post("/v1/matrix", many.to_string())).unwrap_err().status(), 413);
    let wrong = json!({ "from": ["0,0", "91,0"], "to": ["0,0"] });
    let wrong = ask(&Request::post("/v1/matrix", wrong.to_string())).unwrap_err();
    assert_eq!(wrong.errors()[0].pointer, "/from/1");
}

#[test]
fn geohashes_are_those_of_the_published_examples() {
    for (point, precision, hash) in [
        ("57.64911,10.40744", 11, "u4pruydqqvj"),
        ("42.605,-5.603", 5, "ezs42"),
        ("37.8324,112.5584", 9, "ww8p1r4t8"),
        ("-25.382708,-49.265506", 8, "6gkzwgjz"),
        ("90,180", 1, "z"),
        ("-90,-180", 12, "000000000000"),
    ] {
        let cell = get(&format!("/v1/geohashes?point={point}&precision={precision}")).unwrap();
        assert_eq!(cell["hash"], hash, "{point}");
        assert_eq!(get(&format!("/v1/geohashes/{hash}")).unwrap(), cell);
    }
    let cell = get("/v1/geohashes/EZS42").unwrap();
    near(&cell["latitude"], 42.605, 0.001);
    near(&cell["longitude"], -5.603, 0.001);
    near(&cell["south"], 42.583, 0.001);
    near(&cell["east"], -5.581, 0.001);
}

#[test]
fn neighbours_go_around_the_world_and_end_at_the_poles() {
    let around = |hash: &str| get(&format!("/v1/geohashes/{hash}")).unwrap()["neighbours"].clone();
    // The order of letters in a cell of an even length, from the north: prxz nqwy jmtv hksu 57eg 46df 139c 028b.
    let expected = json!({
        "north": "dqcr", "north_east": "dqcx", "east": "dqcw", "south_east": "dqct", "south": "dqcm",
        "south_west": "dqcj", "west": "dqcn", "north_west": "dqcp",
    });
    assert_eq!(around("dqcq"), expected);
    assert_eq!(around("8")["west"], "x", "over the antimeridian");
    assert_eq!(around("z")["east"], "b", "over the antimeridian");
    assert_eq!((around("z")["north"].clone(), around("0")["south"].clone()), (Value::Null, Value::Null));
    for hash in ["u4pruydqqvj", "s", "7zzz", "xbpb"] {
        let cell = get(&format!("/v1/geohashes/{hash}")).unwrap();
        for (side, back) in [("east", "west"), ("north_east", "south_west"), ("south", "north")] {
            if let Some(other) = cell["neighbours"][side].as_str() {
                assert_eq!(around(other)[back], hash, "{side} of {hash} and back");
            }
        }
    }
}

#[test]
fn what_is_no_point_or_geohash_is_named() {
    for (path, pointer) in [
        ("/v1/distance?from=0,0&to=91,0", "/query/to"),
        ("/v1/distance?from=0&to=1,0", "/query/from"),
        ("/v1/distance?from=nan,0&to=1,0", "/query/from"),
        ("/v1/distance?from=0,0&to=1,0&unit=ft", "/query/unit"),
        ("/v1/distance?from=0,0", "/query/to"),
        ("/v1/destination?from=0,0&bearing=361&distance=1", "/query/bearing"),
        ("/v1/destination?from=0,0&bearing=0&distance=inf", "/query/distance"),
        ("/v1/geohashes?point=0,0&precision=13", "/query/precision"),
        ("/v1/geohashes/ab", "/path/hash"),
        ("/v1/geohashes/u4pruydqqvj8z", "/path/hash"),
    ] {
        let failure = get(path).unwrap_err();
        assert_eq!((failure.status(), failure.errors()[0].pointer.as_str()), (400, pointer), "{path}");
    }
}
