"""Tests of the page of a flow file."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

from meter_readings import importer
from meter_readings.admin.flow_files import stats
from meter_readings.models import Finding, FlowFile, ImportJob, Policy
from meter_readings.tests.admin.testcases import (
    AdminTestCase,
    file_with_much,
    header_of,
)
from meter_readings.tests.support.flow_file_builder import (
    METER_LINE,
    MPAN_LINE,
    flow_file,
    flow_file_of_readings,
)
from meter_readings.tests.support.import_helpers import NOW, import_text, imported
from meter_readings.tests.support.users import user_with_view_permissions

GOOD = "030|S|20240401000000|99.0|||T|N|"
BAD = "030|S|20240402000000|-1.0|||T|N|"


def rejected(text: str, filename: str = "bad.uff", **options: object) -> FlowFile:
    """Import a text that is rejected; return its flow file."""
    result = import_text(text, filename, **options)
    assert result.outcome == ImportJob.Outcome.REJECTED, result
    return FlowFile.objects.get(filename=filename)


class HeaderTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(file_with_much(7), requested_by=cls.superuser)

    def test_page_shows_sender_and_recipient(self) -> None:
        words = self.words(self.file)
        self.assertIn("From UDMS (NHH data collector) To MRCY (Supplier)", words)

    def test_file_without_header_has_no_sender_and_recipient(self) -> None:
        file = rejected("nothing of the kind")
        self.assertIn("From – To – File created –", self.words(file))

    def test_page_shows_the_user_and_channel_of_the_import(self) -> None:
        self.assertIn("Imported by alice, Command line", self.words(self.file))

    def test_page_shows_the_user_and_channel_of_the_undo(self) -> None:
        importer.undo_import(
            flow_file=self.file,
            now=NOW,
            channel=ImportJob.Channel.ADMIN,
            requested_by=self.superuser,
        )
        words = self.words(self.file)
        self.assertIn("Imported by alice, Command line Undone by alice, Admin,", words)

    def test_later_imports_of_the_same_file_do_not_change_the_import_shown(
        self,
    ) -> None:
        for minute in range(12):
            later = NOW + timedelta(minutes=minute)
            import_text(file_with_much(7), "again.uff", now=later)
        self.assertIn("Imported by alice, Command line", self.words(self.file))

    def test_page_without_import_jobs_says_so(self) -> None:
        ImportJob.objects.all().delete()
        words = self.words(self.file)
        self.assertIn("Imported by – Size", words)
        self.assertIn("No imports on record.", words)

    def test_page_shows_the_sha256_abbreviated_and_in_full(self) -> None:
        sha256 = self.file.sha256
        self.assertIn(f"SHA-256 {sha256[:12]}… {sha256}", self.words(self.file))

    def test_page_has_one_h1(self) -> None:
        self.assertContains(self.page(self.file), "<h1", 1)


class VerdictTests(AdminTestCase):
    def verdict(self, file: FlowFile) -> str:
        """Return the level, sentence and advice."""
        verdict = self.page(file).context["verdict"]
        return f"{verdict.level}: {verdict.sentence} {verdict.advice}"

    def test_verdict_of_a_valid_file_needs_no_action(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        self.assertEqual(self.verdict(file), "ok: Loaded: 1 reading. No action needed.")

    def test_verdict_counts_warnings(self) -> None:
        file = imported(file_with_much(2))
        self.assertIn("warning: Loaded: 2 readings, with 2 warn", self.verdict(file))

    def test_verdict_counts_readings_that_were_not_loaded(self) -> None:
        file = imported(flow_file_of_readings(GOOD, BAD), policy=Policy.PARTIAL)
        expected = (
            "Partly loaded: 1 reading loaded, 1 reading not loaded. The validation"
        )
        self.assertIn(expected, self.verdict(file))

    def test_verdict_of_a_file_with_one_error_gives_message_and_remedy(self) -> None:
        expected = "Rejected, 1 error: nothing from this file was loaded. The value is"
        verdict = self.verdict(rejected(flow_file_of_readings(BAD)))
        self.assertIn(expected, verdict)
        self.assertIn("Ask the sender", verdict)

    def test_verdict_of_a_file_with_several_errors_refers_to_the_report(self) -> None:
        file = rejected(flow_file_of_readings(BAD, "030|S|2024|1.0|||T|N|"))
        self.assertIn("The validation report lists the errors", self.verdict(file))

    def test_verdict_of_an_undone_file_allows_another_import(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        importer.undo_import(flow_file=file, now=NOW)
        verdict = self.verdict(file)
        self.assertIn("note: Import undone: no data from this file is stored.", verdict)
        self.assertIn("The file can be imported again.", verdict)


class SuggestedPolicyTests(AdminTestCase):
    """The action on a rejected file suggests a policy that may accept it."""

    def action_label(self, file: FlowFile) -> str:
        """Return the label of the action that imports the file again."""
        words = self.words(file)
        return words[words.index("Import again") : words.index("View contents")]

    def test_partial_is_suggested_if_other_readings_are_valid(
        self,
    ) -> None:
        label = self.action_label(rejected(flow_file_of_readings(GOOD, BAD)))
        self.assertEqual(label, "Import again as Partial ")

    def test_standard_is_suggested_if_only_strict_rejects_the_file(self) -> None:
        text = flow_file_of_readings(GOOD).rpartition("ZPT")[0]
        label = self.action_label(rejected(text, policy=Policy.STRICT))
        self.assertEqual(label, "Import again as Standard ")

    def test_no_policy_is_suggested_after_a_partial_import(self) -> None:
        text = flow_file_of_readings(BAD) + "more"
        label = self.action_label(rejected(text, policy=Policy.PARTIAL))
        self.assertEqual(label, "Import again ")

    def test_no_policy_is_suggested_if_the_error_affects_other_groups(self) -> None:
        label = self.action_label(rejected(flow_file_of_readings(GOOD, "031|x|")))
        self.assertEqual(label, "Import again ")

    def test_no_policy_is_suggested_for_an_error_in_the_header(self) -> None:
        text = flow_file_of_readings(GOOD).replace("|20240402091500|", "|never|", 1)
        self.assertEqual(self.action_label(rejected(text)), "Import again ")

    def test_no_policy_is_suggested_for_a_former_rule(self) -> None:
        file = rejected(flow_file_of_readings(BAD))
        file.findings.update(code="of-old")
        self.assertEqual(self.action_label(file), "Import again ")


class BreakdownTests(AdminTestCase):
    def test_lines_groups_and_readings_are_broken_down(self) -> None:
        file = imported(file_with_much(7))
        self.assertIn(
            "30 lines = 1 header + 1 trailer + 28 groups"
            " 28 groups = 7 readings + 21 other groups"
            " 7 readings in file = 7 loaded + 0 not loaded"
            " 7 loaded = 7 current + 0 duplicate + 0 superseded + 0 withdrawn"
            " Version status as of now.",
            self.words(file),
        )

    def test_empty_lines_are_counted(self) -> None:
        file = imported(flow_file_of_readings(GOOD).replace("ZPT", "\nZPT"))
        self.assertIn("3 groups + 1 empty or out of place", self.words(file))

    def test_file_without_header_and_trailer_is_broken_down(self) -> None:
        file = rejected("nothing of the kind")
        words = self.words(file)
        self.assertIn("1 line = 0 groups + 1 empty or out of place 0 groups =", words)

    def test_rejected_file_has_no_loaded_readings(self) -> None:
        words = self.words(rejected(flow_file_of_readings(BAD)))
        self.assertIn("1 reading in file = 0 loaded + 1 not loaded Trailer", words)

    def test_readings_of_an_undone_file_were_loaded_until_the_undo(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        importer.undo_import(flow_file=file, now=NOW)
        words = self.words(file)
        self.assertIn(
            "1 reading in file = 1 loaded until the import was undone + 0", words
        )

    def test_readings_are_broken_down_by_version_status(self) -> None:
        imported(flow_file_of_readings(GOOD, header=header_of(1)), "first.uff")
        other = GOOD.replace("99.0", "98.0")
        text = flow_file_of_readings(other, GOOD, header=header_of(2))
        words = self.words(imported(text, "later.uff"))
        self.assertIn("2 loaded = 0 current + 1 duplicate + 1 superseded + 0", words)

    def test_version_statuses_include_the_effect_of_later_files(self) -> None:
        file = imported(flow_file_of_readings(GOOD, header=header_of(1)))
        later = flow_file_of_readings(GOOD.replace("9", "8"), header=header_of(2))
        newer = imported(later, "later.uff")
        words = self.words(file)
        self.assertIn("1 loaded = 0 current + 0 duplicate + 1 superseded", words)
        expected = "1 current reading replaces an earlier version."
        self.assertIn(expected, self.words(newer))

    def test_numbers_link_to_the_readings(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        address = f"reading/?flow_file={file.pk}&amp;version_status__exact=current"
        self.assertContains(self.page(file), address)

    def test_numbers_have_no_links_without_permission(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        self.client.force_login(user_with_view_permissions("flowfile"))
        self.assertNotContains(self.page(file), "reading/?flow_file=")


class LargeFileTests(AdminTestCase):
    """Pages of files with more than `MAX_EXACT_COUNT` readings, here 1."""

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(patch.object(stats, "MAX_EXACT_COUNT", 1))

    def test_large_file_shows_the_version_statuses_at_the_import(self) -> None:
        text = flow_file_of_readings(GOOD, GOOD.replace("99.0", "98.0"))
        words = self.words(imported(text))
        self.assertIn("2 loaded = 1 current + 0 duplicate + 1 superseded", words)
        self.assertIn("Version status as of the import, ", words)

    def test_large_file_takes_no_query_of_its_readings(self) -> None:
        small = imported(flow_file_of_readings(GOOD, header=header_of(3)), "one.uff")
        large = imported(file_with_much(2))
        counts = [self.query_count(each.get_absolute_url()) for each in (small, large)]
        self.assertEqual(counts, [9, 8])

    def test_large_file_without_import_job_has_no_version_statuses(self) -> None:
        file = imported(file_with_much(2))
        ImportJob.objects.all().delete()
        words = self.words(file)
        self.assertIn("2 readings in file = 2 loaded + 0 not loaded Readings of", words)


class TrailerTests(AdminTestCase):
    def test_trailer_counts_that_match_are_shown(self) -> None:
        file = imported(file_with_much(7))
        self.assertIn("026 groups 7 7 ✓ Matches", self.words(file))

    def test_trailer_count_that_does_not_match_is_shown(self) -> None:
        text = file_with_much(1, 8).replace("|4||1|", "|4||2|")
        words = self.words(imported(text))
        self.assertIn("Groups 4 4 ✓ Matches 026 groups 2 1 ▲ Does not match", words)

    def test_missing_trailer_is_reported(self) -> None:
        file = imported(flow_file([MPAN_LINE, "027|02||"], trailer=False))
        words = self.words(file)
        self.assertIn("no trailer. It has 2 groups, 1 of them 026", words)


class ReportTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(file_with_much(7))

    def test_report_groups_findings_by_rule_with_counts_and_remedy(self) -> None:
        words = self.words(self.file)
        self.assertIn("▲ Warning (7): The value has more decimal", words)

    def test_report_shows_the_first_lines_of_each_rule(self) -> None:
        (rule,) = self.page(self.file).context["rules"]
        lines = [finding.line_number for finding in rule.examples]
        self.assertEqual(lines, [5, 9, 13, 17, 21])

    def test_report_links_to_the_lines(self) -> None:
        self.assertContains(self.page(self.file), f"{self.file.pk}/lines/?line=5")

    def test_report_has_no_links_to_lines_without_permission(self) -> None:
        self.client.force_login(user_with_view_permissions("flowfile", "finding"))
        self.assertNotContains(self.page(self.file), "/lines/")

    def test_report_links_to_all_findings_of_a_rule(self) -> None:
        address = f"finding/?flow_file={self.file.pk}&amp;rule=extra-decimals"
        self.assertContains(self.page(self.file), address)

    def test_report_shows_that_only_the_first_findings_are_stored(self) -> None:
        FlowFile.objects.update(finding_counts={"extra-decimals": 4_001})
        words = self.words(self.file)
        self.assertIn("(4,001)", words)
        self.assertIn("(only the first 1,000 are stored)", words)

    def test_report_shows_errors_before_warnings(self) -> None:
        file = rejected(
            flow_file_of_readings(
                "030|S|20240401000000|1.25|||T|N|", "030|S|20240401000000|-1.0|||T|N|"
            )
        )
        rules = self.page(file).context["rules"]
        self.assertEqual([rule.code for rule in rules], ["negative", "extra-decimals"])

    def test_report_without_findings_says_so(self) -> None:
        file = imported(flow_file_of_readings(GOOD), "good.uff")
        self.assertIn("Validation report No findings.", self.words(file))

    def test_report_shows_the_code_of_a_former_rule(self) -> None:
        Finding.objects.filter(flow_file=self.file).update(code="of-old")
        (rule,) = self.page(self.file).context["rules"]
        self.assertEqual([rule.message, rule.count], ["of-old", 7 - 2])

    def test_page_takes_as_many_queries_for_many_findings_as_for_few(
        self,
    ) -> None:
        few = imported(file_with_much(1, 9), "few.uff")
        pages = [file.get_absolute_url() for file in (few, self.file)]
        self.assertEqual([self.query_count(page) for page in pages], [9, 9])


class ActionListTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.good = imported(flow_file([MPAN_LINE, METER_LINE, GOOD]))
        cls.bad = rejected(flow_file_of_readings(BAD, header=header_of(1)))

    def actions(self, file: FlowFile) -> list[str]:
        """Return the last parts of the URLs of the actions."""
        html = self.page(file).content.decode()
        begin, end = html.index('<ul class="action-list"'), html.index(
            '<dl class="detail-list"'
        )
        section = html[begin:end]
        parts = [part.split('"')[0] for part in section.split('href="')[1:]]
        return [part.rstrip("/").rpartition("/")[2] for part in parts]

    def test_imported_file_can_be_downloaded_and_undone(self) -> None:
        everything = ["lines", "original", "readings.csv", "readings.uff", "undo"]
        self.assertEqual(self.actions(self.good), everything)

    def test_rejected_file_can_be_imported_again(self) -> None:
        self.assertEqual(
            self.actions(self.bad),
            ["?policy=partial", "lines", "original", "acknowledge"],
        )

    def test_no_action_is_shown_without_permission(self) -> None:
        self.client.force_login(user_with_view_permissions("flowfile"))
        self.assertEqual(self.actions(self.good) + self.actions(self.bad), [])


class RetentionTests(AdminTestCase):
    def test_page_shows_that_the_original_is_stored_unchanged(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        self.assertIn("Original file Stored unchanged", self.words(file))

    def test_page_says_that_only_the_beginning_of_another_file_is_stored(self) -> None:
        file = import_text("mpan,reading\n" * 9000).flow_file
        self.assertIn("Original file Only the first 64 KB are stored", self.words(file))

    def test_page_shows_that_the_original_was_deleted(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        FlowFile.objects.update(content="")
        self.assertIn("Original file Deleted", self.words(file))

    def test_page_shows_that_the_original_was_redacted(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        FlowFile.objects.update(redacted_at=NOW)
        words = self.words(file)
        self.assertIn("Redacted 24 Nov 2026 12:00 GMT : lines were removed", words)

    def test_deleted_readings_are_broken_down(self) -> None:
        file = imported(flow_file_of_readings(GOOD, GOOD.replace("0401", "0402")))
        file.readings.latest("pk").delete()
        FlowFile.objects.update(readings_deleted=1)
        words = self.words(file)
        self.assertIn("2 loaded = 1 stored + 1 deleted since", words)
        self.assertIn("1 stored = 1 current", words)
