//! VAT rates: by country, by day, by kind.

mod table;

use serde::Serialize;
use weir_sdk::http::{Failure, Request, Response};

use crate::amounts::Percent;
use crate::country::{self, Country};
use crate::dates::Date;

/// A row that holds from a day on, until the next row.
struct Dated<T> {
    from: Date,
    value: T,
}

/// The rates beside the standard one.
#[derive(Clone, Copy)]
struct Others {
    /// The highest first.
    reduced: &'static [u16],
    super_reduced: Option<u16>,
    parking: Option<u16>,
}

/// The kinds of rate, as a caller names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// The standard rate.
    #[default]
    Standard,
    /// The highest reduced rate.
    Reduced,
    /// The next lower one.
    #[serde(rename = "reduced-2")]
    Reduced2,
    /// The third.
    #[serde(rename = "reduced-3")]
    Reduced3,
    /// Below 5 %.
    SuperReduced,
    /// An intermediate rate from before 1991, for some goods.
    Parking,
}

/// One country's rates on one day.
#[derive(Serialize)]
struct Rates {
    country: &'static str,
    name: &'static str,
    vat_prefix: &'static str,
    /// The day that was asked for; without one, the newest rates of the table.
    date: Option<Date>,
    standard: Percent,
    standard_since: Date,
    /// `null` for days before the table knows them.
    reduced: Option<Vec<Percent>>,
    super_reduced: Option<Percent>,
    parking: Option<Percent>,
    table_as_of: Date,
}

#[derive(Serialize)]
struct List {
    date: Option<Date>,
    table_as_of: Date,
    rates: Vec<Rates>,
}

#[derive(Serialize)]
struct Span {
    from: Date,
    standard: Percent,
}

#[derive(Serialize)]
struct History {
    country: &'static str,
    name: &'static str,
    table_since: Date,
    table_as_of: Date,
    standard: Vec<Span>,
}

/// `GET /v1/rates?date=`: all member states.
pub(crate) fn list(request: &Request) -> Result<Response, Failure> {
    let date = date_of(request)?;
    let rates = country::ALL.into_iter().map(|country| rates(country, date)).collect::<Result<_, _>>()?;
    Response::json(200, &List { date, table_as_of: table::AS_OF, rates })
}

/// `GET /v1/rates/{country}?date=`.
pub(crate) fn of_country(request: &Request) -> Result<Response, Failure> {
    let country = country::find(request.param("country").unwrap_or_default())?;
    Response::json(200, &rates(country, date_of(request)?)?)
}

/// `GET /v1/rates/{country}/history`: every standard rate since the table begins.
pub(crate) fn history(request: &Request) -> Result<Response, Failure> {
    let country = country::find(request.param("country").unwrap_or_default())?;
    let rows = rows(country)?.standard.iter();
    let standard = rows.map(|row| Span { from: row.from, standard: Percent(row.value) }).collect();
    let Country { iso, name, .. } = country;
    let history =
        History { country: iso, name, table_since: table::STANDARD_SINCE, table_as_of: table::AS_OF, standard };
    Response::json(200, &history)
}

/// The rate of one kind on one day.
pub(crate) fn rate(country: Country, kind: Kind, date: Option<Date>) -> Result<Percent, Failure> {
    let rows = rows(country)?;
    if kind == Kind::Standard {
        return Ok(Percent(in_force(rows.standard, date)?.value));
    }
    let others = in_force(rows.others, date)?.value;
    let rate = match kind {
        Kind::Standard => None,
        Kind::Reduced => others.reduced.first().copied(),
        Kind::Reduced2 => others.reduced.get(1).copied(),
        Kind::Reduced3 => others.reduced.get(2).copied(),
        Kind::SuperReduced => others.super_reduced,
        Kind::Parking => others.parking,
    };
    rate.map(Percent).ok_or_else(|| {
        Failure::rejected("unknown-rate", format!("{} has no rate of that kind on that day", country.name))
    })
}

fn rates(country: Country, date: Option<Date>) -> Result<Rates, Failure> {
    let rows = rows(country)?;
    let standard = in_force(rows.standard, date)?;
    let others = in_force(rows.others, date).ok().map(|row| row.value);
    Ok(Rates {
        country: country.iso,
        name: country.name,
        vat_prefix: country.prefix,
        date,
        standard: Percent(standard.value),
        standard_since: standard.from,
        reduced: others.map(|others| others.reduced.iter().copied().map(Percent).collect()),
        super_reduced: others.and_then(|others| others.super_reduced).map(Percent),
        parking: others.and_then(|others| others.parking).map(Percent),
        table_as_of: table::AS_OF,
    })
}

fn rows(country: Country) -> Result<table::Rows, Failure> {
    table::rows(country.iso).ok_or_else(|| Failure::permanent("no-rates", format!("no rates for {}", country.name)))
}

/// The row in force on `date`; the newest without one.
fn in_force<T>(rows: &[Dated<T>], date: Option<Date>) -> Result<&Dated<T>, Failure> {
    let found = rows.iter().rev().find(|row| date.is_none_or(|date| row.from <= date));
    found.ok_or_else(|| {
        let (standard, others) = (table::STANDARD_SINCE, table::OTHERS_SINCE);
        Failure::rejected(
            "date-not-covered",
            format!("standard rates are known from {standard} on, the other rates from {others} on"),
        )
    })
}

fn date_of(request: &Request) -> Result<Option<Date>, Failure> {
    request.query_value("date").map(|text| Date::parse(&text)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(country: &str, kind: Kind, date: &str) -> String {
        match rate(country::find(country).unwrap(), kind, Some(Date::parse(date).unwrap())) {
            Ok(rate) => rate.to_string(),
            Err(failure) => failure.code().to_owned(),
        }
    }

    #[test]
    fn a_rate_is_that_of_its_day() {
        assert_eq!(on("DE", Kind::Standard, "2020-06-30"), "19");
        assert_eq!(on("DE", Kind::Standard, "2020-07-01"), "16");
        assert_eq!(on("DE", Kind::Standard, "2021-01-01"), "19");
        assert_eq!(on("EL", Kind::Standard, "2010-03-14"), "19");
        assert_eq!(on("FI", Kind::Standard, "2024-09-01"), "25.5");
        assert_eq!(on("FI", Kind::Reduced, "2026-01-01"), "13.5");
        assert_eq!(on("RO", Kind::Reduced2, "2025-07-31"), "5");
        assert_eq!(on("RO", Kind::Reduced2, "2025-08-01"), "unknown-rate");
        assert_eq!(on("FR", Kind::SuperReduced, "2025-06-01"), "2.1");
        assert_eq!(on("LU", Kind::Parking, "2025-06-01"), "14");
    }

    #[test]
    fn a_day_before_the_table_is_refused_and_not_guessed() {
        assert_eq!(on("FR", Kind::Standard, "2009-12-31"), "date-not-covered");
        assert_eq!(on("FR", Kind::Reduced, "2024-12-31"), "date-not-covered");
    }

    #[test]
    fn every_country_has_ordered_rows_within_the_directive() {
        for country in country::ALL {
            let rows = rows(country).unwrap();
            assert_eq!(rows.standard.first().unwrap().from, table::STANDARD_SINCE, "{}", country.iso);
            assert_eq!(rows.others.first().unwrap().from, table::OTHERS_SINCE, "{}", country.iso);
            assert!(rows.standard.is_sorted_by(|a, b| a.from < b.from), "{}", country.iso);
            assert!(rows.standard.iter().all(|row| row.from.is_real() && row.from <= table::AS_OF));
            assert!(rows.standard.iter().all(|row| (1_500..=2_700).contains(&row.value)), "{}", country.iso);
            for row in rows.others {
                assert!(row.value.reduced.is_sorted_by(|a, b| a > b), "{}", country.iso);
                assert!(row.value.reduced.iter().all(|rate| *rate >= 500), "{}", country.iso);
                assert!(row.value.super_reduced.is_none_or(|rate| rate < 500), "{}", country.iso);
                assert!(row.value.parking.is_none_or(|rate| rate >= 1_200), "{}", country.iso);
            }
        }
    }
}
