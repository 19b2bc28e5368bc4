"""OpenAPI: the settings of drf-spectacular."""

from typing import Any

from meter_readings import __version__

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Kraken D0010",
    "VERSION": __version__,
    "DESCRIPTION": (
        "Every reading of every D0010 flow file that was imported. The guide to it is "
        "documentation/API_GUIDE.md."
    ),
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_PUBLIC": True,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["meter_readings.api.permissions.HasRequiredPermissions"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "meter_readings.api.openapi.hooks.add_common_parts",
    ],
    "SORT_OPERATION_PARAMETERS": False,
    "CONTACT": {"name": "Matthew Brenton Hall"},
    "SERVERS": [{"url": "/", "description": "The site that serves this schema"}],
    "TAGS": [
        {"name": "flow-files", "description": "Flow files: upload, undo, re-process."},
        {"name": "imports", "description": "Import jobs: progress and results."},
        {"name": "findings", "description": "Findings of validation reports."},
        {"name": "meter-points", "description": "Meter points by MPAN."},
        {"name": "meters", "description": "Meters by serial number."},
        {"name": "site-visits", "description": "Site visits and check codes."},
        {"name": "failed-reads", "description": "Failed reads and their counts."},
        {
            "name": "overdue-readings",
            "description": "Meter points and registers not read in time.",
        },
        {"name": "readings", "description": "Readings, their exports and counts."},
    ],
}
