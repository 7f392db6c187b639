//! Net to gross and back, at the rate of a country and a day.

use serde::{Deserialize, Serialize};
use weir_sdk::http::{Failure, Request, Response};

use crate::amounts::{Amount, DECIMALS_MAX, Percent, Rounding};
use crate::country;
use crate::dates::Date;
use crate::rates::{self, Kind};

/// Lines of one batch, at most.
const LINES_MAX: usize = 100;

/// One amount to be split, as the caller writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    country: String,
    #[serde(default)]
    kind: Kind,
    date: Option<String>,
    net: Option<String>,
    gross: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    lines: Vec<Line>,
    #[serde(default = "cents")]
    decimals: u32,
    #[serde(default)]
    rounding: Rounding,
}

#[derive(Serialize)]
struct Calculation {
    country: &'static str,
    kind: Kind,
    rate: Percent,
    net: Amount,
    vat: Amount,
    gross: Amount,
}

#[derive(Serialize)]
struct Total {
    net: Amount,
    vat: Amount,
    gross: Amount,
}

#[derive(Serialize)]
struct Calculations {
    lines: Vec<Calculation>,
    total: Total,
}

const fn cents() -> u32 {
    2
}

/// `GET /v1/calculations?country=DE&net=99.99[&kind=][&date=][&decimals=][&rounding=]`.
pub(crate) fn calculate_one(request: &Request) -> Result<Response, Failure> {
    let value = |name| request.query_value(name);
    let kind: Option<Kind> =
        word(value("kind"), "invalid-kind", "standard, reduced, reduced-2, super-reduced, parking")?;
    let rounding: Option<Rounding> = word(value("rounding"), "invalid-rounding", "half-up, half-even")?;
    let decimals = value("decimals").map(|text| text.parse().map_err(|_| decimals_refused())).transpose()?;
    let line = Line {
        country: value("country").unwrap_or_default(),
        kind: kind.unwrap_or_default(),
        date: value("date"),
        net: value("net"),
        gross: value("gross"),
    };
    let calculation = calculate(&line, in_range(decimals.unwrap_or_else(cents))?, rounding.unwrap_or_default())?;
    Response::json(200, &calculation)
}

/// `POST /v1/calculations`: `{"lines":[{"country":"DE","net":"99.99"},…],"decimals":2,"rounding":"half-up"}`.
pub(crate) fn calculate_batch(request: &Request) -> Result<Response, Failure> {
    let Batch { lines, decimals, rounding } = request.json()?;
    if lines.len() > LINES_MAX {
        return Err(Failure::rejected("too-many", format!("a batch has at most {LINES_MAX} lines")));
    }
    let decimals = in_range(decimals)?;
    let lines: Vec<_> = lines.iter().map(|line| calculate(line, decimals, rounding)).collect::<Result<_, _>>()?;
    let sum = |part: fn(&Calculation) -> Amount| lines.iter().map(part).fold(Amount::zero(decimals), Amount::plus);
    let total = Total { net: sum(|line| line.net), vat: sum(|line| line.vat), gross: sum(|line| line.gross) };
    Response::json(200, &Calculations { lines, total })
}

fn calculate(line: &Line, decimals: u32, rounding: Rounding) -> Result<Calculation, Failure> {
    let country = country::find(&line.country)?;
    let date = line.date.as_deref().map(Date::parse).transpose()?;
    let rate = rates::rate(country, line.kind, date)?;
    let split = match (&line.net, &line.gross) {
        (Some(net), None) => Amount::parse(net)?.as_net(rate, decimals, rounding),
        (None, Some(gross)) => Amount::parse(gross)?.as_gross(rate, decimals, rounding),
        _ => return Err(Failure::rejected("invalid-amount", "give either net or gross")),
    };
    let kind = line.kind;
    Ok(Calculation { country: country.iso, kind, rate, net: split.net, vat: split.vat, gross: split.gross })
}

/// Reads one of a few words; `None` when nothing was given.
fn word<T: serde::de::DeserializeOwned>(given: Option<String>, code: &str, words: &str) -> Result<Option<T>, Failure> {
    let Some(given) = given else { return Ok(None) };
    let read = serde_json::from_value(serde_json::Value::String(given));
    read.map(Some).map_err(|_| Failure::rejected(code, format!("use one of: {words}")))
}

fn in_range(decimals: u32) -> Result<u32, Failure> {
    if decimals <= DECIMALS_MAX { Ok(decimals) } else { Err(decimals_refused()) }
}

fn decimals_refused() -> Failure {
    Failure::rejected("invalid-decimals", format!("decimals is a number from 0 to {DECIMALS_MAX}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(result: Result<Response, Failure>) -> serde_json::Value {
        match result {
            Ok(response) => serde_json::from_slice(&response.body).unwrap(),
            Err(failure) => failure.code().into(),
        }
    }

    #[test]
    fn one_amount_is_split_at_the_rate_of_its_day() {
        let request = Request::get("/v1/calculations?country=de&gross=116&date=2020-10-01");
        let expected = serde_json::json!({
            "country": "DE", "kind": "standard", "rate": "16", "net": "100.00", "vat": "16.00", "gross": "116.00",
        });
        assert_eq!(answer(calculate_one(&request)), expected);
    }

    #[test]
    fn a_batch_has_a_total_that_is_the_sum_of_its_lines() {
        let body = r#"{"lines":[{"country":"FR","net":"10.01"},{"country":"FR","kind":"reduced-2","net":"0.10"}]}"#;
        let answer = answer(calculate_batch(&Request::post("/v1/calculations", body)));
        assert_eq!(answer["total"], serde_json::json!({ "net": "10.11", "vat": "2.01", "gross": "12.12" }));
        assert_eq!(answer["lines"][1]["rate"], "5.5");
    }

    #[test]
    fn what_cannot_be_calculated_is_refused_by_name() {
        for (query, code) in [
            ("country=DE", "invalid-amount"),
            ("country=DE&net=1&gross=1", "invalid-amount"),
            ("country=US&net=1", "unknown-country"),
            ("country=DK&net=1&kind=reduced", "unknown-rate"),
            ("country=DK&net=1&kind=lower", "invalid-kind"),
            ("country=DK&net=1&decimals=9", "invalid-decimals"),
            ("country=DK&net=1&rounding=down", "invalid-rounding"),
        ] {
            let request = Request::get(&format!("/v1/calculations?{query}"));
            assert_eq!(answer(calculate_one(&request)), code, "{query}");
        }
        let unknown = Request::post("/v1/calculations", r#"{"lines":[{"country":"DE","amount":"1"}]}"#);
        assert_eq!(answer(calculate_batch(&unknown)), "request-invalid");
    }
}
