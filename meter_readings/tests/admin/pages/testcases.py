"""Test case and helpers for the pages without a model."""

from __future__ import annotations

import html
import re
import tempfile
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse

from meter_readings.tests.admin.testcases import AdminTestCase
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP

UPLOAD = "/admin/upload/"
GOOD = EVERY_GROUP
BAD = EVERY_GROUP.replace("12345.0", "-1.0").replace("TEST000001", "TEST000002")

_TAG = re.compile("<[^>]*>")


def sent(text: str | bytes, name: str = "a.uff") -> SimpleUploadedFile:
    """Return an uploaded file."""
    data = text.encode("cp1252") if isinstance(text, str) else text
    return SimpleUploadedFile(name, data)


def page_text(response: HttpResponse) -> str:
    """Return the text of a page from its h1 on, without tags."""
    text = response.content.decode()
    words = html.unescape(_TAG.sub(" ", text[text.index("<h1") :])).split()
    return " ".join(words)


class PageTestCase(AdminTestCase):
    """A superuser is signed in; MEDIA_ROOT is a temporary folder."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.enterContext(self.settings(MEDIA_ROOT=folder.name))

    def upload(self, *files: SimpleUploadedFile, **filled_in: Any) -> HttpResponse:
        """Upload files; return the response."""
        data = {"flow_files": files, "policy": "standard"} | filled_in
        return self.client.post(UPLOAD, data)

    def result_text(self, *files: SimpleUploadedFile, **filled_in: Any) -> str:
        """Upload files; return the text of the page."""
        response = self.upload(*files, **filled_in)
        self.assertEqual(response.status_code, 200)
        return page_text(response)
