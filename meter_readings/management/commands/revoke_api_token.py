"""End a token of the API, at once and for good."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from meter_readings import tokens
from meter_readings.management import console, picks

_EXIT_CODES = "Exit codes: 0 revoked, 2 wrong usage, 3 no such user or token.\n"


class Command(console.ConsoleCommand):
    """Translate the command line into one call, and say what came of it."""

    help = "Revoke a token: from now on it opens nothing, and never will again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add which token, and whose."""
        parser.epilog = _EXIT_CODES
        parser.add_argument("name", metavar="NAME", help="its name")
        parser.add_argument("--user", required=True, help="the user it belongs to")

    def handle(self, *, name: str, user: str, **options: Any) -> None:
        """Revoke the token of this name."""
        found = picks.pick_user(user).api_tokens.filter(name=name)
        if not tokens.revoke(tokens=found, now=timezone.now()):
            raise CommandError(
                f'{user} has no token named "{name}" that was not revoked before: '
                "list_api_tokens shows them all.",
                returncode=console.NOTHING_MATCHED,
            )
        self.stdout.write(f"{name} of {user}: revoked.")
