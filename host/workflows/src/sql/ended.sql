-- Whatever ends an execution, the outbox says so in the same transaction. topic: ended; body: the execution's number. The
-- express children of a distributed Map ask nobody and are told of together.
CREATE TRIGGER execution_ended AFTER UPDATE OF status ON execution
WHEN OLD.status = 'RUNNING' AND NEW.status <> 'RUNNING' AND (NEW.map_run IS NULL OR NEW.kind = 'STANDARD')
BEGIN
  INSERT INTO outbox(topic, body) VALUES ('ended', CAST(NEW.seq AS TEXT));
END;
