-- Audit events are append-only: the database refuses to change or delete them.

-- An erasure and retention write a row here in the transaction of their change.
CREATE TABLE meter_readings_auditmaintenance (
    task text NOT NULL,
    delete_before text NOT NULL
);


-- Only the texts may change.
CREATE TRIGGER audit_event_append_only_update
BEFORE UPDATE ON meter_readings_auditevent
WHEN NOT EXISTS (
    SELECT 1 FROM meter_readings_auditmaintenance WHERE task = 'erasure'
)
OR NEW.id IS NOT OLD.id
OR NEW.at IS NOT OLD.at
OR NEW.action IS NOT OLD.action
OR NEW.channel IS NOT OLD.channel
OR NEW.user_id IS NOT OLD.user_id
OR NEW.request_id IS NOT OLD.request_id
OR NEW.object_type IS NOT OLD.object_type
OR NEW.object_id IS NOT OLD.object_id
BEGIN
    SELECT RAISE(ABORT, 'Audit events are append-only.');
END;


CREATE TRIGGER audit_event_append_only_delete
BEFORE DELETE ON meter_readings_auditevent
WHEN NOT EXISTS (
    SELECT 1 FROM meter_readings_auditmaintenance
    WHERE task = 'retention' AND OLD.at < delete_before
)
BEGIN
    SELECT RAISE(ABORT, 'Audit events are append-only.');
END;


-- INSERT OR REPLACE deletes the row that it replaces without a trigger.
CREATE TRIGGER audit_event_append_only_replace
BEFORE INSERT ON meter_readings_auditevent
WHEN EXISTS (SELECT 1 FROM meter_readings_auditevent WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'Audit events are append-only.');
END;
