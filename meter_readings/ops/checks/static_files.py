"""Checks of the static files: are all collected, and of this version."""

from __future__ import annotations

import filecmp
from pathlib import Path
from typing import cast
from urllib.parse import unquote

from django.conf import settings
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import StaticFilesStorage, staticfiles_storage

from .results import CheckResult, failed, ok

COLLECT_STATIC = f"Run: {settings.MANAGE_PY} collectstatic --noinput"


def static_files() -> CheckResult:
    if not settings.IS_PRODUCTION:
        return ok("served from the source in development")
    storage = cast(StaticFilesStorage, staticfiles_storage)
    sources = _source_files()
    for name, source in sources.items():
        try:
            url = unquote(storage.url(name))
            served = storage.path(url.removeprefix(str(storage.base_url)))
            is_same = filecmp.cmp(source, storage.path(name), shallow=False)
        except (ValueError, OSError):
            return failed(f"{name} is not collected", COLLECT_STATIC)
        if not is_same:
            return failed(f"{name} is that of another version", COLLECT_STATIC)
        if not Path(served).exists():
            return failed(f"{served} is missing", COLLECT_STATIC)
    return ok(f"{len(sources)} collected in {settings.STATIC_ROOT}")


def _source_files() -> dict[str, str]:
    """Return the paths of all files to collect by name; the first of a name counts."""
    sources: dict[str, str] = {}
    for finder in get_finders():
        for path, storage in finder.list(StaticFilesConfig.ignore_patterns):
            name = Path(getattr(storage, "prefix", None) or "", path).as_posix()
            sources.setdefault(name, storage.path(path))
    return sources
