"""A watched folder: what is imported, where it is moved, and what is tried again."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.db import (
    DEFAULT_DB_ALIAS,
    DataError,
    Error,
    InternalError,
    OperationalError,
    ProgrammingError,
    connections,
)

from meter_readings.importer import (
    ImportLockTimeout,
    ImportRunner,
    JobCancelled,
    StorageFull,
)
from meter_readings.models import FlowFile, ImportJob, Reading
from meter_readings.tests.support.import_helpers import NOW, import_text, imported
from meter_readings.watched_folders import claiming, opening
from meter_readings.watched_folders.claiming import Claim, folder_lock, left_claims
from meter_readings.watched_folders.scanning import Candidate

from .watched_folder import (
    WatchedFolderTestCase,
    bad_file,
    claims,
    numbered_file,
    zipped,
)

LOG = "meter_readings.watched_folders"
_IMPORT = "meter_readings.importer.runner.import_flow_file"


class OutcomeTests(WatchedFolderTestCase):
    def test_imported_file_is_moved_to_done(self) -> None:
        self.file("a.uff", numbered_file(1))
        self.poll()
        self.assertEqual(self.in_folder("done"), ["a.uff"])
        self.assertEqual((self.waiting, claims(self.folder)), ([], []))
        self.assertEqual((self.folder / "done/a.uff").read_bytes(), numbered_file(1))
        self.assertEqual(Reading.objects.count(), 1)

    def test_job_has_the_channel_folder(self) -> None:
        self.file("a.uff", numbered_file(1))
        self.poll()
        job = ImportJob.objects.get()
        self.assertEqual((job.channel, job.filename), ("folder", "a.uff"))

    def test_report_beside_an_imported_file_says_what_was_loaded(self) -> None:
        self.file("a.uff", numbered_file(1))
        self.poll()
        self.assertEqual(
            self.report("done/a.uff"),
            f"a.uff: imported as #{FlowFile.objects.get().pk}: 1 reading, "
            "1 new meter point, 1 new meter\n",
        )
        self.assertEqual(self.findings("done/a.uff"), [])

    def test_file_that_was_imported_before_is_moved_to_duplicate(self) -> None:
        imported(numbered_file(1), "first.uff")
        self.file("a.uff", numbered_file(1))
        self.poll()
        self.assertEqual(self.in_folder("duplicate"), ["a.uff"])
        self.assertIn("already imported as #", self.report("duplicate/a.uff"))
        self.assertEqual(Reading.objects.count(), 1)

    def test_rejected_file_is_moved_to_rejected_with_every_finding(self) -> None:
        self.file("a.uff", bad_file(1))
        self.poll()
        self.assertEqual(self.in_folder("rejected"), ["a.uff"])
        self.assertEqual(
            self.report("rejected/a.uff"),
            "a.uff: rejected: The value is negative\n"
            "Error: The value is negative. (negative)\n"
            '    line 4, 030 Register Reading (J0040): found "-9.0", expected zero or '
            "more\n"
            "    What to do: Ask the sender for a corrected file, or import the rest "
            "with the partial policy.\n",
        )
        [finding] = self.findings("rejected/a.uff")
        self.assertEqual((finding["file"], finding["rule"]), ("a.uff", "negative"))

    def test_text_report_has_twenty_lines_of_a_rule_and_json_all(self) -> None:
        line = b"030|S|20240401000000|99.0|||T|N|\n"
        self.file("a.uff", numbered_file(1).replace(line, b"030|S|x|1.0|||T|N|\n" * 30))
        self.poll()
        report = self.report("rejected/a.uff")
        self.assertIn("(invalid-datetime, 30 times)", report)
        self.assertIn("    and 10 more\n", report)
        rules = [finding["rule"] for finding in self.findings("rejected/a.uff")]
        self.assertEqual(rules.count("invalid-datetime"), 30)

    def test_file_with_a_name_in_use_is_moved_to_rejected(self) -> None:
        imported(numbered_file(1), "a.uff")
        self.file("a.uff", numbered_file(2))
        self.poll()
        self.assertEqual(self.in_folder("rejected"), ["a.uff"])
        self.assertIn("refused", self.report("rejected/a.uff"))

    def test_same_name_can_be_allowed(self) -> None:
        imported(numbered_file(1), "a.uff")
        self.file("a.uff", numbered_file(2))
        self.watched = self.new_watcher(allow_same_name=True)
        self.poll()
        self.assertEqual(self.in_folder("done"), ["a.uff"])

    def test_unreadable_archive_is_moved_to_rejected(self) -> None:
        self.file("a.zip", b"PK\x03\x04 and no more")
        self.poll()
        self.assertEqual(self.in_folder("rejected"), ["a.zip"])
        self.assertTrue(self.report("rejected/a.zip").startswith("a.zip: unreadable: "))

    def test_archive_has_a_line_for_each_member(self) -> None:
        self.file("a.zip", zipped(one=numbered_file(1), two=numbered_file(2)))
        self.poll()
        self.assertEqual(self.in_folder("done"), ["a.zip"])
        first, second = self.report("done/a.zip").splitlines()
        self.assertTrue(first.startswith("a.zip: one.uff: imported as #"))
        self.assertTrue(second.startswith("a.zip: two.uff: imported as #"))

    def test_archive_with_a_rejected_member_is_moved_to_rejected(self) -> None:
        self.file("a.zip", zipped(one=numbered_file(1), two=bad_file(2)))
        self.poll()
        self.assertEqual(self.in_folder("rejected"), ["a.zip"])
        self.assertEqual(FlowFile.objects.filter(status="imported").count(), 1)

    def test_file_whose_import_a_user_cancels_is_moved_to_rejected(self) -> None:
        self.file("a.uff", numbered_file(1))
        with patch(_IMPORT, side_effect=JobCancelled):
            self.poll()
        self.assertEqual(self.in_folder("rejected"), ["a.uff"])
        self.assertEqual(self.report("rejected/a.uff"), "a.uff: cancelled by a user\n")

    def test_reports_are_readable_by_their_owner_only(self) -> None:
        self.file("a.uff", numbered_file(1))
        self.poll()
        for kind in ("txt", "json"):
            status = (self.folder / f"done/a.uff.report.{kind}").stat()
            self.assertEqual(status.st_mode & 0o777, 0o600)

    def test_move_is_logged_without_an_mpan(self) -> None:
        self.file("1000000000003.uff", numbered_file(1))
        with self.assertLogs(f"{LOG}.folder", "INFO") as log:
            self.poll()
        [record] = log.records
        self.assertEqual(record.getMessage(), "Watched file moved.")
        self.assertEqual(
            vars(record)["fields"],
            {"folder": str(self.folder), "filename": "[MPAN].uff", "result": "done"},
        )

    def test_file_that_is_not_finished_stays(self) -> None:
        self.file("a.uff", numbered_file(1))
        self.watched = self.new_watcher(settle=60)
        self.poll()
        self.assertEqual(self.waiting, ["a.uff"])


class NameTests(WatchedFolderTestCase):
    def test_file_with_the_name_of_a_moved_file_gets_the_time_of_its_claim(
        self,
    ) -> None:
        self.watched = self.new_watcher(allow_same_name=True)
        for number in (1, 2, 3):
            self.file("a.uff", numbered_file(number))
            self.poll()
        first, second, third = self.in_folder("done")
        self.assertRegex(first, r"^a-[0-9]{8}T[0-9]{6}\.[0-9]{6}Z\.uff$")
        self.assertRegex(second, r"^a-[0-9]{8}T[0-9]{6}\.[0-9]{6}Z\.uff$")
        self.assertEqual(third, "a.uff")
        contents = {path.read_bytes() for path in self.folder.glob("done/a*.uff")}
        self.assertEqual(contents, {numbered_file(number) for number in (1, 2, 3)})
        self.assertEqual(len([*self.folder.glob("done/a*.report.txt")]), 3)

    def test_name_of_the_greatest_length_is_shortened(self) -> None:
        for name in ("é" * 125 + ".uff", "b." + "c" * 253):
            self.file(name, numbered_file(len(name)))
        self.poll()
        moved = self.in_folder("done")
        self.assertEqual(len(moved), 2)
        for name in moved:
            self.assertLessEqual(len(os.fsencode(f"{name}.report.json")), 255)

    def test_name_that_is_no_text_is_moved_unchanged(self) -> None:
        path = os.fsencode(self.folder) + b"/a\xff\n.uff"
        Path(os.fsdecode(path)).write_bytes(numbered_file(1))
        self.poll()
        self.assertEqual(self.in_folder("done"), ["a\udcff\n.uff"])
        self.assertEqual(FlowFile.objects.get().filename, "a\ufffd\ufffd.uff")

    def test_claims_of_the_same_moment_have_different_times(self) -> None:
        stamp = opening.FileStamp(1, 1)
        times = []
        with folder_lock(self.folder):
            for name in ("a.uff", "b.uff"):
                self.file(name)
                claim = claiming.take(self.folder, Candidate(name, stamp), now=NOW)
                assert claim is not None
                times.append(claim.time_text)
        self.assertEqual(times, ["20261124T120000.000000Z", "20261124T120000.000001Z"])


class SenderTests(WatchedFolderTestCase):
    """A sender that writes while the watcher works."""

    @contextmanager
    def during_import(self, action: Any) -> Iterator[None]:
        """Do something after the file was claimed, before it is read."""
        original = ImportRunner.run

        def run(runner: ImportRunner, files: Any) -> Any:
            action()
            return original(runner, files)

        with patch.object(ImportRunner, "run", run):
            yield

    def claimed(self) -> Path:
        [claim] = left_claims(self.folder)
        return claim.path

    def test_file_that_grows_while_it_is_read_is_given_back(self) -> None:
        whole = numbered_file(1)
        self.file("a.uff", whole[:-30])
        with self.during_import(lambda: self.claimed().write_bytes(whole)):
            self.poll()
        self.assertEqual((self.waiting, claims(self.folder)), (["a.uff"], []))
        self.assertEqual(Reading.objects.count(), 0)
        self.poll()
        self.assertEqual(self.in_folder("done"), ["a.uff"])

    def test_file_that_grows_after_its_import_is_read_again(self) -> None:
        self.file("a.uff", bad_file(1))
        original = opening.UnchangedFile.require_unchanged
        calls = []

        def require_unchanged(stream: opening.UnchangedFile) -> None:
            calls.append(stream)
            if len(calls) == 2:
                self.claimed().write_bytes(numbered_file(1))
            original(stream)

        with patch.object(
            opening.UnchangedFile, "require_unchanged", require_unchanged
        ):
            self.poll()
        self.assertEqual(self.waiting, ["a.uff"])
        self.poll()
        self.assertEqual(self.in_folder("done"), ["a.uff"])

    def test_other_file_of_the_name_is_not_replaced(self) -> None:
        self.file("a.uff", numbered_file(1)[:-30])

        def write_and_send_another() -> None:
            self.claimed().write_bytes(numbered_file(1))
            self.file("a.uff", numbered_file(2))

        self.watched = self.new_watcher(allow_same_name=True)
        with self.during_import(write_and_send_another):
            self.poll()
        self.assertEqual((self.folder / "a.uff").read_bytes(), numbered_file(2))
        self.poll()
        self.assertEqual(len(self.in_folder("done")), 2)

    def test_file_that_became_a_link_is_given_back(self) -> None:
        self.file("a.uff", numbered_file(1))
        self.watched.poll()
        stamp = self.watched._scanner.scan()[0].stamp
        (self.folder / "a.uff").unlink()
        (self.folder / "a.uff").symlink_to("/etc/passwd")
        with patch.object(
            self.watched._scanner, "scan", return_value=[Candidate("a.uff", stamp)]
        ):
            self.watched.poll()
        self.assertEqual((self.watched.error, self.waiting), ("", ["a.uff"]))

    def test_file_that_is_gone_is_no_error(self) -> None:
        gone = Candidate("gone.uff", opening.FileStamp(1, 1))
        with patch.object(self.watched._scanner, "scan", return_value=[gone]):
            self.poll()
        self.assertEqual((self.watched.error, claims(self.folder)), ("", []))

    def test_file_that_may_not_be_moved_stays_and_others_are_imported(self) -> None:
        self.file("a.uff", numbered_file(1))
        self.file("b.uff", numbered_file(2))
        rename = os.rename

        def refuse(source: Any, target: Any) -> None:
            if str(source).endswith("/a.uff") and ".processing" in str(target):
                raise PermissionError(1, "Operation not permitted")
            rename(source, target)

        with patch("os.rename", refuse), self.assertLogs(LOG, "WARNING") as log:
            self.poll(4)
        self.assertEqual((self.waiting, self.in_folder("done")), (["a.uff"], ["b.uff"]))
        [record] = log.records
        fields = vars(record)["fields"]
        self.assertEqual(fields["reason"], "operation not permitted")


class SiteErrorTests(WatchedFolderTestCase):
    """Errors of the database, of a disk or of the drive: files stay, and wait."""

    def assert_waits(self, error: Exception, reason: str) -> None:
        """Let the import of a file fail; it must be imported afterwards."""
        self.file("a.uff", numbered_file(1))
        with (
            patch(_IMPORT, side_effect=error),
            self.assertLogs(LOG, "ERROR") as log,
        ):
            self.poll(6)
        [record] = log.records
        self.assertEqual(record.getMessage(), "Watched folder in error.")
        self.assertEqual(vars(record)["fields"]["reason"], reason)
        self.assertEqual(self.watched.error, reason)
        for name in ("done", "duplicate", "rejected"):
            self.assertEqual(self.in_folder(name), [])
        self.poll()
        self.assertEqual((self.in_folder("done"), self.watched.error), (["a.uff"], ""))

    def test_file_waits_for_the_database(self) -> None:
        error = OperationalError("server closed the connection\nDETAIL: a value")
        self.assert_waits(error, "server closed the connection")

    def test_file_waits_for_the_tables(self) -> None:
        self.assert_waits(ProgrammingError("no such table"), "ProgrammingError")

    def test_file_waits_for_another_import(self) -> None:
        self.assert_waits(
            ImportLockTimeout(), "another file is being imported or undone"
        )

    def test_file_waits_for_free_space(self) -> None:
        self.assert_waits(StorageFull("A disk is full."), "A disk is full.")

    def test_file_waits_for_the_disk(self) -> None:
        self.assert_waits(
            OSError(errno.EIO, "Input/output error"), "input/output error"
        )

    def test_file_is_not_claimed_while_the_database_cannot_be_reached(self) -> None:
        self.file("a.uff", numbered_file(1))
        with (
            patch.object(
                type(connections[DEFAULT_DB_ALIAS]),
                "ensure_connection",
                side_effect=OperationalError("x"),
            ),
            self.assertLogs(LOG, "ERROR"),
        ):
            self.poll(3)
        self.assertEqual(self.waiting, ["a.uff"])

    def test_other_files_come_before_one_that_has_failed(self) -> None:
        self.file("a.uff", numbered_file(1))
        with (
            patch(_IMPORT, side_effect=StorageFull("full")),
            self.assertLogs(LOG, "ERROR"),
        ):
            self.poll()
        self.file("b.uff", numbered_file(2))
        self.poll()
        labels = [handled.messages[0].partition(":")[0] for handled in self.handled]
        self.assertEqual(sorted(labels), ["a.uff", "b.uff"])

    def test_file_whose_bytes_do_not_come_waits(self) -> None:
        self.file("a.zip", zipped(one=numbered_file(1)))

        broken = OSError(errno.EIO, "Input/output error")
        original = opening.open_plain_file

        def open_broken(path: Path) -> Any:
            file = original(path)
            if ".processing" in str(path):
                file.read = self.raising(broken)  # type: ignore[method-assign]
            return file

        with (
            patch(
                "meter_readings.watched_folders.importing.open_plain_file", open_broken
            ),
            self.assertLogs(LOG, "ERROR"),
        ):
            self.poll()
        self.assertEqual(self.watched.error, "input/output error")
        self.poll()
        self.assertEqual(self.in_folder("done"), ["a.zip"])

    def raising(self, error: Exception) -> Any:
        def read(size: int = -1) -> bytes:
            raise error

        return read

    def test_polls_become_rarer_while_an_error_lasts(self) -> None:
        self.watched = self.new_watcher()
        self.watched.path = self.folder / "missing"
        object.__setattr__(self.watched._options, "interval", 10.0)
        delays = []
        with self.assertLogs(LOG, "ERROR"), patch("time.monotonic") as clock:
            clock.return_value = 0.0
            shutil.rmtree(self.folder)
            for _ in range(7):
                clock.return_value = self.watched._next_poll_at
                self.watched.poll()
                delays.append(self.watched._next_poll_at - clock.return_value)
            self.watched.poll()
            self.folder.mkdir()
        self.assertEqual(delays, [10, 20, 40, 80, 160, 300, 300])

    def test_vanished_folder_is_logged_once_and_works_when_it_is_back(self) -> None:
        self.file("a.uff", numbered_file(1))
        elsewhere = self.folder.with_name(f"{self.folder.name}-elsewhere")
        self.folder.rename(elsewhere)
        with self.assertLogs(LOG, "INFO") as log:
            self.poll(5)
            elsewhere.rename(self.folder)
            self.poll(3)
        messages = [record.getMessage() for record in log.records]
        self.assertEqual(
            messages,
            [
                "Watched folder in error.",
                "Watched folder in order again.",
                "Watched file moved.",
            ],
        )
        self.assertEqual(self.in_folder("done"), ["a.uff"])


class MoveTests(WatchedFolderTestCase):
    """The subfolder cannot be written: here it is a link to nothing."""

    def setUp(self) -> None:
        super().setUp()
        (self.folder / "done").symlink_to(self.folder / "missing/done")
        self.file("a.uff", numbered_file(1))
        with self.assertLogs(LOG, "ERROR") as log:
            self.poll(4)
        self.assertEqual(len(log.records), 1)

    def free_done(self) -> None:
        (self.folder / "done").unlink()

    def test_file_is_imported_although_it_cannot_be_moved(self) -> None:
        self.assertEqual(Reading.objects.count(), 1)
        self.assertEqual(self.watched.error, "no such file or directory")

    def test_other_files_are_imported_and_rejected_meanwhile(self) -> None:
        self.file("b.uff", numbered_file(2))
        self.file("c.uff", bad_file(3))
        self.poll()
        self.assertEqual(Reading.objects.count(), 2)
        self.assertEqual(self.in_folder("rejected"), ["c.uff"])

    def test_move_is_repeated_without_another_import(self) -> None:
        self.free_done()
        self.poll(1)
        self.assertEqual(self.in_folder("done"), ["a.uff"])
        self.assertEqual(ImportJob.objects.count(), 1)
        self.assertIn("imported as #", self.report("done/a.uff"))

    def test_next_watcher_finds_it_imported_and_moves_it_to_done(self) -> None:
        self.free_done()
        self.watched = self.new_watcher()
        self.poll(1)
        self.assertEqual(self.in_folder("done"), ["a.uff"])
        self.assertEqual(Reading.objects.count(), 1)
        self.assertIn("already imported as #", self.report("done/a.uff"))

    def test_a_stop_is_not_counted_as_an_attempt(self) -> None:
        for _ in range(5):
            self.watched.close()
            self.watched = self.new_watcher()
            with self.assertLogs(LOG, "ERROR"):
                self.poll(1)
        self.assertEqual([claim.attempt for claim in left_claims(self.folder)], [1])


class LeftClaimTests(WatchedFolderTestCase):
    """Claims that a killed watcher has left."""

    def leave(self, data: bytes, *, attempt: int = 1, name: str = "a.uff") -> Claim:
        directory = self.folder / ".processing" / f"{self.time_text()}-{attempt}"
        directory.mkdir(parents=True)
        (directory / name).write_bytes(data)
        return Claim(self.folder, directory, name)

    def time_text(self) -> str:
        return f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"

    def test_file_of_a_claim_is_imported(self) -> None:
        self.leave(numbered_file(1))
        self.poll(1)
        self.assertEqual((self.in_folder("done"), claims(self.folder)), (["a.uff"], []))

    def test_file_that_the_killed_watcher_has_imported_is_moved_to_done(self) -> None:
        self.leave(numbered_file(1))
        import_text(numbered_file(1), "a.uff", now=datetime.now(UTC))
        self.poll(1)
        self.assertEqual(self.in_folder("done"), ["a.uff"])

    def test_report_of_such_a_file_has_its_stored_findings(self) -> None:
        data = numbered_file(1).replace(b"|99.0|", b"|99|")
        self.leave(data)
        import_text(data, "a.uff", now=datetime.now(UTC))
        self.poll(1)
        rules = [finding["rule"] for finding in self.findings("done/a.uff")]
        self.assertEqual(rules, ["no-decimal"])

    def test_file_that_was_imported_before_its_claim_is_a_duplicate(self) -> None:
        import_text(numbered_file(1), "a.uff", now=datetime.now(UTC))
        self.leave(numbered_file(1))
        self.poll(1)
        self.assertEqual(self.in_folder("duplicate"), ["a.uff"])

    def test_attempts_are_counted_before_they_are_made(self) -> None:
        self.leave(numbered_file(1))
        with (
            patch(_IMPORT, side_effect=OperationalError("x")),
            self.assertLogs(LOG, "ERROR"),
        ):
            self.poll(3)
        self.assertEqual([claim.attempt for claim in left_claims(self.folder)], [2])

    def test_file_that_has_ended_its_process_three_times_is_rejected(self) -> None:
        self.leave(numbered_file(1), attempt=3)
        self.poll(1)
        self.assertEqual(self.in_folder("rejected"), ["a.uff"])
        self.assertEqual(
            self.report("rejected/a.uff"),
            "a.uff: interrupted: the import ended unexpectedly 3 times: its process "
            "was killed. Import it with import_d0010 to see the cause.\n",
        )
        self.assertEqual(self.findings("rejected/a.uff"), [])

    def test_imported_file_is_moved_to_done_however_often_it_was_tried(self) -> None:
        self.leave(numbered_file(1), attempt=3)
        import_text(numbered_file(1), "a.uff", now=datetime.now(UTC))
        self.poll(1)
        self.assertEqual(self.in_folder("done"), ["a.uff"])

    def test_defect_is_tried_three_times_then_the_file_is_rejected(self) -> None:
        for error in (RuntimeError("1000000000003"), DataError("x")):
            self.file("a.uff", numbered_file(1))
            with (
                self.subTest(error),
                patch(_IMPORT, side_effect=error) as attempts,
                self.assertLogs(LOG, "INFO") as log,
            ):
                self.poll(4)
                self.assertEqual(attempts.call_count, 3)
                self.assertIn(type(error).__name__, self.report("rejected/a.uff"))
                self.assertNotIn("1000000000003", str(log.output))
            shutil.rmtree(self.folder / "rejected")

    def test_a_stop_does_not_uncount_the_attempts_of_another_watcher(self) -> None:
        self.leave(numbered_file(1), attempt=2)
        self.watched.close()
        self.assertEqual([claim.attempt for claim in left_claims(self.folder)], [2])

    def test_empty_claim_is_removed(self) -> None:
        self.leave(numbered_file(1)).path.unlink()
        self.poll(1)
        self.assertEqual(claims(self.folder), [])

    def test_report_that_was_moved_before_the_file_is_written_again(self) -> None:
        self.leave(numbered_file(1))
        (self.folder / "done").mkdir()
        (self.folder / "done/a.uff.report.txt").write_text("of the killed watcher")
        self.poll(1)
        self.assertIn("imported as #", self.report("done/a.uff"))

    def test_file_that_is_changing_cannot_be_given_back_without_links(self) -> None:
        claim = self.leave(numbered_file(1))
        with patch("os.link", side_effect=OSError(errno.EPERM, "no links")):
            claim.give_back()
        self.assertEqual(left_claims(self.folder), [claim])


class LockTests(WatchedFolderTestCase):
    def test_folder_of_another_watcher_is_left_alone(self) -> None:
        self.file("a.uff", numbered_file(1))
        with (
            folder_lock(self.folder) as is_locked,
            self.assertLogs(LOG, "INFO") as log,
        ):
            self.assertTrue(is_locked)
            self.poll(3)
            self.watched.close()
        self.assertEqual(len(log.records), 1)
        self.assertEqual(self.waiting, ["a.uff"])
        self.poll(1)
        self.assertEqual(self.in_folder("done"), ["a.uff"])

    def test_file_system_without_locks_is_reported_once(self) -> None:
        self.file("a.uff", numbered_file(1))
        claiming._warn_of_missing_locks.cache_clear()
        with (
            patch.object(claiming.fcntl, "flock", side_effect=OSError(errno.ENOLCK)),
            self.assertLogs(f"{LOG}.claiming", "WARNING") as log,
        ):
            self.poll()
        self.assertEqual(len(log.records), 1)
        self.assertEqual(self.in_folder("done"), ["a.uff"])

    def test_windows_has_no_locks(self) -> None:
        self.file("a.uff", numbered_file(1))
        with patch.object(claiming, "fcntl", None):
            self.poll()
        self.assertEqual(self.in_folder("done"), ["a.uff"])

    def test_closing_a_vanished_folder_is_no_crash(self) -> None:
        shutil.rmtree(self.folder)
        with self.assertLogs(LOG, "ERROR"):
            self.watched.close()
        self.folder.mkdir()


class StopTests(WatchedFolderTestCase):
    def test_interrupted_file_is_given_back(self) -> None:
        self.file("a.uff", numbered_file(1))
        self.file("b.uff", numbered_file(2))

        def interrupt(**options: Any) -> None:
            self.stop.is_requested = True
            raise KeyboardInterrupt

        with patch(_IMPORT, interrupt):
            self.poll()
        self.assertEqual(self.waiting, ["a.uff", "b.uff"])
        self.assertEqual(claims(self.folder), [])

    def test_file_that_is_stored_nevertheless_stays_claimed_and_is_done_later(
        self,
    ) -> None:
        self.file("a.uff", numbered_file(1))
        finish = ImportRunner._finish

        def interrupt(runner: ImportRunner, result: Any) -> Any:
            raise KeyboardInterrupt

        with patch.object(ImportRunner, "_finish", interrupt):
            self.poll()
        self.assertEqual(len(claims(self.folder)), 1)
        self.assertTrue(finish)
        self.watched = self.new_watcher()
        self.poll(1)
        self.assertEqual(self.in_folder("done"), ["a.uff"])

    def test_file_stays_claimed_if_the_database_does_not_say_what_is_stored(
        self,
    ) -> None:
        self.file("a.uff", numbered_file(1))
        with (
            patch(_IMPORT, side_effect=KeyboardInterrupt),
            patch.object(ImportRunner, "stored_file", side_effect=Error),
        ):
            self.poll()
        self.assertEqual(len(claims(self.folder)), 1)

    def test_signal_between_an_import_and_its_move_only_sets_the_request(self) -> None:
        with self.stop.handling_signals():
            os.kill(os.getpid(), signal.SIGTERM)
        self.assertTrue(self.stop.is_requested)
        self.assertEqual(self.stop.signal_number, signal.SIGTERM)

    def test_no_import_begins_after_a_stop(self) -> None:
        self.stop.is_requested = True
        with self.assertRaises(KeyboardInterrupt), self.stop.interruptible():
            self.fail("not reached")

    def test_reader_of_the_output_that_has_ended_ends_the_watcher(self) -> None:
        self.file("a.uff", numbered_file(1))
        object.__setattr__(
            self.watched._options, "on_moved", self.raising(BrokenPipeError())
        )
        with self.assertRaises(BrokenPipeError):
            self.poll()
        self.assertEqual(self.in_folder("done"), ["a.uff"])

    def raising(self, error: Exception) -> Any:
        def on_moved(handled: object) -> None:
            raise error

        return on_moved


class ReasonTests(WatchedFolderTestCase):
    def test_reason_of_an_unexpected_error_is_its_type(self) -> None:
        for error, reason in [
            (ValueError("1000000000003"), "ValueError"),
            (InternalError("1000000000003"), "InternalError"),
        ]:
            with (
                patch.object(self.watched, "_scan", side_effect=error),
                self.assertLogs(LOG, "ERROR"),
            ):
                self.watched.poll()
            self.assertEqual(self.watched.error, reason)
