"""Moving: an imported file leaves its folder, with its reports beside it."""

from __future__ import annotations

import enum
import os
from contextlib import suppress
from pathlib import Path

from .claiming import JSON_REPORT, TEXT_REPORT, Claim

# The longest name that file systems allow, in bytes
_MAX_NAME_BYTES = 255


class Destination(enum.StrEnum):
    """The subfolder to which a file is moved."""

    DONE = "done"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


DESTINATIONS = frozenset(Destination)


def move(claim: Claim, destination: Destination) -> Path:
    """Move the file of a claim and its reports; raises OSError.

    The file comes last: until then the claim stays, and the move can be repeated.
    """
    folder = claim.folder / destination
    with suppress(FileExistsError):
        folder.mkdir()
    target = folder / _free_name(folder, claim)
    for report in (JSON_REPORT, TEXT_REPORT):
        # A move that was interrupted has moved it already.
        with suppress(FileNotFoundError):
            os.rename(claim.directory / report, f"{target}{report}")
    os.rename(claim.path, target)
    claim.remove()
    return target


def _free_name(folder: Path, claim: Claim) -> str:
    """Return the name of the file, with the time of the claim if it is in use."""
    longest = _MAX_NAME_BYTES - len(JSON_REPORT)
    is_short = len(os.fsencode(claim.name)) <= longest
    if is_short and not os.path.lexists(folder / claim.name):
        return claim.name
    stem, suffix = os.path.splitext(claim.name)
    if len(suffix) > 20:
        stem, suffix = claim.name, ""
    ending = f"-{claim.time_text}{suffix}"
    while len(os.fsencode(stem + ending)) > longest:
        stem = stem[:-1]
    return stem + ending
