"""What tests of uploads share: files, and sending them in each of the ways."""

from __future__ import annotations

import gzip
import io
import zipfile
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse

from meter_readings.tests.api.base import V1, ApiTestCase, later_file
from meter_readings.tests.flow_file_builder import flow_file_of_readings

FILES = V1 + "flow-files/"
UPLOAD = FILES + "upload/"

READING = "030|S|20240401000000|99.0|||T|N|"
GOOD = flow_file_of_readings(READING)
# Another file, and one with two errors
OTHER = later_file(["026|2000000000015|V|", "028|TST0000001|R|", READING])
BAD = flow_file_of_readings(
    "030|S|20240401000000|-1.0|||T|N|", "030|S|20240402000000|x|||T|N|"
)


def packed(**texts: str) -> bytes:
    """Return a .zip of files with these names and texts."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(f"{name}.uff", text)
    return stream.getvalue()


def squeezed(text: str) -> bytes:
    """Return a text as .gz."""
    return gzip.compress(text.encode())


class UploadTestCase(ApiTestCase):
    """A superuser sends files."""

    def setUp(self) -> None:
        super().setUp()
        self.silence_request_log()

    def send(
        self,
        data: str | bytes,
        name: str = "a.uff",
        *,
        address: str = FILES,
        headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> HttpResponse:
        """Return the answer to a form with a file."""
        data = data.encode() if isinstance(data, str) else data
        form = {"file": SimpleUploadedFile(name, data), **fields}
        return self.client.post(address, form, headers=headers)

    def send_body(
        self,
        data: str | bytes,
        query: str = "filename=a.uff",
        *,
        content_type: str = "application/octet-stream",
        **headers: str,
    ) -> HttpResponse:
        """Return the answer to a body that is the file."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(
            f"{FILES}?{query}", data, content_type=content_type, headers=names
        )

    def report(self, response: HttpResponse, status: int) -> dict[str, Any]:
        """Return what an answer with this status says."""
        self.assertEqual(response.status_code, status, response.content)
        data: dict[str, Any] = response.json()
        return data

    def complaints(self, response: HttpResponse, status: int) -> list[tuple[str, str]]:
        """Return what a refusal complains of: each field, and the code of its fault."""
        errors = self.report(response, status)["errors"]
        return [(error["field"], error["code"]) for error in errors]
