"""Checks of what the site works with: Redis, and the import itself."""

from __future__ import annotations

import io

from django.core.cache import caches
from django.utils import timezone

from meter_readings import importer
from meter_readings.models import ImportJob
from meter_readings.ops.exceptions import cache_exceptions

from .results import CheckResult, failed, ok

_SAMPLE_FILE = """\
ZHV|DEPLOYMENT|D0010002|C|TEST|X|TEST|20240401120000||||OPER|
026|1000000000003|V|
028|CHECKED001|R|
030|S|20240401000000|1.0|||T|N|
ZPT|DEPLOYMENT|3||1|20240401120000|
"""


def redis() -> CheckResult:  # redis only
    try:
        caches["default"].set("diagnostics", 1)
        caches["default"].get("diagnostics")
    except cache_exceptions() as error:
        return failed(
            f"Redis cannot be used ({type(error).__name__})",
            "Check that it runs, and REDIS_URL. Until it answers, the API answers 503.",
        )
    return ok("Redis answers")


def dry_run() -> CheckResult:
    """Validate a small flow file without storing it."""
    result = importer.import_flow_file(
        stream=io.BytesIO(_SAMPLE_FILE.encode()),
        filename="deployment-check.uff",
        now=timezone.now(),
        dry_run=True,
    )
    if result.outcome != ImportJob.Outcome.CHECKED:
        rules = ", ".join(result.finding_counts)
        return failed(
            f"a valid flow file was not accepted ({result.outcome}: {rules})",
            "The installation is incomplete: unpack the release again.",
        )
    return ok("a flow file was validated and not stored")
