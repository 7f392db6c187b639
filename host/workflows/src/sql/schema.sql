-- workflows.db. Time: microseconds UTC.

-- How often this file has been opened: what claims executions, and makes those of an earlier process void.
CREATE TABLE opened(
  id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL) STRICT;
INSERT INTO opened(id, epoch) VALUES (1, 0);

-- Definitions, once each however many machines, versions and executions have them. Never changed.
CREATE TABLE definition(
  id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32), text TEXT NOT NULL) STRICT;

-- settings: logging, tracing and encryption as they were given, JSON.
CREATE TABLE machine(
  id INTEGER PRIMARY KEY, organisation TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
  kind TEXT NOT NULL, status TEXT NOT NULL, role_arn TEXT NOT NULL, settings TEXT NOT NULL,
  definition INTEGER NOT NULL REFERENCES definition, revision TEXT, next_version INTEGER NOT NULL DEFAULT 1,
  created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL) STRICT;
-- A name is free again while what it named is being deleted.
CREATE UNIQUE INDEX machine_name ON machine(organisation, region, name) WHERE status = 'ACTIVE';

CREATE TABLE machine_version(
  machine INTEGER NOT NULL, number INTEGER NOT NULL, definition INTEGER NOT NULL REFERENCES definition,
  role_arn TEXT NOT NULL, settings TEXT NOT NULL, revision TEXT, description TEXT NOT NULL, created_us INTEGER NOT NULL,
  PRIMARY KEY(machine, number)) STRICT, WITHOUT ROWID;

-- One version or two; `weight` is the share of the first in a hundred.
CREATE TABLE machine_alias(
  machine INTEGER NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL,
  first INTEGER NOT NULL, weight INTEGER NOT NULL CHECK (weight BETWEEN 0 AND 100), second INTEGER,
  created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL,
  PRIMARY KEY(machine, name)) STRICT, WITHOUT ROWID;

CREATE TABLE activity(
  id INTEGER PRIMARY KEY, organisation TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
  created_us INTEGER NOT NULL, UNIQUE(organisation, region, name)) STRICT;

-- of: machine | activity.
CREATE TABLE tag(
  of TEXT NOT NULL, id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY(of, id, key)) STRICT, WITHOUT ROWID;

-- wake_us: when it has to be looked at, 0 at once; NULL when it waits for an answer from outside alone.
-- epoch: the opening whose process runs it; 0 while it waits here. revision: one more with each step.
CREATE TABLE execution(
  seq INTEGER PRIMARY KEY, machine INTEGER NOT NULL REFERENCES machine, name TEXT NOT NULL,
  definition INTEGER NOT NULL REFERENCES definition, version INTEGER, alias TEXT, kind TEXT NOT NULL,
  status TEXT NOT NULL, started_us INTEGER NOT NULL, stopped_us INTEGER,
  input TEXT NOT NULL, output TEXT, error TEXT, cause TEXT, trace_header TEXT, seed INTEGER NOT NULL,
  parent INTEGER, parent_task INTEGER, parent_mode TEXT,
  revision INTEGER NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 0, wake_us INTEGER) STRICT;
CREATE UNIQUE INDEX execution_name ON execution(machine, name) WHERE kind = 'STANDARD';
CREATE INDEX execution_due ON execution(wake_us, epoch) WHERE status = 'RUNNING' AND wake_us IS NOT NULL;
CREATE INDEX execution_of ON execution(machine, status, seq);
CREATE INDEX execution_child ON execution(parent) WHERE parent IS NOT NULL;
CREATE INDEX execution_closed ON execution(stopped_us) WHERE stopped_us IS NOT NULL;

-- How many executions of an organisation run.
CREATE TABLE running(
  organisation TEXT PRIMARY KEY, executions INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Where a running execution stands: its frames as `asl` encodes them, and where its history stands, JSON.
CREATE TABLE frames(
  execution INTEGER PRIMARY KEY, state BLOB NOT NULL, cursor TEXT NOT NULL) STRICT;

-- The events of one step each, a JSON array, numbered from `first`. Read by people and APIs, never to go on from.
CREATE TABLE history(
  execution INTEGER NOT NULL, first INTEGER NOT NULL, events TEXT NOT NULL,
  PRIMARY KEY(execution, first)) STRICT;

-- What somebody outside is to answer. OPEN, for activities READY before; then ANSWERED, or CLOSED: nobody waits any more.
CREATE TABLE token(
  id INTEGER PRIMARY KEY, execution INTEGER NOT NULL, task INTEGER NOT NULL,
  sha256 BLOB UNIQUE CHECK (sha256 IS NULL OR length(sha256) = 32),
  activity INTEGER, input TEXT, status TEXT NOT NULL, created_us INTEGER NOT NULL, answered_us INTEGER,
  UNIQUE(execution, task)) STRICT;
CREATE INDEX token_ready ON token(activity, id) WHERE status = 'READY';

-- What has happened outside and no step has taken up yet.
CREATE TABLE inbox(
  id INTEGER PRIMARY KEY AUTOINCREMENT, execution INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX inbox_of ON inbox(execution, id);

-- What other files are to be told, once each by id. topic: settle.
CREATE TABLE outbox(
  id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, body TEXT NOT NULL) STRICT;
