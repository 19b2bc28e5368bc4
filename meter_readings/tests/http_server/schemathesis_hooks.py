"""Hooks for Schemathesis: rules of the API that OpenAPI cannot express."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import schemathesis

# These formats have no pages.
_FILES = ("csv", "d0010")
_PAGE_PARAMETERS = {"cursor", "page_size", "fields", "ordering"}
# Gunicorn and nginx reject longer request lines.
_LONGEST = 8000


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """Skip parameters that exclude each other, and request lines that are too long."""
    query = case.query if isinstance(case.query, dict) else {}
    if query.get("format") in _FILES and _PAGE_PARAMETERS & set(query):
        return False
    return len(case.formatted_path) + len(urlencode(query, doseq=True)) <= _LONGEST
