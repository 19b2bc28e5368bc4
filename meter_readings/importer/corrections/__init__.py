"""Corrections: users add, correct and withdraw single readings, and undo that."""

from .acts import (
    ChangedSincePreview,
    CorrectionResult,
    add_reading,
    correct_reading,
    undo_correction,
    withdraw_reading,
)
from .effects import AdvanceChange, Effects, EndChange, VersionChange
from .rules import InvalidCorrection, ReadingValues

__all__ = [
    "AdvanceChange",
    "ChangedSincePreview",
    "CorrectionResult",
    "Effects",
    "EndChange",
    "InvalidCorrection",
    "ReadingValues",
    "VersionChange",
    "add_reading",
    "correct_reading",
    "undo_correction",
    "withdraw_reading",
]
