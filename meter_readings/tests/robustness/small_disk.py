"""A small temporary disk in memory that a test can fill or make read-only."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

_MEGABYTE = 1 << 20


def can_mount() -> bool:
    """Return whether this process may mount disks."""
    with tempfile.TemporaryDirectory() as folder:
        disk = ["mount", "-t", "tmpfs", "-o", "size=64k", "d0010", folder]
        if subprocess.run(disk, check=False, capture_output=True).returncode:
            return False
        subprocess.run(["umount", folder], check=True)
        return True


class SmallDisk:
    """A context manager: a disk of a size in megabytes."""

    def __init__(self, megabytes: int) -> None:
        self._megabytes = megabytes

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="d0010_disk_")
        self.path = Path(self._folder.name)
        size = f"size={self._megabytes}m,mode=755"
        disk = ["mount", "-t", "tmpfs", "-o", size, "d0010", str(self.path)]
        subprocess.run(disk, check=True)
        return self

    def __exit__(self, *error: object) -> None:
        # Lazily, because a process that is ending may still have a file open.
        subprocess.run(["umount", "--lazy", str(self.path)], check=True)
        self._folder.cleanup()

    def fill(self, *, leaving: int) -> None:
        """Fill the disk until `leaving` bytes are free."""
        free = shutil.disk_usage(self.path).free - leaving
        with (self.path / "ballast").open("wb") as ballast:
            for start in range(0, free, _MEGABYTE):
                ballast.write(bytes(min(_MEGABYTE, free - start)))

    def make_read_only(self) -> None:
        """Mount the disk read-only, as the system does after an error."""
        self._remount("ro")

    def make_writable(self) -> None:
        self._remount("rw")

    def _remount(self, option: str) -> None:
        remount = ["mount", "-o", f"remount,{option}", str(self.path)]
        subprocess.run(remount, check=True)

    def empty(self) -> None:
        """Delete what `fill` wrote."""
        (self.path / "ballast").unlink()
