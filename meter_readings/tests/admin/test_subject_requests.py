"""The admin of what was erased and handed over."""

from __future__ import annotations

from meter_readings.models import SubjectRequest
from meter_readings.models.pseudonyms import pseudonymise_mpan
from meter_readings.tests.admin.testcases import AdminTestCase
from meter_readings.tests.import_helpers import create_subject_request

MPAN, OTHER = "2000000000015", "1000000000003"


class SubjectRequestAdminTests(AdminTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.request = create_subject_request(MPAN)

    def found(self, text: str) -> list[SubjectRequest]:
        """Return what the list shows that is searched for a text."""
        address = "/admin/meter_readings/subjectrequest/"
        return list(self.client.get(address, {"q": text}).context["cl"].result_list)

    def test_subject_request_admin_is_found_by_its_mpan_which_is_not_kept(self) -> None:
        self.assertEqual(self.found("20 0000 0000 015"), [self.request])

    def test_subject_request_admin_is_found_by_its_pseudonym(self) -> None:
        self.assertEqual(self.found(pseudonymise_mpan(MPAN)), [self.request])

    def test_subject_request_admin_is_not_found_by_another_mpan(self) -> None:
        self.assertEqual(self.found(OTHER), [])

    def test_the_list_tells_who_answered_it_and_what_there_was(self) -> None:
        page = self.client.get("/admin/meter_readings/subjectrequest/")
        self.assertContains(page, "alice")
        self.assertContains(page, "1 reading")

    def test_its_page_tells_why(self) -> None:
        address = f"/admin/meter_readings/subjectrequest/{self.request.pk}/change/"
        page = self.client.get(address)
        self.assertContains(page, "Request 17")
        self.assertNotContains(page, MPAN)
