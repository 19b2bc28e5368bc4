"""List the tokens of the API, and how each stands."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils import timezone

from meter_readings import words
from meter_readings.management import console
from meter_readings.models import ApiToken

_HEAD = ("User", "Name", "Begins with", "Scope", "State", "Expires", "Last used")


class Command(console.ConsoleCommand):
    """Translate one question into a table."""

    help = "List the tokens of the API with their state, end and last use."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add whose."""
        parser.add_argument("--user", help="those of one user alone")

    def handle(self, *, user: str | None, **options: Any) -> None:
        """Print a line for each token."""
        found = ApiToken.objects.select_related("user").order_by("user", "pk")
        if user:
            found = found.filter(user__username=user)
        now = timezone.now()
        rows = [_HEAD, *(_row(token, now) for token in found)]
        for line in _aligned(rows):
            self.stdout.write(line)


def _row(token: ApiToken, now: datetime) -> tuple[str, ...]:
    return (
        str(token.user),
        token.name,
        f"{token.beginning}…",
        token.scope,
        token.state_at(now).label,
        words.date_words(token.expires_at),
        words.date_words(token.last_used_at) if token.last_used_at else "never",
    )


def _aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Yield rows as lines whose columns stand under one another."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
