"""Clients that are generated from the OpenAPI schema read and upload."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar
from unittest import skipUnless
from urllib.request import Request, urlopen

from django.contrib.auth.models import User
from django.test import LiveServerTestCase
from django.utils import timezone

from meter_readings.accounts import api_tokens
from meter_readings.api.views.root import CachedSchemaGenerator
from meter_readings.models import ApiToken
from meter_readings.tests.api.base import MPAN, OTHER_MPAN, V1
from meter_readings.tests.api.upload_helpers import BAD, GOOD


class GeneratedClientTestCase(LiveServerTestCase):
    folder: ClassVar[Path]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        temporary = tempfile.TemporaryDirectory(prefix="d0010_clients_")
        cls.folder = Path(cls.enterClassContext(temporary))
        schema = CachedSchemaGenerator().get_schema()
        (cls.folder / "schema.json").write_text(json.dumps(schema), encoding="utf-8")
        sys.path.insert(0, str(cls.folder))
        cls.addClassCleanup(sys.path.remove, str(cls.folder))

    @classmethod
    def generate(cls, *arguments: str) -> str:
        """Run a generator in the folder of the schema; return what it prints."""
        result = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=cls.folder,
            capture_output=True,
            text=True,
            check=True,
        )
        return result.stdout + result.stderr

    def setUp(self) -> None:
        user = User.objects.create_superuser("program")
        _, self.token = api_tokens.create_token(
            user=user,
            name="generated client",
            scope=ApiToken.Scope.BOTH,
            days=1,
            now=timezone.now(),
        )


@skipUnless(find_spec("openapi_python_client"), "requirements-tools.txt")
class OpenapiPythonClientTests(GeneratedClientTestCase):
    output: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        (cls.folder / "config.yaml").write_text("post_hooks: []\n", encoding="utf-8")
        cls.output = cls.generate(
            "openapi_python_client",
            "generate",
            "--path=schema.json",
            "--meta=none",
            "--config=config.yaml",
            "--output-path=generated_client",
        )

    def setUp(self) -> None:
        super().setUp()
        package = importlib.import_module("generated_client")
        self.client = package.AuthenticatedClient(
            base_url=self.live_server_url,
            token=self.token,
            raise_on_unexpected_status=True,
        )
        self.models = importlib.import_module("generated_client.models")

    def call(self, operation: str, **arguments: Any) -> tuple[int, Any]:
        """Return the status and the parsed body of an operation, such as a.b_list."""
        module = importlib.import_module(f"generated_client.api.{operation}")
        response = module.sync_detailed(client=self.client, **arguments)
        return int(response.status_code), response.parsed

    def upload(
        self, text: str, filename: str | None = "a.uff", **options: Any
    ) -> tuple[int, Any]:
        types = importlib.import_module("generated_client.types")
        file = types.File(BytesIO(text.encode()), filename, "text/plain")
        form = self.models.UploadForm(file=file)
        return self.call("flow_files.flow_files_create", body=form, **options)

    def test_every_operation_is_generated(self) -> None:
        self.assertNotIn("will not be generated", self.output)

    def test_uploads_and_reads(self) -> None:
        status, report = self.upload(GOOD, dry_run=True)
        self.assertEqual((status, report.outcome), (200, "checked"))
        status, report = self.upload(GOOD)
        self.assertEqual((status, report.outcome), (201, "imported"))
        file_id = report.flow_file.id
        _, page = self.call(
            "readings.readings_list",
            mpan=MPAN,
            fields=[
                self.models.ReadingsListFieldsItem.VALUE,
                self.models.ReadingsListFieldsItem.READ_AT,
            ],
        )
        self.assertEqual([reading.value for reading in page.results], ["99.0"])
        _, latest = self.call(
            "readings.readings_latest_retrieve", mpan=[MPAN, OTHER_MPAN]
        )
        self.assertEqual([reading.mpan for reading in latest.results], [MPAN])
        _, files = self.call("flow_files.flow_files_list", has_findings=False)
        self.assertEqual([file.id for file in files.results], [file_id])
        status, undone = self.call("flow_files.flow_files_undo_create", id=file_id)
        self.assertEqual((status, undone.deleted.readings), (200, 1))

    def test_a_rejection_is_parsed(self) -> None:
        status, problem = self.upload(BAD)
        self.assertEqual((status, problem.errors[0].line_number), (422, 4))

    def test_a_missing_filename_is_named(self) -> None:
        status, problem = self.upload(GOOD, None)
        (error,) = problem.errors
        self.assertEqual((status, error.field), (400, "filename"))
        self.assertIn("filename", error.message)


@skipUnless(find_spec("datamodel_code_generator"), "requirements-tools.txt")
class DatamodelCodeGeneratorTests(GeneratedClientTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.generate(
            "datamodel_code_generator",
            "--input=schema.json",
            "--input-file-type=openapi",
            "--output=generated_models.py",
            "--output-model-type=pydantic_v2.BaseModel",
            "--formatters=builtin",
        )

    def ask(self, url: str, data: bytes | None = None) -> bytes:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/octet-stream",
        }
        request = Request(f"{self.live_server_url}{V1}{url}", data, headers)
        with urlopen(request) as response:
            body: bytes = response.read()
        return body

    def test_the_models_parse_responses(self) -> None:
        models = importlib.import_module("generated_models")
        body = self.ask("flow-files/?filename=a.uff", GOOD.encode())
        report = models.Upload.model_validate_json(body)
        self.assertEqual(report.readings_loaded, 1)
        for url, model in [
            ("readings/", models.PaginatedReadingList),
            ("readings/summary/", models.Summary),
            ("meter-points/", models.PaginatedMeterPointList),
            ("meters/", models.PaginatedMeterList),
            ("flow-files/", models.PaginatedFlowFileList),
            ("imports/", models.PaginatedImportJobList),
        ]:
            with self.subTest(url):
                model.model_validate_json(self.ask(url))
