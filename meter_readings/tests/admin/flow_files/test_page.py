"""The page of a flow file: did it load, what was wrong, and what is there to do?"""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

from meter_readings import importer
from meter_readings.admin.flow_files import page as flow_file_page
from meter_readings.admin.flow_files import stats
from meter_readings.models import Finding, FlowFile, ImportJob, Policy
from meter_readings.tests.admin.testcases import (
    AdminTestCase,
    file_with_much,
    header_of,
)
from meter_readings.tests.flow_file_builder import (
    METER_LINE,
    MPAN_LINE,
    flow_file,
    flow_file_of_readings,
)
from meter_readings.tests.import_helpers import NOW, import_text, imported
from meter_readings.tests.users import user_with_view_permissions

GOOD = "030|S|20240401000000|99.0|||T|N|"
BAD = "030|S|20240402000000|-1.0|||T|N|"


def rejected(text: str, filename: str = "bad.uff", **options: object) -> FlowFile:
    """Return the flow file that this text became; it must have been rejected."""
    result = import_text(text, filename, **options)
    assert result.outcome == ImportJob.Outcome.REJECTED, result
    return FlowFile.objects.get(filename=filename)


class HeaderTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(file_with_much(7), requested_by=cls.superuser)

    def test_tells_what_the_header_says(self) -> None:
        words = self.words(self.file)
        self.assertIn("From UDMS (NHH data collector) To MRCY (Supplier)", words)

    def test_says_that_there_was_no_header(self) -> None:
        file = rejected("nothing of the kind")
        self.assertIn("From – To – Created by sender –", self.words(file))

    def test_header_tells_who_brought_it_and_by_which_door(self) -> None:
        self.assertIn("Brought by Command line, alice", self.words(self.file))

    def test_header_tells_who_undid_it(self) -> None:
        importer.undo_import(
            flow_file=self.file,
            now=NOW,
            channel=ImportJob.Channel.ADMIN,
            requested_by=self.superuser,
        )
        words = self.words(self.file)
        self.assertIn("Brought by Command line, alice Undone by Admin, alice,", words)

    def test_header_tells_who_brought_it_whatever_was_tried_later(self) -> None:
        for minute in range(12):
            later = NOW + timedelta(minutes=minute)
            import_text(file_with_much(7), "again.uff", now=later)
        self.assertIn("Brought by Command line, alice", self.words(self.file))

    def test_header_says_nothing_of_an_attempt_that_is_not_remembered(self) -> None:
        ImportJob.objects.all().delete()
        words = self.words(self.file)
        self.assertIn("Brought by – Size", words)
        self.assertIn("None is remembered.", words)

    def test_header_tells_the_hash_in_short_and_whole(self) -> None:
        sha256 = self.file.sha256
        self.assertIn(f"SHA-256 {sha256[:12]}… {sha256}", self.words(self.file))

    def test_header_tells_who_imported_it_and_when(self) -> None:
        self.assertIn(
            "24 Nov 2026 12:00 GMT ✓ Imported 7 readings loaded, 7 warnings."
            " Command line alice Standard",
            self.words(self.file),
        )

    def test_header_is_shown_with_one_h1(self) -> None:
        self.assertContains(self.page(self.file), "<h1", 1)


class VerdictTests(AdminTestCase):
    def verdict(self, file: FlowFile) -> str:
        """Return what became of a file in the words of its page."""
        verdict = self.page(file).context["verdict"]
        return f"{verdict.tone}: {verdict.sentence} {verdict.advice}"

    def test_verdict_of_a_good_file_is_that_nothing_needs_doing(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        self.assertEqual(self.verdict(file), "ok: Loaded: 1 reading. No action needed.")

    def test_verdict_of_a_file_with_warnings_counts_them(self) -> None:
        file = imported(file_with_much(2))
        self.assertIn("warning: Loaded: 2 readings, with 2 warn", self.verdict(file))

    def test_partially_imported_file_counts_what_was_left_out(self) -> None:
        file = imported(flow_file_of_readings(GOOD, BAD), policy=Policy.PARTIAL)
        said = "Loaded in part: 1 reading loaded, 1 reading left out. The report says"
        self.assertIn(said, self.verdict(file))

    def test_verdict_of_a_rejected_file_is_what_is_wrong_and_what_to_do(self) -> None:
        said = "Rejected for 1 error: nothing of the file is held. The value is neg"
        verdict = self.verdict(rejected(flow_file_of_readings(BAD)))
        self.assertIn(said, verdict)
        self.assertIn("Ask the sender", verdict)

    def test_verdict_of_a_file_with_several_errors_leads_to_the_report(self) -> None:
        file = rejected(flow_file_of_readings(BAD, "030|S|2024|1.0|||T|N|"))
        self.assertIn("The report says what is wrong, rule by", self.verdict(file))

    def test_verdict_of_an_undone_file_is_that_it_may_come_again(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        importer.undo_import(flow_file=file, now=NOW)
        verdict = self.verdict(file)
        self.assertIn("note: The import was undone: nothing of the file is", verdict)
        self.assertIn("it may be imported again", verdict)


class GentlerPolicyTests(AdminTestCase):
    """A rejected file is offered the policy under which it may be accepted."""

    def offered(self, file: FlowFile) -> str:
        """Return what the page offers to do with a rejected file."""
        words = self.words(file)
        return words[words.index("Import again") : words.index("See its lines")]

    def test_gentler_policy_offers_the_partial_policy_where_the_rest_is_good(
        self,
    ) -> None:
        offered = self.offered(rejected(flow_file_of_readings(GOOD, BAD)))
        self.assertEqual(offered, "Import again under Partial ")

    def test_gentler_policy_is_standard_where_only_strict_refuses(self) -> None:
        text = flow_file_of_readings(GOOD).rpartition("ZPT")[0]
        offered = self.offered(rejected(text, policy=Policy.STRICT))
        self.assertEqual(offered, "Import again under Standard ")

    def test_gentler_policy_offers_no_policy_after_a_partial_import(self) -> None:
        text = flow_file_of_readings(BAD) + "more"
        offered = self.offered(rejected(text, policy=Policy.PARTIAL))
        self.assertEqual(offered, "Import again ")

    def test_gentler_policy_is_none_where_nothing_spares_the_rest(self) -> None:
        offered = self.offered(rejected(flow_file_of_readings(GOOD, "031|x|")))
        self.assertEqual(offered, "Import again ")

    def test_gentler_policy_is_none_for_a_fault_of_the_header(self) -> None:
        text = flow_file_of_readings(GOOD).replace("|20240402091500|", "|never|", 1)
        self.assertEqual(self.offered(rejected(text)), "Import again ")

    def test_gentler_policy_is_none_for_a_rule_of_old(self) -> None:
        file = rejected(flow_file_of_readings(BAD))
        file.findings.update(code="of-old")
        self.assertEqual(self.offered(file), "Import again ")


class SumTests(AdminTestCase):
    def test_lines_groups_and_readings_add_up(self) -> None:
        file = imported(file_with_much(7))
        self.assertIn(
            "30 lines = 1 header + 1 trailer + 28 groups"
            " 28 groups = 7 readings + 21 others"
            " 7 read = 7 loaded + 0 rejected"
            " 7 loaded = 7 current + 0 duplicate + 0 superseded + 0 withdrawn"
            " Standings as they are now.",
            self.words(file),
        )

    def test_lines_that_are_neither_are_counted_too(self) -> None:
        file = imported(flow_file_of_readings(GOOD).replace("ZPT", "\nZPT"))
        self.assertIn("3 groups + 1 empty or out of place", self.words(file))

    def test_a_file_without_envelope_adds_up(self) -> None:
        file = rejected("nothing of the kind")
        words = self.words(file)
        self.assertIn("1 line = 0 groups + 1 empty or out of place 0 groups =", words)

    def test_none_of_a_rejected_file_is_loaded(self) -> None:
        words = self.words(rejected(flow_file_of_readings(BAD)))
        self.assertIn("1 read = 0 loaded + 1 rejected Trailer", words)

    def test_what_was_loaded_of_an_undone_file_is_told_as_gone(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        importer.undo_import(flow_file=file, now=NOW)
        words = self.words(file)
        self.assertIn("1 read = 1 loaded until the import was undone + 0", words)

    def test_every_standing_is_told(self) -> None:
        imported(flow_file_of_readings(GOOD, header=header_of(1)), "first.uff")
        other = GOOD.replace("99.0", "98.0")
        text = flow_file_of_readings(other, GOOD, header=header_of(2))
        words = self.words(imported(text, "later.uff"))
        self.assertIn("2 loaded = 0 current + 1 duplicate + 1 superseded + 0", words)

    def test_standings_are_what_later_files_made_of_them(self) -> None:
        file = imported(flow_file_of_readings(GOOD, header=header_of(1)))
        later = flow_file_of_readings(GOOD.replace("9", "8"), header=header_of(2))
        newer = imported(later, "later.uff")
        words = self.words(file)
        self.assertIn("1 loaded = 0 current + 0 duplicate + 1 superseded", words)
        said = "1 of the current stands in the place of another version."
        self.assertIn(said, self.words(newer))

    def test_numbers_lead_to_the_readings(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        address = f"reading/?flow_file={file.pk}&amp;version_status__exact=current"
        self.assertContains(self.page(file), address)

    def test_numbers_lead_nowhere_for_those_who_may_not_look(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        self.client.force_login(user_with_view_permissions("flowfile"))
        self.assertNotContains(self.page(file), "reading/?flow_file=")


class LargeFileTests(AdminTestCase):
    """As if two readings were many."""

    def setUp(self) -> None:
        super().setUp()
        few = patch.object(stats, "MAX_EXACT_COUNT", 1)
        few.start()
        self.addCleanup(few.stop)

    def test_large_file_tells_what_was_counted_when_it_was_loaded(self) -> None:
        text = flow_file_of_readings(GOOD, GOOD.replace("99.0", "98.0"))
        words = self.words(imported(text))
        self.assertIn("2 loaded = 1 current + 0 duplicate + 1 superseded", words)
        self.assertIn("Standings as counted when the file was loaded, ", words)

    def test_large_file_does_not_look_at_its_readings(self) -> None:
        small = imported(flow_file_of_readings(GOOD, header=header_of(3)), "one.uff")
        large = imported(file_with_much(2))
        counts = [self.query_count(each.get_absolute_url()) for each in (small, large)]
        self.assertEqual(counts, [7, 6])

    def test_large_file_tells_no_standings_where_nobody_remembers_them(self) -> None:
        file = imported(file_with_much(2))
        ImportJob.objects.all().delete()
        words = self.words(file)
        self.assertIn("2 read = 2 loaded + 0 rejected The readings of", words)


class TrailerTests(AdminTestCase):
    def test_trailer_is_compared_with_what_was_counted(self) -> None:
        file = imported(file_with_much(7))
        self.assertIn("026 groups 7 7 ✓ Agrees", self.words(file))

    def test_trailer_differs(self) -> None:
        text = file_with_much(1, 8).replace("|4||1|", "|4||2|")
        words = self.words(imported(text))
        self.assertIn("Groups 4 4 ✓ Agrees 026 groups 2 1 ▲ Differs", words)

    def test_trailer_is_not_there(self) -> None:
        file = imported(flow_file([MPAN_LINE, "027|02||"], trailer=False))
        words = self.words(file)
        self.assertIn("no trailer; 2 groups were counted, 1 of them 026", words)


class ReportTests(AdminTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(file_with_much(7))

    def test_report_groups_findings_by_rule_with_counts_and_remedy(self) -> None:
        words = self.words(self.file)
        self.assertIn("▲ Warning, 7 times: The value has more decimal", words)

    def test_report_shows_the_first_lines_of_each_rule(self) -> None:
        (rule,) = self.page(self.file).context["rules"]
        lines = [finding.line_number for finding in rule.first]
        self.assertEqual(lines, [5, 9, 13, 17, 21])

    def test_report_leads_to_the_lines(self) -> None:
        self.assertContains(self.page(self.file), f"{self.file.pk}/lines/?line=5")

    def test_report_leads_to_no_lines_for_those_who_may_not_look(self) -> None:
        self.client.force_login(user_with_view_permissions("flowfile", "finding"))
        self.assertNotContains(self.page(self.file), "/lines/")

    def test_report_leads_to_the_rest_of_a_rule(self) -> None:
        address = f"finding/?flow_file={self.file.pk}&amp;rule=extra-decimals"
        self.assertContains(self.page(self.file), address)

    def test_report_says_that_more_were_counted_than_kept(self) -> None:
        FlowFile.objects.update(finding_counts={"extra-decimals": 4_001})
        words = self.words(self.file)
        self.assertIn("4,001 times", words)
        self.assertIn("(the first 1,000 are kept, the others only counted)", words)

    def test_report_shows_errors_before_warnings(self) -> None:
        file = rejected(
            flow_file_of_readings(
                "030|S|20240401000000|1.25|||T|N|", "030|S|20240401000000|-1.0|||T|N|"
            )
        )
        rules = self.page(file).context["rules"]
        self.assertEqual([rule.code for rule in rules], ["negative", "extra-decimals"])

    def test_report_says_that_there_are_no_findings(self) -> None:
        file = imported(flow_file_of_readings(GOOD), "good.uff")
        self.assertIn("Report There are no findings.", self.words(file))

    def test_report_shows_a_rule_that_is_no_longer_known(self) -> None:
        Finding.objects.filter(flow_file=self.file).update(code="of-old")
        (rule,) = self.page(self.file).context["rules"]
        self.assertEqual([rule.sentence, rule.times], ["of-old", 7 - 2])

    def test_a_file_with_many_findings_takes_as_many_queries_as_one_with_few(
        self,
    ) -> None:
        few = imported(file_with_much(1, 9), "few.uff")
        pages = [file.get_absolute_url() for file in (few, self.file)]
        self.assertEqual([self.query_count(page) for page in pages], [7, 7])


class HistoryTests(AdminTestCase):
    def test_history_tells_what_was_taken_away(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        importer.undo_import(flow_file=file, now=NOW)
        said = "● Undone 1 reading, 1 meter and 1 meter point removed."
        self.assertIn(said, self.words(file))

    def test_history_tells_what_was_rejected(self) -> None:
        file = rejected(flow_file_of_readings(GOOD, BAD))
        self.assertIn("✕ Rejected 2 readings rejected, 1 error.", self.words(file))

    def test_history_tells_how_an_attempt_was_broken_off(self) -> None:
        job = ImportJob(state=ImportJob.State.FAILED, message="Interrupted by OSError.")
        self.assertEqual(flow_file_page.job_words(job), "Interrupted by OSError.")


class DeedTests(AdminTestCase):
    """What can be done is offered to those who may."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.held = imported(flow_file([MPAN_LINE, METER_LINE, GOOD]))
        cls.bad = rejected(flow_file_of_readings(BAD, header=header_of(1)))

    def offered(self, file: FlowFile) -> list[str]:
        """Return the last parts of the addresses that a file's page offers."""
        html = self.page(file).content.decode()
        begin, end = html.index('<ul class="action-list"'), html.index(
            '<dl class="detail-list"'
        )
        deeds = html[begin:end]
        parts = [part.split('"')[0] for part in deeds.split('href="')[1:]]
        return [part.rstrip("/").rpartition("/")[2] for part in parts]

    def test_a_file_that_is_held_can_be_exported_and_undone(self) -> None:
        everything = ["lines", "original", "readings.csv", "readings.uff", "undo"]
        self.assertEqual(self.offered(self.held), everything)

    def test_a_rejected_file_can_be_imported_again(self) -> None:
        self.assertEqual(
            self.offered(self.bad), ["?policy=partial", "lines", "original"]
        )

    def test_nothing_is_offered_to_those_who_may_only_look(self) -> None:
        self.client.force_login(user_with_view_permissions("flowfile"))
        self.assertEqual(self.offered(self.held) + self.offered(self.bad), [])


class WhatIsLeftTests(AdminTestCase):
    def test_what_is_left_says_that_the_original_is_as_it_came(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        self.assertIn("Original bytes as they came", self.words(file))

    def test_what_is_left_says_that_the_original_is_not_kept_any_more(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        FlowFile.objects.update(content="")
        self.assertIn("Original bytes no longer kept", self.words(file))

    def test_what_is_left_says_that_lines_were_taken_out_of_it(self) -> None:
        file = imported(flow_file_of_readings(GOOD))
        FlowFile.objects.update(redacted_at=NOW)
        words = self.words(file)
        self.assertIn("Redacted 24 Nov 2026 12:00 GMT : lines were taken out", words)

    def test_what_is_left_adds_up_what_is_kept_and_what_is_not(self) -> None:
        file = imported(flow_file_of_readings(GOOD, GOOD.replace("0401", "0402")))
        file.readings.latest("pk").delete()
        FlowFile.objects.update(readings_deleted=1)
        words = self.words(file)
        self.assertIn("2 loaded = 1 kept + 1 removed since", words)
        self.assertIn("1 kept = 1 current", words)
