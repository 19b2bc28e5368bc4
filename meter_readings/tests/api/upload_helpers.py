"""Base class of the tests of uploads, and the files that they send."""

from __future__ import annotations

import gzip
import io
import zipfile
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse

from meter_readings.tests.api.base import V1, ApiTestCase, later_file
from meter_readings.tests.support.flow_file_builder import flow_file_of_readings

FILES = V1 + "flow-files/"
UPLOAD = FILES + "upload/"

READING = "030|S|20240401000000|99.0|||T|N|"
GOOD = flow_file_of_readings(READING)
# Another file, and one with two errors
OTHER = later_file(["026|2000000000015|V|", "028|TST0000001|R|", READING])
BAD = flow_file_of_readings(
    "030|S|20240401000000|-1.0|||T|N|", "030|S|20240402000000|x|||T|N|"
)


def zipped(**texts: str) -> bytes:
    """Return a zip archive of files with these names and texts."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(f"{name}.uff", text)
    return stream.getvalue()


def gzipped(text: str) -> bytes:
    """Return a text compressed with gzip."""
    return gzip.compress(text.encode())


class UploadTestCase(ApiTestCase):
    """A superuser uploads files."""

    def setUp(self) -> None:
        super().setUp()
        self.silence_request_log()

    def send(
        self,
        data: str | bytes,
        name: str = "a.uff",
        *,
        url: str = FILES,
        headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> HttpResponse:
        """Return the response to a form with a file."""
        data = data.encode() if isinstance(data, str) else data
        form = {"file": SimpleUploadedFile(name, data), **fields}
        return self.client.post(url, form, headers=headers)

    def send_body(
        self,
        data: str | bytes,
        query: str = "filename=a.uff",
        *,
        content_type: str = "application/octet-stream",
        **headers: str,
    ) -> HttpResponse:
        """Return the response to a file as the body."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(
            f"{FILES}?{query}", data, content_type=content_type, headers=names
        )

    def report(self, response: HttpResponse, status: int) -> dict[str, Any]:
        """Return the JSON of a response with this status."""
        self.assertEqual(response.status_code, status, response.content)
        data: dict[str, Any] = response.json()
        return data

    def errors(self, response: HttpResponse, status: int) -> list[tuple[str, str]]:
        """Return the errors of a response: field and code of each."""
        errors = self.report(response, status)["errors"]
        return [(error["field"], error["code"]) for error in errors]
