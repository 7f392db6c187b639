-- Executions to be started by the clock. next_us NULL: it is switched off, or over. revision: one more with each change.
CREATE TABLE schedule(
  id INTEGER PRIMARY KEY, organisation TEXT NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL,
  machine TEXT NOT NULL, input TEXT NOT NULL, expression TEXT NOT NULL, zone TEXT NOT NULL,
  is_enabled INTEGER NOT NULL CHECK (is_enabled IN (0, 1)), next_us INTEGER,
  last_us INTEGER, last_execution TEXT, last_error TEXT,
  revision INTEGER NOT NULL DEFAULT 1, created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL,
  UNIQUE(organisation, name)) STRICT;
CREATE INDEX schedule_due ON schedule(next_us) WHERE next_us IS NOT NULL;
