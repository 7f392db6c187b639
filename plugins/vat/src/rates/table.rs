//! The rates themselves.
//!
//! Source: the member states' VAT laws, as the European Commission's "VAT rates applied in the Member States" and
//! "Taxes in Europe" list them. Mainland rates: islands and outermost regions with rates of their own are left out, and so
//! are exemptions and zero rates. In hundredths of a percent.

use super::{Dated, Others};
use crate::dates::Date;

/// The first day for which the table knows the standard rates.
pub(super) const STANDARD_SINCE: Date = Date::of(2010, 1, 1);
/// The first day for which it knows the other rates.
pub(super) const OTHERS_SINCE: Date = Date::of(2025, 1, 1);
/// The day up to which changes of the law have been entered.
pub(super) const AS_OF: Date = Date::of(2026, 1, 1);

/// One country's rows, the oldest first.
pub(super) struct Rows {
    pub(super) standard: &'static [Dated<u16>],
    pub(super) others: &'static [Dated<Others>],
}

macro_rules! dated {
    ($($year:literal-$month:literal-$day:literal $value:expr),* $(,)?) => {
        const { &[$(Dated { from: Date::of($year, $month, $day), value: $value }),*] }
    };
}

const fn reduced(reduced: &'static [u16]) -> Others {
    Others { reduced, super_reduced: None, parking: None }
}

const fn with_super(mut others: Others, rate: u16) -> Others {
    others.super_reduced = Some(rate);
    others
}

const fn with_parking(mut others: Others, rate: u16) -> Others {
    others.parking = Some(rate);
    others
}

/// The rows of the country with this ISO code.
pub(super) fn rows(iso: &str) -> Option<Rows> {
    let standard: &'static [Dated<u16>] = standard(iso)?;
    let others: &'static [Dated<Others>] = others(iso)?;
    Some(Rows { standard, others })
}

fn standard(iso: &str) -> Option<&'static [Dated<u16>]> {
    Some(match iso {
        "AT" => dated![2010-1-1 2_000],
        "BE" => dated![2010-1-1 2_100],
        "BG" => dated![2010-1-1 2_000],
        "CY" => dated![2010-1-1 1_500, 2012-3-1 1_700, 2013-1-14 1_800, 2014-1-13 1_900],
        "CZ" => dated![2010-1-1 2_000, 2013-1-1 2_100],
        "DE" => dated![2010-1-1 1_900, 2020-7-1 1_600, 2021-1-1 1_900],
        "DK" => dated![2010-1-1 2_500],
        "EE" => dated![2010-1-1 2_000, 2024-1-1 2_200, 2025-7-1 2_400],
        "ES" => dated![2010-1-1 1_600, 2010-7-1 1_800, 2012-9-1 2_100],
        "FI" => dated![2010-1-1 2_200, 2010-7-1 2_300, 2013-1-1 2_400, 2024-9-1 2_550],
        "FR" => dated![2010-1-1 1_960, 2014-1-1 2_000],
        "GR" => dated![2010-1-1 1_900, 2010-3-15 2_100, 2010-7-1 2_300, 2016-6-1 2_400],
        "HR" => dated![2010-1-1 2_300, 2012-3-1 2_500],
        "HU" => dated![2010-1-1 2_500, 2012-1-1 2_700],
        "IE" => dated![2010-1-1 2_100, 2012-1-1 2_300, 2020-9-1 2_100, 2021-3-1 2_300],
        "IT" => dated![2010-1-1 2_000, 2011-9-17 2_100, 2013-10-1 2_200],
        "LT" => dated![2010-1-1 2_100],
        "LU" => dated![2010-1-1 1_500, 2015-1-1 1_700, 2023-1-1 1_600, 2024-1-1 1_700],
        "LV" => dated![2010-1-1 2_100, 2011-1-1 2_200, 2012-7-1 2_100],
        "MT" => dated![2010-1-1 1_800],
        "NL" => dated![2010-1-1 1_900, 2012-10-1 2_100],
        "PL" => dated![2010-1-1 2_200, 2011-1-1 2_300],
        "PT" => dated![2010-1-1 2_000, 2010-7-1 2_100, 2011-1-1 2_300],
        "RO" => dated![2010-1-1 1_900, 2010-7-1 2_400, 2016-1-1 2_000, 2017-1-1 1_900, 2025-8-1 2_100],
        "SE" => dated![2010-1-1 2_500],
        "SI" => dated![2010-1-1 2_000, 2013-7-1 2_200],
        "SK" => dated![2010-1-1 1_900, 2011-1-1 2_000, 2025-1-1 2_300],
        _ => return None,
    })
}

fn others(iso: &str) -> Option<&'static [Dated<Others>]> {
    Some(match iso {
        "AT" => dated![2025-1-1 with_parking(reduced(&[1_300, 1_000]), 1_300)],
        "BE" => dated![2025-1-1 with_parking(reduced(&[1_200, 600]), 1_200)],
        "BG" | "NL" => dated![2025-1-1 reduced(&[900])],
        "CY" => dated![2025-1-1 with_super(reduced(&[900, 500]), 300)],
        "CZ" => dated![2025-1-1 reduced(&[1_200])],
        "DE" => dated![2025-1-1 reduced(&[700])],
        "DK" => dated![2025-1-1 reduced(&[])],
        "EE" => dated![2025-1-1 reduced(&[1_300, 900])],
        "ES" => dated![2025-1-1 with_super(reduced(&[1_000]), 400)],
        "FI" => dated![2025-1-1 reduced(&[1_400, 1_000]), 2026-1-1 reduced(&[1_350, 1_000])],
        "FR" => dated![2025-1-1 with_super(reduced(&[1_000, 550]), 210)],
        "GR" => dated![2025-1-1 reduced(&[1_300, 600])],
        "HR" => dated![2025-1-1 reduced(&[1_300, 500])],
        "HU" => dated![2025-1-1 reduced(&[1_800, 500])],
        "IE" => dated![2025-1-1 with_parking(with_super(reduced(&[1_350, 900]), 480), 1_350)],
        "IT" => dated![2025-1-1 with_super(reduced(&[1_000, 500]), 400)],
        "LT" => dated![2025-1-1 reduced(&[900, 500]), 2026-1-1 reduced(&[1_200, 500])],
        "LU" => dated![2025-1-1 with_parking(with_super(reduced(&[800]), 300), 1_400)],
        "LV" => dated![2025-1-1 reduced(&[1_200, 500])],
        "MT" => dated![2025-1-1 reduced(&[1_200, 700, 500])],
        "PL" => dated![2025-1-1 reduced(&[800, 500])],
        "PT" => dated![2025-1-1 with_parking(reduced(&[1_300, 600]), 1_300)],
        "RO" => dated![2025-1-1 reduced(&[900, 500]), 2025-8-1 reduced(&[1_100])],
        "SE" => dated![2025-1-1 reduced(&[1_200, 600])],
        "SI" => dated![2025-1-1 reduced(&[950, 500])],
        "SK" => dated![2025-1-1 reduced(&[1_900, 500])],
        _ => return None,
    })
}
