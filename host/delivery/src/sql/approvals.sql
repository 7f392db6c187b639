-- What people are asked before a task of an execution goes on. source: the invocation and its attempt, which ask once.
-- token: of the task, sealed. status: OPEN; then APPROVED, REJECTED, EXPIRED, or CLOSED: the execution ended otherwise.
-- due_us: when it has to be looked at next, to remind, to escalate or to expire. salt: makes the digest of who decided, in
-- the audit chain, tell nothing once the name is deleted. late: the execution did not wait any more.
CREATE TABLE approval(
  id TEXT PRIMARY KEY, source TEXT NOT NULL UNIQUE, organisation TEXT NOT NULL, account TEXT NOT NULL,
  region TEXT NOT NULL, execution TEXT NOT NULL, state TEXT NOT NULL, asked TEXT NOT NULL, token BLOB NOT NULL,
  status TEXT NOT NULL, created_us INTEGER NOT NULL, due_us INTEGER NOT NULL, expires_us INTEGER NOT NULL,
  escalates_us INTEGER, reminders INTEGER NOT NULL DEFAULT 0,
  decided_us INTEGER, decided_by TEXT, decided_as TEXT, comment TEXT, salt BLOB, late INTEGER NOT NULL DEFAULT 0)
  STRICT, WITHOUT ROWID;
CREATE INDEX approval_of ON approval(organisation, status, id);
CREATE INDEX approval_due ON approval(due_us) WHERE status = 'OPEN';
CREATE INDEX approval_execution ON approval(execution) WHERE status = 'OPEN';
CREATE INDEX approval_decided ON approval(decided_us) WHERE decided_us IS NOT NULL;

-- The ways in: one for each who is asked by mail, and one, without an address, for whom the list is shown to. secret: sealed,
-- so that reminders have the same link.
CREATE TABLE approval_link(
  id TEXT PRIMARY KEY, approval TEXT NOT NULL REFERENCES approval, address TEXT,
  sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32), secret BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX approval_link_of ON approval_link(approval);
