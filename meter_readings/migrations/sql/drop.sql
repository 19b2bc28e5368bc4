-- Restore the foreign keys and drop the functions with their triggers. The readings stay
-- partitioned.
DROP FUNCTION
    reading_create_year_partition(integer),
    reading_fk_check(),
    reading_fk_restrict_meter_id(),
    reading_fk_restrict_flow_file_id(),
    reading_fk_restrict_truncate()
CASCADE;
ALTER TABLE meter_readings_reading
    ADD FOREIGN KEY (meter_id) REFERENCES meter_readings_meter (id)
        DEFERRABLE INITIALLY DEFERRED,
    ADD FOREIGN KEY (flow_file_id) REFERENCES meter_readings_flowfile (id)
        DEFERRABLE INITIALLY DEFERRED;
