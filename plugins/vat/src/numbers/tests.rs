use super::*;

/// Numbers that hold, two per country where the rule has two branches.
const VALID: [&str; 48] = [
    "ATU13585627",
    "BE0403019261",
    "BE0428759497",
    "BG175074752",
    "BG7523169263",
    "BG8032056031",
    "CY10259033P",
    "CZ25123891",
    "CZ7103192745",
    "CZ991231123",
    "CZ640903926",
    "DE136695976",
    "DK13585628",
    "EE100931558",
    "EL094259216",
    "ES54362315K",
    "ESX2482300W",
    "ESB64717838",
    "ESJ99216582",
    "ESA13585625",
    "FI20774740",
    "FR40303265045",
    "FR83404833048",
    "FRK7399859412",
    "HR33392005961",
    "HU12892312",
    "IE6433435F",
    "IE6433435OA",
    "IE8D79739I",
    "IT00743110157",
    "LT119511515",
    "LT100001919017",
    "LU15027442",
    "LV40003521600",
    "LV16117519997",
    "MT11679112",
    "NL004495445B01",
    "NL002455799B11",
    "PL8567346215",
    "PT501964843",
    "RO18547290",
    "SE123456789701",
    "SE556188840401",
    "SI50223054",
    "SI15012557",
    "SK2022749619",
    "XI980780684",
    "XIGD001",
];

fn reason(number: &str) -> Option<&'static str> {
    check(number).unwrap().reason
}

#[test]
fn numbers_of_every_country_hold() {
    for number in VALID {
        assert_eq!(reason(number), None, "{number}");
    }
    for country in country::ALL {
        assert!(VALID.iter().any(|number| number.starts_with(country.prefix)), "{}", country.name);
    }
}

/// Rules whose one sum catches every mistyped digit; the others (persons, mod 10 of weights that are not coprime) may
/// let one through.
#[test]
fn one_wrong_digit_is_caught() {
    for number in ["ATU13585627", "BE0403019261", "DE136695976", "DK13585628", "FI20774740", "HR33392005961"] {
        let last = number.chars().last().and_then(|c| c.to_digit(10)).unwrap();
        for wrong in (0..10).filter(|digit| *digit != last) {
            let number = format!("{}{wrong}", &number[..number.len() - 1]);
            assert_eq!(reason(&number), Some("check-digits"), "{number}");
        }
    }
}

#[test]
fn numbers_that_do_not_hold_say_why() {
    for (number, why) in [
        ("ATU13585626", "check-digits"),
        ("AT13585627", "format"),
        ("BE2403019261", "format"),
        ("CZ25123890", "check-digits"),
        ("CY10259033Z", "check-digits"),
        ("CY12259033P", "format"),
        ("DE036695976", "format"),
        ("DE13669597", "format"),
        ("EL123456781", "check-digits"),
        ("ES54362315Z", "check-digits"),
        ("ESX2482300A", "check-digits"),
        ("ESJ99216583", "check-digits"),
        ("ESP99216582", "check-digits"),
        ("FR84323140391", "check-digits"),
        ("FRO1303265045", "format"),
        ("IE8D79738J", "check-digits"),
        ("IE6433435E", "check-digits"),
        ("IT00743110158", "check-digits"),
        ("LT100001919018", "check-digits"),
        ("LU15027443", "check-digits"),
        ("LV40013521600", "check-digits"),
        ("MT11679113", "check-digits"),
        ("NL123456789B90", "check-digits"),
        ("NL004495445B00", "format"),
        ("PT501964842", "check-digits"),
        ("RO18547291", "check-digits"),
        ("SE123456789101", "check-digits"),
        ("SE123456789702", "format"),
        ("SI50223055", "check-digits"),
        ("SK2022749618", "check-digits"),
        ("XI802311781", "check-digits"),
        ("XIGD500", "format"),
        ("US123456789", "unknown-prefix"),
        ("D", "unknown-prefix"),
        ("", "unknown-prefix"),
        ("ÄÖ1", "unknown-prefix"),
        ("DEÄÖÜ456789", "format"),
        ("ESÄ2482300W", "format"),
        ("ESX2Ä", "format"),
    ] {
        assert_eq!(reason(number), Some(why), "{number}");
    }
}

#[test]
fn the_ways_of_writing_a_number_are_one() {
    for written in ["de 136 695 976", "DE-136.695.976", " DE136695976 ", "de\u{a0}136/695/976"] {
        let verdict = check(written).unwrap();
        assert_eq!((verdict.number.as_str(), verdict.valid), ("DE136695976", true), "{written}");
    }
    assert_eq!(check("GR094259216").unwrap().number, "EL094259216");
}

#[test]
fn a_batch_answers_each_number_in_its_place() {
    let request = Request::post("/v1/numbers", r#"{"numbers":["DE136695976","DE136695978"]}"#);
    let answer: serde_json::Value = serde_json::from_slice(&check_batch(&request).unwrap().body).unwrap();
    assert_eq!((&answer["valid"], &answer["invalid"]), (&1.into(), &1.into()));
    assert_eq!(answer["numbers"][1]["reason"], "check-digits");
    assert_eq!(answer["registration"], "not-checked");
}

#[test]
fn a_batch_that_is_too_large_is_refused() {
    let numbers = vec!["DE136695976"; NUMBERS_MAX + 1];
    let request = Request::post("/v1/numbers", serde_json::json!({ "numbers": numbers }).to_string());
    assert_eq!(check_batch(&request).unwrap_err().code(), "too-many");
    assert_eq!(check(&"1".repeat(LENGTH_MAX + 1)).unwrap_err().code(), "too-long");
}
