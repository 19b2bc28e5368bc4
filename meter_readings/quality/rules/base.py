"""What a quality rule is, and the registry of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import NamedTuple

from meter_readings.d0010.codes import ReasonCode
from meter_readings.models import Severity
from meter_readings.quality.history import MeterPoint, Register
from meter_readings.quality.rows import Row

# A reading, and why the rule raises it: no text has an MPAN or a serial number.
type Raised = Iterator[tuple[Row, str]]


class QualityRule(NamedTuple):
    """One rule: a function, and what people need to know about it.

    `condition` is the published condition, and `reason_code` the check's code in the
    catalogue's list J0332, or None if the list has none.
    """

    code: str
    label: str
    severity: Severity
    reason_code: ReasonCode | None
    explanation: str
    condition: str


class RegisterRule(NamedTuple):
    rule: QualityRule
    check: Callable[[Register], Raised]


class MeterPointRule(NamedTuple):
    rule: QualityRule
    check: Callable[[MeterPoint], Raised]


REGISTER_RULES: list[RegisterRule] = []
METER_POINT_RULES: list[MeterPointRule] = []


def register_rule(
    label: str,
    severity: Severity,
    reason_code: ReasonCode | None,
    *,
    condition: str,
) -> Callable[[Callable[[Register], Raised]], Callable[[Register], Raised]]:
    """Register a function as a rule; its name is the code, its docstring explains."""

    def decorate(check: Callable[[Register], Raised]) -> Callable[[Register], Raised]:
        rule = _rule(check, label, severity, reason_code, condition)
        REGISTER_RULES.append(RegisterRule(rule, check))
        return check

    return decorate


def meter_point_rule(
    label: str,
    severity: Severity,
    reason_code: ReasonCode | None,
    *,
    condition: str,
) -> Callable[[Callable[[MeterPoint], Raised]], Callable[[MeterPoint], Raised]]:
    """Register a function over the meters of one meter point."""

    def decorate(
        check: Callable[[MeterPoint], Raised],
    ) -> Callable[[MeterPoint], Raised]:
        rule = _rule(check, label, severity, reason_code, condition)
        METER_POINT_RULES.append(MeterPointRule(rule, check))
        return check

    return decorate


def _rule(
    check: Callable[..., Raised],
    label: str,
    severity: Severity,
    reason_code: ReasonCode | None,
    condition: str,
) -> QualityRule:
    code = check.__name__.replace("_", "-")
    explanation = " ".join((check.__doc__ or "").split())
    return QualityRule(code, label, severity, reason_code, explanation, condition)


def units(thousandths: float) -> str:
    """Return a value or an advance as text, rounded to one decimal."""
    return f"{Decimal(round(thousandths)) / 1000:,.1f}"
