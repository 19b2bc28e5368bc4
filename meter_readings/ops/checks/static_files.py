"""Checks of the static files: are they collected, and of this version."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import find
from django.contrib.staticfiles.storage import staticfiles_storage


from .results import CheckResult, failed, ok

COLLECT_STATIC = f"Run: {settings.MANAGE_PY} collectstatic --noinput"
_STYLE_SHEET = "meter_readings/site.css"


def static_files() -> CheckResult:
    if not settings.IS_PRODUCTION:
        return ok("served from the source in development")
    try:
        staticfiles_storage.url(_STYLE_SHEET)
        with staticfiles_storage.open(_STYLE_SHEET) as collected:
            is_same = collected.read() == Path(str(find(_STYLE_SHEET))).read_bytes()
    except (ValueError, OSError):
        return failed("not collected", COLLECT_STATIC)
    if not is_same:
        return failed("collected from another version", COLLECT_STATIC)
    return ok(f"collected in {settings.STATIC_ROOT}")
