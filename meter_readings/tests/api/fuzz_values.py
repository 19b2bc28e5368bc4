"""Requests that some program somewhere has stumbled over, or that mean harm.

A query string is made of each parameter that the description has, with each value.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import quote

import yaml

from config.environment import PROJECT_ROOT
from meter_readings.tests.api.test_permissions import MODELS

# As they stand in an address: whatever must be is escaped.
VALUES = [
    *map(
        quote,
        [
            # Numbers
            "-1",
            "0",
            "1e999999999",
            "NaN",
            "-Infinity",
            "9" * 400,
            str(2**63),
            "1" + "0" * 18,
            "0x10",
            "1_000",
            "٣٤",
            # Times
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "0000-00-00",
            "2024-02-30",
            "2199-12-31",
            "1950-01-01T00:00:00+23:59",
            "2024-01-01T00:00:00+99:99",
            "2024-W01-1",
            # Texts
            "' OR 1=1 --",
            "(a+)+$",
            "%",
            "_" * 50,
            "a\0b",
            "term " * 600,
            ",".join(["2000000000015"] * 201),
            "\ud7ff\U0010ffff",
            "\u202e",
            "[]",
            '{"$gt": ""}',
            "true",
            "../../etc/passwd",
            "<svg onload=alert(1)>",
            "{{7*7}}${7*7}",
        ],
    ),
    # What is no text, or no escape
    "%FF%FE",
    "%C0%AF",
    "%ED%A0%80",
    "%00",
    "%",
    "%zz",
    "%u0041",
    "%0D%0ASet-Cookie:%20a=b",
    "+",
    "",
    "x" * 3000,
]

# What is put after a parameter's name
ENDINGS = ["__regex", "__isnull", "__gte", "[]", "[$ne]", ".id", "%00"]

_CURSORS = [
    "[]",
    "null",
    "[" * 200,
    '["-read_at", "NaN", "1"]',
    '["-read_at", "0001-01-01T00:00:00+14:00", "1"]',
    '["-read_at", "2024-01-01T00:00:00Z", "-1"]',
    '["-read_at", "2024-01-01T00:00:00Z", "99999999999999999999"]',
    '["-read_at", {"a": 1}, []]',
    '["line_number", "1", "1"]',
    '["mpan", "\\u0000"]',
]


def queries(*, number: int, seed: int) -> list[str]:
    """Return so many addresses with a query string, of all that there are."""
    every = [*_queries()]
    return random.Random(seed).sample(every, min(number, len(every)))


def addresses() -> dict[str, list[str]]:
    """Return each address of the description, and the names of its parameters."""
    found = {}
    for path, operations in _description()["paths"].items():
        resource = path.split("/")[3]
        if "get" in operations and resource in MODELS:
            row = MODELS[resource]._default_manager.latest("pk")
            parameters = operations["get"]["parameters"]
            names = [each["name"] for each in parameters if each["in"] == "query"]
            found[path.replace("{id}", str(row.pk))] = names
    return found


@cache
def _description() -> Any:
    text = (PROJECT_ROOT / "documentation/openapi.yaml").read_text()
    return yaml.safe_load(text)


def _queries() -> Iterator[str]:
    cursors = [base64.urlsafe_b64encode(text.encode()).decode() for text in _CURSORS]
    for address, names in addresses().items():
        for name in names:
            for value in VALUES:
                yield f"{address}?{name}={value}"
            for ending in ENDINGS:
                yield f"{address}?{name}{ending}=1"
            yield f"{address}?{name}=1&{name}=1"
        if "cursor" in names:
            for cursor in cursors:
                yield f"{address}?cursor={cursor}"
        yield f"{address}?{'&'.join(f'a{number}=1' for number in range(1100))}"
        yield f"{address}?_connector=OR&_negated=1"
        yield f"{address}?&&&;;;====&=1"
