"""Postprocessing hook of the OpenAPI schema: what all operations have in common."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from meter_readings.api.exceptions import DEFAULT_DETAILS, PROBLEM_TYPE, problem_type

from .descriptions import PARAMETERS
from .examples import EXAMPLES

# Statuses of errors that any operation may have, and those of uploads.
_COMMON_ERRORS = (400, 401, 403, 404, 406, 429, 503)
_UPLOAD_ERRORS = (411, 413, 415, 507)

_REQUEST_ID = {
    "X-Request-ID": {
        "description": "Id of the request in the site's log.",
        "schema": {"type": "string", "format": "uuid"},
    }
}
_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds to wait before the next attempt.",
        "schema": {"type": "integer", "minimum": 1},
    }
}
_ERROR_HEADERS = {
    401: {
        "WWW-Authenticate": {
            "description": "Authentication scheme, and whether a token was invalid.",
            "schema": {"type": "string"},
        }
    },
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}


def add_common_parts(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add error responses, response headers and the style of lists."""
    components = result["components"]
    components["responses"] = {
        _component_name(status): _error_response(status)
        for status in (*_COMMON_ERRORS, *_UPLOAD_ERRORS)
    }
    for name, schema in components["schemas"].items():
        if name.startswith("Paginated"):
            schema["properties"]["results"]["description"] = "Rows of the page."
    # The parameter `fields` may leave out any field.
    del components["schemas"]["Reading"]["required"]
    for path in result["paths"].values():
        for method, operation in path.items():
            _complete(operation, is_upload=method == "post")
    _describe_production(result)
    _widen_integers(result)
    return result


def _describe_production(result: dict[str, Any]) -> None:
    """Remove the authentication that only development has."""
    schemes = result["components"]["securitySchemes"]
    schemes.pop("basicAuth", None)
    for path in result["paths"].values():
        for operation in path.values():
            operation["security"] = [
                each for each in operation["security"] if set(each) <= set(schemes)
            ]


def _widen_integers(part: Any) -> None:
    """Give every integer 64 bits: clients would choose 32 for ids and sizes."""
    if isinstance(part, dict):
        if "integer" in part.get("type", ""):
            part["format"] = "int64"
        for each in part.values():
            _widen_integers(each)
    elif isinstance(part, list):
        for each in part:
            _widen_integers(each)


def _complete(operation: dict[str, Any], *, is_upload: bool) -> None:
    for parameter in operation["parameters"]:
        name, schema = parameter["name"], parameter["schema"]
        parameter["description"] = parameter.get("description", "Id.").strip()
        if schema.get("type") == "array":
            parameter |= {"style": "form", "explode": False}
            if parameter.get("required"):
                parameter["example"] = [PARAMETERS[name]]
        elif name in PARAMETERS and "default" not in schema and "enum" not in schema:
            # Swagger UI enters `example` into the field, and not those of the schema.
            if parameter.get("required"):
                parameter["example"] = PARAMETERS[name]
            else:
                schema["examples"] = [PARAMETERS[name]]
    responses = operation["responses"]
    for response in responses.values():
        response["headers"] = response.get("headers", {}) | _REQUEST_ID
    if "ETag" in responses.get("200", {}).get("headers", {}):
        responses["304"] = {"description": "The resource has not changed."}
    for status in (*_COMMON_ERRORS, *(_UPLOAD_ERRORS if is_upload else ())):
        reference = {"$ref": f"#/components/responses/{_component_name(status)}"}
        responses.setdefault(str(status), reference)


def _error_response(status: int) -> dict[str, Any]:
    example = EXAMPLES["problem"] | {
        "type": problem_type(status),
        "status": status,
        "title": HTTPStatus(status).phrase,
        "detail": DEFAULT_DETAILS[status],
    }
    if status != HTTPStatus.BAD_REQUEST:
        example["errors"] = []
    return {
        "description": DEFAULT_DETAILS[status],
        "headers": _REQUEST_ID | _ERROR_HEADERS.get(status, {}),
        "content": {
            PROBLEM_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {"Problem": {"value": example}},
            }
        },
    }


def _component_name(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "")
