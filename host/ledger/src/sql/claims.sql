-- Version 2: requests that must not run twice.

-- One row per idempotency key, in the scope of a subscription (apart for its test keys) and a route, from before its call
-- runs until 24 hours later. state: claimed (it runs, or a crash lost its end), settled (its call row is there).
CREATE TABLE idempotency(
  subscription INTEGER NOT NULL, test INTEGER NOT NULL, operation INTEGER NOT NULL, key TEXT NOT NULL,
  request_sha256 BLOB NOT NULL CHECK (length(request_sha256) = 32), call_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('claimed', 'settled')), expires_us INTEGER NOT NULL,
  PRIMARY KEY(subscription, test, operation, key)) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_expiry ON idempotency(expires_us);
