"""On PostgreSQL, the check of deleted meters does not grow with the number of years."""

from pathlib import Path

from django.db import migrations

SQL_PATH = Path(__file__).with_name("sql") / "restrict_meter_id.sql"


def replace_function(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(SQL_PATH.read_text("utf-8"), params=None)


class Migration(migrations.Migration):
    dependencies = [("meter_readings", "0010_login_attempts")]

    # The function is dropped with its triggers when 0002 is reversed.
    operations = [migrations.RunPython(replace_function, migrations.RunPython.noop)]
