"""How uploading is described: what may be sent, and everything that may come of it."""

from __future__ import annotations

from functools import partial
from typing import Any

from drf_spectacular.utils import Direction

from . import examples
from .bodies import BODIES, FILE, UploadQuery
from .errors import PROBLEM_TYPE
from .renderers import JSON
from .schema import OF_BODIES, REFUSALS, REQUEST_ID, ApiSchema, parameter_of
from .upload_reports import RejectionSerializer, UploadSerializer

_BYTES = {"type": "string", "contentMediaType": "application/octet-stream"}
_WHERE = {
    "description": "The address of the new file.",
    "schema": {"type": "string", "format": "uri"},
}
_HEADERS = [
    {
        "name": "Content-Disposition",
        "in": "header",
        "description": 'What a body is called: `attachment; filename="…"`.',
        "schema": {"type": "string"},
    },
]


class UploadSchema(ApiSchema):
    """POST of a file."""

    def get_description(self) -> str:  # type: ignore[override]
        """Return what the method says of itself."""
        return " ".join(self.view.post.__doc__.split())

    def get_summary(self) -> str:
        """Return the first sentence of it."""
        return self.get_description().partition(".")[0]

    def _get_filter_parameters(self) -> list[dict[str, Any]]:
        filters = UploadQuery.base_filters
        asked = [parameter_of(name, filters[name]) for name in filters]
        return [*asked, *_HEADERS]

    def _get_pagination_parameters(self) -> list[dict[str, Any]]:
        return []

    def _get_request_body(self, direction: Direction = "request") -> dict[str, Any]:
        filters = UploadQuery.base_filters
        fields = {
            name: _property(parameter_of(name, filters[name])) for name in filters
        }
        form = {
            "type": "object",
            "required": [FILE],
            "properties": {
                FILE: _BYTES | {"description": "The file, with its name."},
                **fields,
            },
            "additionalProperties": False,
        }
        content: dict[str, Any] = {
            "multipart/form-data": {
                "schema": form,
                "examples": {"Example": {"value": examples.FORM}},
            }
        }
        for body in BODIES:
            content[str(body.media_type)] = {"schema": {"type": "string"}}
        sent = {"Example": {"value": examples.FILES["text/vnd.d0010"]}}
        content["text/plain"]["examples"] = sent
        return {"required": True, "content": content}

    @property
    def refusals(self) -> list[int]:
        """Return with which refusals an answer may come back, beside those of files."""
        # There is nothing that could be missing.
        return sorted({*REFUSALS, *OF_BODIES} - {404})

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        report = self.resolve_serializer(UploadSerializer(), direction).ref
        rejection = self.resolve_serializer(RejectionSerializer(), direction).ref
        reported = partial(_answer, JSON.media_type, report)
        refused = partial(_answer, PROBLEM_TYPE, rejection)
        return {
            "200": reported(
                "It was imported before, or was only to be checked.",
                {
                    "Imported before": examples.DUPLICATE,
                    "Only checked": examples.DRY_RUN,
                },
            ),
            "201": reported(
                "It is imported.", {"Example": examples.UPLOAD}, Location=_WHERE
            ),
            **self.refusal_bodies(),
            "409": refused(
                "Other content was imported under this filename.",
                {"Name taken": examples.NAME_TAKEN},
            ),
            "422": refused(
                "The file is rejected, or the archive cannot be read.",
                {
                    "Rejected": examples.REJECTION,
                    "Unreadable": examples.UNREADABLE,
                },
            ),
        }


def _answer(
    media_type: str,
    schema: dict[str, Any],
    description: str,
    shown: dict[str, Any],
    **headers: Any,
) -> dict[str, Any]:
    values = {name: {"value": value} for name, value in shown.items()}
    return {
        "description": description,
        "headers": {"X-Request-ID": REQUEST_ID, **headers},
        "content": {media_type: {"schema": schema, "examples": values}},
    }


def _property(parameter: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter as it stands in a form."""
    schema: dict[str, Any] = parameter["schema"]
    return schema | {"description": parameter["description"]}
