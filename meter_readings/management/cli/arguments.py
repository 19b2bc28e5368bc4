"""Arguments of commands: flow files, users, dates, MPANs, participants."""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from datetime import date, datetime
from pathlib import PurePath

from django.contrib.auth.models import User

from meter_readings import d0010, exports
from meter_readings.importer.formatting import format_date, pluralise
from meter_readings.models import FlowFile
from meter_readings.queries.flow_files import find_flow_files

from . import base_command
from .output_files import STDOUT

_MAX_LISTED = 10

_MPAN = re.compile(r"[0-9]{13}")


def add_output(parser: ArgumentParser) -> None:
    """Add the option --output for `output_files.write_lines`."""
    parser.add_argument(
        "--output", default=STDOUT, metavar="FILE", help='default: "-", standard output'
    )


def add_mpan(parser: ArgumentParser) -> None:
    """Add the argument MPAN for `mpan_from_arg_or_stdin`."""
    parser.add_argument(
        "mpan", metavar="MPAN", help='13 digits; "-" reads them from standard input'
    )


def get_flow_file(reference: str) -> FlowFile:
    """Return the only file with an id, name or hash; raises CommandError."""
    files = find_flow_files(reference=reference)
    if not files:
        # The reference may be a path; only file names are stored.
        files = find_flow_files(reference=PurePath(reference).name)
    if not files:
        raise base_command.NothingMatched(
            f'There is no file "{reference}": give an id, a name, or the first '
            "eight digits of a SHA-256."
        )
    if len(files) > 1:
        shown = "\n".join(f"  {_described(file)}" for file in files[:_MAX_LISTED])
        raise base_command.UsageError(
            f'There are {len(files)} files "{reference}". '
            f"Give the id of one of them:\n{shown}"
        )
    return files[0]


def _described(file: FlowFile) -> str:
    status = FlowFile.Status(file.status).label.lower()
    readings = pluralise(file.readings_loaded, "reading")
    day = format_date(file.received_at)
    return f"#{file.pk} {file.filename}: {status} on {day}, {readings}"


def get_user(username: str) -> User:
    """Return the user of a name; raises CommandError."""
    try:
        return User.objects.get(username=username)
    except User.DoesNotExist:
        raise base_command.NothingMatched(
            f'There is no user "{username}": create one in the admin and give it '
            "a role."
        ) from None


def mpan(text: str) -> str:
    """Return an MPAN that was given with or without spaces."""
    typed = d0010.mpan.normalise_mpan(text)
    if not _MPAN.fullmatch(typed):
        raise ArgumentTypeError("an MPAN has 13 digits")
    return typed


def mpan_from_arg_or_stdin(text: str) -> str:
    """Return an MPAN; "-" reads it from standard input.

    Standard input appears neither in the process list nor in the shell's history.
    """
    try:
        return mpan(sys.stdin.readline() if text == "-" else text)
    except ArgumentTypeError as error:
        message = f"{error}.".capitalize().replace("mpan", "MPAN")
        raise base_command.UsageError(message) from error


def date_argument(text: str) -> date:
    """Return a date written as 2025-01-31."""
    return _d0010_day(date.fromisoformat, text, "a date as 2025-01-31")


def local_time(text: str) -> datetime:
    """Return UK local time written as 2025-01-31T09:30."""
    moment = _d0010_day(datetime.fromisoformat, text, "a time as 2025-01-31T09:30")
    if moment.tzinfo is not None:
        raise ArgumentTypeError("write a time without an offset: it is London's")
    return moment.replace(tzinfo=d0010.LONDON)


def _d0010_day[Day: date](parse: Callable[[str], Day], text: str, example: str) -> Day:
    """Return a date or time if it is valid and a D0010 can contain its year."""
    try:
        day = parse(text)
    except ValueError:
        raise ArgumentTypeError(f"write {example}") from None
    if day.year not in d0010.YEARS:
        years = f"{d0010.YEARS[0]} to {d0010.YEARS[-1]}"
        raise ArgumentTypeError(f"a D0010 has years from {years} only")
    return day


def participant(text: str) -> tuple[str, str]:
    """Return the role and id of a market participant written as X:MRCY."""
    try:
        return exports.parse_participant(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def file_identifier(text: str) -> str:
    """Return a file identifier (J1064, CHAR(10))."""
    if not (0 < len(text) <= 10 and text.isascii() and text.isalnum()):
        raise ArgumentTypeError("a file identifier is up to ten letters and digits")
    return text
