-- Audit events are append-only: the database refuses to change or delete them.

-- An erasure and retention write a row here in the transaction of their change.
CREATE TABLE meter_readings_auditmaintenance (
    task text NOT NULL,
    delete_before timestamp with time zone NOT NULL
);

CREATE FUNCTION audit_event_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        -- Only the texts may change.
        IF EXISTS (
            SELECT 1 FROM meter_readings_auditmaintenance WHERE task = 'erasure'
        ) AND (
            NEW.id, NEW.at, NEW.action, NEW.channel, NEW.user_id, NEW.request_id,
            NEW.object_type, NEW.object_id
        ) IS NOT DISTINCT FROM (
            OLD.id, OLD.at, OLD.action, OLD.channel, OLD.user_id, OLD.request_id,
            OLD.object_type, OLD.object_id
        ) THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        IF EXISTS (
            SELECT 1 FROM meter_readings_auditmaintenance
            WHERE task = 'retention' AND OLD.at < delete_before
        ) THEN
            RETURN OLD;
        END IF;
    ELSIF EXISTS (
        SELECT 1 FROM meter_readings_auditmaintenance
        WHERE task = 'retention' AND delete_before = 'infinity'
    ) THEN
        RETURN NULL;
    END IF;
    RAISE integrity_constraint_violation
        USING MESSAGE = 'Audit events are append-only.';
END $$;

CREATE TRIGGER audit_event_append_only
    BEFORE UPDATE OR DELETE ON meter_readings_auditevent
    FOR EACH ROW EXECUTE FUNCTION audit_event_append_only();
CREATE TRIGGER audit_event_append_only_truncate
    BEFORE TRUNCATE ON meter_readings_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_append_only();
