"""Viewset of import jobs: followed, cancelled and tried again."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from meter_readings import exports, importer, jobs
from meter_readings.api.exceptions import Problem
from meter_readings.api.filtersets import ImportJobFilterSet
from meter_readings.api.openapi.operations import (
    cancel_job_schema,
    download_schema,
    retry_job_schema,
)
from meter_readings.api.pagination import PageNumberPagination
from meter_readings.api.permissions import EXPORT_READING, Requirement
from meter_readings.api.serializers.flow_files import ImportJobSerializer
from meter_readings.models import ApiToken, ImportJob

from .base import ResourceViewSet
from .flow_file_actions import POST, reject_body
from .uploads import queued_response


class JobIsOver(Problem):
    """There is nothing to cancel, or an erasure has begun."""

    status_code = 409
    default_detail = (
        "The job is over, or an erasure that has begun: it cannot be cancelled."
    )


class JobNotRetried(Problem):
    """The job did not fail, or what it needs is gone."""

    status_code = 409
    default_detail = (
        "The job did not fail, was tried again already, or the received file is no "
        "longer stored: then upload it again."
    )


class ExportNotStored(Problem):
    """The job is no export, is not finished, or its file was deleted."""

    status_code = 404
    default_detail = "The job has no export, or its file is no longer stored."


@extend_schema_view(
    list=extend_schema(summary="List import jobs"),
    retrieve=extend_schema(
        summary="Get an import job",
        description="An import job. A token with the scope `import` alone has those of "
        "its own user.",
    ),
)
class ImportJobViewSet(ResourceViewSet):
    """Import jobs, newest first: imports, undos, clearings and exports."""

    http_method_names = ["get", "head", "post", "options"]
    queryset = ImportJob.objects.select_related("requested_by")
    serializer_class = ImportJobSerializer
    filterset_class = ImportJobFilterSet
    pagination_class = PageNumberPagination
    required_permissions = ("view_importjob",)

    def get_requirement(self) -> Requirement:
        if self._is_own_only:
            return Requirement(ApiToken.Scope.IMPORT, ("import_flowfile",))
        return super().get_requirement()

    @property
    def throttle_scope(self) -> str:
        """Reading a job is limited as other reads are, whatever the token may do."""
        is_change = self.request.method == "POST"
        return ApiToken.Scope.IMPORT if is_change else ApiToken.Scope.READ

    def get_queryset(self) -> QuerySet:
        rows = super().get_queryset()
        if self._is_own_only:
            return rows.filter(requested_by=cast(User, self.request.user))
        return rows

    @property
    def _is_own_only(self) -> bool:
        """Whether the token may import only, and follows what it sent."""
        token = self.request.auth
        is_import_only = isinstance(token, ApiToken) and (
            ApiToken.Scope.READ not in token.scopes
        )
        return is_import_only and self.action == "retrieve"

    @cancel_job_schema
    @action(**POST)
    def cancel(self, request: Request, pk: int) -> Response:
        """Cancel a job: at once if it waits, else when its worker notices.

        It requires the permission for what the job does.
        """
        job = self._get_job(request)
        try:
            jobs.cancel(job=job)
        except jobs.CannotCancel as error:
            raise JobIsOver from error
        job.refresh_from_db()
        return Response(self.get_serializer(job).data)

    @retry_job_schema
    @action(**POST)
    def retry(self, request: Request, pk: int) -> HttpResponse:
        """Queue a failed or cancelled job again, as a new job.

        It requires the permission for what the job does.
        """
        job = self._get_job(request)
        try:
            job = jobs.retry(job=job, requested_by=cast(User, request.user))
        except jobs.CannotRetry as error:
            raise JobNotRetried from error
        return queued_response(self, request, job)

    @download_schema
    @action(
        detail=True,
        filterset_class=None,
        pagination_class=None,
        extra_permissions=(EXPORT_READING,),
    )
    def download(self, request: Request, pk: int) -> FileResponse:
        """The file of an export; for the user who asked for it.

        Others require the permission `download_any_export`.
        """
        job = self.get_object()
        if not jobs.may_download(job=job, user=request.user):
            raise PermissionDenied
        try:
            content = jobs.open_download(job=job)
        except importer.ExportMissing as error:
            raise ExportNotStored from error
        if request.method == "GET":
            jobs.record_download(job=job)
        name = job.parameters["format"]
        return FileResponse(
            content,
            as_attachment=True,
            filename=exports.download_name(name=name, now=job.finished_at),
            content_type=exports.FORMATS[name].content_type,
        )

    def _get_job(self, request: Request) -> Any:
        reject_body(request)
        job = self.get_object()
        if not request.user.has_perm(jobs.required_permission(job)):
            raise PermissionDenied
        return job
