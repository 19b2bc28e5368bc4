"""Tests of how objects are displayed, and of their URLs."""

from __future__ import annotations

from django.test import SimpleTestCase

from meter_readings.models import (
    Correction,
    DisabledQualityRule,
    Finding,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    MeterPointNote,
    NotificationDelivery,
    OverdueReading,
    QualityItem,
    QualityRun,
    Reading,
    SiteVisit,
)


class StrTests(SimpleTestCase):
    def test_flow_file_has_its_name_and_identifier(self) -> None:
        file = FlowFile(filename="a.uff", file_identifier="TEST000001")
        self.assertEqual(str(file), "a.uff (TEST000001)")

    def test_flow_file_without_an_identifier_says_so(self) -> None:
        self.assertEqual(str(FlowFile(filename="a.uff")), "a.uff (no identifier)")

    def test_meter_point_has_its_mpan_in_groups(self) -> None:
        self.assertEqual(str(MeterPoint(mpan="2000000000015")), "20 0000 0000 015")

    def test_note_has_its_id_but_not_its_text(self) -> None:
        self.assertEqual(str(MeterPointNote(pk=7, text="Dog")), "Note 7")

    def test_late_reading_has_its_level_and_state(self) -> None:
        for register, text in {
            "": "Meter point silent, late",
            "DY": "Register silent, late",
        }.items():
            with self.subTest(text):
                row = OverdueReading(register_id=register, state="late")
                self.assertEqual(str(row), text)

    def test_correction_has_its_kind_and_id_but_not_its_reason(self) -> None:
        correction = Correction(pk=7, kind="withdraw", reason="Customer died")
        self.assertEqual(str(correction), "Withdrawn 7")

    def test_delivery_of_a_notification_has_its_result(self) -> None:
        delivery = NotificationDelivery(result="Answered 500")
        self.assertEqual(str(delivery), "Answered 500")

    def test_quality_item_has_its_rule_and_state(self) -> None:
        self.assertEqual(str(QualityItem(rule="high")), "high (Open)")

    def test_quality_run_has_its_id(self) -> None:
        self.assertEqual(str(QualityRun(pk=7)), "Quality run 7")

    def test_disabled_quality_rule_has_its_rule_and_sender(self) -> None:
        disabled = DisabledQualityRule(rule="high", participant="UDMS")
        self.assertEqual(str(disabled), "high, UDMS")

    def test_meter_has_its_serial_number(self) -> None:
        self.assertEqual(str(Meter(serial_number="TST0000001")), "TST0000001")

    def test_reading_has_register_value_and_version_status(self) -> None:
        reading = Reading(register_id="S", value="99.0", version_status="superseded")
        self.assertEqual(str(reading), "S 99.0 (Superseded)")

    def test_site_visit_has_the_label_of_its_code(self) -> None:
        self.assertEqual(str(SiteVisit(check_code="20")), "No access")

    def test_site_visit_has_an_unlisted_code(self) -> None:
        self.assertEqual(str(SiteVisit(check_code="99")), "99")

    def test_site_visit_without_a_code_says_so(self) -> None:
        self.assertEqual(str(SiteVisit()), "Visit without a code")

    def test_finding_has_its_code_and_line(self) -> None:
        finding = Finding(code="negative", line_number=7)
        self.assertEqual(str(finding), "negative on line 7")

    def test_finding_of_the_whole_file_has_no_line(self) -> None:
        self.assertEqual(str(Finding(code="no-trailer")), "no-trailer on line –")

    def test_import_job_has_file_and_outcome(self) -> None:
        job = ImportJob(filename="a.uff", outcome="imported", state="finished")
        self.assertEqual(str(job), "a.uff: imported")

    def test_running_import_job_says_so(self) -> None:
        self.assertEqual(str(ImportJob(filename="a.uff")), "a.uff: Running")


class AbsoluteUrlTests(SimpleTestCase):
    def test_url_is_the_admin_page_of_the_object(self) -> None:
        for model in FlowFile, MeterPoint, Meter:
            name = model._meta.model_name
            with self.subTest(name):
                url = f"/admin/meter_readings/{name}/7/change/"
                self.assertEqual(model(pk=7).get_absolute_url(), url)


class DistributorTests(SimpleTestCase):
    def test_distributor_is_known_by_the_mpan(self) -> None:
        distributor = MeterPoint(mpan="2000000000015").distributor
        assert distributor is not None
        self.assertEqual(distributor.area, "Southern")

    def test_unknown_distributor_is_none(self) -> None:
        self.assertIsNone(MeterPoint(mpan="9900000000000").distributor)
