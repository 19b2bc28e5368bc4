"""Examples of the OpenAPI schema, from examples.json."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer

EXAMPLES: dict[str, Any] = json.loads(
    Path(__file__).with_name("examples.json").read_text(encoding="utf-8")
)


def example(name: str, **options: Any) -> OpenApiExample:
    """Return an example by its name in examples.json."""
    title = name.replace("_", " ").capitalize()
    return OpenApiExample(title, EXAMPLES[name], **options)


def with_example(name: str) -> Callable[[Any], Any]:
    """Return a class decorator that gives a serializer its example."""
    return extend_schema_serializer(examples=[example(name)])
