"""Addresses under /api/."""

from __future__ import annotations

from django.urls import include, path

from . import (
    entrances,
    flow_files,
    histories,
    meter_points,
    readings,
    uploads,
)

app_name = "api"

_version_1 = [
    path("", entrances.Root.as_view(), name="root"),
    path("schema/", entrances.Schema.as_view(), name="schema"),
    path("docs/", entrances.Docs.as_view(), name="docs"),
    # Files
    path("flow-files/", flow_files.FlowFileList.as_view(), name="flow-file-list"),
    path(
        "flow-files/upload/", uploads.FlowFileUpload.as_view(), name="flow-file-upload"
    ),
    path(
        "flow-files/<int:pk>/",
        flow_files.FlowFileDetail.as_view(),
        name="flow-file-detail",
    ),
    path(
        "flow-files/<int:pk>/content/",
        flow_files.FlowFileContent.as_view(),
        name="flow-file-content",
    ),
    path(
        "flow-files/<int:pk>/findings/",
        flow_files.FindingsOfFlowFile.as_view(),
        name="flow-file-findings",
    ),
    path(
        "flow-files/<int:pk>/readings/",
        readings.ReadingsOfFlowFile.as_view(),
        name="flow-file-readings",
    ),
    path(
        "flow-files/<int:pk>/site-visits/",
        meter_points.SiteVisitsOfFlowFile.as_view(),
        name="flow-file-site-visits",
    ),
    path("imports/", flow_files.ImportList.as_view(), name="import-list"),
    path("imports/<int:pk>/", flow_files.ImportDetail.as_view(), name="import-detail"),
    path("findings/", flow_files.FindingList.as_view(), name="finding-list"),
    path(
        "findings/<int:pk>/", flow_files.FindingDetail.as_view(), name="finding-detail"
    ),
    # Places
    path(
        "meter-points/", meter_points.MeterPointList.as_view(), name="meter-point-list"
    ),
    path(
        "meter-points/<int:pk>/",
        meter_points.MeterPointDetail.as_view(),
        name="meter-point-detail",
    ),
    path(
        "meter-points/<int:pk>/readings/",
        readings.ReadingsOfMeterPoint.as_view(),
        name="meter-point-readings",
    ),
    path(
        "meter-points/<int:pk>/advances/",
        histories.AdvancesOfMeterPoint.as_view(),
        name="meter-point-advances",
    ),
    path("meters/", meter_points.MeterList.as_view(), name="meter-list"),
    path("meters/<int:pk>/", meter_points.MeterDetail.as_view(), name="meter-detail"),
    path(
        "meters/<int:pk>/readings/",
        readings.ReadingsOfMeter.as_view(),
        name="meter-readings",
    ),
    path("site-visits/", meter_points.SiteVisitList.as_view(), name="site-visit-list"),
    path(
        "site-visits/<int:pk>/",
        meter_points.SiteVisitDetail.as_view(),
        name="site-visit-detail",
    ),
    # Readings
    path("readings/", readings.ReadingList.as_view(), name="reading-list"),
    path("readings/latest/", histories.LatestReadings.as_view(), name="reading-latest"),
    path(
        "readings/summary/", readings.ReadingSummary.as_view(), name="reading-summary"
    ),
    path("readings/<int:pk>/", readings.ReadingDetail.as_view(), name="reading-detail"),
]

urlpatterns = [
    path("", entrances.Versions.as_view(), name="versions"),
    path("v1/", include(_version_1)),
]
