"""On PostgreSQL, partition the readings by year and check their references by set.

Partitions. The years are those of UTC, in which times are stored, so an instant belongs
to the same year in every time zone. Each year from 2010 to 2099 gets a partition of its
own when its first reading is loaded, by the function reading_create_year_partition.
Readings of the other years that the catalogue allows (1950 to 2199) are in the default
partition, so no file can create partitions by the hundred.

The default partition has a check constraint that excludes the years with partitions of
their own. So a year's partition can be added at any time, and PostgreSQL need not scan
the default partition to add it.

A unique key of a partitioned table has to include the time. Django's primary key stays
`id`: the one sequence that numbers all readings makes it unique. The import makes
readings unique per line of a file: it goes through the lines of a file once, in one
transaction, under the lock of all loads.

References. A foreign key costs a trigger call per row, which takes twice as long as the
load itself. Here one call per statement checks all its rows and locks the rows referred
to, as a foreign key would. An orphan is still refused when a reading is added or
changed, and when a meter or flow file is deleted, renumbered or truncated. SQLite's
foreign keys are cheap and stay.
"""

from pathlib import Path

from django.db import migrations

SQL_DIR = Path(__file__).with_name("sql")


def create(apps, schema_editor):
    _execute(schema_editor, "partitions.sql", "reference_triggers.sql")


def drop(apps, schema_editor):
    _execute(schema_editor, "drop.sql")


def _execute(schema_editor, *filenames):
    if schema_editor.connection.vendor == "postgresql":
        for filename in filenames:
            sql = (SQL_DIR / filename).read_text("utf-8")
            schema_editor.execute(sql, params=None)


class Migration(migrations.Migration):
    dependencies = [("meter_readings", "0001_initial")]

    operations = [migrations.RunPython(create, drop)]
