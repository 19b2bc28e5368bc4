"""Demo users and sample files, for demonstrations and never for production."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import Group, User

from meter_readings.models import FlowFile

DEMO_USERNAME = "demo_admin"
# Published in the documentation: a demonstration has synthetic data only.
DEMO_PASSWORD = "KrakenDemo123!"

# Demo users with one role each.
DEMO_ROLES = {
    "demo_operations": "Metering operations",
    "demo_support": "Support agent",
    "demo_auditor": "Auditor",
}
DEMO_USERNAMES = (DEMO_USERNAME, *DEMO_ROLES)


class NotInProduction(Exception):
    """Demo users cannot be created in production."""


def create_demo_user() -> bool:
    """Create or restore the demo users; return whether the first one is new.

    The first is a superuser. The others have one role each and the same password.
    Raise NotInProduction in production.
    """
    if settings.IS_PRODUCTION:
        raise NotInProduction("The demo user's password is published.")
    user, is_new = User.objects.get_or_create(username=DEMO_USERNAME)
    user.is_active = user.is_staff = user.is_superuser = True
    # Setting the same password again would end all sessions of the user.
    if not user.check_password(DEMO_PASSWORD):
        user.set_password(DEMO_PASSWORD)
    user.save()
    for username, role in DEMO_ROLES.items():
        rest = {"is_active": True, "is_staff": True, "password": user.password}
        member, _ = User.objects.update_or_create(rest, username=username)
        member.groups.set(Group.objects.filter(name=role))
    return is_new


def remove_demo_users() -> int:
    """Delete the demo users; return their number."""
    users = User.objects.filter(username__in=DEMO_USERNAMES)
    count = users.count()
    users.delete()
    return count


class SampleFile(NamedTuple):
    """A file of the sample folder.

    `description` comes from documentation/SAMPLE_FILES.md. `flow_file` is the stored
    file with the same bytes; it is None before the import.
    """

    path: Path
    size: int
    description: str
    flow_file: FlowFile | None

    @property
    def filename(self) -> str:
        return self.path.name


# A row of the table in documentation/SAMPLE_FILES.md. The document is not in the sample
# folder because an import of the folder would import it.
_DESCRIPTION = re.compile(r"^\| `(.+\.uff)` \| (.+) \|$", re.MULTILINE)


def sample_files() -> list[SampleFile]:
    """Return the sample files, sorted by name, with one database query."""
    paths = sorted(Path(settings.SAMPLE_DATA_DIR).glob("*.uff"))
    descriptions = _read_descriptions()
    hashes = {path: _hash_of(path) for path in paths}
    stored = FlowFile.objects.filter(sha256__in=hashes.values())
    by_hash = {file.sha256: file for file in stored}
    return [
        SampleFile(
            path,
            path.stat().st_size,
            descriptions.get(path.name, ""),
            by_hash.get(sha256),
        )
        for path, sha256 in hashes.items()
    ]


def _read_descriptions() -> dict[str, str]:
    """Return the descriptions by filename; none if the document is not installed."""
    document = Path(settings.BASE_DIR, "documentation/SAMPLE_FILES.md")
    if not document.is_file():
        return {}
    return dict(_DESCRIPTION.findall(document.read_text(encoding="utf-8")))


def _hash_of(path: Path) -> str:
    """Return the SHA-256 of a file; it is cached until the file changes."""
    status = path.stat()
    return _read_hash(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=256)
def _read_hash(path: Path, modified_at: int, size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
