"""Upload of flow files: POST to flow-files/ or flow-files/upload/."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO, cast

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.utils.text import capfirst
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from meter_readings import importer, jobs
from meter_readings.api.exceptions import (
    FieldError,
    LineError,
    Problem,
    problem_response,
)
from meter_readings.api.openapi.operations import upload_schema
from meter_readings.api.parsers import (
    OPTION_NAMES,
    UPLOAD_PARSERS,
    Upload,
    drain_request,
    get_upload,
)
from meter_readings.api.permissions import Requirement, may_view_flow_files
from meter_readings.api.serializers.fields import absolute_url
from meter_readings.api.serializers.flow_files import ImportJobSerializer
from meter_readings.api.serializers.uploads import (
    MAX_FINDINGS,
    StoredReportSerializer,
    UploadSerializer,
)
from meter_readings.importer import FileResult, ImportResult, result_messages
from meter_readings.models import ImportJob, Policy, Severity

from .base import ResourceViewSet

# When to look at a job that was queued
_RETRY_AFTER_SECONDS = 2

# Seconds to wait for another load to end; a waiting request occupies a thread.
LOCK_TIMEOUT = 30.0


class ImportBusy(Problem):
    """Another load, or readers, held a lock longer than the lock timeout."""

    status_code = 503
    wait = 30

    def __init__(self, error: importer.ImportLockTimeout) -> None:
        reason = capfirst(error.reason)
        super().__init__(f"{reason}. Nothing was stored or changed: send it again.")


class UploadMixin(ResourceViewSet):
    """Imports one uploaded file per request."""

    parser_classes = UPLOAD_PARSERS
    # Permissions are checked before the body is read (`middleware`).
    accepts_uploads = True

    def get_requirement(self) -> Requirement:
        requirement = super().get_requirement()
        if self._is_upload:
            return requirement._replace(permissions=("import_flowfile",))
        return requirement

    def get_parameter_names(self) -> Iterable[str]:
        if self._is_upload:
            return [*OPTION_NAMES, "format"]
        return super().get_parameter_names()

    @property
    def _is_upload(self) -> bool:
        return self.action in ("create", "upload")

    @upload_schema
    def create(self, request: Request) -> HttpResponse:
        """Import one flow file, or validate it only.

        The file is imported whole or not at all. It is sent in a form or as the body,
        uncompressed, as .gz, or as a .zip with no other file.
        """
        try:
            return self._import(request, get_upload(request))
        finally:
            drain_request(request)

    @upload_schema
    @action(detail=False, methods=["post"], extra_permissions=("import_flowfile",))
    def upload(self, request: Request) -> HttpResponse:
        """Import one flow file: the same as POST to flow-files/."""
        return self.create(request)

    def _import(self, request: Request, upload: Upload) -> HttpResponse:
        file = _run_import(upload, cast(User, request.user))
        if isinstance(file.error, importer.ImportLockTimeout):
            raise ImportBusy(file.error) from file.error
        if file.job is not None:
            return queued_response(self, request, file.job)
        if file.result is None:
            name = importer.sanitise_filename(upload.filename)
            reason = str(file.error).removeprefix(name).strip()
            return _unreadable_response(request, f"It {reason}")
        result = file.result
        response = import_response(
            self, request, result, is_dry_run=upload.options["dry_run"]
        )
        if result.outcome == ImportJob.Outcome.IMPORTED:
            row_id = cast(Any, result.flow_file).pk
            response.status_code = 201
            response["Location"] = absolute_url(request, "flow-file-detail", row_id)
        return response


def import_response(
    view: ResourceViewSet, request: Request, result: ImportResult, *, is_dry_run: bool
) -> HttpResponse:
    """Return 200 with the result, or the problem of a file that was not accepted."""
    if not is_dry_run and result.outcome == ImportJob.Outcome.REJECTED:
        return _rejected_response(request, result)
    if not is_dry_run and result.outcome == ImportJob.Outcome.REFUSED:
        return _name_taken_response(request)
    context = {
        **view.get_serializer_context(),
        "may_view_flow_files": may_view_flow_files(request),
    }
    return Response(UploadSerializer(result, context=context).data)


def _run_import(upload: Upload, user: User) -> FileResult:
    options = importer.ImportOptions(
        policy=Policy(upload.options["policy"]),
        dry_run=upload.options["dry_run"],
        allow_same_name=upload.options["allow_same_name"],
        channel=ImportJob.Channel.API,
        requested_by=user,
        lock_timeout=LOCK_TIMEOUT,
    )
    runner = jobs.upload_runner(
        options,
        tolerated=(importer.UnreadableFile, importer.ImportLockTimeout),
        max_members=1,
    )
    stream = cast(BinaryIO, upload.stream)
    [result] = runner.run(
        [importer.InputFile(upload.filename, upload.filename, stream)]
    )
    return result


def queued_response(
    view: ResourceViewSet, request: Request, job: ImportJob
) -> HttpResponse:
    """Return 202 with the job, whose result is known later."""
    context = view.get_serializer_context()
    response = Response(ImportJobSerializer(job, context=context).data, status=202)
    response["Location"] = absolute_url(request, "import-detail", job.pk)
    response["Retry-After"] = str(_RETRY_AFTER_SECONDS)
    return response


def _rejected_response(request: Request, result: ImportResult) -> HttpResponse:
    """Return 422 with the errors, without the values found, which may be MPANs."""
    message = result_messages.outcome_message(result, is_dry_run=False)
    errors = [
        issue for issue, severity in result.findings if severity == Severity.ERROR
    ]
    report = StoredReportSerializer(result.flow_file, context={"request": request})
    return problem_response(
        request,
        status=422,
        detail=f"{capfirst(message)}. The report is stored: see report.links.",
        errors=[
            LineError(
                line_number=issue.line_number,
                group=issue.group,
                field=issue.field,
                code=str(issue.code),
                message=issue.code.message,
                expected=issue.expected,
            )
            for issue in errors[:MAX_FINDINGS]
        ],
        extensions={"report": report.data},
    )


def _name_taken_response(request: Request) -> HttpResponse:
    code = importer.ImportIssueCode.DUPLICATE_FILENAME
    return problem_response(
        request,
        status=409,
        detail="The file was not stored. Rename it, or set allow_same_name=true.",
        errors=[FieldError("filename", str(code), code.message)],
    )


def _unreadable_response(request: Request, reason: str) -> HttpResponse:
    return problem_response(
        request,
        status=422,
        detail="The archive cannot be read. The file was not stored.",
        errors=[FieldError("file", "unreadable", reason)],
    )
