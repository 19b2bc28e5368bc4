"""The numbers that the rules compare with: Django settings."""

from __future__ import annotations

from typing import NamedTuple, Self

from django.conf import settings


class Thresholds(NamedTuple):
    """Limits of the rules; the names are those of the settings, without QUALITY_."""

    high_factor: int = 2
    spike_factor: int = 5
    min_days: int = 7
    min_units: int = 50
    repeated_zeros: int = 3
    max_digits: int = 7
    long_period_months: int = 14
    max_period_months: int = 15
    estimates_days: int = 365
    silent_cycles: int = 2
    silent_days: int = 60
    new_point_days: int = 190

    @classmethod
    def from_settings(cls) -> Self:
        names = cls._fields
        return cls(*(getattr(settings, f"QUALITY_{name.upper()}") for name in names))
