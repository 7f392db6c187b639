-- Distributed Maps: what they are doing, and their children, which are executions.

-- status: RUNNING; FAILING and ABORTING while children are stopped; SUCCEEDED, FAILED, ABORTED.
-- request: what the state asks for, JSON. most: children at a time, 0 for as many as there may be.
-- position: where the next item is looked for. items: how many have been begun. at_end: there are no more.
-- running: children; pending: those that are to be begun again; failed_items: of children that have not succeeded.
CREATE TABLE map_run(
  id INTEGER PRIMARY KEY, execution INTEGER NOT NULL, task INTEGER NOT NULL, label TEXT NOT NULL, name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL, status TEXT NOT NULL, definition INTEGER NOT NULL REFERENCES definition, request TEXT NOT NULL,
  started_us INTEGER NOT NULL, stopped_us INTEGER, most INTEGER NOT NULL, bad_count INTEGER NOT NULL, bad_percent REAL NOT NULL,
  position TEXT NOT NULL DEFAULT '{}', items INTEGER NOT NULL DEFAULT 0, at_end INTEGER NOT NULL DEFAULT 0,
  running INTEGER NOT NULL DEFAULT 0, pending INTEGER NOT NULL DEFAULT 0, failed_items INTEGER NOT NULL DEFAULT 0,
  error TEXT, cause TEXT, redrives INTEGER NOT NULL DEFAULT 0, redriven_us INTEGER,
  UNIQUE(execution, task)) STRICT;
CREATE INDEX map_run_open ON map_run(id) WHERE status IN ('RUNNING', 'FAILING', 'ABORTING');

-- Of a child: its map run, and how many items it is about, from which on.
ALTER TABLE execution ADD COLUMN map_run INTEGER;
ALTER TABLE execution ADD COLUMN first_item INTEGER;
ALTER TABLE execution ADD COLUMN items INTEGER;
CREATE INDEX execution_of_run ON execution(map_run, status, seq) WHERE map_run IS NOT NULL;
