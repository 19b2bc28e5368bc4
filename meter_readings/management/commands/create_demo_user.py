"""Create the user with whom the demonstration is shown."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from meter_readings import demo


class Command(BaseCommand):
    """Translate the command line into one call."""

    help = "Create the demo user, or restore its password; never in production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the way back."""
        parser.add_argument(
            "--remove", action="store_true", help="remove the demo users instead"
        )

    def handle(self, *args: Any, remove: bool, **options: Any) -> None:
        """Create the user, or remove all of them, and say so."""
        if remove:
            self.stdout.write(f"Demo users removed: {demo.remove_demo_users()}.")
            return
        try:
            is_new = demo.create_demo_user()
        except demo.NotInProduction as refusal:
            raise CommandError(
                f"{refusal} In production, use: python manage.py createsuperuser"
            ) from refusal
        self.stdout.write(
            f"Demo user {demo.DEMO_USERNAME} {'created' if is_new else 'is ready'}."
        )
