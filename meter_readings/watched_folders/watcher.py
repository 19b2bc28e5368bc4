"""The watcher: polls its folders until it is stopped."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path

from django.db import close_old_connections

from meter_readings.importer import is_partial_name

from .folder import WatchedFolder, WatchOptions
from .moving import DESTINATIONS
from .status import StatusWriter
from .stopping import Stop


class Watcher:
    """Watches a folder and, if wished, each folder in it, also those that are new."""

    def __init__(
        self, root: Path, options: WatchOptions, *, has_subfolders: bool, stop: Stop
    ) -> None:
        self._root = root
        self._options = options
        self._has_subfolders = has_subfolders
        self._stop = stop
        self._folders: dict[Path, WatchedFolder] = {}
        self._statuses = StatusWriter()

    @property
    def errors(self) -> list[str]:
        """The folders that cannot be processed at present, with the reasons."""
        folders = self._folders.values()
        return [f"{folder.path}: {folder.error}" for folder in folders if folder.error]

    def run(self) -> None:
        """Poll until a stop is requested."""
        while not self._stop.is_requested:
            self._poll()
            self._save_statuses()
            self._stop.wait(self._options.interval)
        self._close()
        # A service that was stopped, and perhaps cannot be started, must be noticed.
        if self._stop.signal_number != signal.SIGTERM:
            self._statuses.keep_only([])

    def run_once(self) -> None:
        """Scan twice, because a file must be unchanged, and end."""
        self._poll()
        self._stop.wait(self._options.settle)
        self._poll()
        self._close()

    def _poll(self) -> None:
        paths = [self._root, *self._subfolders()]
        self._folders = {
            path: self._folders.get(path)
            or WatchedFolder(path, self._options, self._stop)
            for path in paths
        }
        for folder in self._folders.values():
            if not self._stop.is_requested:
                folder.poll()
        # The next poll connects again if the server was restarted.
        close_old_connections()

    def _save_statuses(self) -> None:
        for folder in self._folders.values():
            self._statuses.save(folder.path, folder.error)
        self._statuses.keep_only(self._folders)

    def _subfolders(self) -> list[Path]:
        folders = []
        # The poll of the folder itself reports that it cannot be read.
        with suppress(OSError):
            folders = [
                path
                for path in sorted(self._root.iterdir() if self._has_subfolders else ())
                if path.name not in DESTINATIONS and not is_partial_name(path.name)
                if path.is_dir() and not path.is_symlink()
            ]
        return folders

    def _close(self) -> None:
        for folder in self._folders.values():
            folder.close()
