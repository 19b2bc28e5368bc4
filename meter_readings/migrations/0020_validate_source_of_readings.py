"""PostgreSQL checks the stored readings for a constraint; they can be changed meanwhile."""

from django.db import migrations


def validate_constraint(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "ALTER TABLE meter_readings_reading"
            " VALIDATE CONSTRAINT reading_is_from_a_file_or_a_correction"
        )


class Migration(migrations.Migration):
    dependencies = [("meter_readings", "0019_corrections")]

    operations = [migrations.RunPython(validate_constraint, migrations.RunPython.noop)]
