"""When a reading or a flow file last changed; until now, when it was received."""

import django.utils.timezone
from django.db import migrations, models

_FILL = (
    "UPDATE meter_readings_flowfile SET changed_at = received_at",
    "UPDATE meter_readings_reading SET changed_at = file.received_at"
    " FROM meter_readings_flowfile AS file"
    " WHERE file.id = meter_readings_reading.flow_file_id",
)


class Migration(migrations.Migration):
    dependencies = [("meter_readings", "0005_acknowledgement")]

    operations = [
        migrations.AddField(
            "flowfile",
            "changed_at",
            models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.AddField("reading", "changed_at", models.DateTimeField(null=True)),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            "flowfile",
            "changed_at",
            models.DateTimeField(db_index=True, default=django.utils.timezone.now),
        ),
        migrations.AlterField("reading", "changed_at", models.DateTimeField()),
        migrations.AddIndex(
            "reading",
            models.Index(fields=["changed_at", "id"], name="reading_change_idx"),
        ),
    ]
