"""OpenAPI schema: it is valid and complete, and responses are as it says."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from meter_readings.api.parsers import OPTION_NAMES, UPLOAD_PARSERS
from meter_readings.api.views.root import CachedSchemaGenerator
from meter_readings.tests.api.base import EVERYTHING, PROBLEM, V1, ApiTestCase
from meter_readings.tests.api.test_permissions import PERMISSIONS
from meter_readings.tests.api.upload_helpers import BAD, GOOD, OTHER
from meter_readings.tests.support.import_helpers import import_text, imported

WITHOUT_SCHEMA = {"", "schema/", "docs/"}
UPLOAD_URLS = ["flow-files/", "flow-files/upload/"]
ACTION_URLS = [
    "flow-files/{id}/undo/",
    "flow-files/{id}/reprocess/",
    "imports/{id}/cancel/",
    "imports/{id}/retry/",
    "readings/export/",
]
# It needs a job that is an export: `jobs.test_exports` has its responses.
DOWNLOAD_URL = "imports/{id}/download/"


class SchemaTestCase(ApiTestCase):
    schema: ClassVar[dict[str, Any]]

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        imported(EVERYTHING)
        import_text("This is no flow file.", "rejected.uff")
        cls.schema = CachedSchemaGenerator().get_schema()

    def validator(self, content: dict[str, Any]) -> Draft202012Validator:
        """Return the validator of a part of the schema that describes content."""
        whole = Resource.from_contents(self.schema, DRAFT202012)
        return Draft202012Validator(
            _absolute(content["schema"]),
            registry=Registry().with_resource("urn:api", whole),
            format_checker=FormatChecker(),
        )


def _absolute(schema: Any) -> Any:
    """Return a schema with references into the whole OpenAPI schema."""
    if isinstance(schema, dict):
        return {
            key: f"urn:api{value}" if key == "$ref" else _absolute(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [_absolute(each) for each in schema]
    return schema


class SchemaTests(SchemaTestCase):
    def operations(self) -> dict[str, dict[str, Any]]:
        """Return the GET operations by route."""
        paths = self.schema["paths"].items()
        return {
            path.removeprefix(V1): item["get"] for path, item in paths if "get" in item
        }

    def json_operations(self) -> dict[str, dict[str, Any]]:
        """Return what the schema says of each JSON response, by route."""
        return {
            route: operation["responses"]["200"]["content"]["application/json"]
            for route, operation in self.operations().items()
            if not route.endswith(("/content/", "/download/"))
        }

    def test_schema_is_generated_without_a_warning(self) -> None:
        call_command("spectacular", "--fail-on-warn", "--file", "/dev/null")

    def test_schema_is_valid_openapi_3_1(self) -> None:
        self.assertEqual(self.schema["openapi"], "3.1.0")
        validate_schema(self.schema)

    def test_schema_is_served(self) -> None:
        self.assertContains(self.get("schema/"), "openapi: 3.1.0")

    def test_schema_describes_every_url_of_a_resource(self) -> None:
        routes = {
            *PERMISSIONS,
            *UPLOAD_URLS,
            *ACTION_URLS,
            DOWNLOAD_URL,
        } - WITHOUT_SCHEMA
        self.assertEqual(set(self.schema["paths"]), {V1 + route for route in routes})

    def test_an_operation_accepts_its_parameters(self) -> None:
        for route, operation in self.operations().items():
            for parameter in operation["parameters"]:
                name = parameter["name"]
                if parameter["in"] == "query" and name != "mpan":
                    with self.subTest(route, parameter=name):
                        response = self.client.get(self.url(route), {name: "1"})
                        self.assertNotIn("does not exist", str(response.content))

    def test_schema_describes_every_parameter(self) -> None:
        for route, operation in self.operations().items():
            for parameter in operation["parameters"]:
                with self.subTest(route, parameter=parameter["name"]):
                    self.assertTrue(parameter["description"])
                    self.assertTrue(parameter["schema"])

    def test_schema_describes_every_property(self) -> None:
        for name, schema in self.schema["components"]["schemas"].items():
            for field, described in schema.get("properties", {}).items():
                with self.subTest(name, field=field):
                    self.assertTrue(described["description"])

    def test_every_value_of_an_enumeration_has_a_meaning(self) -> None:
        for name, schema in self.schema["components"]["schemas"].items():
            for value in filter(None, schema.get("enum", [])):
                with self.subTest(name, value=value):
                    self.assertIn(f"* `{value}` - ", schema["description"])

    def test_every_parameter_shows_a_value(self) -> None:
        for route, operation in self.operations().items():
            for parameter in operation["parameters"]:
                schema = parameter["schema"]
                shown = {"default", "enum", "examples"} & set(schema)
                shown |= {"example"} & set(parameter)
                is_short = schema.get("type") in ("array", "boolean")
                with self.subTest(route, parameter=parameter["name"]):
                    self.assertTrue(shown or is_short or parameter["name"] == "cursor")

    def test_the_examples_of_parameters_are_accepted_together(self) -> None:
        for route, operation in self.operations().items():
            query = {
                parameter["name"]: parameter["schema"]["examples"][0]
                for parameter in operation["parameters"]
                if "examples" in parameter["schema"] and parameter["in"] == "query"
            }
            if query.pop("has_findings", None):
                query["has_findings"] = "true"
            url, _, required = self.url(route).partition("?")
            response = self.client.get(f"{url}?{required}", query)
            expected = 404 if route == DOWNLOAD_URL else 200
            with self.subTest(route):
                self.assertEqual(response.status_code, expected)

    def test_integers_have_64_bits(self) -> None:
        reading = self.schema["components"]["schemas"]["Reading"]["properties"]
        self.assertEqual(reading["id"]["format"], "int64")
        (number,) = self.operations()["readings/{id}/"]["parameters"]
        self.assertEqual(number["schema"]["format"], "int64")

    def test_schema_describes_production(self) -> None:
        schemes = self.schema["components"]["securitySchemes"]
        self.assertEqual(set(schemes), {"cookieAuth", "token"})
        self.assertEqual(schemes["cookieAuth"]["name"], "__Host-sessionid")
        for route, operation in self.operations().items():
            with self.subTest(route):
                self.assertEqual(
                    operation["security"], [{"token": ["read"]}, {"cookieAuth": []}]
                )

    def test_schema_names_the_site_the_contact_and_the_tags(self) -> None:
        self.assertEqual(self.schema["servers"][0]["url"], "/")
        self.assertEqual(self.schema["info"]["contact"]["name"], "Matthew Brenton Hall")
        tags = {tag["name"] for tag in self.schema["tags"]}
        used = {tag for each in self.operations().values() for tag in each["tags"]}
        self.assertEqual(tags, used)

    def test_every_operation_has_a_summary(self) -> None:
        for route, operation in self.operations().items():
            with self.subTest(route):
                self.assertTrue(operation["summary"])

    def test_every_response_has_a_valid_example(self) -> None:
        for route, content in self.json_operations().items():
            (example,) = content["examples"].values()
            with self.subTest(route):
                self.validator(content).validate(example["value"])

    def test_every_error_has_a_valid_example(self) -> None:
        for name, response in self.schema["components"]["responses"].items():
            content = response["content"][PROBLEM]
            (example,) = content["examples"].values()
            with self.subTest(name):
                self.validator(content).validate(example["value"])

    def test_every_operation_has_the_common_errors(self) -> None:
        for route, operation in self.operations().items():
            with self.subTest(route):
                self.assertLessEqual(
                    {"400", "401", "403", "404", "406", "429", "503"},
                    set(operation["responses"]),
                )

    def test_every_response_is_as_described(self) -> None:
        for route, content in self.json_operations().items():
            with self.subTest(route):
                data = self.client.get(self.url(route)).json()
                self.validator(content).validate(data)

    def test_every_response_has_the_fields_of_its_example(self) -> None:
        for route, content in self.json_operations().items():
            (example,) = content["examples"].values()
            with self.subTest(route):
                data = self.client.get(self.url(route)).json()
                self.assertEqual(set(data), set(example["value"]))
                for row, shown in zip(
                    data.get("results", []), example["value"].get("results", [])
                ):
                    self.assertEqual(list(row), list(shown))

    def test_an_error_response_is_as_described(self) -> None:
        self.silence_request_log()
        data = self.client.get(V1 + "readings/", {"mpan": "1"}).json()
        content = self.schema["components"]["responses"]["BadRequest"]["content"]
        self.validator(content[PROBLEM]).validate(data)

    def test_flow_files_have_an_etag_and_304(self) -> None:
        for route in ["flow-files/", "flow-files/{id}/", "flow-files/{id}/content/"]:
            responses = self.operations()[route]["responses"]
            with self.subTest(route):
                self.assertIn("ETag", responses["200"]["headers"])
                self.assertIn("304", responses)

    def test_readings_are_described_in_all_formats(self) -> None:
        for route, operation in self.operations().items():
            if route.endswith("readings/") and route != "overdue-readings/":
                content = operation["responses"]["200"]["content"]
                with self.subTest(route):
                    self.assertEqual(
                        [*content], ["application/json", "text/csv", "text/vnd.d0010"]
                    )


class UploadSchemaTests(SchemaTestCase):
    def upload(self, route: str = UPLOAD_URLS[0]) -> dict[str, Any]:
        """Return the POST operation of a route."""
        operation: dict[str, Any] = self.schema["paths"][V1 + route]["post"]
        return operation

    def test_both_urls_have_the_same_operation(self) -> None:
        names = {"operationId": "", "description": ""}
        one, other = map(self.upload, UPLOAD_URLS)
        self.assertEqual(one | names, other | names)

    def test_upload_schema_describes_every_option(self) -> None:
        names = [each["name"] for each in self.upload()["parameters"]]
        self.assertCountEqual(names, [*OPTION_NAMES, "Content-Disposition"])

    def test_requires_the_scope_to_import(self) -> None:
        self.assertIn({"token": ["import"]}, self.upload()["security"])

    def test_upload_schema_describes_every_content_type(self) -> None:
        types = [str(parser.media_type) for parser in UPLOAD_PARSERS]
        self.assertCountEqual(self.upload()["requestBody"]["content"], types)

    def test_upload_schema_describes_every_field_of_the_form(self) -> None:
        form = self.schema["components"]["schemas"]["UploadForm"]["properties"]
        # A generated client would send the defaults of options in the form as well.
        self.assertEqual(list(form), ["file"])
        self.assertEqual(form["file"]["format"], "binary")

    def test_upload_schema_describes_every_status(self) -> None:
        statuses = {200, 201, 400, 401, 403, 406, 409, 411, 413, 415, 422, 503, 507}
        responses = {int(status) for status in self.upload()["responses"]}
        self.assertLessEqual(statuses, responses)

    def test_every_response_has_valid_examples(self) -> None:
        for status in ["200", "201", "409", "422"]:
            (content,) = self.upload()["responses"][status]["content"].values()
            for name, example in content["examples"].items():
                with self.subTest(status, example=name):
                    self.validator(content).validate(example["value"])

    def test_every_response_is_as_described(self) -> None:
        self.silence_request_log()
        for status, text, name in [
            (201, GOOD, "a.uff"),
            (200, GOOD, "a.uff"),
            (409, OTHER, "a.uff"),
            (422, BAD, "b.uff"),
        ]:
            file = SimpleUploadedFile(name, text.encode())
            response = self.client.post(V1 + "flow-files/", {"file": file})
            described = self.upload()["responses"][str(status)]["content"]
            (content,) = described.values()
            first, *_ = content["examples"].values()
            with self.subTest(status):
                self.assertEqual(response.status_code, status)
                self.validator(content).validate(response.json())
                self.assertEqual(list(response.json()), list(first["value"]))


class ActionSchemaTests(SchemaTestCase):
    def responses(self, route: str) -> dict[str, Any]:
        """Return the responses of the POST operation of a route."""
        operation: dict[str, Any] = self.schema["paths"][V1 + route]["post"]
        self.assertNotIn("requestBody", operation)
        return operation["responses"]

    def test_every_response_is_as_described(self) -> None:
        file = import_text(GOOD, "a.uff").flow_file
        rejected = import_text(BAD, "b.uff").flow_file
        self.silence_request_log()
        for route, row, status in [
            (ACTION_URLS[0], file, "200"),
            (ACTION_URLS[0], rejected, "409"),
            (ACTION_URLS[1], file, "200"),
            (ACTION_URLS[1], rejected, "422"),
        ]:
            url = V1 + route.replace("{id}", str(row.pk))
            response = self.client.generic("POST", url)
            (content,) = self.responses(route)[status]["content"].values()
            with self.subTest(route, status=status):
                self.assertEqual(str(response.status_code), status)
                self.validator(content).validate(response.json())


class DocsTests(ApiTestCase):
    def test_the_page_loads_nothing_from_other_sites(self) -> None:
        html = self.get("docs/").content.decode()
        self.assertNotIn("<style", html)
        self.assertNotIn("style=", html)
        self.assertNotRegex(html, r"(src|href)=\"(https?:)?//")
        self.assertNotRegex(html, r"<script>")

    def test_anybody_may_open_the_page_and_not_the_schema(self) -> None:
        self.client.logout()
        self.silence_request_log()
        self.assertContains(self.get("docs/"), 'data-schema-url="/api/v1/schema/')
        self.get("schema/", 401)
