"""Make a token by which a program is known to the API."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from meter_readings import tokens, words
from meter_readings.management import console, picks
from meter_readings.models import ApiToken

_EXIT_CODES = """\
Exit codes: 0 made, 1 the user has a token of this name, 2 wrong usage, 3 no such user.
"""


class Command(console.ConsoleCommand):
    """Translate the command line into one call; the token is alone on stdout."""

    help = (
        "Make a token for a program that uses the API, and print it: this is the only "
        "time that anybody sees it. It never opens more than its user may do."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add whose it is, what it opens, and for how long."""
        parser.epilog = _EXIT_CODES
        parser.add_argument("name", metavar="NAME", type=_name, help="what it is for")
        parser.add_argument("--user", required=True, help="the user it belongs to")
        parser.add_argument(
            "--scope",
            required=True,
            action="append",
            choices=["read", "import"],
            help="what it opens; may be given twice",
        )
        parser.add_argument(
            "--days",
            type=_days,
            default=tokens.USUAL_DAYS,
            help=f"how long it is good (1 to {tokens.MOST_DAYS}; %(default)s)",
        )

    def handle(
        self, *, name: str, user: str, scope: list[str], days: int, **options: Any
    ) -> None:
        """Make the token, print it, and say what it is."""
        try:
            token, secret = tokens.make_token(
                user=picks.pick_user(user),
                name=name,
                scope=_scope(scope),
                days=days,
                now=timezone.now(),
            )
        except tokens.NameTaken as error:
            raise CommandError(
                f'{user} has a token named "{name}": choose another name, or revoke '
                f"that one first (revoke_api_token).",
                returncode=console.FAILED,
            ) from error
        self.stdout.write(secret)
        if options["verbosity"]:
            end = words.date_words(token.expires_at)
            opens = token.get_scope_display().lower()
            self.say(f"{token}: {opens}, until {end}. It is not shown again.")


def _scope(given: list[str]) -> ApiToken.Scope:
    scope = ApiToken.Scope
    return scope(given[0]) if len(set(given)) == 1 else scope.BOTH


def _name(text: str) -> str:
    name = text.strip()
    if 0 < len(name) <= ApiToken.LONGEST_NAME and name.isprintable():
        return name
    raise ArgumentTypeError(f"a name has 1 to {ApiToken.LONGEST_NAME} characters")


def _days(text: str) -> int:
    if text.isascii() and text.isdecimal() and 1 <= int(text) <= tokens.MOST_DAYS:
        return int(text)
    raise ArgumentTypeError(f"a token is good for 1 to {tokens.MOST_DAYS} days")
