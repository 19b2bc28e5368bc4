"""On PostgreSQL, let the readings' references be checked by sets and not row by row.

A foreign key costs a trigger call for every row loaded: twice the time of the load
itself. Here one call for each statement checks all its rows at once and locks the rows
referred to, as a foreign key would, so that an orphan is refused all the same: when a
reading is added or changed, and when a meter or flow file is deleted, renumbered or
truncated. SQLite's foreign keys are cheap and stay.

Such a trigger is called for the table that a statement names. So the partitions have
it too, for what is loaded into one of them and not by way of the whole.
"""

from django.db import migrations

READING = "meter_readings_reading"
REFERENCES = (
    ("meter_id", "meter_readings_meter"),
    ("flow_file_id", "meter_readings_flowfile"),
)

# Named as Django's own would be told from them: what they refuse is in the message.
READING_FUNCTION = """
CREATE FUNCTION meter_readings_refuse_orphans() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    named bigint;
    found bigint;
BEGIN
    SELECT count(DISTINCT meter_id) INTO named FROM added;
    SELECT count(*) INTO found FROM (
        SELECT 1 FROM meter_readings_meter
        WHERE id IN (SELECT meter_id FROM added)
        FOR KEY SHARE
    ) AS kept;
    IF found <> named THEN
        RAISE foreign_key_violation
            USING MESSAGE = 'A reading names a meter that does not exist.';
    END IF;
    SELECT count(DISTINCT flow_file_id) INTO named FROM added;
    SELECT count(*) INTO found FROM (
        SELECT 1 FROM meter_readings_flowfile
        WHERE id IN (SELECT flow_file_id FROM added)
        FOR KEY SHARE
    ) AS kept;
    IF found <> named THEN
        RAISE foreign_key_violation
            USING MESSAGE = 'A reading names a flow file that does not exist.';
    END IF;
    RETURN NULL;
END $$;
"""

READING_TRIGGERS = """
CREATE TRIGGER readings_refer_to_what_exists
    AFTER INSERT ON {table}
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION meter_readings_refuse_orphans();
CREATE TRIGGER changed_readings_refer_to_what_exists
    AFTER UPDATE ON {table}
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION meter_readings_refuse_orphans();
"""

# A snapshot older than the lock would not see readings committed since it was taken.
KEEP_FUNCTION = """
CREATE FUNCTION meter_readings_keep_{column}() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM gone
        WHERE NOT EXISTS (SELECT 1 FROM {table} AS kept WHERE kept.id = gone.id)
    ) THEN
        RETURN NULL;
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE feature_not_supported
            USING MESSAGE = 'Delete from {table} in a READ COMMITTED transaction.';
    END IF;
    IF EXISTS (
        SELECT 1 FROM gone JOIN {reading} AS reading ON reading.{column} = gone.id
        WHERE NOT EXISTS (SELECT 1 FROM {table} AS kept WHERE kept.id = gone.id)
    ) THEN
        RAISE foreign_key_violation
            USING MESSAGE = 'Readings still refer to a row of {table}.';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER readings_keep_what_they_refer_to
    AFTER DELETE ON {table}
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION meter_readings_keep_{column}();
CREATE TRIGGER readings_keep_the_number_of_what_they_refer_to
    AFTER UPDATE ON {table}
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION meter_readings_keep_{column}();
CREATE FUNCTION meter_readings_keep_all_{column}() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM {reading}) THEN
        RAISE foreign_key_violation
            USING MESSAGE = 'Readings still refer to rows of {table}.';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER readings_keep_all_they_refer_to
    AFTER TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION meter_readings_keep_all_{column}();
"""

UNDO = """
DROP TRIGGER readings_keep_what_they_refer_to ON {table};
DROP TRIGGER readings_keep_the_number_of_what_they_refer_to ON {table};
DROP TRIGGER readings_keep_all_they_refer_to ON {table};
DROP FUNCTION meter_readings_keep_{column}();
DROP FUNCTION meter_readings_keep_all_{column}();
ALTER TABLE {reading} ADD FOREIGN KEY ({column}) REFERENCES {table} (id)
    DEFERRABLE INITIALLY DEFERRED;
"""


def partitions(schema_editor):
    """Return the partitions of the readings there are already."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            f" WHERE inhparent = '{READING}'::regclass"
        )
        return [name for (name,) in cursor.fetchall()]


def check_by_set(apps, schema_editor):
    """Exchange the two foreign keys for the triggers."""
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with schema_editor.connection.cursor() as cursor:
        constraints = schema_editor.connection.introspection.get_constraints(
            cursor, READING
        )
    for name, constraint in constraints.items():
        if constraint["foreign_key"]:
            schema_editor.execute(f'ALTER TABLE {READING} DROP CONSTRAINT "{name}"')
    schema_editor.execute(READING_FUNCTION, params=None)
    for table in [READING, *partitions(schema_editor)]:
        schema_editor.execute(READING_TRIGGERS.format(table=table), params=None)
    for column, table in REFERENCES:
        names = {"reading": READING, "column": column, "table": table}
        schema_editor.execute(KEEP_FUNCTION.format(**names), params=None)


def check_by_row(apps, schema_editor):
    """Put the foreign keys back."""
    if schema_editor.connection.vendor != "postgresql":
        return
    for column, table in REFERENCES:
        names = {"reading": READING, "column": column, "table": table}
        schema_editor.execute(UNDO.format(**names), params=None)
    # And with it the triggers of the table and of all its partitions
    schema_editor.execute("DROP FUNCTION meter_readings_refuse_orphans() CASCADE")


class Migration(migrations.Migration):
    dependencies = [("meter_readings", "0001_initial")]

    operations = [migrations.RunPython(check_by_set, check_by_row)]
