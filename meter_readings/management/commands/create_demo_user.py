"""Create the user with whom the demonstration is shown."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from meter_readings import demo


class Command(BaseCommand):
    """Translate the command line into one call."""

    help = "Create the demo user, or restore its password; never in production."

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the user and say so."""
        try:
            is_new = demo.create_demo_user()
        except demo.NotInProduction as refusal:
            raise CommandError(
                f"{refusal} In production, use: python manage.py createsuperuser"
            ) from refusal
        self.stdout.write(
            f"Demo user {demo.DEMO_USERNAME} {'created' if is_new else 'is ready'}."
        )
