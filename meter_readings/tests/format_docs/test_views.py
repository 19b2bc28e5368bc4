"""Tests of the pages that show the project's documents."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.test import TestCase


class DocumentPageTests(TestCase):
    """The user is signed in without permissions."""

    def setUp(self) -> None:
        self.client.force_login(User.objects.create_user("reader"))

    def test_document_list_has_documents_by_title(self) -> None:
        response = self.client.get("/documentation/")
        self.assertContains(
            response,
            '<a href="/documentation/ARCHITECTURE/">Architecture</a>',
            html=True,
        )

    def test_decision_records_are_listed_on_a_separate_page(self) -> None:
        response = self.client.get("/documentation/")
        self.assertNotContains(response, "/documentation/decisions/0001")
        response = self.client.get("/documentation/decisions/README/")
        self.assertContains(response, "/documentation/decisions/0001")

    def test_markdown_is_shown_as_html(self) -> None:
        response = self.client.get("/documentation/ARCHITECTURE/")
        self.assertContains(response, '<h1 id="section-architecture">Architecture</h1>')
        self.assertContains(response, "<table>")

    def test_differences_from_the_first_specification_are_a_page(self) -> None:
        response = self.client.get("/documentation/DIFFERENCES/")
        for subject in (
            "meter type",
            "edits and deletes readings",
            "Django 6.1",
            "PostgreSQL 15",
            "DB_NAME",
            "cursor",
            "D0010_ENV",
        ):
            with self.subTest(subject):
                self.assertContains(response, subject)

    def test_links_between_documents_lead_to_pages(self) -> None:
        response = self.client.get("/documentation/ARCHITECTURE/")
        self.assertContains(response, 'href="/documentation/decisions/README/"')

    def test_table_has_the_heading_above_it_as_caption(self) -> None:
        response = self.client.get("/documentation/ARCHITECTURE/")
        self.assertContains(response, "<caption>Life of a reading</caption>")

    def test_link_to_a_heading_of_another_document_leads_to_its_section(self) -> None:
        response = self.client.get("/documentation/COMMAND_LINE/")
        self.assertContains(
            response, 'href="/documentation/OPERATIONS/#section-erasure-requests"'
        )

    def test_page_that_is_no_document_answers_404(self) -> None:
        response = self.client.get("/documentation/../config/settings.py/")
        self.assertEqual(response.status_code, 404)

    def test_anonymous_users_are_redirected_to_sign_in(self) -> None:
        self.client.logout()
        response = self.client.get("/documentation/")
        self.assertRedirects(response, "/admin/login/?next=/documentation/")
