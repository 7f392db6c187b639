-- Version 3: calls by test keys, which are bounded as others are and never billed.

ALTER TABLE api_key ADD COLUMN test INTEGER NOT NULL DEFAULT 0 CHECK (test IN (0, 1));

-- What test keys used, per period: in no sum and no invoice. The billed units of their calls are 0.
CREATE TABLE test_counter(
  subscription INTEGER NOT NULL, object INTEGER NOT NULL, period_start_us INTEGER NOT NULL,
  used INTEGER NOT NULL CHECK (used >= 0),
  PRIMARY KEY(subscription, object, period_start_us)) STRICT, WITHOUT ROWID;

DROP VIEW calls;
CREATE VIEW calls AS
SELECT c.seq, c.call_id, c.client_request_id, datetime(c.admitted_us/1000000, 'unixepoch') AS admitted, c.admitted_us,
  c.ended_us, a.slug AS api, rel.number AS release, rt.name AS route, ap.name AS app, k.prefix AS key, p.name AS plan,
  s.public_id AS subscription, c.status, c.outcome, c.error_code, c.client_gone, c.units AS requests,
  c.billed_units AS requests_billed, c.total_us, c.component_us, c.fuel, c.memory_peak_bytes, c.request_bytes,
  c.response_bytes, c.egress_bytes, c.egress_calls, c.link, coalesce(k.test, 0) AS test
FROM call c
LEFT JOIN api a ON a.id = c.api LEFT JOIN release rel ON rel.id = c.release LEFT JOIN route rt ON rt.id = c.route
LEFT JOIN app ap ON ap.id = c.app LEFT JOIN api_key k ON k.id = c.api_key LEFT JOIN plan p ON p.id = c.plan
LEFT JOIN subscription s ON s.id = c.subscription;
