"""The description of the API is complete, and true."""

from __future__ import annotations

from typing import Any

import yaml
from django.core.management import call_command
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from config.environment import PROJECT_ROOT
from meter_readings.tests.api.base import EVERYTHING, MPAN, PROBLEM, V1, ApiTestCase
from meter_readings.tests.api.test_permissions import MODELS, PERMISSIONS
from meter_readings.tests.imported import import_text, imported

COMMITTED = PROJECT_ROOT / "documentation/openapi.yaml"
OPERATIONS = "/api/v1/"


class SchemaTests(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(EVERYTHING)
        import_text("This is no flow file.", "rejected.uff")
        cls.schema: dict[str, Any] = yaml.safe_load(COMMITTED.read_text())

    def operations(self) -> list[tuple[str, dict[str, Any]]]:
        """Return every address with what is said of reading it."""
        return [(path, item["get"]) for path, item in self.schema["paths"].items()]

    def validator(self, of: dict[str, Any]) -> Draft202012Validator:
        """Return what judges data by a schema inside the description."""
        whole = Resource.from_contents(self.schema, DRAFT202012)
        return Draft202012Validator(
            _absolute(of["schema"]),
            registry=Registry().with_resource("urn:api", whole),
            format_checker=FormatChecker(),
        )

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
            for route in PERMISSIONS
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
