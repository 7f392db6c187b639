//! The rows that the calls left, read as any operator reads them: by SQL, from `usage.db`, while the host runs.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, bail};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

/// The latest two calls of each kind, so that those of every API are seen: the tour ends with many of one kind.
pub(crate) const CALLS: &str = "SELECT admitted, api, route, app, status, outcome, error_code, total_us, fuel, link \
    FROM (SELECT *, row_number() OVER (PARTITION BY api, route, app, status ORDER BY seq DESC) AS nth FROM calls) \
    WHERE nth <= 2 ORDER BY seq DESC";

/// What is billed of them, object by object.
const UNITS: &str = "SELECT c.api, c.app, u.object, sum(u.units) AS units, sum(u.billed_units) AS billed \
    FROM calls c JOIN call_units u ON u.call_id = c.call_id GROUP BY c.api, c.app, u.object";

/// What is left of the quotas.
const QUOTAS: &str = "SELECT app, api, plan, object, used, included, limit_kind FROM quotas ORDER BY app, api, object";

/// Shows the rows with their queries, and fails unless exactly the admitted calls have one, each under a link of the
/// audit chain.
pub(crate) fn show(folder: &Path, admitted: &[String]) -> anyhow::Result<()> {
    let path = folder.join("usage.db");
    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .with_context(|| format!("could not open {}", path.display()))?;
    println!("sqlite3 -readonly {}", path.display());
    for query in [CALLS, UNITS, QUOTAS] {
        println!("\n{query};\n");
        print(&connection, query).with_context(|| format!("could not ask: {query}"))?;
    }
    compare(&connection, admitted)
}

fn compare(connection: &Connection, admitted: &[String]) -> anyhow::Result<()> {
    // What an execution does after its call is nobody's call, and has rows of its own.
    let mut statement = connection.prepare("SELECT call_id FROM calls WHERE link IS NOT NULL AND app IS NOT NULL")?;
    let rows: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let expected: BTreeSet<&str> = admitted.iter().map(String::as_str).collect();
    let found: BTreeSet<&str> = rows.iter().map(String::as_str).collect();
    if rows.len() != found.len() || found != expected {
        let missing: Vec<_> = expected.difference(&found).collect();
        let unexpected: Vec<_> = found.difference(&expected).collect();
        bail!("calls without a linked row: {missing:?}; rows without a call: {unexpected:?}");
    }
    println!("\n{} calls were admitted; each has one row, under a link of the chain.", rows.len());
    Ok(())
}

/// Prints a result as a table.
fn print(connection: &Connection, query: &str) -> anyhow::Result<()> {
    let mut statement = connection.prepare(query)?;
    let mut table = vec![statement.column_names().map(str::to_owned).collect::<Vec<_>>()];
    let columns = table[0].len();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        table.push((0..columns).map(|column| row.get_ref(column).map(shown)).collect::<Result<_, _>>()?);
    }
    let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in &table {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    Ok(())
}

fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "-".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}
