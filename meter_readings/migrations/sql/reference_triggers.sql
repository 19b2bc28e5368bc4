-- Triggers per statement instead of the two foreign keys of the readings.

-- Foreign keys exist only if the migration was reversed; then changes may be pending.
SET CONSTRAINTS ALL IMMEDIATE;
DO $$
DECLARE
    foreign_key name;
BEGIN
    FOR foreign_key IN
        SELECT conname FROM pg_constraint
        WHERE conrelid = 'meter_readings_reading'::regclass AND contype = 'f'
    LOOP
        EXECUTE format(
            'ALTER TABLE meter_readings_reading DROP CONSTRAINT %I', foreign_key
        );
    END LOOP;
END $$;

-- Check the references of all inserted or updated readings of a statement, and lock the
-- rows referred to, as a foreign key does.
CREATE FUNCTION reading_fk_check() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    referenced bigint;
    found bigint;
BEGIN
    SELECT count(DISTINCT meter_id) INTO referenced FROM added;
    SELECT count(*) INTO found FROM (
        SELECT 1 FROM meter_readings_meter
        WHERE id IN (SELECT meter_id FROM added)
        FOR KEY SHARE
    ) AS locked;
    IF found <> referenced THEN
        RAISE foreign_key_violation
            USING MESSAGE = 'A reading refers to a meter that does not exist.';
    END IF;
    SELECT count(DISTINCT flow_file_id) INTO referenced FROM added;
    SELECT count(*) INTO found FROM (
        SELECT 1 FROM meter_readings_flowfile
        WHERE id IN (SELECT flow_file_id FROM added)
        FOR KEY SHARE
    ) AS locked;
    IF found <> referenced THEN
        RAISE foreign_key_violation
            USING MESSAGE = 'A reading refers to a flow file that does not exist.';
    END IF;
    RETURN NULL;
END $$;

-- A statement trigger fires for the table that the statement names, so every partition
-- needs the triggers too.
DO $$
DECLARE
    reading regclass;
BEGIN
    FOR reading IN
        SELECT 'meter_readings_reading'::regclass
        UNION ALL
        SELECT inhrelid::regclass FROM pg_inherits
        WHERE inhparent = 'meter_readings_reading'::regclass
    LOOP
        EXECUTE format(
            'CREATE TRIGGER reading_fk_check_insert AFTER INSERT ON %s'
            ' REFERENCING NEW TABLE AS added'
            ' FOR EACH STATEMENT EXECUTE FUNCTION reading_fk_check()', reading
        );
        EXECUTE format(
            'CREATE TRIGGER reading_fk_check_update AFTER UPDATE ON %s'
            ' REFERENCING NEW TABLE AS added'
            ' FOR EACH STATEMENT EXECUTE FUNCTION reading_fk_check()', reading
        );
    END LOOP;
END $$;

-- Restrict deleting a meter, or changing its id, while readings refer to it.
--
-- A snapshot taken before the meter was locked would not show readings committed since,
-- so only READ COMMITTED is allowed.
CREATE FUNCTION reading_fk_restrict_meter_id() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM gone WHERE NOT EXISTS (
            SELECT 1 FROM meter_readings_meter AS kept WHERE kept.id = gone.id
        )
    ) THEN
        RETURN NULL;
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE feature_not_supported USING
            MESSAGE = 'Delete from meter_readings_meter in a READ COMMITTED transaction.';
    END IF;
    IF EXISTS (
        SELECT 1 FROM gone
        JOIN meter_readings_reading AS reading ON reading.meter_id = gone.id
        WHERE NOT EXISTS (
            SELECT 1 FROM meter_readings_meter AS kept WHERE kept.id = gone.id
        )
    ) THEN
        RAISE foreign_key_violation
            USING MESSAGE = 'Readings still refer to a row of meter_readings_meter.';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER reading_fk_restrict_delete
    AFTER DELETE ON meter_readings_meter
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION reading_fk_restrict_meter_id();
CREATE TRIGGER reading_fk_restrict_update
    AFTER UPDATE ON meter_readings_meter
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION reading_fk_restrict_meter_id();

-- The same for flow files.
CREATE FUNCTION reading_fk_restrict_flow_file_id() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM gone WHERE NOT EXISTS (
            SELECT 1 FROM meter_readings_flowfile AS kept WHERE kept.id = gone.id
        )
    ) THEN
        RETURN NULL;
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE feature_not_supported USING MESSAGE =
            'Delete from meter_readings_flowfile in a READ COMMITTED transaction.';
    END IF;
    IF EXISTS (
        SELECT 1 FROM gone
        JOIN meter_readings_reading AS reading ON reading.flow_file_id = gone.id
        WHERE NOT EXISTS (
            SELECT 1 FROM meter_readings_flowfile AS kept WHERE kept.id = gone.id
        )
    ) THEN
        RAISE foreign_key_violation
            USING MESSAGE = 'Readings still refer to a row of meter_readings_flowfile.';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER reading_fk_restrict_delete
    AFTER DELETE ON meter_readings_flowfile
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION reading_fk_restrict_flow_file_id();
CREATE TRIGGER reading_fk_restrict_update
    AFTER UPDATE ON meter_readings_flowfile
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION reading_fk_restrict_flow_file_id();

-- Restrict truncating either table while there are readings.
CREATE FUNCTION reading_fk_restrict_truncate() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM meter_readings_reading) THEN
        RAISE foreign_key_violation USING
            MESSAGE = format('Readings still refer to rows of %s.', TG_TABLE_NAME);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER reading_fk_restrict_truncate
    AFTER TRUNCATE ON meter_readings_meter
    FOR EACH STATEMENT EXECUTE FUNCTION reading_fk_restrict_truncate();
CREATE TRIGGER reading_fk_restrict_truncate
    AFTER TRUNCATE ON meter_readings_flowfile
    FOR EACH STATEMENT EXECUTE FUNCTION reading_fk_restrict_truncate();
