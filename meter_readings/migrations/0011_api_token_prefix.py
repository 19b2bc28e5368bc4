import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The stock permission to add tokens, and standard names."""

    dependencies = [
        ("meter_readings", "0010_delete_kept_answer"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="apitoken",
            options={"default_permissions": ("add",), "verbose_name": "API token"},
        ),
        migrations.RemoveConstraint(
            model_name="apitoken", name="one_token_of_a_name_unless_revoked"
        ),
        migrations.RenameField("apitoken", "beginning", "prefix"),
        migrations.AlterField(
            model_name="apitoken", name="prefix", field=models.CharField(max_length=12)
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="name",
            field=models.CharField(
                max_length=100,
                help_text="What the token is for, such as “nightly export”. "
                "Token names must be unique per user.",
            ),
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="scope",
            field=models.CharField(
                choices=[
                    ("read", "Read only"),
                    ("import", "Upload only"),
                    ("read import", "Read and upload"),
                ],
                default="read",
                max_length=11,
            ),
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="user",
            field=models.ForeignKey(
                help_text="The token can do no more than this user. "
                "Choose a service user with the role Integration for a program.",
                on_delete=django.db.models.deletion.CASCADE,
                related_name="api_tokens",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="apitoken",
            constraint=models.UniqueConstraint(
                condition=models.Q(("revoked_at__isnull", True)),
                fields=("user", "name"),
                name="token_name_is_unique_per_user_unless_revoked",
            ),
        ),
    ]
