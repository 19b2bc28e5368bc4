-- Readings have no reference to a correction.
DROP FUNCTION reading_fk_restrict_correction_id() CASCADE;
DROP TRIGGER reading_fk_restrict_truncate ON meter_readings_correction;

-- Check the references of all inserted or updated readings of a statement, and lock the
-- rows referred to, as a foreign key does.
CREATE OR REPLACE FUNCTION reading_fk_check() RETURNS trigger
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
