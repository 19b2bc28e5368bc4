"""Notifications, and the roles that may view them and send them again."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from . import _roles

ROLES = {
    "Metering operations": ["view_notification", "resend_notification"],
    "Auditor": ["view_notification"],
}


def grant_permissions(apps, schema_editor):
    _roles.grant(ROLES, apps)


class Migration(migrations.Migration):

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("meter_readings", "0015_audit_event"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "uuid",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                ),
                (
                    "event",
                    models.CharField(
                        choices=[
                            ("file-rejected", "File rejected"),
                            ("findings", "File imported with findings"),
                            ("job-failed", "Import job failed"),
                            ("file-late", "File late or missing"),
                            ("digest", "Daily digest of what is open"),
                        ],
                        max_length=20,
                    ),
                ),
                ("object_key", models.CharField(blank=True, max_length=100)),
                ("state", models.CharField(blank=True, max_length=64)),
                (
                    "reminder",
                    models.PositiveSmallIntegerField(default=0, verbose_name="repeat"),
                ),
                ("data", models.JSONField(blank=True, default=dict)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
                            ("not-sent", "Not sent"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_index=True, verbose_name="created"),
                ),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("next_attempt_at", models.DateTimeField(verbose_name="next attempt")),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                (
                    "sent_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="sent"),
                ),
                (
                    "message",
                    models.CharField(blank=True, max_length=200, verbose_name="reason"),
                ),
            ],
            options={
                "permissions": [
                    ("resend_notification", "Can send notifications again")
                ],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="NotificationDelivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("attempted_at", models.DateTimeField(verbose_name="attempted")),
                ("is_delivered", models.BooleanField(verbose_name="delivered")),
                ("result", models.CharField(max_length=200)),
                (
                    "notification",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="meter_readings.notification",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="NotificationRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
                (
                    "event",
                    models.CharField(
                        choices=[
                            ("file-rejected", "File rejected"),
                            ("findings", "File imported with findings"),
                            ("job-failed", "Import job failed"),
                            ("file-late", "File late or missing"),
                            ("digest", "Daily digest of what is open"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "threshold",
                    models.PositiveIntegerField(
                        default=1,
                        help_text="For files imported with findings: the number of errors and warnings from which a file is reported.",
                    ),
                ),
                (
                    "delay",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="With a delay, nothing is sent if it is resolved by then.",
                        verbose_name="delay in minutes",
                    ),
                ),
                (
                    "repeat_days",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Send again every so many days while it is still open, for 30 days at most; 0: never.",
                        verbose_name="repeat after days",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "E-mail"), ("webhook", "Webhook")],
                        default="email",
                        max_length=10,
                    ),
                ),
                (
                    "webhook_url",
                    models.URLField(
                        blank=True, max_length=500, verbose_name="webhook URL"
                    ),
                ),
                ("webhook_secret", models.CharField(blank=True, max_length=100)),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("groups", models.ManyToManyField(blank=True, to="auth.group")),
                (
                    "users",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Active users of these with an e-mail address receive the e-mail.",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="notification",
            name="rule",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to="meter_readings.notificationrule",
            ),
        ),
        migrations.AddConstraint(
            model_name="notificationrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("channel", "webhook"), _negated=True),
                    models.Q(("webhook_url", ""), _negated=True),
                    _connector="OR",
                ),
                name="webhook_rule_has_a_url",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("status", "waiting")),
                fields=["next_attempt_at"],
                name="notification_due_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                fields=["status", "created_at"], name="notification_status_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.UniqueConstraint(
                fields=("rule", "event", "object_key", "state", "reminder"),
                name="one_notification_per_rule_and_change_of_state",
            ),
        ),
        migrations.RunPython(grant_permissions, migrations.RunPython.noop),
    ]
