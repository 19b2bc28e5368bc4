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
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}
