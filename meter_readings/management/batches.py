"""Many files, one after another: each is imported, or not, for itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from django.utils import timezone

from meter_readings import importer
from meter_readings.models import Policy

from .accounts import Account
from .progress import Progress
from .report_files import NoReport
from .sources import Found, Source, printable


@dataclass
class Batch:
    """What is the same for all files: how they are judged, and who is told."""

    account: Account
    progress: Progress
    report: NoReport
    policy: Policy
    is_dry_run: bool
    allows_same_name: bool
    # Asked of the module at the time: a default would be of the time it was loaded.
    clock: Callable[[], datetime] = lambda: timezone.now()

    # The file that is neither told of nor untouched.
    _at_hand: str = field(default="", init=False)

    def import_all(self, found: Found) -> None:
        """Import every source; Ctrl-C takes the file at hand back and ends it."""
        for label, reason in found.empty:
            self.account.add_nothing(label, reason)
        # A file that is not there counts as one where there are others.
        add_missing = self.account.add_nothing
        if found.sources:
            add_missing = self.account.add_unreadable
        for label, reason in found.missing:
            add_missing(label, reason)
        try:
            for source in found.sources:
                self._at_hand = source.label
                self._import_source(source)
                self._at_hand = ""
        except KeyboardInterrupt:
            self.progress.clear()
            self.account.interrupt(self._at_hand)

    def _import_source(self, source: Source) -> None:
        """Import a file, or every file that an archive holds."""
        try:
            with source.open() as stream:
                for filename, content in importer.flow_files(stream, source.filename):
                    self._import_file(_label(source, filename), filename, content)
        except importer.SourceUnreadable as error:
            self._give_up(source.label, str(error))
        except BrokenPipeError:
            raise  # it is the account that nobody reads any more
        except OSError as error:
            self._give_up(source.label, _reason(error, source))

    def _import_file(self, label: str, filename: str, content: BinaryIO) -> None:
        self._at_hand = label
        self.progress.begin(label)
        self.report.begin(label)
        try:
            result = importer.import_flow_file(
                stream=content,
                filename=filename,
                now=self.clock(),
                policy=self.policy,
                dry_run=self.is_dry_run,
                allow_same_name=self.allows_same_name,
                on_progress=self.progress.update,
                on_finding=self.report.add,
            )
        except importer.SourceUnreadable as error:
            self._give_up(label, str(error))
            return
        self._at_hand = ""
        self.progress.clear()
        self.report.end(result)
        self.account.add(label, result)

    def _give_up(self, label: str, reason: str) -> None:
        self.progress.clear()
        self.account.add_unreadable(label, reason.removesuffix("."))


def _label(source: Source, filename: str) -> str:
    """Return how people know a file: what an archive holds is named behind it."""
    is_packed = filename not in (source.filename, source.filename.removesuffix(".gz"))
    return f"{source.label}: {printable(filename)}" if is_packed else source.label


def _reason(error: OSError, source: Source) -> str:
    """Return why a file could not be had, or the place it should be kept in."""
    reason = error.strerror or str(error)
    reason = reason[:1].lower() + reason[1:]
    place = error.filename
    if place is None or str(place) == str(source.path):
        return reason
    return f"it cannot be kept: {reason} ({place})"
