-- Version 5: attempts at tasks that no component makes, such as requests. Of an attempt: whose execution it was of, and what
-- its task asks for.
ALTER TABLE call ADD COLUMN organisation INTEGER;
ALTER TABLE call ADD COLUMN resource TEXT;

CREATE VIEW attempts AS
SELECT c.seq, c.call_id, datetime(c.admitted_us/1000000, 'unixepoch') AS began, c.admitted_us AS began_us, c.ended_us,
  coalesce(o.name, ao.name) AS organisation, c.exec_id AS execution, c.invocation_id AS invocation, c.attempt, c.resource,
  a.slug AS api, rel.number AS release, c.outcome, c.total_us, c.component_us, c.fuel, c.memory_peak_bytes, c.request_bytes,
  c.response_bytes, c.egress_bytes, c.egress_calls, c.link
FROM call c
LEFT JOIN organisation o ON o.id = c.organisation LEFT JOIN api a ON a.id = c.api
LEFT JOIN organisation ao ON ao.id = a.organisation LEFT JOIN release rel ON rel.id = c.release
WHERE c.invocation_id IS NOT NULL;
