-- Version 9: how often a thing was changed since it was made, so that nobody overwrites what he has not seen. No row: never.
CREATE TABLE revision (
    subject TEXT PRIMARY KEY,
    number INTEGER NOT NULL CHECK (number >= 1)
) STRICT, WITHOUT ROWID;

-- What was made under an idempotency key, for a day: so that a repeat makes no second one.
CREATE TABLE repeat (
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    subject TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    PRIMARY KEY (actor, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX repeat_created ON repeat (created_us);

-- When a subscription that was cancelled ends.
ALTER TABLE subscription ADD COLUMN cancel_at_us INTEGER;
