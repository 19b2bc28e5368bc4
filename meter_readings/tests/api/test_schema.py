"""The description of the API is complete, and true."""

from __future__ import annotations

from typing import Any

import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from config.environment import PROJECT_ROOT
from meter_readings.api.bodies import PARAMETERS, PARSERS
from meter_readings.tests.api.base import EVERYTHING, MPAN, PROBLEM, V1, ApiTestCase
from meter_readings.tests.api.test_permissions import MODELS, PERMISSIONS, SENT
from meter_readings.tests.import_helpers import import_text, imported

from .upload_helpers import BAD, GOOD, OTHER

COMMITTED = PROJECT_ROOT / "documentation/openapi.yaml"
OPERATIONS = "/api/v1/"


class SchemaTestCase(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(EVERYTHING)
        import_text("This is no flow file.", "rejected.uff")
        cls.schema: dict[str, Any] = yaml.safe_load(COMMITTED.read_text())

    def validator(self, of: dict[str, Any]) -> Draft202012Validator:
        """Return what judges data by a schema inside the description."""
        whole = Resource.from_contents(self.schema, DRAFT202012)
        return Draft202012Validator(
            _absolute(of["schema"]),
            registry=Registry().with_resource("urn:api", whole),
            format_checker=FormatChecker(),
        )


class SchemaTests(SchemaTestCase):
    def operations(self) -> list[tuple[str, dict[str, Any]]]:
        """Return every address with what is said of reading it."""
        paths = self.schema["paths"].items()
        return [(path, item["get"]) for path, item in paths if "get" in item]

    def content(self, operation: dict[str, Any]) -> dict[str, Any]:
        """Return what is said of the JSON that comes back."""
        described: dict[str, Any] = operation["responses"]["200"]["content"]
        return described["application/json"]

    def address(self, path: str) -> str:
        """Return the address of a row that is there."""
        name = path.removeprefix(OPERATIONS).partition("/")[0]
        row = MODELS[name]._default_manager.order_by("pk")[0]
        query = f"?mpan={MPAN}" if path.endswith("/latest/") else ""
        return path.replace("{id}", str(row.pk)) + query

    def test_the_committed_description_is_that_of_the_code(self) -> None:
        made = yaml.safe_load(self.get("schema/").content)
        self.assertEqual(made, self.schema)

    def test_it_can_be_made_without_a_warning(self) -> None:
        call_command("spectacular", "--fail-on-warn", "--file", "/dev/null")

    def test_is_openapi_3_1(self) -> None:
        self.assertEqual(self.schema["openapi"], "3.1.0")
        validate_schema(self.schema)

    def test_has_every_address_of_a_resource(self) -> None:
        there = {
            V1 + route.replace("<int:pk>", "{id}")
            for route in {*PERMISSIONS, *SENT}
            if route not in ("", "schema/", "docs/")
        }
        self.assertEqual(set(self.schema["paths"]), there)

    def test_has_every_parameter_and_no_other(self) -> None:
        for path, operation in self.operations():
            match = self.client.get(self.address(path)).resolver_match
            assert match is not None
            names = [
                parameter["name"]
                for parameter in operation["parameters"]
                if parameter["in"] == "query"
            ]
            with self.subTest(path):
                self.assertCountEqual(names, match.func.view_class().parameter_names())

    def test_every_parameter_says_what_it_is(self) -> None:
        for path, operation in self.operations():
            for parameter in operation["parameters"]:
                with self.subTest(path, name=parameter["name"]):
                    self.assertTrue(parameter["description"])
                    self.assertTrue(parameter["schema"])

    def test_every_answer_has_an_example_that_is_right(self) -> None:
        for path, operation in self.operations():
            if path.endswith("/content/"):
                continue
            content = self.content(operation)
            with self.subTest(path):
                example = content["examples"]["Example"]["value"]
                self.validator(content).validate(example)

    def test_every_refusal_has_an_example_that_is_right(self) -> None:
        for name, response in self.schema["components"]["responses"].items():
            content = response["content"][PROBLEM]
            with self.subTest(name):
                example = content["examples"]["Example"]["value"]
                self.validator(content).validate(example)

    def test_every_operation_may_be_refused(self) -> None:
        for path, operation in self.operations():
            with self.subTest(path):
                self.assertLessEqual(
                    {"400", "401", "403", "406", "503"}, set(operation["responses"])
                )

    def test_what_comes_back_is_as_it_says(self) -> None:
        for path, operation in self.operations():
            if path.endswith("/content/"):
                continue
            with self.subTest(path):
                data = self.client.get(self.address(path)).json()
                self.validator(self.content(operation)).validate(data)

    def test_what_comes_back_has_the_fields_of_the_example(self) -> None:
        for path, operation in self.operations():
            if path.endswith("/content/"):
                continue
            with self.subTest(path):
                data = self.client.get(self.address(path)).json()
                example = self.content(operation)["examples"]["Example"]["value"]
                self.assertEqual(list(data), list(example))
                for row, shown in zip(
                    data.get("results", []), example.get("results", [])
                ):
                    self.assertEqual(list(row), list(shown))

    def test_a_refusal_is_as_it_says(self) -> None:
        self.expect_refusals()
        data = self.client.get(V1 + "readings/", {"mpan": "1"}).json()
        content = self.schema["components"]["responses"]["BadRequest"]["content"]
        self.validator(content[PROBLEM]).validate(data)


class UploadSchemaTests(SchemaTestCase):
    """What is said of sending files, at both addresses."""

    def uploads(self) -> list[dict[str, Any]]:
        """Return what is said of each way in."""
        paths = self.schema["paths"].values()
        return [item["post"] for item in paths if "post" in item]

    def test_both_addresses_say_the_same(self) -> None:
        one, other = self.uploads()
        self.assertEqual(one | {"operationId": ""}, other | {"operationId": ""})

    def test_has_every_parameter_and_no_other(self) -> None:
        names = [each["name"] for each in self.uploads()[0]["parameters"]]
        self.assertCountEqual(names, [*PARAMETERS, "format", "Content-Disposition"])

    def test_a_token_needs_the_scope_to_import(self) -> None:
        self.assertIn({"token": ["import"]}, self.uploads()[0]["security"])

    def test_has_every_content_type(self) -> None:
        content = self.uploads()[0]["requestBody"]["content"]
        types = [str(parser.media_type) for parser in PARSERS]
        self.assertCountEqual(content, types)

    def test_every_part_of_the_form_says_what_it_is(self) -> None:
        content = self.uploads()[0]["requestBody"]["content"]
        form = content["multipart/form-data"]["schema"]["properties"]
        self.assertCountEqual(form, ["file", *PARAMETERS])
        self.assertTrue(all(each["description"] for each in form.values()))

    def test_has_every_status(self) -> None:
        statuses = {200, 201, 400, 401, 403, 406, 409, 411, 413, 415, 422, 503, 507}
        responses = {int(status) for status in self.uploads()[0]["responses"]}
        self.assertLessEqual(statuses, responses)

    def test_every_answer_has_examples_that_are_right(self) -> None:
        responses = self.uploads()[0]["responses"]
        for status in ["200", "201", "409", "422"]:
            (content,) = responses[status]["content"].values()
            for name, example in content["examples"].items():
                with self.subTest(status, name=name):
                    self.validator(content).validate(example["value"])

    def test_what_comes_back_is_as_it_says(self) -> None:
        self.expect_refusals()
        for status, text, name in [
            (201, GOOD, "a.uff"),
            (200, GOOD, "a.uff"),
            (409, OTHER, "a.uff"),
            (422, BAD, "b.uff"),
        ]:
            file = SimpleUploadedFile(name, text.encode())
            response = self.client.post(V1 + "flow-files/", {"file": file})
            described = self.uploads()[0]["responses"][str(status)]["content"]
            (content,) = described.values()
            first, *_ = content["examples"].values()
            with self.subTest(status):
                self.assertEqual(response.status_code, status)
                self.validator(content).validate(response.json())
                self.assertEqual(list(response.json()), list(first["value"]))


def _absolute(schema: Any) -> Any:
    """Return a schema whose references lead into the whole description."""
    if isinstance(schema, dict):
        return {
            key: f"urn:api{value}" if key == "$ref" else _absolute(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [_absolute(each) for each in schema]
    return schema


class DocsTests(ApiTestCase):
    def test_everything_on_the_page_is_our_own(self) -> None:
        html = self.get("docs/").content.decode()
        self.assertNotIn("<style", html)
        self.assertNotIn("style=", html)
        self.assertNotRegex(html, r"(src|href)=\"(https?:)?//")
        self.assertNotRegex(html, r"<script>")

    def test_the_page_begins_with_a_script_of_its_own(self) -> None:
        response = self.get("docs/", script="")
        self.assertIn("javascript", response["Content-Type"])
        self.assertContains(response, "/api/v1/schema/")

    def test_who_is_not_signed_in_is_asked_to(self) -> None:
        self.client.logout()
        response = self.client.get(V1 + "docs/")
        self.assertRedirects(response, "/admin/login/?next=/api/v1/docs/")
