"""Parts of operations that several views share."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from meter_readings.api.exceptions import PROBLEM_TYPE
from meter_readings.api.serializers.errors import ProblemSerializer
from meter_readings.api.serializers.flow_files import ImportJobSerializer
from meter_readings.api.serializers.uploads import (
    RejectionSerializer,
    ReprocessOptionsSerializer,
    UndoSerializer,
    UploadFormSerializer,
    UploadOptionsSerializer,
    UploadSerializer,
)

from .examples import example

ETAG = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    description="Send it as If-None-Match: the response is 304 if nothing changed.",
    response=[200],
)

_LOCATION = OpenApiParameter(
    "Location",
    OpenApiTypes.URI,
    OpenApiParameter.HEADER,
    description="URL of the new flow file, or of the import job.",
    response=[201, 202],
)
_JOB_LOCATION = OpenApiParameter(
    "Location",
    OpenApiTypes.URI,
    OpenApiParameter.HEADER,
    description="URL of the import job.",
    response=[202],
)
_RETRY_AFTER = OpenApiParameter(
    "Retry-After",
    int,
    OpenApiParameter.HEADER,
    description="Seconds after which to look at the import job.",
    response=[202],
)
_CONTENT_DISPOSITION = OpenApiParameter(
    "Content-Disposition",
    str,
    OpenApiParameter.HEADER,
    description='Filename of a raw body: `attachment; filename="…"`.',
)


def _reply(description: str, *examples: str) -> OpenApiResponse:
    return OpenApiResponse(
        UploadSerializer, description, examples=[example(name) for name in examples]
    )


def _error(description: str, *examples: str) -> OpenApiResponse:
    return OpenApiResponse(
        RejectionSerializer, description, examples=[example(name) for name in examples]
    )


def _queued(description: str) -> OpenApiResponse:
    return OpenApiResponse(ImportJobSerializer, f"{description} See Location.")


_RESPONSES: dict[Any, Any] = {
    200: _reply(
        "The same bytes were imported before, or this was a dry run.",
        "upload_duplicate",
        "upload_dry_run",
    ),
    201: _reply("The file was imported.", "upload"),
    202: _queued("The file was received and is imported in the background."),
    (400, PROBLEM_TYPE): ProblemSerializer,
    (409, PROBLEM_TYPE): _error(
        "Other content was imported under this filename.", "upload_name_taken"
    ),
    (422, PROBLEM_TYPE): _error(
        "The file was rejected, or the archive cannot be read.",
        "upload_rejected",
        "upload_unreadable",
    ),
}

upload_schema = extend_schema(
    summary="Upload a flow file",
    request={
        "multipart/form-data": UploadFormSerializer,
        "application/octet-stream": OpenApiTypes.BINARY,
        "text/plain": OpenApiTypes.STR,
        "application/gzip": OpenApiTypes.BINARY,
        "application/zip": OpenApiTypes.BINARY,
    },
    parameters=[UploadOptionsSerializer, _CONTENT_DISPOSITION, _LOCATION, _RETRY_AFTER],
    responses=_RESPONSES,
)

_REJECTION = {
    (409, PROBLEM_TYPE): _error(
        "Other content was imported under this filename, or the original file is no "
        "longer stored.",
        "upload_name_taken",
    ),
    (422, PROBLEM_TYPE): _error("The file was rejected.", "upload_rejected"),
}

reprocess_schema = extend_schema(
    summary="Import a flow file again",
    request=None,
    parameters=[ReprocessOptionsSerializer, _JOB_LOCATION, _RETRY_AFTER],
    responses={
        200: _reply(
            "The file was imported, was imported already, or this was a dry run.",
            "upload",
            "upload_duplicate",
            "upload_dry_run",
        ),
        202: _queued("The file is imported in the background."),
        **_REJECTION,
    },
)

undo_schema = extend_schema(
    summary="Undo the import of a flow file",
    request=None,
    parameters=[_JOB_LOCATION, _RETRY_AFTER],
    responses={
        200: UndoSerializer,
        202: _queued("The import is undone in the background."),
        (409, PROBLEM_TYPE): OpenApiResponse(
            ProblemSerializer, "The file is rejected: there is no import to undo."
        ),
    },
)

cancel_job_schema = extend_schema(
    summary="Cancel an import job",
    request=None,
    responses={
        200: ImportJobSerializer,
        (409, PROBLEM_TYPE): OpenApiResponse(ProblemSerializer, "The job is over."),
    },
)

retry_job_schema = extend_schema(
    summary="Try an import job again",
    request=None,
    parameters=[_JOB_LOCATION, _RETRY_AFTER],
    responses={
        202: _queued("A new job does it."),
        (409, PROBLEM_TYPE): OpenApiResponse(
            ProblemSerializer,
            "The job did not fail, was tried again already, or its file is no longer "
            "stored.",
        ),
    },
)

export_schema = extend_schema(
    summary="Export readings in the background",
    request=None,
    filters=True,
    parameters=[_JOB_LOCATION, _RETRY_AFTER],
    responses={
        202: _queued("The readings are exported in the background."),
        (409, PROBLEM_TYPE): OpenApiResponse(
            ProblemSerializer, "The site has no workers: get the readings as CSV."
        ),
    },
)

download_schema = extend_schema(
    summary="Download an export",
    responses={
        (200, "text/csv"): OpenApiTypes.BINARY,
        (200, "text/plain"): OpenApiTypes.BINARY,
        (404, PROBLEM_TYPE): OpenApiResponse(
            ProblemSerializer, "The job is no export, or its file is not stored."
        ),
    },
)
