"""Tests of the definition of files that need attention, in every place that uses it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from django.db import connection
from django.http import QueryDict
from django.test import TestCase, override_settings
from django.utils import timezone

from meter_readings import importer
from meter_readings.d0010 import LONDON
from meter_readings.models import FlowFile, Policy
from meter_readings.queries import attention
from meter_readings.queries.attention import Reason
from meter_readings.tests.admin.testcases import AdminTestCase
from meter_readings.tests.support.flow_file_builder import (
    flow_file,
    flow_file_of_readings,
    header_line,
)
from meter_readings.tests.support.import_helpers import import_text, imported
from meter_readings.tests.support.query_plans import (
    plan_text,
    queries_of,
    table_scans,
    use_indexes_for_few_rows,
)

NOON = datetime(2026, 4, 2, 12, 0, tzinfo=LONDON)
LATER = NOON + timedelta(hours=1)
INVALID_READING = "030|S|20240401000000|x|||T|N|"
GOOD_READING = "030|S|20240402000000|99.0|||T|N|"


def import_rejected(number: int = 1, *, now: datetime = NOON) -> FlowFile:
    """Return a rejected file without a header."""
    text = f"not a flow file {number}"
    return import_text(text, f"{number}.txt", now=now).flow_file


def rejected_file(filename: str = "bad.uff", **header: str) -> FlowFile:
    """Return a file with one invalid reading, which was rejected at noon."""
    text = flow_file_of_readings(INVALID_READING, header=header_line(**header))
    return import_text(text, filename, now=NOON).flow_file


def good_file(
    filename: str = "good.uff", *, now: datetime = LATER, **header: str
) -> FlowFile:
    """Return an imported file, received after noon."""
    text = flow_file_of_readings(GOOD_READING, header=header_line(**header))
    return imported(text, filename, now=now)


def file_with_warning(number: int = 1) -> str:
    """Return a file whose MPAN has a wrong check digit, which is a warning."""
    return flow_file(
        ["026|1000000000004|V|", "028|TST0000001|R|", GOOD_READING],
        header=header_line(file_identifier=f"WARN{number:06}"),
    )


def acknowledge(file: FlowFile, *, now: datetime = LATER) -> None:
    FlowFile.objects.filter(pk=file.pk).update(acknowledged_at=now)


def needs_attention(file: FlowFile) -> bool:
    return FlowFile.objects.filter(attention.needs_attention_q(), pk=file.pk).exists()


class NeedsAttentionTests(TestCase):
    def reasons(self) -> list[Reason]:
        return [item.reason for item in attention.attention_items(now=NOON)]

    def test_file_without_findings_needs_no_attention(self) -> None:
        imported(flow_file_of_readings(GOOD_READING), now=NOON)
        self.assertEqual(self.reasons(), [])

    def test_rejected_files_are_counted_by_age(self) -> None:
        for number, days in enumerate([0, 1, 6, 7, 29, 30]):
            import_rejected(number, now=NOON - timedelta(days=days))
        (rejected,) = attention.attention_items(now=NOON)
        self.assertEqual(rejected[:2], (Reason.REJECTED, (1, 2, 2)))

    def test_partially_imported_file_is_imported_with_errors(self) -> None:
        text = flow_file_of_readings(INVALID_READING, GOOD_READING)
        imported(text, policy=Policy.PARTIAL, now=NOON)
        self.assertEqual(self.reasons(), [Reason.ERRORS])

    def test_file_with_warnings_needs_attention(self) -> None:
        imported(file_with_warning(), now=NOON)
        self.assertEqual(self.reasons(), [Reason.WARNINGS])

    def test_most_severe_reason_comes_first(self) -> None:
        imported(file_with_warning(), now=NOON)
        import_rejected()
        self.assertEqual(self.reasons(), [Reason.REJECTED, Reason.WARNINGS])

    def test_undone_import_needs_no_attention(self) -> None:
        file = imported(file_with_warning(), now=NOON)
        importer.undo_import(flow_file=file, now=LATER)
        self.assertEqual(self.reasons(), [])

    def test_attention_items_take_one_query(self) -> None:
        import_rejected()
        with self.assertNumQueries(1):
            attention.attention_items(now=NOON)


class AcknowledgedTests(TestCase):
    def test_acknowledged_file_needs_no_attention(self) -> None:
        file = import_rejected()
        acknowledge(file)
        self.assertIs(needs_attention(file), False)

    def test_another_import_of_the_file_ends_its_acknowledgement(self) -> None:
        file = import_rejected()
        acknowledge(file)
        import_rejected(now=LATER + timedelta(hours=1))
        file.refresh_from_db()
        self.assertIs(needs_attention(file), True)
        self.assertIs(attention.is_acknowledged(file), False)


class CorrectedTests(TestCase):
    def test_rejected_file_is_corrected_by_a_later_import_of_the_same_name(
        self,
    ) -> None:
        file = rejected_file("data.uff", file_identifier="FIRST")
        corrected = good_file("data.uff", file_identifier="SECOND")
        self.assertIs(needs_attention(file), False)
        self.assertEqual(attention.correction_of(file), corrected)

    def test_rejected_file_is_corrected_by_its_sender_with_the_same_identifier(
        self,
    ) -> None:
        file = rejected_file()
        corrected = good_file()
        self.assertIs(needs_attention(file), False)
        self.assertEqual(attention.correction_of(file), corrected)

    def test_rejected_file_is_not_corrected_by_another_sender(self) -> None:
        file = rejected_file()
        good_file(from_participant="OTHR")
        self.assertIs(needs_attention(file), True)
        self.assertIsNone(attention.correction_of(file))

    def test_rejected_file_is_not_corrected_by_an_earlier_import(self) -> None:
        good_file(now=NOON - timedelta(hours=1))
        file = rejected_file()
        self.assertIs(needs_attention(file), True)
        self.assertIsNone(attention.correction_of(file))

    def test_rejected_file_is_not_corrected_by_another_rejected_file(self) -> None:
        file = rejected_file()
        text = flow_file_of_readings(INVALID_READING, GOOD_READING)
        import_text(text, "bad.uff", now=LATER)
        self.assertIs(needs_attention(file), True)

    def test_file_without_a_header_is_not_corrected_by_another_without_one(
        self,
    ) -> None:
        file = import_rejected()
        other = good_file()
        FlowFile.objects.filter(pk=other.pk).update(
            file_identifier="", from_participant=""
        )
        self.assertIs(needs_attention(file), True)
        self.assertIsNone(attention.correction_of(file))

    def test_undoing_the_correction_makes_the_file_need_attention_again(self) -> None:
        file = rejected_file()
        importer.undo_import(flow_file=good_file(), now=LATER)
        self.assertIs(needs_attention(file), True)

    def test_imported_file_has_no_correction(self) -> None:
        file = good_file(now=NOON)
        self.assertIsNone(attention.correction_of(file))

    def test_indexes_find_the_correction_of_each_rejected_file(self) -> None:
        file = rejected_file()
        good_file()
        (counted,) = queries_of(lambda: attention.attention_items(now=NOON))
        found = queries_of(lambda: attention.correction_of(file))
        use_indexes_for_few_rows()
        plans = [plan_text(query) for query in (counted, *found)]
        self.assertEqual([table_scans(plan) for plan in plans], [[]] * 3)
        for plan in (plans[0], plans[1]):
            self.assertIn("flow_file_name_idx", plan)
        for plan in (plans[0], plans[2]):
            self.assertIn("flow_file_identifier_idx", plan)

    def test_index_finds_the_correction_among_many_files_of_one_name(self) -> None:
        columns = {"filename": "same.uff", "file_identifier": "SAME", "size": 1}
        columns |= {"policy": Policy.STANDARD, "file_created_at": NOON}
        FlowFile.objects.bulk_create(
            FlowFile(
                sha256=f"{number:064}",
                status="rejected" if number % 2 else "imported",
                received_at=NOON - timedelta(days=number % 2 == 0),
                **columns,
            )
            for number in range(600)
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE meter_readings_flowfile")
        (counted,) = queries_of(lambda: attention.attention_items(now=NOON))
        scans = table_scans(plan_text(counted))
        self.assertLessEqual(len(scans), 1, "only the files counted are scanned")


@override_settings(METRICS_TOKEN="a token that is known to these tests")
class OneDefinitionTests(AdminTestCase):
    """Home, list, file page and metrics agree on which files need attention."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        now = timezone.now() - timedelta(minutes=1)
        cls.rejected = import_rejected(1, now=now)
        cls.warned = imported(file_with_warning(1), "warned.uff", now=now)
        acknowledge(import_rejected(2, now=now), now=timezone.now())
        acknowledge(
            imported(file_with_warning(2), "acknowledged.uff", now=now),
            now=timezone.now(),
        )
        bad = flow_file_of_readings(INVALID_READING)
        import_text(bad, "corrected.uff", now=now)
        imported(
            flow_file_of_readings(GOOD_READING), "corrected.uff", now=timezone.now()
        )

    def test_home_counts_the_files_that_need_attention(self) -> None:
        items = attention.attention_items(now=timezone.now())
        counts = {item.reason: sum(item.days) for item in items}
        self.assertEqual(counts, {Reason.REJECTED: 1, Reason.WARNINGS: 1})

    def test_home_lists_the_rejected_files_that_need_attention(self) -> None:
        files = self.client.get("/").context["rejected"]
        self.assertEqual([*files], [self.rejected])

    def test_list_filters_to_the_files_that_need_attention(self) -> None:
        listed = self.listed("flowfile", attention="needed")
        self.assertEqual(listed, [str(self.warned), str(self.rejected)])

    def test_list_filters_to_the_files_counted_for_each_reason(self) -> None:
        listed = [
            self.listed("flowfile", **QueryDict(item.query_string).dict())
            for item in attention.attention_items(now=timezone.now())
        ]
        self.assertEqual(listed, [[str(self.rejected)], [str(self.warned)]])

    def test_list_filters_to_acknowledged_and_to_corrected_files(self) -> None:
        names = [
            [name.split(" ")[0] for name in self.listed("flowfile", attention=value)]
            for value in ("acknowledged", "corrected")
        ]
        self.assertEqual(names, [["acknowledged.uff", "2.txt"], ["corrected.uff"]])

    def test_list_ignores_an_unknown_value_of_the_filter(self) -> None:
        self.assertEqual(len(self.listed("flowfile", attention="nonsense")), 6)

    def test_pages_of_files_say_whether_they_need_attention(self) -> None:
        needing = [
            file
            for file in FlowFile.objects.all()
            if self.page(file).context["needs_attention"]
        ]
        self.assertCountEqual(needing, [self.rejected, self.warned])

    def test_metrics_count_the_files_that_need_attention_by_reason(self) -> None:
        headers = {"Authorization": "Bearer a token that is known to these tests"}
        text = self.client.get("/metrics", headers=headers).content.decode()
        pattern = r'd0010_flow_files_needing_attention\{reason="(.*)"\} (\d+)'
        self.assertEqual(
            re.findall(pattern, text),
            [("rejected", "1"), ("errors", "0"), ("warnings", "1")],
        )
