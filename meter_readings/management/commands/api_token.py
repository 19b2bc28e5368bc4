"""Create, list and revoke API tokens."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from meter_readings.accounts import api_tokens
from meter_readings.importer.formatting import format_date
from meter_readings.management.cli import arguments, base_command
from meter_readings.models import ApiToken

_HEADINGS = ("User", "Name", "Prefix", "Scope", "State", "Expires", "Last used")

_EXIT_CODES = """\
Exit codes: 0 done, 1 the token name is taken, 2 wrong usage, 3 no such user or token.
"""


class Command(base_command.BaseCommand):
    """One subcommand for each thing that can be done with tokens."""

    help = "Create, list or revoke the tokens of programs that use the API."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.epilog = _EXIT_CODES
        actions = parser.add_subparsers(dest="action", required=True)

        create = actions.add_parser(
            "create", help="create a token and print it; it cannot be shown again"
        )
        create.add_argument("name", metavar="NAME", type=_name, help="what it is for")
        create.add_argument("--user", required=True, help="the user it acts for")
        create.add_argument(
            "--scope",
            required=True,
            action="append",
            choices=["read", "import"],
            help="what it permits; may be given twice",
        )
        create.add_argument(
            "--days",
            type=_days,
            default=api_tokens.DEFAULT_DAYS,
            help=f"valid for 1 to {api_tokens.MAX_DAYS} days (default: %(default)s)",
        )

        listing = actions.add_parser("list", help="list tokens with their state")
        listing.add_argument("--user", help="only the tokens of this user")

        revoke = actions.add_parser("revoke", help="revoke a token for good")
        revoke.add_argument("name", metavar="NAME", help="its name")
        revoke.add_argument("--user", required=True, help="the user it acts for")

    def handle(self, *, action: str, **options: Any) -> None:
        {"create": self._create, "list": self._list, "revoke": self._revoke}[action](
            **options
        )

    def _create(
        self, *, name: str, user: str, scope: list[str], days: int, **options: Any
    ) -> None:
        """Print the secret alone on standard output, and a summary on the other."""
        try:
            token, secret = api_tokens.create_token(
                user=arguments.get_user(user),
                name=name,
                scope=ApiToken.Scope(" ".join(sorted(set(scope), reverse=True))),
                days=days,
                now=timezone.now(),
            )
        except api_tokens.NameTaken as error:
            raise CommandError(
                f'{user} has a token named "{name}": choose another name, or revoke '
                "that one first."
            ) from error
        self.stdout.write(secret)
        if options["verbosity"]:
            expires = format_date(token.expires_at)
            permits = token.get_scope_display().lower()
            self.log(
                f"{token}: {permits}, expires {expires}. It cannot be shown again."
            )

    def _list(self, *, user: str | None, **options: Any) -> None:
        tokens = ApiToken.objects.select_related("user").order_by("user", "pk")
        if user:
            tokens = tokens.filter(user__username=user)
        now = timezone.now()
        for line in _table([_HEADINGS, *(_row(token, now) for token in tokens)]):
            self.stdout.write(line)

    def _revoke(self, *, name: str, user: str, **options: Any) -> None:
        tokens = arguments.get_user(user).api_tokens.filter(name=name)
        if not api_tokens.revoke_tokens(tokens=tokens, now=timezone.now()):
            raise base_command.NothingMatched(
                f'{user} has no token named "{name}" that can be revoked: '
                '"api_token list" shows all tokens.'
            )
        self.stdout.write(f"{name} of {user}: revoked.")


def _row(token: ApiToken, now: datetime) -> tuple[str, ...]:
    return (
        str(token.user),
        token.name,
        f"{token.prefix}…",
        token.scope,
        token.state_at(now).label,
        format_date(token.expires_at),
        (format_date(token.last_used_at) if token.last_used_at else "never"),
    )


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _name(text: str) -> str:
    name = text.strip()
    if 0 < len(name) <= ApiToken.MAX_NAME_LENGTH and name.isprintable():
        return name
    raise ArgumentTypeError(f"a name has 1 to {ApiToken.MAX_NAME_LENGTH} characters")


def _days(text: str) -> int:
    if text.isascii() and text.isdecimal() and 1 <= int(text) <= api_tokens.MAX_DAYS:
        return int(text)
    raise ArgumentTypeError(f"a token is valid for 1 to {api_tokens.MAX_DAYS} days")
