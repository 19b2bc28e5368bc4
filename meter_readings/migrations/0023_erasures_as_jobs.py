"""Erasures as jobs, and the permission to erase an MPAN."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("meter_readings", "0022_exports_as_jobs"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="subjectrequest",
            options={"permissions": [("erase_mpan", "Can erase an MPAN")]},
        ),
        migrations.AddField(
            model_name="importjob",
            name="mpan",
            field=models.CharField(blank=True, max_length=13, verbose_name="MPAN"),
        ),
        migrations.AddField(
            model_name="importjob",
            name="pseudonym",
            field=models.CharField(blank=True, max_length=64),
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
                    ("erase", "Erase an MPAN"),
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
                    ("erased", "Erased"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="importjob",
            index=models.Index(
                condition=models.Q(("kind", "erase")),
                fields=["pseudonym"],
                name="import_job_erasure_idx",
            ),
        ),
        migrations.AddConstraint(
            model_name="importjob",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("mpan", ""),
                    models.Q(("kind", "erase"), ("state__in", ["queued", "running"])),
                    _connector="OR",
                ),
                name="job_has_an_mpan_only_until_it_is_erased",
            ),
        ),
    ]
