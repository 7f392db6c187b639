-- delivery.db. Time: microseconds UTC. What is sealed opens with the host's key alone, each at its own place.

-- Where an organisation wants to be told. events: names, a JSON array. former: the secret before, which signs beside the
-- present one until its time is over.
CREATE TABLE endpoint(
  id TEXT PRIMARY KEY, organisation TEXT NOT NULL, url TEXT NOT NULL, events TEXT NOT NULL, description TEXT NOT NULL,
  secret BLOB NOT NULL, former BLOB, former_until_us INTEGER,
  disabled_us INTEGER, disabled_why TEXT,
  revision INTEGER NOT NULL DEFAULT 0, created_us INTEGER NOT NULL, UNIQUE(organisation, url)) STRICT, WITHOUT ROWID;

-- What is to be said, once however many it goes to. source: the outbox and the row that it came from, so that it comes
-- once. body: a webhook's JSON; a mail's subject and text, sealed; NULL when it was accepted and held nothing to repeat.
CREATE TABLE message(
  id TEXT PRIMARY KEY, source TEXT UNIQUE, kind TEXT NOT NULL, body BLOB, created_us INTEGER NOT NULL)
  STRICT, WITHOUT ROWID;

-- A message on its way to one recipient. lane: an endpoint's id, or `mail`; no lane waits for another.
-- status: WAITING, DELIVERED or DEAD. tries: since it was last put on its way; attempts: in all.
CREATE TABLE dispatch(
  id TEXT PRIMARY KEY, message TEXT NOT NULL REFERENCES message, organisation TEXT, lane TEXT NOT NULL, address TEXT,
  status TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
  due_us INTEGER NOT NULL, why TEXT, created_us INTEGER NOT NULL, ended_us INTEGER) STRICT, WITHOUT ROWID;
CREATE INDEX dispatch_due ON dispatch(lane, due_us) WHERE status = 'WAITING';
CREATE INDEX dispatch_of ON dispatch(organisation, id);
CREATE INDEX dispatch_status ON dispatch(status, id);
CREATE INDEX dispatch_message ON dispatch(message);
CREATE INDEX dispatch_ended ON dispatch(ended_us) WHERE ended_us IS NOT NULL;

-- What each attempt came to. answer: the beginning of what the receiver said.
CREATE TABLE attempt(
  dispatch TEXT NOT NULL, number INTEGER NOT NULL, at_us INTEGER NOT NULL, took_us INTEGER NOT NULL,
  status INTEGER, error TEXT, answer TEXT, PRIMARY KEY(dispatch, number)) STRICT, WITHOUT ROWID;

-- What other files are to be told, once each by id. topic: act.
CREATE TABLE outbox(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, topic TEXT NOT NULL, body TEXT NOT NULL) STRICT;
