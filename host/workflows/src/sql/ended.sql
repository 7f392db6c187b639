-- Whatever ends an execution, the outbox says so in the same transaction. topic: ended; body: the execution's number.
CREATE TRIGGER execution_ended AFTER UPDATE OF status ON execution
WHEN OLD.status = 'RUNNING' AND NEW.status <> 'RUNNING'
BEGIN
  INSERT INTO outbox(topic, body) VALUES ('ended', CAST(NEW.seq AS TEXT));
END;
