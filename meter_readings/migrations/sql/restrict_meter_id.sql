-- Restrict deleting a meter, or changing its id, while readings refer to it.
--
-- Each partition is asked apart, and only for meters within the range of its meters: most
-- meters are newer than most years, so the work does not grow with the number of years.
--
-- A snapshot taken before the meter was locked would not show readings committed since,
-- so only READ COMMITTED is allowed.
CREATE OR REPLACE FUNCTION reading_fk_restrict_meter_id() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    partition regclass;
    is_referenced boolean;
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
    FOR partition IN
        SELECT inhrelid FROM pg_inherits
        WHERE inhparent = 'meter_readings_reading'::regclass
    LOOP
        -- A scalar subquery is answered for each meter apart. EXISTS may become a join
        -- with all readings.
        EXECUTE format(
            'SELECT EXISTS ('
            ' SELECT FROM gone'
            ' WHERE id BETWEEN (SELECT min(meter_id) FROM %1$s)'
            ' AND (SELECT max(meter_id) FROM %1$s)'
            ' AND (SELECT 1 FROM %1$s WHERE meter_id = gone.id LIMIT 1) IS NOT NULL'
            ' AND (SELECT 1 FROM meter_readings_meter AS kept'
            ' WHERE kept.id = gone.id) IS NULL)', partition
        ) INTO is_referenced;
        IF is_referenced THEN
            RAISE foreign_key_violation
                USING MESSAGE = 'Readings still refer to a row of meter_readings_meter.';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
