//! The chain in the database: appending links, reading rows back as they were hashed, walking it.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use types::{Act, CallId, Digest, Timestamp};

use crate::canonical::{CanonicalCall, GENESIS, LinkHash, LinkKind, act_bytes, link};
use crate::inspect::Verification;

/// Where the chain and the calls end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tip {
    pub(crate) link: i64,
    pub(crate) sha256: LinkHash,
    pub(crate) call: i64,
}

/// The last link: the newest, or the anchor when all were archived.
const TIP: &str = "
    SELECT seq, sha256 FROM audit WHERE seq = (SELECT max(seq) FROM audit)
    UNION ALL SELECT seq, sha256 FROM audit_anchor ORDER BY seq DESC LIMIT 1";
const ADD: &str = "INSERT INTO audit (seq, kind, call_seq, calls, act_seq, sha256) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

pub(crate) fn tip(tx: &Connection) -> rusqlite::Result<Tip> {
    let newest = tx.prepare_cached(TIP)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let call: Option<i64> = tx.prepare_cached("SELECT max(seq) FROM call")?.query_row([], |row| row.get(0))?;
    let (link, sha256) = newest.unwrap_or((0, GENESIS));
    Ok(Tip { link, sha256, call: call.unwrap_or(0) })
}

/// Appends a link over calls.
pub(crate) fn add_calls(
    tx: &Connection,
    tip: &mut Tip,
    kind: LinkKind,
    (first, calls, rows): (i64, i64, &[u8]),
) -> rusqlite::Result<()> {
    advance(tip, kind, rows);
    let none: Option<i64> = None;
    let row = params![tip.link, kind.as_str(), first, calls, none, tip.sha256];
    tx.prepare_cached(ADD)?.execute(row).map(drop)
}

/// Brings a stream that has just been completed, or the row of a task, under the next link.
pub(crate) fn link_one(tx: &Connection, tip: &mut Tip, kind: LinkKind, seq: i64) -> rusqlite::Result<()> {
    let mut rows = Vec::new();
    let found = read_rows(tx, (seq, 1), tip.link.saturating_add(1), &mut rows)?;
    if found != 1 {
        return Err(rusqlite::Error::QueryReturnedNoRows);
    }
    add_calls(tx, tip, kind, (seq, 1, &rows))
}

/// Appends an act and its link.
pub(crate) fn add_act(tx: &Connection, tip: &mut Tip, act: &Act) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO act (ts_us, actor, action, subject, before_json, after_json) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![act.at.as_micros(), act.actor, act.action, act.subject, act.before, act.after])?;
    let act_seq = tx.last_insert_rowid();
    advance(tip, LinkKind::Act, &act_bytes(act));
    let none: Option<i64> = None;
    let row = params![tip.link, LinkKind::Act.as_str(), none, none, act_seq, tip.sha256];
    tx.prepare_cached(ADD)?.execute(row).map(drop)
}

fn advance(tip: &mut Tip, kind: LinkKind, rows: &[u8]) {
    tip.sha256 = link(&tip.sha256, kind, rows);
    tip.link = tip.link.saturating_add(1);
}

/// An attempt at a task has an organisation where a call has its subscription, and a resource where a call has the id that
/// its client gave it.
const READ: &str = "
    SELECT c.call_id, coalesce(s.public_id, o.public_id), ap.public_id, k.public_id, a.public_id, rt.public_id,
      rel.public_id, p.public_id, co.sha256,
      CASE WHEN c.invocation_id IS NULL THEN c.client_request_id WHEN c.client_request_id IS NULL THEN c.resource ELSE '' END,
      c.exec_id, c.invocation_id, c.outcome, c.error_code,
      c.seq, coalesce(c.attempt, -1), c.admitted_us, c.ended_us, c.status, c.client_gone, c.period_start_us, c.units,
      c.billed_units, c.total_us, c.component_us, c.fuel, c.fuel_schedule_id, c.memory_peak_bytes, c.request_bytes,
      c.response_bytes, c.egress_bytes, c.egress_calls, c.link
    FROM call c
    LEFT JOIN subscription s ON s.id = c.subscription LEFT JOIN app ap ON ap.id = c.app
    LEFT JOIN api_key k ON k.id = c.api_key LEFT JOIN api a ON a.id = c.api LEFT JOIN route rt ON rt.id = c.route
    LEFT JOIN release rel ON rel.id = c.release LEFT JOIN plan p ON p.id = c.plan
    LEFT JOIN component co ON co.id = c.component LEFT JOIN organisation o ON o.id = c.organisation
    WHERE c.seq >= ?1 AND c.seq < ?2 ORDER BY c.seq";
const READ_USAGE: &str = "
    SELECT coalesce(o.name, ''), u.period_start_us, u.units, u.billed_units
    FROM usage u LEFT JOIN object o ON o.id = u.object WHERE u.call_seq = ?1 ORDER BY o.name";

/// Appends the canonical rows of `calls` calls from `first` on, as they stand now. Answers how many of them were there
/// and under `link`.
pub(crate) fn read_rows(
    connection: &Connection,
    (first, calls): (i64, i64),
    link: i64,
    bytes: &mut Vec<u8>,
) -> rusqlite::Result<i64> {
    let mut read = connection.prepare_cached(READ)?;
    let mut rows = read.query([first, first.saturating_add(calls)])?;
    let mut found: i64 = 0;
    while let Some(row) = rows.next()? {
        if row.get::<_, Option<i64>>(32)? == Some(link) && write_row(connection, row, bytes)? {
            found = found.saturating_add(1);
        }
    }
    Ok(found)
}

/// Appends one row; `false` when it cannot have been written by us.
fn write_row(connection: &Connection, row: &Row<'_>, bytes: &mut Vec<u8>) -> rusqlite::Result<bool> {
    let mut ids = [0; 8];
    // Nobody has subscribed to a task: its row stands under an invocation instead.
    let is_task = row.get::<_, Option<String>>(11)?.is_some();
    for (index, id) in ids.iter_mut().enumerate() {
        let number = row.get::<_, Option<String>>(index)?.and_then(|text| public_number(&text));
        let Some(number) = number.or(is_task.then_some(0)) else { return Ok(false) };
        *id = number;
    }
    let component = match row.get::<_, Option<String>>(8)? {
        Some(text) => text.parse::<Digest>().ok(),
        // No component did it.
        None => is_task.then(|| Digest::from_bytes([0; 32])),
    };
    let Some(component) = component else { return Ok(false) };
    let mut texts: [Option<String>; 5] = Default::default();
    for (index, text) in (9..).zip(&mut texts) {
        *text = row.get(index)?;
    }
    let mut numbers = [0; 18];
    for (index, number) in (14..).zip(&mut numbers) {
        *number = row.get::<_, Option<i64>>(index)?.unwrap_or(i64::MIN);
    }
    let usage = connection
        .prepare_cached(READ_USAGE)?
        .query_map([numbers[0]], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<rusqlite::Result<Vec<(String, i64, i64, i64)>>>()?;
    let usage: Vec<(&str, i64, i64, i64)> =
        usage.iter().map(|(object, start, units, billed)| (object.as_str(), *start, *units, *billed)).collect();
    let texts = texts.each_ref().map(Option::as_deref);
    CanonicalCall { ids, component: component.as_bytes(), texts, numbers, usage: &usage }.write(bytes);
    Ok(true)
}

/// The number behind any public id, whatever its prefix.
fn public_number(text: &str) -> Option<u128> {
    let (_, rest) = text.rsplit_once('_')?;
    format!("{}_{rest}", CallId::PREFIX).parse::<CallId>().ok().map(CallId::as_u128)
}

/// One link as it is stored.
struct Stored {
    seq: i64,
    kind: Option<LinkKind>,
    call_seq: Option<i64>,
    calls: Option<i64>,
    act_seq: Option<i64>,
    sha256: Vec<u8>,
}

/// Walks the chain from the last anchor on. Reads within the caller's transaction.
pub(crate) fn verify(connection: &Connection) -> rusqlite::Result<Verification> {
    let anchor = connection
        .query_row("SELECT seq, sha256 FROM audit_anchor ORDER BY seq DESC LIMIT 1", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, LinkHash>(1)?))
        })
        .optional()?;
    let (mut seq, mut sha256) = anchor.unwrap_or((0, GENESIS));
    let (mut links, mut covered) = (0_u64, 0_i64);
    let mut select =
        connection.prepare_cached("SELECT seq, kind, call_seq, calls, act_seq, sha256 FROM audit ORDER BY seq")?;
    let mut rows = select.query([])?;
    let mut bytes = Vec::new();
    while let Some(row) = rows.next()? {
        let stored = Stored {
            seq: row.get(0)?,
            kind: LinkKind::parse(&row.get::<_, String>(1)?),
            call_seq: row.get(2)?,
            calls: row.get(3)?,
            act_seq: row.get(4)?,
            sha256: row.get(5)?,
        };
        seq = seq.saturating_add(1);
        bytes.clear();
        let whole = stored.seq == seq && canonical(connection, &stored, &mut bytes)?;
        if let Some(kind) = stored.kind.filter(|_| whole) {
            sha256 = link(&sha256, kind, &bytes);
        }
        if !whole || sha256.as_slice() != stored.sha256 {
            return Ok(Verification { links, first_bad: Some(seq), calls_outside: 0 });
        }
        links = links.saturating_add(1);
        covered = covered.saturating_add(stored.calls.unwrap_or(0));
    }
    let linked: i64 = connection.query_row("SELECT count(*) FROM call WHERE link IS NOT NULL", [], |row| row.get(0))?;
    let calls_outside = u64::try_from(linked.saturating_sub(covered)).unwrap_or(0);
    Ok(Verification { links, first_bad: None, calls_outside })
}

/// Appends what `stored` was made over; `false` when it is not all there.
fn canonical(connection: &Connection, stored: &Stored, bytes: &mut Vec<u8>) -> rusqlite::Result<bool> {
    match (stored.kind, stored.call_seq, stored.calls, stored.act_seq) {
        (Some(LinkKind::Calls | LinkKind::Stream | LinkKind::Task), Some(first), Some(calls), None) => {
            Ok(read_rows(connection, (first, calls), stored.seq, bytes)? == calls)
        }
        (Some(LinkKind::Act), None, None, Some(act)) => {
            let act = read_act(connection, act)?;
            bytes.extend(act.iter().flat_map(act_bytes));
            Ok(act.is_some())
        }
        _ => Ok(false),
    }
}

fn read_act(connection: &Connection, seq: i64) -> rusqlite::Result<Option<Act>> {
    connection
        .prepare_cached("SELECT ts_us, actor, action, subject, before_json, after_json FROM act WHERE seq = ?1")?
        .query_row([seq], |row| {
            Ok(Act {
                at: Timestamp::from_micros(row.get(0)?),
                actor: row.get(1)?,
                action: row.get(2)?,
                subject: row.get(3)?,
                before: row.get(4)?,
                after: row.get(5)?,
            })
        })
        .optional()
}
