"""What a person means by a word on the command line: a file, a user, a day, an MPAN."""

from __future__ import annotations

import re
import sys
from argparse import ArgumentTypeError
from datetime import date, datetime
from pathlib import PurePath

from django.contrib.auth.models import User
from django.core.management.base import CommandError

from meter_readings import d0010, exports
from meter_readings.importer import result_messages
from meter_readings.models import FlowFile
from meter_readings.queries import totals

from . import base_command

_SHOWN = 10

_MPAN = re.compile(r"[0-9]{13}")


def get_flow_file(reference: str) -> FlowFile:
    """Return the one file that is meant; refuse what means none or several."""
    files = totals.find_flow_files(reference=reference)
    if not files:
        # People name a file by where it lies; only its name is known here.
        files = totals.find_flow_files(reference=PurePath(reference).name)
    if not files:
        raise CommandError(
            f'No file is known as "{reference}": give a number, a name, or the first '
            "eight digits of a SHA-256.",
            returncode=base_command.NOTHING_MATCHED,
        )
    if len(files) > 1:
        shown = "\n".join(f"  {_described(file)}" for file in files[:_SHOWN])
        raise CommandError(
            f'{len(files)} files are known as "{reference}". '
            f"Say which one by its number:\n{shown}",
            returncode=base_command.USAGE,
        )
    return files[0]


def _described(file: FlowFile) -> str:
    status = FlowFile.Status(file.status).label.lower()
    readings = result_messages.counted(file.readings_loaded, "reading")
    day = result_messages.format_date(file.received_at)
    return f"#{file.pk} {file.filename}: {status} on {day}, {readings}"


def get_user(username: str) -> User:
    """Return the user of a name."""
    try:
        return User.objects.get(username=username)
    except User.DoesNotExist:
        raise CommandError(
            f'There is no user "{username}": make one in the admin, with the role that '
            "says what it may do.",
            returncode=base_command.NOTHING_MATCHED,
        ) from None


def mpan(text: str) -> str:
    """Return an MPAN, typed with spaces or without."""
    typed = d0010.mpan.typed(text)
    if not _MPAN.fullmatch(typed):
        raise ArgumentTypeError("an MPAN has 13 digits")
    return typed


def mpan_from_arg_or_stdin(text: str) -> str:
    """Return an MPAN; "-" reads it from standard input, which no list of processes
    and no history of a shell shows.
    """
    try:
        return mpan(sys.stdin.readline() if text == "-" else text)
    except ArgumentTypeError as error:
        said = f"{error}.".capitalize().replace("mpan", "MPAN")
        raise CommandError(said, returncode=base_command.USAGE) from error


def day(text: str) -> date:
    """Return a day written as 2025-01-31."""
    try:
        return _of_the_catalogue(date.fromisoformat(text))
    except ValueError:
        raise ArgumentTypeError("write a day as 2025-01-31") from None


def local_time(text: str) -> datetime:
    """Return a time as the clock in London shows it, whatever the machine's shows."""
    try:
        moment = _of_the_catalogue(datetime.fromisoformat(text))
    except ValueError:
        raise ArgumentTypeError("write a time as 2025-01-31T09:30") from None
    if moment.tzinfo is not None:
        raise ArgumentTypeError("write a time without an offset: it is London's")
    return moment.replace(tzinfo=d0010.LONDON)


def _of_the_catalogue[Day: date](day: Day) -> Day:
    """Return a date or time of a year that a D0010 can name."""
    if day.year not in d0010.YEARS:
        years = f"{d0010.YEARS[0]} to {d0010.YEARS[-1]}"
        raise ArgumentTypeError(f"a D0010 names the years {years} only")
    return day


def participant(text: str) -> tuple[str, str]:
    """Return the role and the id of a market participant written as X:MRCY."""
    try:
        return exports.participant(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def file_identifier(text: str) -> str:
    """Return a file identifier (J1064)."""
    if not (0 < len(text) <= 10 and text.isascii() and text.isalnum()):
        raise ArgumentTypeError("a file identifier is up to ten letters and digits")
    return text
