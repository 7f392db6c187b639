-- Views for operators and invoices: core SQL only. Described in docs/usage-views.md, with examples that are run by the tests.

CREATE VIEW traffic_minute AS
SELECT datetime(r.start_us/1000000, 'unixepoch') AS start, r.start_us, o.name AS organisation, a.slug AS api, rel.number AS release,
  rt.name AS route, ap.name AS app, p.name AS plan, s.public_id AS subscription, r.outcome, r.calls,
  r.status_2xx, r.status_3xx, r.status_4xx, r.status_5xx, r.client_gone, r.units AS requests,
  r.billed_units AS requests_billed, r.total_us, r.component_us, r.fuel, r.memory_peak_bytes, r.request_bytes,
  r.response_bytes, r.egress_bytes, r.egress_calls
FROM rollup_minute r
LEFT JOIN subscription s ON s.id = r.subscription LEFT JOIN api a ON a.id = s.api
LEFT JOIN organisation o ON o.id = a.organisation LEFT JOIN app ap ON ap.id = s.app LEFT JOIN plan p ON p.id = r.plan
LEFT JOIN route rt ON rt.id = r.route LEFT JOIN release rel ON rel.id = r.release;

CREATE VIEW units_minute AS
SELECT datetime(u.start_us/1000000, 'unixepoch') AS start, u.start_us, a.slug AS api, rel.number AS release, rt.name AS route,
  ap.name AS app, p.name AS plan, s.public_id AS subscription, ob.name AS object, u.units, u.billed_units
FROM (SELECT start_us, subscription, plan, route, release, 1 AS object, sum(units) AS units,
        sum(billed_units) AS billed_units
      FROM rollup_minute GROUP BY start_us, subscription, plan, route, release
      UNION ALL
      SELECT start_us, subscription, plan, route, release, object, units, billed_units
      FROM rollup_units WHERE grain = 'minute') u
LEFT JOIN subscription s ON s.id = u.subscription LEFT JOIN api a ON a.id = s.api LEFT JOIN app ap ON ap.id = s.app
LEFT JOIN plan p ON p.id = u.plan LEFT JOIN route rt ON rt.id = u.route LEFT JOIN release rel ON rel.id = u.release
LEFT JOIN object ob ON ob.id = u.object;

CREATE VIEW traffic_hour AS
SELECT datetime(r.start_us/1000000, 'unixepoch') AS start, r.start_us, o.name AS organisation, a.slug AS api, rel.number AS release,
  rt.name AS route, ap.name AS app, p.name AS plan, s.public_id AS subscription, r.outcome, r.calls,
  r.status_2xx, r.status_3xx, r.status_4xx, r.status_5xx, r.client_gone, r.units AS requests,
  r.billed_units AS requests_billed, r.total_us, r.component_us, r.fuel, r.memory_peak_bytes, r.request_bytes,
  r.response_bytes, r.egress_bytes, r.egress_calls
FROM rollup_hour r
LEFT JOIN subscription s ON s.id = r.subscription LEFT JOIN api a ON a.id = s.api
LEFT JOIN organisation o ON o.id = a.organisation LEFT JOIN app ap ON ap.id = s.app LEFT JOIN plan p ON p.id = r.plan
LEFT JOIN route rt ON rt.id = r.route LEFT JOIN release rel ON rel.id = r.release;

CREATE VIEW units_hour AS
SELECT datetime(u.start_us/1000000, 'unixepoch') AS start, u.start_us, a.slug AS api, rel.number AS release, rt.name AS route,
  ap.name AS app, p.name AS plan, s.public_id AS subscription, ob.name AS object, u.units, u.billed_units
FROM (SELECT start_us, subscription, plan, route, release, 1 AS object, sum(units) AS units,
        sum(billed_units) AS billed_units
      FROM rollup_hour GROUP BY start_us, subscription, plan, route, release
      UNION ALL
      SELECT start_us, subscription, plan, route, release, object, units, billed_units
      FROM rollup_units WHERE grain = 'hour') u
LEFT JOIN subscription s ON s.id = u.subscription LEFT JOIN api a ON a.id = s.api LEFT JOIN app ap ON ap.id = s.app
LEFT JOIN plan p ON p.id = u.plan LEFT JOIN route rt ON rt.id = u.route LEFT JOIN release rel ON rel.id = u.release
LEFT JOIN object ob ON ob.id = u.object;

CREATE VIEW traffic_day AS
SELECT datetime(r.start_us/1000000, 'unixepoch') AS start, r.start_us, o.name AS organisation, a.slug AS api, rel.number AS release,
  rt.name AS route, ap.name AS app, p.name AS plan, s.public_id AS subscription, r.outcome, r.calls,
  r.status_2xx, r.status_3xx, r.status_4xx, r.status_5xx, r.client_gone, r.units AS requests,
  r.billed_units AS requests_billed, r.total_us, r.component_us, r.fuel, r.memory_peak_bytes, r.request_bytes,
  r.response_bytes, r.egress_bytes, r.egress_calls
FROM rollup_day r
LEFT JOIN subscription s ON s.id = r.subscription LEFT JOIN api a ON a.id = s.api
LEFT JOIN organisation o ON o.id = a.organisation LEFT JOIN app ap ON ap.id = s.app LEFT JOIN plan p ON p.id = r.plan
LEFT JOIN route rt ON rt.id = r.route LEFT JOIN release rel ON rel.id = r.release;

CREATE VIEW units_day AS
SELECT datetime(u.start_us/1000000, 'unixepoch') AS start, u.start_us, a.slug AS api, rel.number AS release, rt.name AS route,
  ap.name AS app, p.name AS plan, s.public_id AS subscription, ob.name AS object, u.units, u.billed_units
FROM (SELECT start_us, subscription, plan, route, release, 1 AS object, sum(units) AS units,
        sum(billed_units) AS billed_units
      FROM rollup_day GROUP BY start_us, subscription, plan, route, release
      UNION ALL
      SELECT start_us, subscription, plan, route, release, object, units, billed_units
      FROM rollup_units WHERE grain = 'day') u
LEFT JOIN subscription s ON s.id = u.subscription LEFT JOIN api a ON a.id = s.api LEFT JOIN app ap ON ap.id = s.app
LEFT JOIN plan p ON p.id = u.plan LEFT JOIN route rt ON rt.id = u.route LEFT JOIN release rel ON rel.id = u.release
LEFT JOIN object ob ON ob.id = u.object;

-- The middle of a latency bucket, in microseconds.
CREATE VIEW latency_named AS
SELECT b.grain, b.start_us, a.slug AS api, rel.number AS release, rt.name AS route, p.name AS plan, b.what, b.calls,
  CASE WHEN b.bucket < 16 THEN b.bucket
       ELSE ((16 + b.bucket % 16) << (b.bucket / 16 - 1)) + ((1 << (b.bucket / 16 - 1)) / 2) END AS value_us
FROM latency_bucket b
LEFT JOIN release rel ON rel.id = b.release LEFT JOIN api a ON a.id = rel.api
LEFT JOIN route rt ON rt.id = b.route LEFT JOIN plan p ON p.id = b.plan;

CREATE VIEW latency_named_app AS
SELECT b.start_us, ap.name AS app, ap.public_id AS app_id, b.what, b.calls,
  CASE WHEN b.bucket < 16 THEN b.bucket
       ELSE ((16 + b.bucket % 16) << (b.bucket / 16 - 1)) + ((1 << (b.bucket / 16 - 1)) / 2) END AS value_us
FROM latency_bucket_app b LEFT JOIN app ap ON ap.id = b.app;

CREATE VIEW latency_api_hour AS
WITH b AS (SELECT start_us, api, what, value_us, sum(calls) AS calls
           FROM (SELECT * FROM latency_named WHERE grain = 'hour') GROUP BY start_us, api, what, value_us),
     c AS (SELECT *, sum(calls) OVER (PARTITION BY start_us, api, what ORDER BY value_us) AS up_to,
             sum(calls) OVER (PARTITION BY start_us, api, what) AS total FROM b)
SELECT datetime(start_us/1000000, 'unixepoch') AS start, start_us, api, what, max(total) AS calls,
  min(CASE WHEN up_to * 100 >= total * 50 THEN value_us END) AS p50_us,
  min(CASE WHEN up_to * 100 >= total * 95 THEN value_us END) AS p95_us,
  min(CASE WHEN up_to * 100 >= total * 99 THEN value_us END) AS p99_us
FROM c GROUP BY start_us, api, what;

CREATE VIEW latency_release_hour AS
WITH b AS (SELECT start_us, api, release, what, value_us, sum(calls) AS calls
           FROM (SELECT * FROM latency_named WHERE grain = 'hour') GROUP BY start_us, api, release, what, value_us),
     c AS (SELECT *, sum(calls) OVER (PARTITION BY start_us, api, release, what ORDER BY value_us) AS up_to,
             sum(calls) OVER (PARTITION BY start_us, api, release, what) AS total FROM b)
SELECT datetime(start_us/1000000, 'unixepoch') AS start, start_us, api, release, what, max(total) AS calls,
  min(CASE WHEN up_to * 100 >= total * 50 THEN value_us END) AS p50_us,
  min(CASE WHEN up_to * 100 >= total * 95 THEN value_us END) AS p95_us,
  min(CASE WHEN up_to * 100 >= total * 99 THEN value_us END) AS p99_us
FROM c GROUP BY start_us, api, release, what;

CREATE VIEW latency_route_hour AS
WITH b AS (SELECT start_us, api, route, what, value_us, sum(calls) AS calls
           FROM (SELECT * FROM latency_named WHERE grain = 'hour') GROUP BY start_us, api, route, what, value_us),
     c AS (SELECT *, sum(calls) OVER (PARTITION BY start_us, api, route, what ORDER BY value_us) AS up_to,
             sum(calls) OVER (PARTITION BY start_us, api, route, what) AS total FROM b)
SELECT datetime(start_us/1000000, 'unixepoch') AS start, start_us, api, route, what, max(total) AS calls,
  min(CASE WHEN up_to * 100 >= total * 50 THEN value_us END) AS p50_us,
  min(CASE WHEN up_to * 100 >= total * 95 THEN value_us END) AS p95_us,
  min(CASE WHEN up_to * 100 >= total * 99 THEN value_us END) AS p99_us
FROM c GROUP BY start_us, api, route, what;

CREATE VIEW latency_plan_hour AS
WITH b AS (SELECT start_us, api, plan, what, value_us, sum(calls) AS calls
           FROM (SELECT * FROM latency_named WHERE grain = 'hour') GROUP BY start_us, api, plan, what, value_us),
     c AS (SELECT *, sum(calls) OVER (PARTITION BY start_us, api, plan, what ORDER BY value_us) AS up_to,
             sum(calls) OVER (PARTITION BY start_us, api, plan, what) AS total FROM b)
SELECT datetime(start_us/1000000, 'unixepoch') AS start, start_us, api, plan, what, max(total) AS calls,
  min(CASE WHEN up_to * 100 >= total * 50 THEN value_us END) AS p50_us,
  min(CASE WHEN up_to * 100 >= total * 95 THEN value_us END) AS p95_us,
  min(CASE WHEN up_to * 100 >= total * 99 THEN value_us END) AS p99_us
FROM c GROUP BY start_us, api, plan, what;

CREATE VIEW latency_api_day AS
WITH b AS (SELECT start_us, api, what, value_us, sum(calls) AS calls
           FROM (SELECT * FROM latency_named WHERE grain = 'day') GROUP BY start_us, api, what, value_us),
     c AS (SELECT *, sum(calls) OVER (PARTITION BY start_us, api, what ORDER BY value_us) AS up_to,
             sum(calls) OVER (PARTITION BY start_us, api, what) AS total FROM b)
SELECT datetime(start_us/1000000, 'unixepoch') AS start, start_us, api, what, max(total) AS calls,
  min(CASE WHEN up_to * 100 >= total * 50 THEN value_us END) AS p50_us,
  min(CASE WHEN up_to * 100 >= total * 95 THEN value_us END) AS p95_us,
  min(CASE WHEN up_to * 100 >= total * 99 THEN value_us END) AS p99_us
FROM c GROUP BY start_us, api, what;

CREATE VIEW latency_release_day AS
WITH b AS (SELECT start_us, api, release, what, value_us, sum(calls) AS calls
           FROM (SELECT * FROM latency_named WHERE grain = 'day') GROUP BY start_us, api, release, what, value_us),
     c AS (SELECT *, sum(calls) OVER (PARTITION BY start_us, api, release, what ORDER BY value_us) AS up_to,
             sum(calls) OVER (PARTITION BY start_us, api, release, what) AS total FROM b)
SELECT datetime(start_us/1000000, 'unixepoch') AS start, start_us, api, release, what, max(total) AS calls,
  min(CASE WHEN up_to * 100 >= total * 50 THEN value_us END) AS p50_us,
  min(CASE WHEN up_to * 100 >= total * 95 THEN value_us END) AS p95_us,
  min(CASE WHEN up_to * 100 >= total * 99 THEN value_us END) AS p99_us
FROM c GROUP BY start_us, api, release, what;

CREATE VIEW latency_route_day AS
WITH b AS (SELECT start_us, api, route, what, value_us, sum(calls) AS calls
           FROM (SELECT * FROM latency_named WHERE grain = 'day') GROUP BY start_us, api, route, what, value_us),
     c AS (SELECT *, sum(calls) OVER (PARTITION BY start_us, api, route, what ORDER BY value_us) AS up_to,
             sum(calls) OVER (PARTITION BY start_us, api, route, what) AS total FROM b)
SELECT datetime(start_us/1000000, 'unixepoch') AS start, start_us, api, route, what, max(total) AS calls,
  min(CASE WHEN up_to * 100 >= total * 50 THEN value_us END) AS p50_us,
  min(CASE WHEN up_to * 100 >= total * 95 THEN value_us END) AS p95_us,
  min(CASE WHEN up_to * 100 >= total * 99 THEN value_us END) AS p99_us
FROM c GROUP BY start_us, api, route, what;

CREATE VIEW latency_plan_day AS
WITH b AS (SELECT start_us, api, plan, what, value_us, sum(calls) AS calls
           FROM (SELECT * FROM latency_named WHERE grain = 'day') GROUP BY start_us, api, plan, what, value_us),
     c AS (SELECT *, sum(calls) OVER (PARTITION BY start_us, api, plan, what ORDER BY value_us) AS up_to,
             sum(calls) OVER (PARTITION BY start_us, api, plan, what) AS total FROM b)
SELECT datetime(start_us/1000000, 'unixepoch') AS start, start_us, api, plan, what, max(total) AS calls,
  min(CASE WHEN up_to * 100 >= total * 50 THEN value_us END) AS p50_us,
  min(CASE WHEN up_to * 100 >= total * 95 THEN value_us END) AS p95_us,
  min(CASE WHEN up_to * 100 >= total * 99 THEN value_us END) AS p99_us
FROM c GROUP BY start_us, api, plan, what;

CREATE VIEW latency_app_hour AS
WITH b AS (SELECT start_us, app_id, app, what, value_us, sum(calls) AS calls
           FROM latency_named_app GROUP BY start_us, app_id, app, what, value_us),
     c AS (SELECT *, sum(calls) OVER (PARTITION BY start_us, app_id, app, what ORDER BY value_us) AS up_to,
             sum(calls) OVER (PARTITION BY start_us, app_id, app, what) AS total FROM b)
SELECT datetime(start_us/1000000, 'unixepoch') AS start, start_us, app_id, app, what, max(total) AS calls,
  min(CASE WHEN up_to * 100 >= total * 50 THEN value_us END) AS p50_us,
  min(CASE WHEN up_to * 100 >= total * 95 THEN value_us END) AS p95_us,
  min(CASE WHEN up_to * 100 >= total * 99 THEN value_us END) AS p99_us
FROM c GROUP BY start_us, app_id, app, what;

CREATE VIEW latency_app_day AS
WITH b AS (SELECT start_us, app_id, app, what, value_us, sum(calls) AS calls
           FROM (SELECT start_us - start_us % 86400000000 AS start_us, app_id, app, what, calls, value_us FROM latency_named_app) GROUP BY start_us, app_id, app, what, value_us),
     c AS (SELECT *, sum(calls) OVER (PARTITION BY start_us, app_id, app, what ORDER BY value_us) AS up_to,
             sum(calls) OVER (PARTITION BY start_us, app_id, app, what) AS total FROM b)
SELECT datetime(start_us/1000000, 'unixepoch') AS start, start_us, app_id, app, what, max(total) AS calls,
  min(CASE WHEN up_to * 100 >= total * 50 THEN value_us END) AS p50_us,
  min(CASE WHEN up_to * 100 >= total * 95 THEN value_us END) AS p95_us,
  min(CASE WHEN up_to * 100 >= total * 99 THEN value_us END) AS p99_us
FROM c GROUP BY start_us, app_id, app, what;

CREATE VIEW denials AS
SELECT datetime(d.start_us/1000000, 'unixepoch') AS start, d.start_us, a.slug AS api, d.reason, d.calls
FROM denial d LEFT JOIN api a ON a.id = d.api;

CREATE VIEW quotas AS
SELECT s.public_id AS subscription, ap.name AS app, a.slug AS api, p.name AS plan, ob.name AS object,
  datetime(c.period_start_us/1000000, 'unixepoch') AS period_start, c.period_start_us, c.used, c.overage,
  t.amount AS included, t.limit_kind, t.period, t.overage_price_micros, t.currency
FROM counter c
LEFT JOIN subscription s ON s.id = c.subscription LEFT JOIN app ap ON ap.id = s.app LEFT JOIN api a ON a.id = s.api
LEFT JOIN plan p ON p.id = s.plan LEFT JOIN object ob ON ob.id = c.object
LEFT JOIN plan_terms t ON t.plan = s.plan AND t.object = c.object;

CREATE VIEW calls AS
SELECT c.seq, c.call_id, c.client_request_id, datetime(c.admitted_us/1000000, 'unixepoch') AS admitted, c.admitted_us,
  c.ended_us, a.slug AS api, rel.number AS release, rt.name AS route, ap.name AS app, k.prefix AS key, p.name AS plan,
  s.public_id AS subscription, c.status, c.outcome, c.error_code, c.client_gone, c.units AS requests,
  c.billed_units AS requests_billed, c.total_us, c.component_us, c.fuel, c.memory_peak_bytes, c.request_bytes,
  c.response_bytes, c.egress_bytes, c.egress_calls, c.link
FROM call c
LEFT JOIN api a ON a.id = c.api LEFT JOIN release rel ON rel.id = c.release LEFT JOIN route rt ON rt.id = c.route
LEFT JOIN app ap ON ap.id = c.app LEFT JOIN api_key k ON k.id = c.api_key LEFT JOIN plan p ON p.id = c.plan
LEFT JOIN subscription s ON s.id = c.subscription;

CREATE VIEW call_units AS
SELECT c.call_id, ob.name AS object, u.units, u.billed_units
FROM (SELECT seq AS call_seq, 1 AS object, units, billed_units FROM call
      UNION ALL SELECT call_seq, object, units, billed_units FROM usage) u
JOIN call c ON c.seq = u.call_seq LEFT JOIN object ob ON ob.id = u.object;
