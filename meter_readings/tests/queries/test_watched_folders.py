"""Tests of the states of watched folders, in every place that shows them."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from django.test import TestCase
from django.utils import timezone

from meter_readings.models import ImportJob, WatchedFolderStatus
from meter_readings.ops.checks import services
from meter_readings.ops.diagnostics import readiness_notices
from meter_readings.ops.metrics import render_prometheus
from meter_readings.queries.watched_folders import (
    FolderState,
    folder_problems,
    folder_statuses,
)
from meter_readings.tests.support.import_helpers import NOW, create_folder_status

MINUTE = timedelta(minutes=1)


def in_error(minutes: int) -> WatchedFolderStatus:
    """Store a folder that has been in error for so many minutes before NOW."""
    since = NOW - minutes * MINUTE
    return create_folder_status(polled_at=NOW, error="host is down", error_since=since)


class StateTests(TestCase):
    def state(self) -> FolderState:
        [status] = folder_statuses(now=NOW)
        return status.state

    def test_folder_that_was_polled_lately_is_fine(self) -> None:
        create_folder_status(polled_at=NOW - 29 * MINUTE)
        self.assertEqual(self.state(), FolderState.FINE)

    def test_folder_is_in_error_after_five_minutes(self) -> None:
        in_error(4)
        self.assertEqual(self.state(), FolderState.FINE)
        WatchedFolderStatus.objects.all().delete()
        in_error(5)
        self.assertEqual(self.state(), FolderState.ERROR)

    def test_folder_that_was_not_polled_for_half_an_hour_is_not_watched(self) -> None:
        create_folder_status(polled_at=NOW - 31 * MINUTE)
        self.assertEqual(self.state(), FolderState.NOT_POLLED)

    def test_watcher_that_imports_a_large_file_polls_no_folder(self) -> None:
        create_folder_status(polled_at=NOW - 31 * MINUTE)
        ImportJob.objects.create(
            channel="folder", state="running", started_at=NOW, heartbeat_at=NOW
        )
        self.assertEqual(self.state(), FolderState.FINE)

    def test_folders_take_one_query_or_two(self) -> None:
        for number in range(5):
            create_folder_status(f"/srv/{number}", polled_at=NOW)
        with self.assertNumQueries(1):
            self.assertEqual(folder_problems(now=NOW), [])
        with self.assertNumQueries(2):
            self.assertEqual(len(folder_problems(now=NOW + 60 * MINUTE)), 5)


class PlacesTests(TestCase):
    """A folder is in error: people see it, and programs do."""

    def setUp(self) -> None:
        create_folder_status(
            error="host is down", error_since=timezone.now() - 6 * MINUTE
        )

    def test_home_page_and_admin_index_name_the_folder_and_the_reason(self) -> None:
        self.client.force_login(User.objects.create_superuser("alice"))
        for address in ("/", "/admin/"):
            with self.subTest(address):
                page = self.client.get(address)
                self.assertContains(page, "<code>/srv/in</code>: host is down, since")
                self.assertContains(page, "Its files wait.")

    def test_home_page_says_that_no_watcher_polls_a_folder(self) -> None:
        WatchedFolderStatus.objects.update(polled_at=timezone.now() - 40 * MINUTE)
        self.client.force_login(User.objects.create_superuser("alice"))
        self.assertContains(self.client.get("/"), "Its watcher was stopped")

    def test_check_of_the_installation_fails(self) -> None:
        result = services.watched_folders()
        self.assertIs(result.is_failure, True)
        self.assertIn("/srv/in: host is down, since ", result.message)
        self.assertIn("journalctl -u d0010-watch", result.remedy)

    def test_check_of_the_installation_passes_without_a_folder(self) -> None:
        WatchedFolderStatus.objects.all().delete()
        self.assertIs(services.watched_folders().is_failure, False)

    def test_readyz_has_a_notice_without_the_path(self) -> None:
        self.assertEqual(
            [each.name for each in readiness_notices()], ["watched folders"]
        )
        answer = self.client.get("/readyz").content.decode()
        self.assertIn("watched folders", answer)
        self.assertNotIn("/srv", answer)

    def test_metrics_count_the_folders_by_state(self) -> None:
        text = render_prometheus(now=timezone.now())
        self.assertIn('d0010_watched_folders{state="error"} 1.0', text)
        self.assertIn('d0010_watched_folders{state="fine"} 0.0', text)
