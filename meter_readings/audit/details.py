"""The details of an audit event in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def details_text(details: Mapping[str, Any]) -> str:
    """Return details such as "outcome: imported; readings loaded: 3"."""
    return "; ".join(
        f"{name.replace('_', ' ')}: {_text(value)}" for name, value in details.items()
    )


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each}" for name, each in value.items()) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
