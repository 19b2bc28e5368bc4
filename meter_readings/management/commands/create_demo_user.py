"""Command create_demo_user."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from meter_readings import demo


class Command(BaseCommand):
    help = "Create the demo user, or restore its password; never in production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--remove", action="store_true", help="remove the demo users instead"
        )

    def handle(self, *args: Any, remove: bool, **options: Any) -> None:
        if remove:
            self.stdout.write(f"Demo users removed: {demo.remove_demo_users()}.")
            return
        try:
            is_new = demo.create_demo_user()
        except demo.NotInProduction as error:
            raise CommandError(
                f"{error} In production, use: {settings.MANAGE_PY} createsuperuser"
            ) from error
        self.stdout.write(
            f"Demo user {demo.DEMO_USERNAME} {'created' if is_new else 'is ready'}."
            f" Password: {demo.DEMO_PASSWORD}"
        )
