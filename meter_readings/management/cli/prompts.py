"""Asking before something is removed: a person at a terminal is asked, no other."""

from __future__ import annotations

import sys

from django.core.management.base import CommandError

from . import base_command


def require_tty() -> None:
    """Refuse to go on where nobody is there to be asked."""
    if not sys.stdin.isatty():
        reason = "Nobody is there to be asked: say --yes, or --dry-run."
        raise CommandError(reason, returncode=base_command.USAGE)


def confirm(command: base_command.ConsoleCommand, question: str) -> None:
    """Ask; raise CommandError where the answer is not yes."""
    command.stderr.write(f"{question} Type yes: ", style_func=str, ending="")
    command.stderr.flush()
    if sys.stdin.readline().strip().lower() != "yes":
        raise CommandError("Nothing was changed.", returncode=base_command.FAILED)
