"""Hooks into the queries of a test's connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def after_query(text: str, act: Callable[[], object]) -> Iterator[None]:
    """Act once, after the first query whose SQL has the text; it must be sent."""
    has_acted = False

    def wrapper(execute: Any, sql: str, *rest: Any) -> Any:
        nonlocal has_acted
        result = execute(sql, *rest)
        if text in sql and not has_acted:
            has_acted = True
            act()
        return result

    with connection.execute_wrapper(wrapper):
        yield
    assert has_acted, text
