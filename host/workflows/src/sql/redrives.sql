-- Executions that did not succeed can be begun again.

-- redriving: 1 from the redrive to the first step after it.
ALTER TABLE execution ADD COLUMN redrives INTEGER NOT NULL DEFAULT 0;
ALTER TABLE execution ADD COLUMN redriven_us INTEGER;
ALTER TABLE execution ADD COLUMN redriving INTEGER NOT NULL DEFAULT 0;

-- until_us: of an execution that has ended: how long it can be begun again. Its state is empty where it had not begun.
ALTER TABLE frames ADD COLUMN until_us INTEGER;
CREATE INDEX frames_until ON frames(until_us) WHERE until_us IS NOT NULL;

-- The last tokens by which clients repeat a redrive without doing it twice.
CREATE TABLE redrive(
  execution INTEGER NOT NULL, token TEXT NOT NULL, at_us INTEGER NOT NULL,
  PRIMARY KEY(execution, token)) STRICT, WITHOUT ROWID;
