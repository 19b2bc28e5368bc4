"""Confirmation prompts, which require a terminal."""

from __future__ import annotations

import sys

from django.core.management.base import CommandError

from . import base_command


def require_tty() -> None:
    """Raise CommandError unless standard input is a terminal."""
    if not sys.stdin.isatty():
        reason = "There is no terminal to ask on: use --yes or --dry-run."
        raise CommandError(reason, returncode=base_command.USAGE)


def confirm(command: base_command.BaseCommand, question: str) -> None:
    """Ask a question; raise CommandError unless the answer is "yes"."""
    command.stderr.write(f"{question} Type yes: ", style_func=str, ending="")
    command.stderr.flush()
    if sys.stdin.readline().strip().lower() != "yes":
        raise CommandError("Nothing was changed.", returncode=base_command.FAILED)
