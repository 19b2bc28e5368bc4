"""What Schemathesis must know that a description in OpenAPI cannot say."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import schemathesis

# Formats that are sent whole; there are no pages of them.
_FILES = ("csv", "d0010")
_OF_PAGES = {"cursor", "page_size", "fields", "ordering"}
# What neither gunicorn nor nginx takes, so that it never comes to the site.
_LONGEST = 8000


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """Leave out what one parameter forbids another, and what no server takes."""
    asked = case.query if isinstance(case.query, dict) else {}
    if asked.get("format") in _FILES and _OF_PAGES & set(asked):
        return False
    return len(case.formatted_path) + len(urlencode(asked, doseq=True)) <= _LONGEST
