"""Importing: the file of a claim, by the import runner, with its reports."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BufferedReader
from typing import BinaryIO, NamedTuple, cast

from django.db import DataError, Error, IntegrityError

from meter_readings import exports
from meter_readings.importer import (
    FileResult,
    ImportLockTimeout,
    ImportOptions,
    ImportRunner,
    InputFile,
    StorageFull,
    StorageNotWritable,
    UnreadableFile,
)
from meter_readings.importer.formatting import printable
from meter_readings.models import FlowFile, ImportJob

from .claiming import Claim
from .moving import Destination
from .opening import FileStamp, ReadFailed, UnchangedFile, open_plain_file
from .reports import finding_report, message, text_lines, write_text_report

# How often a file is imported whose import ends with the process or with a defect
MAX_ATTEMPTS = 3

_SITE_ERRORS = (
    *(Error, OSError, ReadFailed),
    *(ImportLockTimeout, StorageFull, StorageNotWritable),
)

_LOADED = {ImportJob.Outcome.IMPORTED, ImportJob.Outcome.ALREADY_IMPORTED}


class Handled(NamedTuple):
    """Where a file belongs after its import, and one line about each flow file."""

    destination: Destination
    messages: list[str]


def is_site_error(error: Exception) -> bool:
    """Return whether the site, a disk or the drive is the cause, and not the file."""
    is_of_values = isinstance(error, DataError | IntegrityError)
    return isinstance(error, _SITE_ERRORS) and not is_of_values


def import_claim(
    claim: Claim,
    *,
    stamp: FileStamp | None,
    options: ImportOptions,
    interruptible: Callable[[], AbstractContextManager[None]],
) -> Handled:
    """Import the file of a claim, and write its reports into the claim.

    `stamp` is that of the file when it was claimed. Raises FileChanged if it has
    another one meanwhile, NotPlainFile, KeyboardInterrupt within `interruptible`, and
    every error of an import.
    """
    label = printable(claim.name)
    with open_plain_file(claim.path) as file, finding_report(claim) as report:
        stream = UnchangedFile(file, stamp)
        runner = ImportRunner(options, (UnreadableFile,), [report])
        source = InputFile(label, claim.name, cast(BinaryIO, stream))
        try:
            with interruptible():
                results = [*runner.run([source])]
        except KeyboardInterrupt:
            if not _may_be_stored(runner):
                claim.give_back()
            raise
        # What is written after the end of the import is in no database.
        stream.require_unchanged()
        for result in results:
            if _was_loaded_before(result, claim):
                for row in exports.stored_finding_rows(_flow_file(result)):
                    report.write(row)
    write_text_report(claim, (line for one in results for line in text_lines(one)))
    lines = [f"{result.label}: {message(result)}" for result in results]
    return Handled(_destination(results, claim), lines)


def give_up(claim: Claim, cause: str) -> Handled:
    """Reject a file whose import has ended unexpectedly each time."""
    return reject(
        claim,
        f"interrupted: the import ended unexpectedly {MAX_ATTEMPTS} times: {cause}. "
        "Import it with import_d0010 to see the cause.",
    )


def reject(claim: Claim, reason: str) -> Handled:
    """Write the reports of a file that was not validated."""
    with finding_report(claim):
        pass
    line = f"{printable(claim.name)}: {reason}"
    write_text_report(claim, [line])
    return Handled(Destination.REJECTED, [line])


def is_imported(claim: Claim) -> bool:
    """Return whether the bytes of a claim are imported as one flow file."""
    with open_plain_file(claim.path) as file:
        digest = hashlib.file_digest(cast(BufferedReader, file), "sha256")
    return FlowFile.objects.filter(
        sha256=digest.hexdigest(), status=FlowFile.Status.IMPORTED
    ).exists()


def _may_be_stored(runner: ImportRunner) -> bool:
    """Return whether an interrupt came too late. The claim then stays for the next."""
    try:
        return runner.stored_file() is not None
    except Error:
        return True


def _destination(results: list[FileResult], claim: Claim) -> Destination:
    if any(result.outcome not in _LOADED for result in results):
        return Destination.REJECTED
    is_new = any(
        result.outcome == ImportJob.Outcome.IMPORTED
        or _was_loaded_before(result, claim)
        for result in results
    )
    return Destination.DONE if is_new else Destination.DUPLICATE


def _was_loaded_before(result: FileResult, claim: Claim) -> bool:
    """Return whether an earlier attempt of this claim has imported a flow file."""
    is_known = result.outcome == ImportJob.Outcome.ALREADY_IMPORTED
    return is_known and _flow_file(result).received_at > claim.claimed_at


def _flow_file(result: FileResult) -> FlowFile:
    return cast(FlowFile, result.result and result.result.flow_file)
