-- usage.db. Time: microseconds UTC. Every amount is a whole number and never negative.

-- Dimensions: public ids behind small integers. Names stand only here, may be NULL, and can be deleted.
CREATE TABLE organisation(
  id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE, name TEXT) STRICT;
CREATE TABLE api(
  id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE, organisation INTEGER REFERENCES organisation, slug TEXT) STRICT;
CREATE TABLE route(
  id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE, api INTEGER REFERENCES api, name TEXT) STRICT;
CREATE TABLE component(
  id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE release(
  id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE, api INTEGER REFERENCES api, number INTEGER,
  component INTEGER REFERENCES component) STRICT;
CREATE TABLE plan(
  id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE, api INTEGER REFERENCES api, name TEXT,
  rate_count INTEGER CHECK (rate_count >= 0), rate_window TEXT, rate_burst INTEGER CHECK (rate_burst >= 0),
  only_2xx_billed INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE app(
  id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE, organisation INTEGER REFERENCES organisation, name TEXT) STRICT;
CREATE TABLE api_key(
  id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE, app INTEGER REFERENCES app, prefix TEXT) STRICT;
CREATE TABLE subscription(
  id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE, app INTEGER REFERENCES app, api INTEGER REFERENCES api,
  plan INTEGER REFERENCES plan, anchor_us INTEGER) STRICT;
CREATE TABLE object(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
INSERT INTO object(id, name) VALUES (1, 'requests'), (2, 'fuel');

-- What each plan promises, copied, so that usage is rated from this file alone.
CREATE TABLE plan_terms(
  plan INTEGER NOT NULL, object INTEGER NOT NULL, amount INTEGER NOT NULL CHECK (amount >= 0), period TEXT NOT NULL,
  limit_kind TEXT NOT NULL, overage_price_micros INTEGER, currency TEXT,
  PRIMARY KEY(plan, object)) STRICT, WITHOUT ROWID;

-- One row per admitted call: its audit record too. `units` and `billed_units` are of `requests`.
-- Two indexes: call_id, by which a caller asks for the call, and call_open, which holds open streams alone.
CREATE TABLE call(
  seq INTEGER PRIMARY KEY,
  call_id TEXT NOT NULL UNIQUE,
  client_request_id TEXT,
  subscription INTEGER NOT NULL, app INTEGER NOT NULL, api_key INTEGER NOT NULL, api INTEGER NOT NULL,
  route INTEGER NOT NULL, release INTEGER NOT NULL, plan INTEGER NOT NULL, component INTEGER NOT NULL,
  exec_id TEXT, invocation_id TEXT, attempt INTEGER,
  admitted_us INTEGER NOT NULL, ended_us INTEGER,
  status INTEGER NOT NULL, outcome TEXT, error_code TEXT, client_gone INTEGER NOT NULL DEFAULT 0,
  period_start_us INTEGER NOT NULL,
  units INTEGER NOT NULL CHECK (units >= 0), billed_units INTEGER NOT NULL CHECK (billed_units >= 0),
  total_us INTEGER CHECK (total_us >= 0), component_us INTEGER CHECK (component_us >= 0),
  fuel INTEGER CHECK (fuel >= 0), fuel_schedule_id INTEGER, memory_peak_bytes INTEGER CHECK (memory_peak_bytes >= 0),
  request_bytes INTEGER CHECK (request_bytes >= 0), response_bytes INTEGER CHECK (response_bytes >= 0),
  egress_bytes INTEGER CHECK (egress_bytes >= 0), egress_calls INTEGER CHECK (egress_calls >= 0),
  link INTEGER) STRICT;
CREATE UNIQUE INDEX call_task ON call(invocation_id, attempt) WHERE invocation_id IS NOT NULL;
CREATE INDEX call_open ON call(seq) WHERE link IS NULL;
CREATE TABLE usage(
  call_seq INTEGER NOT NULL, object INTEGER NOT NULL, period_start_us INTEGER NOT NULL,
  units INTEGER NOT NULL CHECK (units >= 0), billed_units INTEGER NOT NULL CHECK (billed_units >= 0),
  PRIMARY KEY(call_seq, object)) STRICT, WITHOUT ROWID;

-- The hash chain: a link per commit group over its calls, per completed stream, and per management act.
CREATE TABLE audit(
  seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, call_seq INTEGER, calls INTEGER, act_seq INTEGER,
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32)) STRICT;
CREATE TABLE act(
  seq INTEGER PRIMARY KEY, ts_us INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
  before_json TEXT, after_json TEXT) STRICT;
CREATE TABLE audit_anchor(
  seq INTEGER PRIMARY KEY, sha256 BLOB NOT NULL, archived_ref TEXT) STRICT;

-- What is used, per period: `used` is the sum of the billed units of the period's calls, those that retention has
-- removed (`removed`) included; `overage` is what lay above a soft quota.
CREATE TABLE counter(
  subscription INTEGER NOT NULL, object INTEGER NOT NULL, period_start_us INTEGER NOT NULL,
  used INTEGER NOT NULL CHECK (used >= 0), overage INTEGER NOT NULL DEFAULT 0 CHECK (overage >= 0),
  removed INTEGER NOT NULL DEFAULT 0 CHECK (removed >= 0),
  PRIMARY KEY(subscription, object, period_start_us)) STRICT, WITHOUT ROWID;

-- Sums by minute, hour and day of the moment at which a call ended.
CREATE TABLE rollup_minute(
  start_us INTEGER NOT NULL, subscription INTEGER NOT NULL, plan INTEGER NOT NULL, route INTEGER NOT NULL,
  release INTEGER NOT NULL, outcome TEXT NOT NULL, calls INTEGER NOT NULL, status_2xx INTEGER NOT NULL,
  status_3xx INTEGER NOT NULL, status_4xx INTEGER NOT NULL, status_5xx INTEGER NOT NULL, client_gone INTEGER NOT NULL,
  units INTEGER NOT NULL, billed_units INTEGER NOT NULL, total_us INTEGER NOT NULL, component_us INTEGER NOT NULL,
  fuel INTEGER NOT NULL, memory_peak_bytes INTEGER NOT NULL, request_bytes INTEGER NOT NULL,
  response_bytes INTEGER NOT NULL, egress_bytes INTEGER NOT NULL, egress_calls INTEGER NOT NULL,
  PRIMARY KEY(start_us, subscription, plan, route, release, outcome)) STRICT, WITHOUT ROWID;
CREATE TABLE rollup_hour(
  start_us INTEGER NOT NULL, subscription INTEGER NOT NULL, plan INTEGER NOT NULL, route INTEGER NOT NULL,
  release INTEGER NOT NULL, outcome TEXT NOT NULL, calls INTEGER NOT NULL, status_2xx INTEGER NOT NULL,
  status_3xx INTEGER NOT NULL, status_4xx INTEGER NOT NULL, status_5xx INTEGER NOT NULL, client_gone INTEGER NOT NULL,
  units INTEGER NOT NULL, billed_units INTEGER NOT NULL, total_us INTEGER NOT NULL, component_us INTEGER NOT NULL,
  fuel INTEGER NOT NULL, memory_peak_bytes INTEGER NOT NULL, request_bytes INTEGER NOT NULL,
  response_bytes INTEGER NOT NULL, egress_bytes INTEGER NOT NULL, egress_calls INTEGER NOT NULL,
  PRIMARY KEY(start_us, subscription, plan, route, release, outcome)) STRICT, WITHOUT ROWID;
CREATE TABLE rollup_day(
  start_us INTEGER NOT NULL, subscription INTEGER NOT NULL, plan INTEGER NOT NULL, route INTEGER NOT NULL,
  release INTEGER NOT NULL, outcome TEXT NOT NULL, calls INTEGER NOT NULL, status_2xx INTEGER NOT NULL,
  status_3xx INTEGER NOT NULL, status_4xx INTEGER NOT NULL, status_5xx INTEGER NOT NULL, client_gone INTEGER NOT NULL,
  units INTEGER NOT NULL, billed_units INTEGER NOT NULL, total_us INTEGER NOT NULL, component_us INTEGER NOT NULL,
  fuel INTEGER NOT NULL, memory_peak_bytes INTEGER NOT NULL, request_bytes INTEGER NOT NULL,
  response_bytes INTEGER NOT NULL, egress_bytes INTEGER NOT NULL, egress_calls INTEGER NOT NULL,
  PRIMARY KEY(start_us, subscription, plan, route, release, outcome)) STRICT, WITHOUT ROWID;
-- The further objects. grain: minute | hour | day.
CREATE TABLE rollup_units(
  grain TEXT NOT NULL, start_us INTEGER NOT NULL, subscription INTEGER NOT NULL, plan INTEGER NOT NULL,
  route INTEGER NOT NULL, release INTEGER NOT NULL, object INTEGER NOT NULL,
  units INTEGER NOT NULL, billed_units INTEGER NOT NULL,
  PRIMARY KEY(grain, start_us, subscription, plan, route, release, object)) STRICT, WITHOUT ROWID;
-- Latency in logarithmic buckets, sixteen to each doubling. what: total | component. Those by app are kept by hour.
CREATE TABLE latency_bucket(
  grain TEXT NOT NULL, start_us INTEGER NOT NULL, route INTEGER NOT NULL, release INTEGER NOT NULL,
  plan INTEGER NOT NULL, what TEXT NOT NULL, bucket INTEGER NOT NULL, calls INTEGER NOT NULL,
  PRIMARY KEY(grain, start_us, route, release, plan, what, bucket)) STRICT, WITHOUT ROWID;
CREATE TABLE latency_bucket_app(
  start_us INTEGER NOT NULL, app INTEGER NOT NULL, what TEXT NOT NULL, bucket INTEGER NOT NULL, calls INTEGER NOT NULL,
  PRIMARY KEY(start_us, app, what, bucket)) STRICT, WITHOUT ROWID;
-- Up to which link the calls are in the sums above.
CREATE TABLE rolled(
  id INTEGER PRIMARY KEY CHECK (id = 1), link INTEGER NOT NULL) STRICT;
INSERT INTO rolled(id, link) VALUES (1, 0);
-- Requests refused before admission, by minute. api 0: none was found.
CREATE TABLE denial(
  start_us INTEGER NOT NULL, api INTEGER NOT NULL, reason TEXT NOT NULL, calls INTEGER NOT NULL,
  PRIMARY KEY(start_us, api, reason)) STRICT, WITHOUT ROWID;

-- Which facts have arrived, by the outbox that sent them.
CREATE TABLE relayed(
  source TEXT NOT NULL, outbox_id TEXT NOT NULL, PRIMARY KEY(source, outbox_id)) STRICT, WITHOUT ROWID;
