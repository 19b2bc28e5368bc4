"""Tests of the reason that the page of a reading gives for its version status."""

from __future__ import annotations

from meter_readings.models import Reading
from meter_readings.tests.admin.testcases import AdminTestCase, header_of
from meter_readings.tests.support.correction_helpers import correct, undo
from meter_readings.tests.support.flow_file_builder import flow_file
from meter_readings.tests.support.import_helpers import imported


def import_version(number: int, bsc_status: str, reading_type: str, value: str) -> None:
    """Import file `number`, in order of creation, with a version of one reading."""
    lines = [
        f"026|2000000000015|{bsc_status}|",
        f"028|TST0000001|{reading_type}|",
        f"030|S|20240401000000|{value}|||T|N|",
    ]
    imported(flow_file(lines, header=header_of(number)), f"version_{number}.uff")


class VersionReasonTests(AdminTestCase):
    def reason_of(self, filename: str) -> str:
        """Return the reason on the page of the version of this file."""
        reason: str = self.page(
            Reading.objects.get(flow_file__filename=filename)
        ).context["version_reason"]
        return reason

    def test_reason_of_the_current_version_is_empty(self) -> None:
        import_version(1, "V", "R", "10.0")
        self.assertEqual(self.reason_of("version_1.uff"), "")

    def test_reason_of_a_duplicate_is_the_earlier_version(self) -> None:
        import_version(1, "V", "R", "10.0")
        import_version(2, "V", "R", "10.0")
        self.assertEqual(
            self.reason_of("version_2.uff"), "It repeats an earlier version."
        )

    def test_reason_of_a_superseded_version_is_a_later_one(self) -> None:
        import_version(1, "V", "R", "10.0")
        import_version(2, "V", "R", "20.0")
        self.assertEqual(
            self.reason_of("version_1.uff"), "The current version is later."
        )

    def test_reason_of_a_superseded_version_is_a_better_validation(self) -> None:
        import_version(1, "V", "R", "10.0")
        import_version(2, "U", "R", "20.0")
        self.assertEqual(
            self.reason_of("version_2.uff"),
            "The current version has a better BSC validation (Validated).",
        )

    def test_reason_of_a_superseded_version_is_another_validation_of_its_value(
        self,
    ) -> None:
        import_version(1, "V", "R", "10.0")
        import_version(2, "F", "R", "10.0")
        self.assertEqual(
            self.reason_of("version_1.uff"),
            "The same value was sent again in version_2.uff with another BSC validation"
            " (Failed validation), which applies to both versions.",
        )

    def test_reason_of_a_withdrawn_version_is_the_withdrawal(self) -> None:
        import_version(1, "V", "R", "10.0")
        import_version(2, "V", "W", "10.0")
        self.assertEqual(
            self.reason_of("version_1.uff"), "A later version withdraws it."
        )

    def test_reason_of_a_withdrawal_is_that_it_withdraws_earlier_versions(self) -> None:
        import_version(1, "V", "R", "10.0")
        import_version(2, "V", "W", "10.0")
        self.assertEqual(
            self.reason_of("version_2.uff"), "It withdraws all earlier versions."
        )

    def test_reason_of_a_corrected_version_is_the_correction(self) -> None:
        import_version(1, "V", "R", "10.0")
        correct(Reading.objects.get(), value="11")
        self.assertEqual(
            self.reason_of("version_1.uff"),
            "A user corrected the reading. A correction counts over all files.",
        )

    def test_reason_of_an_undone_correction_is_its_undo(self) -> None:
        import_version(1, "V", "R", "10.0")
        undo(correct(Reading.objects.get(), value="11").correction)
        page = self.page(Reading.objects.get(flow_file=None))
        self.assertEqual(page.context["version_reason"], "Its correction was undone.")
