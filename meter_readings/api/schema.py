"""How the API is described: what the views say of themselves, and what all share."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from drf_spectacular.drainage import get_override
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_doc
from drf_spectacular.utils import Direction

from . import examples
from .errors import DETAILS, PROBLEM_TYPE
from .fields import Links
from .parameters import LARGEST_ID
from .serializers import ProblemSerializer

# With what an answer may come back instead.
REFUSALS = (400, 401, 403, 404, 406, 429, 503)
# And where something is sent.
OF_BODIES = (411, 413, 415, 507)


class ApiSchema(AutoSchema):
    """What drf-spectacular finds out, and what it cannot know."""

    # An ApiView, which this module must not know.
    view: Any

    @property
    def _query(self) -> Any:
        """Return what may be asked of a list; None where the view is none."""
        return getattr(self.view, "query_class", None)

    def get_summary(self) -> str:
        """Return what the view says of itself."""
        return self.get_description().rstrip(".")

    def get_description(self) -> str:  # type: ignore[override]
        """Return what the view says of itself."""
        words: str = get_doc(self.view.__class__)
        return words

    def _is_list_view(self, serializer: Any = None) -> bool:
        return self._query is not None and self.view.pagination_class is not None

    def _get_filter_parameters(self) -> list[dict[str, Any]]:
        if self._query is None:
            return []
        filters = self._query.base_filters
        return [parameter_of(name, filters[name]) for name in self.view.filter_names()]

    def _get_format_parameters(self) -> list[dict[str, Any]]:
        formats = self.map_renderers("format")
        schema = {"type": "string", "enum": formats, "default": formats[0]}
        description = "The format, if the header Accept does not say it."
        parameter = {
            "name": "format",
            "in": "query",
            "description": description,
            "schema": schema,
        }
        return [parameter]

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": "The number of the row.",
                "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST_ID},
            }
            for name in variables
        ]

    def _postprocess_serializer_schema(
        self, schema: dict[str, Any], serializer: Any, direction: Direction
    ) -> dict[str, Any]:
        if getattr(serializer, "is_cut", False):
            del schema["required"]
        return schema

    # Answers

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        if self.view.media_type:
            bodies = {"200": _file(self.view.media_type, "The bytes as they came.")}
        else:
            bodies = super()._get_response_bodies(direction)
        answer = bodies["200"]
        answer["description"] = self.get_description()
        for media_type, example in examples.FILES.items():
            if media_type in answer["content"]:
                answer["content"][media_type] = _text(example)
        answer["headers"] = {"X-Request-ID": REQUEST_ID}
        if self.view.is_tagged:
            answer["headers"]["ETag"] = _ETAG
            bodies["304"] = {
                "description": "It is as it was: If-None-Match has its ETag."
            }
        return bodies | self.refusal_bodies()

    def refusal_bodies(self) -> dict[str, Any]:
        """Return the refusals, each described where all refer to it."""
        self.resolve_serializer(ProblemSerializer(), "response")
        return {
            str(status): {"$ref": f"#/components/responses/{_name_of(status)}"}
            for status in self.refusals
        }

    @property
    def refusals(self) -> list[int]:
        """Return with which refusals an answer may come back."""
        may_be_missing = "{id}" in self.path or self._is_list_view()
        return [status for status in REFUSALS if status != 404 or may_be_missing]


def add_refusals(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Describe the refusals once, where all answers refer to them."""
    result["components"]["responses"] = {
        _name_of(status): {
            "description": DETAILS[status],
            "headers": {"X-Request-ID": REQUEST_ID, **_TOLD_BESIDE.get(status, {})},
            "content": {
                PROBLEM_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {"Example": {"value": examples.problem(status)}},
                }
            },
        }
        for status in (*REFUSALS, *OF_BODIES)
    }
    return result


def _name_of(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "")


class LinksExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """The addresses beside a row, each by its name."""

    target_class = Links

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """Return an object with these addresses."""
        address = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": list(self.target.views),
            "properties": dict.fromkeys(self.target.views, address),
        }


REQUEST_ID = {
    "description": "The number of the request, for those who operate the site.",
    "schema": {"type": "string", "format": "uuid"},
}
_WAIT = {
    "Retry-After": {
        "description": "After how many seconds to come again.",
        "schema": {"type": "integer", "minimum": 1},
    }
}
# What some refusals have in headers
_TOLD_BESIDE = {
    401: {
        "WWW-Authenticate": {
            "description": "How to be known, and whether a token was no good.",
            "schema": {"type": "string"},
        }
    },
    429: _WAIT,
    503: _WAIT,
}
_ETAG = {
    "description": "Send it as If-None-Match to be told whether anything has changed.",
    "schema": {"type": "string"},
}


def parameter_of(name: str, parameter: Any) -> dict[str, Any]:
    """Return what a parameter says of itself."""
    schema = dict(get_override(parameter, "field"))
    described = {
        "name": name,
        "in": "query",
        "description": schema.pop("description"),
        "schema": schema,
    }
    if parameter.extra["required"]:
        described["required"] = True
    if schema.get("type") == "array":
        described |= {"style": "form", "explode": False}
    return described


def _text(example: str) -> dict[str, Any]:
    return {"schema": {"type": "string"}, "examples": {"Example": {"value": example}}}


def _file(media_type: str, description: str) -> dict[str, Any]:
    schema = {"type": "string", "contentMediaType": media_type}
    return {"description": description, "content": {media_type: {"schema": schema}}}
