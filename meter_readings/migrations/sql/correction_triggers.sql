-- The triggers check the reference to a correction too, instead of its foreign key.

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
CREATE OR REPLACE FUNCTION reading_fk_check() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    referenced bigint;
    corrected bigint;
    found bigint;
BEGIN
    SELECT count(DISTINCT meter_id), count(correction_id) INTO referenced, corrected
        FROM added;
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
    -- Readings of files have none.
    IF corrected > 0 THEN
        SELECT count(DISTINCT correction_id) INTO referenced FROM added;
        SELECT count(*) INTO found FROM (
            SELECT 1 FROM meter_readings_correction
            WHERE id IN (SELECT correction_id FROM added)
            FOR KEY SHARE
        ) AS locked;
        IF found <> referenced THEN
            RAISE foreign_key_violation USING
                MESSAGE = 'A reading refers to a correction that does not exist.';
        END IF;
    END IF;
    RETURN NULL;
END $$;

-- Restrict deleting a correction, or changing its id, while readings refer to it.
CREATE FUNCTION reading_fk_restrict_correction_id() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM gone WHERE NOT EXISTS (
            SELECT 1 FROM meter_readings_correction AS kept WHERE kept.id = gone.id
        )
    ) THEN
        RETURN NULL;
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE feature_not_supported USING MESSAGE =
            'Delete from meter_readings_correction in a READ COMMITTED transaction.';
    END IF;
    IF EXISTS (
        SELECT 1 FROM gone
        JOIN meter_readings_reading AS reading ON reading.correction_id = gone.id
        WHERE NOT EXISTS (
            SELECT 1 FROM meter_readings_correction AS kept WHERE kept.id = gone.id
        )
    ) THEN
        RAISE foreign_key_violation
            USING MESSAGE = 'Readings still refer to a row of meter_readings_correction.';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER reading_fk_restrict_delete
    AFTER DELETE ON meter_readings_correction
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION reading_fk_restrict_correction_id();
CREATE TRIGGER reading_fk_restrict_update
    AFTER UPDATE ON meter_readings_correction
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION reading_fk_restrict_correction_id();
CREATE TRIGGER reading_fk_restrict_truncate
    AFTER TRUNCATE ON meter_readings_correction
    FOR EACH STATEMENT EXECUTE FUNCTION reading_fk_restrict_truncate();
