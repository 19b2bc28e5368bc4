"""A watched folder for tests, and files that are put into it."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

from meter_readings.importer import ImportOptions
from meter_readings.models import ImportJob
from meter_readings.tests.management.run_command import FolderTestCase
from meter_readings.tests.support.flow_file_builder import (
    flow_file,
    header_line,
    mpan_core,
)
from meter_readings.watched_folders import Handled, Stop, WatchOptions
from meter_readings.watched_folders.folder import WatchedFolder


def numbered_file(number: int) -> bytes:
    """Return a valid file with one reading, of a meter point of its own."""
    header = header_line(file_identifier=f"WATCH{number:05}")
    groups = [
        f"026|{mpan_core(number)}|V|",
        f"028|WF{number:06}|R|",
        "030|S|20240401000000|99.0|||T|N|",
    ]
    return flow_file(groups, header=header).encode("ascii")


def bad_file(number: int) -> bytes:
    """Return a file that is rejected, because its value is negative."""
    return numbered_file(number).replace(b"|99.0|", b"|-9.0|")


def zipped(**members: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.uff", content)
    return data.getvalue()


def names(folder: Path) -> list[str]:
    """Return the names in a folder, its reports and hidden names left out."""
    listed = sorted(os.listdir(folder)) if folder.is_dir() else []
    return [name for name in listed if ".report." not in name and name[0] != "."]


def claims(folder: Path) -> list[str]:
    """Return the names of the claims in a watched folder."""
    processing = folder / ".processing"
    listed = os.listdir(processing) if processing.is_dir() else []
    return [name for name in listed if name != "lock"]


class WatchedFolderTestCase(FolderTestCase):
    """A folder that is polled in this process, without waiting for files to settle."""

    def setUp(self) -> None:
        super().setUp()
        self.handled: list[Handled] = []
        self.stop = Stop()
        self.watched = self.new_watcher()

    def new_watcher(self, settle: float = 0, **options: Any) -> WatchedFolder:
        """Return the folder as a watcher that has just started sees it."""
        return WatchedFolder(
            self.folder,
            WatchOptions(
                ImportOptions(channel=ImportJob.Channel.FOLDER, **options),
                interval=0,
                settle=settle,
                on_moved=self.handled.append,
            ),
            self.stop,
        )

    def poll(self, times: int = 2) -> None:
        """Poll twice, because the first scan only remembers a file."""
        for _ in range(times):
            self.watched.poll()

    def in_folder(self, name: str) -> list[str]:
        return names(self.folder / name)

    @property
    def waiting(self) -> list[str]:
        """The files that are still in the watched folder itself."""
        return [
            name
            for name in names(self.folder)
            if name not in ("done", "duplicate", "rejected")
        ]

    def report(self, path: str) -> str:
        return (self.folder / f"{path}.report.txt").read_text("utf-8")

    def findings(self, path: str) -> list[dict[str, Any]]:
        text = (self.folder / f"{path}.report.json").read_text("utf-8")
        findings: list[dict[str, Any]] = json.loads(text)
        return findings
