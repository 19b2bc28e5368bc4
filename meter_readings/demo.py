"""What a demonstration needs and production must never have."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import Group, User

from meter_readings import synthetic
from meter_readings.models import FlowFile

DEMO_USERNAME = "demo_admin"
# Published on purpose, in the documentation too: it opens made-up data only.
DEMO_PASSWORD = "KrakenDemo123!"

# Who shows what the roles may do.
DEMO_ROLES = {
    "demo_operations": "Metering operations",
    "demo_support": "Support agent",
    "demo_auditor": "Auditor",
}
DEMO_USERNAMES = (DEMO_USERNAME, *DEMO_ROLES)


class NotInProduction(Exception):
    """A demonstration was asked for where the readings are real."""


def create_demo_user() -> bool:
    """Make sure that the demo users can sign in, and tell whether the first is new.

    The first may do everything; each of the others has one role, and the same password.
    """
    if settings.IS_PRODUCTION:
        raise NotInProduction("The demo user's password is published.")
    user, is_new = User.objects.get_or_create(username=DEMO_USERNAME)
    user.is_active = user.is_staff = user.is_superuser = True
    # Setting the same password again would sign the user out everywhere.
    if not user.check_password(DEMO_PASSWORD):
        user.set_password(DEMO_PASSWORD)
    user.save()
    for username, role in DEMO_ROLES.items():
        rest = {"is_active": True, "is_staff": True, "password": user.password}
        member, _ = User.objects.update_or_create(rest, username=username)
        member.groups.set(Group.objects.filter(name=role))
    return is_new


def remove_demo_users() -> int:
    """Remove the users of the demonstration; return how many there were."""
    users = User.objects.filter(username__in=DEMO_USERNAMES)
    count = users.count()
    users.delete()
    return count


class SampleFile(NamedTuple):
    """A file to try: `about` says what is in it, `flow_file` what became of it.

    `flow_file` is the file as it is held, by its bytes; None before it was imported.
    """

    path: Path
    size: int
    about: str
    flow_file: FlowFile | None

    @property
    def filename(self) -> str:
        """Return its name, by which it is chosen."""
        return self.path.name


def sample_files() -> list[SampleFile]:
    """Return the sample files by name, in one question for what became of them."""
    paths = sorted(Path(settings.SAMPLE_DATA).glob("*.uff"))
    about = {recipe.filename: recipe.about for recipe in synthetic.RECIPES.values()}
    hashes = {path: _hash_of(path) for path in paths}
    held = FlowFile.objects.filter(sha256__in=hashes.values())
    by_hash = {file.sha256: file for file in held}
    return [
        SampleFile(
            path, path.stat().st_size, about.get(path.name, ""), by_hash.get(sha256)
        )
        for path, sha256 in hashes.items()
    ]


def _hash_of(path: Path) -> str:
    """Return the SHA-256 of a file, read again only when it has changed."""
    status = path.stat()
    return _read_hash(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=256)
def _read_hash(path: Path, modified_at: int, size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
