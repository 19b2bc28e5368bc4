"""Undos, imports of stored files and clearings as jobs, and who asked for them."""

from django.db import migrations, models


def name_undos(apps, schema_editor):
    apps.get_model("meter_readings", "ImportJob").objects.filter(
        outcome="undone"
    ).update(kind="undo")


class Migration(migrations.Migration):

    dependencies = [
        ("meter_readings", "0017_folder_channel"),
    ]

    operations = [
        migrations.AddField(
            model_name="importjob",
            name="is_retried",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="importjob",
            name="kind",
            field=models.CharField(
                choices=[
                    ("import", "Import"),
                    ("reprocess", "Import again"),
                    ("undo", "Undo"),
                    ("clear", "Clear the database"),
                ],
                default="import",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="importjob",
            name="request_id",
            field=models.UUIDField(blank=True, null=True, verbose_name="request id"),
        ),
        migrations.AddField(
            model_name="importjob",
            name="token",
            field=models.CharField(
                blank=True, max_length=120, verbose_name="API token"
            ),
        ),
        migrations.AlterField(
            model_name="auditevent",
            name="action",
            field=models.CharField(
                choices=[
                    ("import", "Import"),
                    ("reprocess", "Imported again"),
                    ("undo", "Import undone"),
                    ("clear", "Database cleared"),
                    ("cancel-job", "Job cancelled"),
                    ("retry-job", "Job tried again"),
                    ("retention", "Retention applied"),
                    ("erasure", "Erased"),
                    ("subject-access", "Subject access"),
                    ("acknowledge", "Acknowledged"),
                    ("remove-acknowledgement", "Acknowledgement removed"),
                    ("delete-note", "Note deleted"),
                    ("look-up", "Opened"),
                    ("download", "Original downloaded"),
                    ("export", "Exported"),
                    ("create-token", "Token created"),
                    ("revoke-token", "Token revoked"),
                    ("sign-in", "Signed in"),
                    ("sign-in-failed", "Sign-in failed"),
                    ("sign-out", "Signed out"),
                ],
                max_length=30,
            ),
        ),
        migrations.AlterField(
            model_name="importjob",
            name="filename",
            field=models.CharField(blank=True, max_length=255),
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
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="importjob",
            name="phase",
            field=models.CharField(
                choices=[
                    ("receiving", "Receiving"),
                    ("validating", "Validating"),
                    ("loading", "Loading"),
                    ("deleting", "Deleting"),
                ],
                default="receiving",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="importjob",
            name="policy",
            field=models.CharField(
                blank=True,
                choices=[
                    ("standard", "Standard"),
                    ("strict", "Strict"),
                    ("partial", "Partial"),
                ],
                max_length=10,
            ),
        ),
        migrations.RunPython(name_undos, migrations.RunPython.noop),
    ]
