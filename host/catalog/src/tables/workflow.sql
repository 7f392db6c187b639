-- catalog.db, version 5. A release may run a state machine instead of a component. Its column loses NOT NULL, so the
-- table is made anew; what refers to it is looked at when all rows are back.

PRAGMA defer_foreign_keys = ON;

CREATE TEMPORARY TABLE kept AS SELECT * FROM release;
DROP TABLE release;

CREATE TABLE release (
    id TEXT PRIMARY KEY,
    api TEXT NOT NULL REFERENCES api (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    component BLOB REFERENCES component (sha256),
    fuel INTEGER NOT NULL CHECK (fuel >= 0),
    wall_us INTEGER NOT NULL CHECK (wall_us >= 0),
    memory_bytes INTEGER NOT NULL CHECK (memory_bytes >= 0),
    request_body_bytes INTEGER NOT NULL CHECK (request_body_bytes >= 0),
    response_body_bytes INTEGER NOT NULL CHECK (response_body_bytes >= 0),
    concurrency INTEGER NOT NULL CHECK (concurrency >= 1),
    errors_json TEXT NOT NULL CHECK (json_valid(errors_json)),
    config_json TEXT NOT NULL CHECK (json_valid(config_json)),
    created_us INTEGER NOT NULL,
    grants_json TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(grants_json)),
    -- The definition, JSON or YAML.
    workflow TEXT,
    UNIQUE (api, number),
    CHECK ((component IS NULL) <> (workflow IS NULL))
) STRICT;

INSERT INTO release (id, api, number, component, fuel, wall_us, memory_bytes, request_body_bytes, response_body_bytes,
        concurrency, errors_json, config_json, created_us, grants_json)
    SELECT id, api, number, component, fuel, wall_us, memory_bytes, request_body_bytes, response_body_bytes,
        concurrency, errors_json, config_json, created_us, grants_json
    FROM kept;
DROP TABLE kept;
