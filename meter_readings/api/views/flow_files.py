"""Viewsets of flow files and findings."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse
from django.utils.cache import get_conditional_response
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from meter_readings import audit, importer
from meter_readings.api.exceptions import Problem
from meter_readings.api.filtersets import (
    FindingFilterSet,
    FlowFileFilterSet,
    SiteVisitFilterSet,
)
from meter_readings.api.openapi.operations import ETAG
from meter_readings.api.pagination import KeysetPagination, PageNumberPagination
from meter_readings.api.permissions import EXPORT_READING
from meter_readings.api.serializers.flow_files import (
    FindingSerializer,
    FlowFileSerializer,
)
from meter_readings.api.serializers.meter_points import SiteVisitSerializer
from meter_readings.models import (
    AuditEvent,
    Finding,
    FlowFile,
    SiteVisit,
)

from .base import ResourceViewSet
from .flow_file_actions import FlowFileActionsMixin
from .readings import NESTED_READINGS, NESTED_READINGS_SCHEMA, ReadingListMixin
from .uploads import UploadMixin

_PRIVATE = cache_control(private=True, no_cache=True)


class ContentDeleted(Problem):
    """The flow file is stored and its original file is not."""

    status_code = 404
    default_detail = "The original file is no longer stored."


@extend_schema_view(
    list=extend_schema(summary="List flow files", parameters=[ETAG]),
    retrieve=extend_schema(summary="Get a flow file", parameters=[ETAG]),
)
@method_decorator([_PRIVATE, conditional_page], name="list")
@method_decorator([_PRIVATE, conditional_page], name="retrieve")
class FlowFileViewSet(
    UploadMixin, FlowFileActionsMixin, ReadingListMixin, ResourceViewSet
):
    """Flow files, newest first: their headers, counts and status."""

    http_method_names = ["get", "head", "post", "options"]
    queryset = FlowFile.objects.all()
    serializer_class = FlowFileSerializer
    filterset_class = FlowFileFilterSet
    pagination_class = PageNumberPagination
    required_permissions = ("view_flowfile",)

    @extend_schema(
        summary="Download the original file",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
        parameters=[ETAG],
    )
    @action(
        detail=True,
        filterset_class=None,
        pagination_class=None,
        extra_permissions=(EXPORT_READING,),
    )
    @method_decorator(_PRIVATE)
    def content(self, request: Request, pk: int) -> Any:
        """The original file, without data erased since; its ETag is its SHA-256."""
        flow_file = self.get_object()
        if not flow_file.content:
            raise ContentDeleted
        etag = f'"{importer.content_sha256(flow_file)}"'
        not_modified = get_conditional_response(request, etag=etag)
        if not_modified is not None:
            not_modified["ETag"] = etag
            return not_modified
        try:
            content = importer.open_original(flow_file=flow_file)
        except importer.OriginalMissing as error:
            raise ContentDeleted from error
        if request.method == "GET":
            audit.record_access(AuditEvent.Action.DOWNLOAD, flow_file)
        return FileResponse(
            content,
            as_attachment=True,
            filename=f"flow-file-{flow_file.pk}.uff",
            content_type="application/octet-stream",
            headers={"ETag": etag},
        )

    @extend_schema(
        summary="List the findings of a flow file",
        responses=FindingSerializer(many=True),
    )
    @action(
        detail=True,
        queryset=Finding.objects.all(),
        serializer_class=FindingSerializer,
        filterset_class=FindingFilterSet,
        pagination_class=KeysetPagination,
        extra_permissions=("view_finding",),
    )
    def findings(self, request: Request, pk: int) -> Response:
        """The validation report of one flow file."""
        self.filter_by_parent("flow_file")
        return super().list(request)

    @extend_schema(
        summary="List the site visits of a flow file",
        responses=SiteVisitSerializer(many=True),
    )
    @action(
        detail=True,
        url_path="site-visits",
        queryset=SiteVisit.objects.select_related("meter_point", "meter"),
        serializer_class=SiteVisitSerializer,
        filterset_class=SiteVisitFilterSet,
        pagination_class=KeysetPagination,
        extra_permissions=("view_sitevisit",),
    )
    def site_visits(self, request: Request, pk: int) -> Response:
        """The site visits of one flow file, by line."""
        self.filter_by_parent("flow_file")
        return super().list(request)

    @extend_schema(summary="List the readings of a flow file", **NESTED_READINGS_SCHEMA)
    @action(detail=True, **NESTED_READINGS)
    def readings(self, request: Request, pk: int) -> Any:
        """The readings of one flow file, by line."""
        self.filter_by_parent("flow_file")
        return self.list_readings(request)


@extend_schema_view(
    list=extend_schema(summary="List findings"),
    retrieve=extend_schema(summary="Get a finding"),
)
class FindingViewSet(ResourceViewSet):
    """Findings: the rows of validation reports."""

    queryset = Finding.objects.all()
    serializer_class = FindingSerializer
    filterset_class = FindingFilterSet
    required_permissions = ("view_finding",)
