"""URLs under /api/."""

from __future__ import annotations

from django.urls import include, path, register_converter
from django.urls.converters import StringConverter
from rest_framework.routers import SimpleRouter

from .views.failed_reads import FailedReadViewSet
from .views.flow_files import FindingViewSet, FlowFileViewSet
from .views.import_jobs import ImportJobViewSet
from .views.meter_points import (
    MeterPointViewSet,
    MeterViewSet,
    OverdueReadingViewSet,
    SiteVisitViewSet,
)
from .views.readings import ReadingViewSet
from .views.root import DocsView, RootView, SchemaView, VersionsView
from .views.upload_authorization import UploadAuthorizationView

app_name = "api"


class MpanOrIdConverter(StringConverter):
    """An MPAN, or the id of a meter point."""

    regex = "[0-9]{1,19}"


register_converter(MpanOrIdConverter, "mpan_or_id")

_router = SimpleRouter(use_regex_path=False)
_router.register("flow-files", FlowFileViewSet, "flow-file")
_router.register("imports", ImportJobViewSet, "import")
_router.register("findings", FindingViewSet, "finding")
_router.register("meter-points", MeterPointViewSet, "meter-point")
_router.register("meters", MeterViewSet, "meter")
_router.register("site-visits", SiteVisitViewSet, "site-visit")
_router.register("failed-reads", FailedReadViewSet, "failed-read")
_router.register("overdue-readings", OverdueReadingViewSet, "overdue-reading")
_router.register("readings", ReadingViewSet, "reading")

_version_1 = [
    path("", RootView.as_view(), name="root"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(), name="docs"),
    *_router.urls,
]

urlpatterns = [
    path("", VersionsView.as_view(), name="versions"),
    path("v1/", include(_version_1)),
    path(
        "upload-authorization/",
        UploadAuthorizationView.as_view(),
        name="upload-authorization",
    ),
]
