-- catalog.db, version 1. Times are microseconds UTC, amounts whole numbers, money millionths of a currency's unit.

CREATE TABLE organisation (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_us INTEGER NOT NULL
) STRICT;

CREATE TABLE api (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    slug TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    suspended TEXT,
    created_us INTEGER NOT NULL
) STRICT;

CREATE TABLE api_host (
    host TEXT PRIMARY KEY,
    api TEXT NOT NULL REFERENCES api (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX api_host_api ON api_host (api);

CREATE TABLE component (
    sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    world TEXT NOT NULL CHECK (world IN ('http', 'task', 'wasi-http')),
    imports_json TEXT NOT NULL CHECK (json_valid(imports_json)),
    withdrawn TEXT,
    created_us INTEGER NOT NULL
) STRICT;

-- A route keeps its id over all releases that have the same method and template.
CREATE TABLE route (
    id TEXT PRIMARY KEY,
    api TEXT NOT NULL REFERENCES api (id),
    method TEXT NOT NULL,
    template TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    UNIQUE (api, method, template)
) STRICT;

-- The provider's own limits. The operator's ceiling is laid over them when they are read.
CREATE TABLE release (
    id TEXT PRIMARY KEY,
    api TEXT NOT NULL REFERENCES api (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    component BLOB NOT NULL REFERENCES component (sha256),
    fuel INTEGER NOT NULL CHECK (fuel >= 0),
    wall_us INTEGER NOT NULL CHECK (wall_us >= 0),
    memory_bytes INTEGER NOT NULL CHECK (memory_bytes >= 0),
    request_body_bytes INTEGER NOT NULL CHECK (request_body_bytes >= 0),
    response_body_bytes INTEGER NOT NULL CHECK (response_body_bytes >= 0),
    concurrency INTEGER NOT NULL CHECK (concurrency >= 1),
    errors_json TEXT NOT NULL CHECK (json_valid(errors_json)),
    config_json TEXT NOT NULL CHECK (json_valid(config_json)),
    created_us INTEGER NOT NULL,
    UNIQUE (api, number)
) STRICT;

CREATE TABLE release_object (
    release TEXT NOT NULL REFERENCES release (id),
    position INTEGER NOT NULL CHECK (position >= 0),
    name TEXT NOT NULL,
    unit TEXT NOT NULL,
    max_per_call INTEGER NOT NULL CHECK (max_per_call >= 0),
    PRIMARY KEY (release, position),
    UNIQUE (release, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE release_route (
    release TEXT NOT NULL REFERENCES release (id),
    position INTEGER NOT NULL CHECK (position >= 0),
    route TEXT NOT NULL REFERENCES route (id),
    PRIMARY KEY (release, position),
    UNIQUE (release, route)
) STRICT, WITHOUT ROWID;

CREATE TABLE route_need (
    release TEXT NOT NULL REFERENCES release (id),
    route TEXT NOT NULL REFERENCES route (id),
    object TEXT NOT NULL,
    units INTEGER NOT NULL CHECK (units >= 0),
    PRIMARY KEY (release, route, object)
) STRICT, WITHOUT ROWID;

CREATE TABLE live (
    api TEXT NOT NULL REFERENCES api (id),
    release TEXT NOT NULL REFERENCES release (id),
    weight INTEGER NOT NULL CHECK (weight >= 1),
    PRIMARY KEY (api, release)
) STRICT, WITHOUT ROWID;

-- One row per version of a plan; no row ever changes.
CREATE TABLE plan (
    id TEXT PRIMARY KEY,
    api TEXT NOT NULL REFERENCES api (id),
    name TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    price_micros INTEGER,
    currency TEXT,
    rate_count INTEGER CHECK (rate_count >= 1),
    rate_window TEXT CHECK (rate_window IN ('second', 'minute', 'hour')),
    rate_burst INTEGER CHECK (rate_burst >= 1),
    only_2xx_billed INTEGER NOT NULL CHECK (only_2xx_billed IN (0, 1)),
    all_routes INTEGER NOT NULL CHECK (all_routes IN (0, 1)),
    created_us INTEGER NOT NULL,
    UNIQUE (api, name, version),
    CHECK ((price_micros IS NULL) = (currency IS NULL)),
    CHECK ((rate_count IS NULL) = (rate_window IS NULL) AND (rate_count IS NULL) = (rate_burst IS NULL))
) STRICT;

CREATE TABLE plan_quota (
    plan TEXT NOT NULL REFERENCES plan (id),
    position INTEGER NOT NULL CHECK (position >= 0),
    object TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount >= 0),
    period TEXT NOT NULL CHECK (period IN ('day', 'week', 'month', 'none')),
    limit_kind TEXT NOT NULL CHECK (limit_kind IN ('hard', 'soft')),
    overage_micros INTEGER,
    overage_currency TEXT,
    PRIMARY KEY (plan, position),
    UNIQUE (plan, object),
    CHECK ((overage_micros IS NULL) = (overage_currency IS NULL)),
    CHECK (overage_micros IS NULL OR limit_kind = 'soft')
) STRICT, WITHOUT ROWID;

CREATE TABLE plan_route (
    plan TEXT NOT NULL REFERENCES plan (id),
    position INTEGER NOT NULL CHECK (position >= 0),
    route TEXT NOT NULL REFERENCES route (id),
    PRIMARY KEY (plan, position),
    UNIQUE (plan, route)
) STRICT, WITHOUT ROWID;

CREATE TABLE app (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    name TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    UNIQUE (organisation, name)
) STRICT;

CREATE TABLE api_key (
    id TEXT PRIMARY KEY,
    app TEXT NOT NULL REFERENCES app (id),
    kind TEXT NOT NULL CHECK (kind IN ('live', 'test')),
    sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
    prefix TEXT NOT NULL,
    expires_us INTEGER,
    disabled TEXT,
    created_us INTEGER NOT NULL
) STRICT;
CREATE INDEX api_key_app ON api_key (app);

CREATE TABLE subscription (
    id TEXT PRIMARY KEY,
    app TEXT NOT NULL REFERENCES app (id),
    api TEXT NOT NULL REFERENCES api (id),
    plan TEXT NOT NULL REFERENCES plan (id),
    anchor_us INTEGER NOT NULL,
    suspended TEXT,
    created_us INTEGER NOT NULL,
    UNIQUE (app, api)
) STRICT;

CREATE TABLE token (
    id TEXT PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('operator', 'provider')),
    organisation TEXT REFERENCES organisation (id),
    sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
    prefix TEXT NOT NULL,
    disabled TEXT,
    created_us INTEGER NOT NULL,
    CHECK ((role = 'operator') = (organisation IS NULL))
) STRICT;

-- What usage.db must still be told, in the order of the changes. AUTOINCREMENT, so that a number is never used again:
-- a deletion that is tried twice must not meet newer rows.
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    body TEXT NOT NULL CHECK (json_valid(body)),
    created_us INTEGER NOT NULL
) STRICT;
