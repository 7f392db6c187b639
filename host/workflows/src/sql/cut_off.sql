-- Attempts at tasks that nobody waits for any more and that have not said what they used. One that still goes on takes its
-- row away when it says so; what stands here when nobody runs the execution any more was cut off.
CREATE TABLE cut_off(
  execution INTEGER NOT NULL, task INTEGER NOT NULL, resource TEXT NOT NULL, invocation INTEGER NOT NULL,
  attempt INTEGER NOT NULL, began_us INTEGER NOT NULL, ended_us INTEGER NOT NULL,
  PRIMARY KEY(execution, task)) STRICT, WITHOUT ROWID;
