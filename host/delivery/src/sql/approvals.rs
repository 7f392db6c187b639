//! Approvals and their links.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use types::{ApprovalId, Timestamp};

use super::{at, at_or_none, id};
use crate::approval::{Approval, ApprovalQuery, ApprovalStatus, Ask, Decided, Link, Question, Told, next_look};

/// An approval to be written.
#[derive(Debug)]
pub(crate) struct New {
    pub(crate) id: ApprovalId,
    pub(crate) ask: Ask,
    pub(crate) question: Question,
    pub(crate) token: Vec<u8>,
    pub(crate) at: Timestamp,
}

/// What somebody has decided.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) status: ApprovalStatus,
    pub(crate) at: Timestamp,
    pub(crate) by: String,
    pub(crate) comment: String,
    pub(crate) salt: [u8; 16],
}

/// An approval that has to be looked at.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) approval: Approval,
    /// The links of those who are asked by mail.
    pub(crate) links: Vec<Link>,
    pub(crate) escalates: Option<Timestamp>,
    pub(crate) at: Timestamp,
}

/// An approval whose execution is to be told.
#[derive(Debug)]
pub(crate) struct ToTell {
    pub(crate) seq: i64,
    pub(crate) approval: Approval,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) token: Vec<u8>,
}

const COLUMNS: &str = "a.id, a.organisation, a.execution, a.state, a.asked, a.status, a.created_us, a.expires_us,
    a.reminders, a.decided_us, a.decided_by, a.decided_as, a.comment, a.late";
/// How many those are.
const COUNT: usize = 14;

fn read(row: &Row<'_>) -> rusqlite::Result<Approval> {
    let asked: String = row.get(4)?;
    let question = serde_json::from_str(&asked)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(4, rusqlite::types::Type::Text, Box::new(error)))?;
    let decided = match (at_or_none(row, 9)?, row.get::<_, Option<String>>(10)?) {
        (Some(at), Some(by)) => {
            let comment = row.get::<_, Option<String>>(12)?.unwrap_or_default();
            Some(Decided { at, by, address: row.get(11)?, comment })
        }
        _ => None,
    };
    Ok(Approval {
        id: id(row, 0)?,
        organisation: id(row, 1)?,
        execution: row.get(2)?,
        state: row.get(3)?,
        question,
        status: ApprovalStatus::read(row.get_ref(5)?.as_str().unwrap_or_default()),
        created_at: at(row, 6)?,
        expires_at: at(row, 7)?,
        reminders: row.get(8)?,
        decided,
        was_late: row.get(13)?,
    })
}

/// Writes an approval; `false`: it was asked before.
pub(crate) fn insert(db: &Connection, new: &New) -> rusqlite::Result<bool> {
    let question = &new.question;
    let expires = new.at.after(Duration::from_secs(question.expires_in));
    let escalates = question.escalate_after.map(|seconds| new.at.after(Duration::from_secs(seconds)));
    let approval = Approval {
        id: new.id,
        organisation: new.ask.organisation,
        execution: new.ask.execution.clone(),
        state: new.ask.state.clone(),
        question: question.clone(),
        status: ApprovalStatus::Open,
        created_at: new.at,
        expires_at: expires,
        reminders: 0,
        decided: None,
        was_late: false,
    };
    let written = db
        .prepare_cached(
            "INSERT OR IGNORE INTO approval(id, source, organisation, account, region, execution, state, asked, token,
               status, created_us, due_us, expires_us, escalates_us)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'OPEN', ?, ?, ?, ?)",
        )?
        .execute(params![
            new.id.to_string(),
            format!("{}#{}", new.ask.invocation, new.ask.attempt),
            new.ask.organisation.to_string(),
            new.ask.account,
            new.ask.region,
            new.ask.execution,
            new.ask.state,
            serde_json::to_string(question).unwrap_or_default(),
            new.token,
            new.at.as_micros(),
            next_look(&approval, escalates).as_micros(),
            expires.as_micros(),
            escalates.map(Timestamp::as_micros)
        ])?;
    if written > 0 {
        // Nobody waits for what an earlier attempt asked.
        db.prepare_cached(
            "UPDATE approval SET status = 'CLOSED', decided_us = ?1
             WHERE execution = ?2 AND status = 'OPEN' AND id <> ?3 AND substr(source, 1, length(?4)) = ?4",
        )?
        .execute(params![
            new.at.as_micros(),
            new.ask.execution,
            new.id.to_string(),
            format!("{}#", new.ask.invocation)
        ])?;
    }
    Ok(written > 0)
}

pub(crate) fn insert_link(db: &Connection, of: ApprovalId, link: &Link, sha256: &[u8; 32]) -> rusqlite::Result<()> {
    let sql = "INSERT INTO approval_link(id, approval, address, sha256, secret) VALUES (?, ?, ?, ?, ?)";
    let values = params![link.id.to_string(), of.to_string(), link.address, &sha256[..], link.secret];
    db.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

pub(crate) fn list(db: &Connection, query: ApprovalQuery) -> rusqlite::Result<Vec<Approval>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM approval a WHERE (?1 IS NULL OR organisation = ?1) AND (?2 IS NULL OR status = ?2)
           AND (?3 IS NULL OR id < ?3) ORDER BY id DESC LIMIT ?4"
    );
    let values = params![
        query.organisation.map(|id| id.to_string()),
        query.status.map(ApprovalStatus::as_str),
        query.before.map(|id| id.to_string()),
        query.limit
    ];
    db.prepare_cached(&sql)?.query_map(values, read)?.collect()
}

/// The approval behind a link.
pub(crate) fn behind(db: &Connection, sha256: &[u8; 32]) -> rusqlite::Result<Option<(Approval, Link)>> {
    let sql = format!(
        "SELECT {COLUMNS}, l.id, l.address, l.secret FROM approval_link l JOIN approval a ON a.id = l.approval
         WHERE l.sha256 = ?"
    );
    db.prepare_cached(&sql)?.query_row([&sha256[..]], |row| Ok((read(row)?, link(row, COUNT)?))).optional()
}

fn link(row: &Row<'_>, first: usize) -> rusqlite::Result<Link> {
    Ok(Link { id: id(row, first)?, address: row.get(first + 1)?, secret: row.get(first + 2)? })
}

/// The link of an open approval that is nobody's own.
pub(crate) fn open_link(db: &Connection, of: ApprovalId) -> rusqlite::Result<Option<Link>> {
    db.prepare_cached(
        "SELECT l.id, l.address, l.secret FROM approval_link l JOIN approval a ON a.id = l.approval
         WHERE a.id = ? AND a.status = 'OPEN' AND l.address IS NULL",
    )?
    .query_row([of.to_string()], |row| link(row, 0))
    .optional()
}

pub(crate) fn decide(
    db: &Connection,
    of: ApprovalId,
    verdict: &Verdict,
    address: Option<&str>,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE approval SET status = ?, decided_us = ?, decided_by = ?, decided_as = ?, comment = ?, salt = ?
         WHERE id = ? AND status = 'OPEN'",
    )?
    .execute(params![
        verdict.status.as_str(),
        verdict.at.as_micros(),
        verdict.by,
        address,
        verdict.comment,
        &verdict.salt[..],
        of.to_string()
    ])?;
    Ok(())
}

/// Ends an approval that nobody has decided in time; `false`: somebody has.
pub(crate) fn expire(db: &Connection, of: ApprovalId, now: Timestamp) -> rusqlite::Result<bool> {
    let sql = "UPDATE approval SET status = 'EXPIRED', decided_us = ? WHERE id = ? AND status = 'OPEN'";
    Ok(db.prepare_cached(sql)?.execute(params![now.as_micros(), of.to_string()])? > 0)
}

pub(crate) fn has_open(db: &Connection, execution: &str) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM approval WHERE execution = ? AND status = 'OPEN')")?
        .query_row([execution], |row| row.get(0))
}

/// Ends the open approvals of an execution that has ended; how many.
pub(crate) fn close(db: &Connection, execution: &str, now: Timestamp) -> rusqlite::Result<usize> {
    let sql = "UPDATE approval SET status = 'CLOSED', decided_us = ? WHERE execution = ? AND status = 'OPEN'";
    db.prepare_cached(sql)?.execute(params![now.as_micros(), execution])
}

/// What has to be looked at now, and when the next one has to be.
pub(crate) fn due(db: &Connection, now: Timestamp, most: u32) -> rusqlite::Result<(Vec<Due>, Option<Timestamp>)> {
    let sql = format!(
        "SELECT {COLUMNS}, a.escalates_us, a.due_us FROM approval a WHERE a.status = 'OPEN' AND a.due_us <= ?
         ORDER BY a.due_us LIMIT ?"
    );
    let mut found = Vec::new();
    let mut rows = db.prepare_cached(&sql)?;
    let rows = rows.query_map(params![now.as_micros(), most], |row| {
        Ok((read(row)?, at_or_none(row, COUNT)?, at(row, COUNT + 1)?))
    })?;
    for row in rows {
        let (approval, escalates, due) = row?;
        let links = db
            .prepare_cached(
                "SELECT id, address, secret FROM approval_link WHERE approval = ? AND address IS NOT NULL ORDER BY id",
            )?
            .query_map([approval.id.to_string()], |row| link(row, 0))?
            .collect::<rusqlite::Result<_>>()?;
        found.push(Due { approval, links, escalates, at: due });
    }
    let next = db
        .prepare_cached("SELECT min(due_us) FROM approval WHERE status = 'OPEN' AND due_us > ?")?
        .query_row([now.as_micros()], |row| at_or_none(row, 0))?;
    Ok((found, next))
}

/// Notes that an approval was looked at; `false`: it was decided, or looked at meanwhile.
pub(crate) fn looked_at(
    db: &Connection,
    (of, was_due): (ApprovalId, Timestamp),
    (due, escalates, reminders): (Timestamp, Option<Timestamp>, u32),
) -> rusqlite::Result<bool> {
    let sql = "UPDATE approval SET due_us = ?, escalates_us = ?, reminders = ?
        WHERE id = ? AND status = 'OPEN' AND due_us = ?";
    let escalates = escalates.map(Timestamp::as_micros);
    let values = params![due.as_micros(), escalates, reminders, of.to_string(), was_due.as_micros()];
    Ok(db.prepare_cached(sql)?.execute(values)? > 0)
}

/// What executions are to be told, the oldest first.
pub(crate) fn answers(db: &Connection, most: u32) -> rusqlite::Result<Vec<ToTell>> {
    let sql = format!(
        "SELECT {COLUMNS}, o.seq, a.account, a.region, a.token FROM outbox o JOIN approval a ON a.id = o.body
         WHERE o.topic = 'answer' ORDER BY o.seq LIMIT ?"
    );
    db.prepare_cached(&sql)?
        .query_map([most], |row| {
            Ok(ToTell {
                seq: row.get(COUNT)?,
                approval: read(row)?,
                account: row.get(COUNT + 1)?,
                region: row.get(COUNT + 2)?,
                token: row.get(COUNT + 3)?,
            })
        })?
        .collect()
}

/// Forgets an answer that was given.
pub(crate) fn answered(db: &Connection, seq: i64, told: Told) -> rusqlite::Result<()> {
    if told == Told::Late {
        let sql =
            "UPDATE approval SET late = 1 WHERE id = (SELECT body FROM outbox WHERE seq = ? AND topic = 'answer')";
        db.prepare_cached(sql)?.execute([seq])?;
    }
    db.prepare_cached("DELETE FROM outbox WHERE seq = ? AND topic = 'answer'")?.execute([seq])?;
    Ok(())
}

/// Deletes approvals that ended before a moment, with their links; how many.
pub(crate) fn sweep(db: &Connection, before: Timestamp, most: u32) -> rusqlite::Result<usize> {
    let ended: Vec<String> = db
        .prepare_cached(
            "SELECT id FROM approval WHERE decided_us < ? AND id NOT IN (SELECT body FROM outbox WHERE topic = 'answer')
             ORDER BY decided_us LIMIT ?",
        )?
        .query_map(params![before.as_micros(), most], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for approval in &ended {
        db.prepare_cached("DELETE FROM approval_link WHERE approval = ?")?.execute([approval])?;
        db.prepare_cached("DELETE FROM approval WHERE id = ?")?.execute([approval])?;
    }
    Ok(ended.len())
}
