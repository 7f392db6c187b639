-- What a call of a release's workflow starts, `standard` or `express`; NULL: the call waits for the run.
ALTER TABLE release ADD COLUMN starts TEXT CHECK (starts IN ('standard', 'express'));
