"""Command send_notifications."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from meter_readings import notifications
from meter_readings.management.cli import base_command


class Command(base_command.BaseCommand):
    """Records late files and folders in error, writes digests, and sends."""

    help = (
        "Send the notifications that are due, by e-mail and webhook. Before, record "
        "files that are late or missing and watched folders in error, and write the "
        "daily digest once its hour has come. A timer runs it every minute."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--digest",
            action="store_true",
            help="write today's digest now, if it is not yet written",
        )

    def handle(self, *, digest: bool, **options: Any) -> None:
        now = timezone.now()
        notifications.record_late_files(now=now)
        notifications.record_folder_errors(now=now)
        notifications.write_digests(now=now, at_any_hour=digest)
        result = notifications.send_due(now)
        if any(result) or options["verbosity"] > 1:
            self.stdout.write(
                f"{result.sent} sent, {result.retried} to be tried again, "
                f"{result.failed} failed, {result.not_sent} not sent."
            )
