"""Tests of the admin of data subject requests."""

from __future__ import annotations

from meter_readings.models import SubjectRequest, pseudonymise_mpan
from meter_readings.tests.admin.testcases import AdminTestCase
from meter_readings.tests.support.import_helpers import create_subject_request

MPAN, OTHER = "2000000000015", "1000000000003"


class SubjectRequestAdminTests(AdminTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.request = create_subject_request(MPAN)

    def found(self, text: str) -> list[SubjectRequest]:
        """Return the requests that a search finds."""
        address = "/admin/meter_readings/subjectrequest/"
        return list(self.client.get(address, {"q": text}).context["cl"].result_list)

    def test_mpan_finds_its_subject_request_by_pseudonym(self) -> None:
        self.assertEqual(self.found("20 0000 0000 015"), [self.request])

    def test_pseudonym_finds_its_subject_request(self) -> None:
        self.assertEqual(self.found(pseudonymise_mpan(MPAN)), [self.request])

    def test_another_mpan_finds_no_subject_request(self) -> None:
        self.assertEqual(self.found(OTHER), [])

    def test_subject_request_list_shows_who_answered_and_row_counts(self) -> None:
        page = self.client.get("/admin/meter_readings/subjectrequest/")
        self.assertContains(page, "alice")
        self.assertContains(page, "1 reading")

    def test_subject_request_page_shows_the_reason_without_the_mpan(self) -> None:
        address = f"/admin/meter_readings/subjectrequest/{self.request.pk}/change/"
        page = self.client.get(address)
        self.assertContains(page, "Request 17")
        self.assertNotContains(page, MPAN)
