"""On PostgreSQL, a table of counters of sign-in attempts.

It has no model, because on SQLite the counters are in a file of their own: see
meter_readings.accounts.login_attempts.
"""

from django.db import migrations


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE TABLE meter_readings_loginattempts"
            " (key text PRIMARY KEY, count integer NOT NULL,"
            " expires_at bigint NOT NULL)"
        )
        schema_editor.execute(
            "CREATE INDEX login_attempts_expires_at_idx"
            " ON meter_readings_loginattempts (expires_at)"
        )


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TABLE meter_readings_loginattempts")


class Migration(migrations.Migration):
    dependencies = [("meter_readings", "0009_import_look_ups")]

    operations = [migrations.RunPython(create, drop)]
