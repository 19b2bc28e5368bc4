"""Exports as jobs; jobs that wait have no phase, and undos have no import policy."""

from django.db import migrations, models


def correct_rows(apps, schema_editor):
    jobs = apps.get_model("meter_readings", "ImportJob").objects
    jobs.filter(state="queued").update(phase="")
    jobs.filter(kind="undo").update(policy="")


class Migration(migrations.Migration):

    dependencies = [
        ("meter_readings", "0021_watched_folder_status"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="importjob",
            options={
                "permissions": [
                    ("download_any_export", "Can download the exports of other users")
                ]
            },
        ),
        migrations.AddField(
            model_name="importjob",
            name="export_file",
            field=models.CharField(blank=True, max_length=32),
        ),
        migrations.AddField(
            model_name="importjob",
            name="parameters",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AlterField(
            model_name="importjob",
            name="kind",
            field=models.CharField(
                choices=[
                    ("import", "Import"),
                    ("reprocess", "Import again"),
                    ("undo", "Undo"),
                    ("clear", "Clear the database"),
                    ("export", "Export"),
                ],
                default="import",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="importjob",
            name="outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("imported", "Imported"),
                    ("already-imported", "Already imported"),
                    ("rejected", "Rejected"),
                    ("refused", "Refused: the file name has been used"),
                    ("checked", "Valid: it would be imported"),
                    ("undone", "Undone"),
                    ("cleared", "Cleared"),
                    ("exported", "Exported"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="importjob",
            name="phase",
            field=models.CharField(
                blank=True,
                choices=[
                    ("receiving", "Receiving"),
                    ("validating", "Validating"),
                    ("loading", "Loading"),
                    ("deleting", "Deleting"),
                    ("writing", "Writing"),
                ],
                default="receiving",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="importjob",
            index=models.Index(
                condition=models.Q(("kind", "export")),
                fields=["finished_at"],
                name="import_job_export_idx",
            ),
        ),
        migrations.RunPython(correct_rows, migrations.RunPython.noop),
    ]
