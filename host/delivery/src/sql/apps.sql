-- A webhook may belong to an app of the organisation: it is told of what that app's calls have begun, and of nothing else.
CREATE TABLE endpoint_with_app(
  id TEXT PRIMARY KEY, organisation TEXT NOT NULL, app TEXT, url TEXT NOT NULL, events TEXT NOT NULL,
  description TEXT NOT NULL, secret BLOB NOT NULL, former BLOB, former_until_us INTEGER,
  disabled_us INTEGER, disabled_why TEXT,
  revision INTEGER NOT NULL DEFAULT 0, created_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO endpoint_with_app(id, organisation, url, events, description, secret, former, former_until_us, disabled_us,
    disabled_why, revision, created_us)
  SELECT id, organisation, url, events, description, secret, former, former_until_us, disabled_us, disabled_why, revision,
    created_us FROM endpoint;
DROP TABLE endpoint;
ALTER TABLE endpoint_with_app RENAME TO endpoint;
CREATE UNIQUE INDEX endpoint_place ON endpoint(organisation, coalesce(app, ''), url);
