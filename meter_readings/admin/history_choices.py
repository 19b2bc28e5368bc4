"""What a person chose to see of a history, and what there is to choose from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from meter_readings.d0010 import YEARS
from meter_readings.d0010.codes import Basis
from meter_readings.histories import Event, Register, RegisterKey, event_of
from meter_readings.models import Reading

_PERIODS = {"3": "3 months", "13": "13 months", "37": "3 years", "all": "All"}
_USUAL_PERIOD = "13"
_DRAWN = {"readings": "Readings", "advances": "Advances a day"}

# Of these none is current, or none of them is looked for.
_NOT_OFFERED = {Basis.WITHDRAWN}


class Choice(NamedTuple):
    """One of several that can be chosen."""

    value: str
    words: str
    is_chosen: bool


class Choices(NamedTuple):
    """What was chosen, as the address of the page says it."""

    register: RegisterKey | None
    basis: Basis | None
    period: str
    drawn: str
    before: Event | None

    @property
    def months(self) -> int | None:
        """Return of how many months there is to be a chart; None of all."""
        return int(self.period) if self.period.isdecimal() else None

    @property
    def draws_advances(self) -> bool:
        """Return whether the chart is to be of advances."""
        return self.drawn == "advances"

    def registers(self, registers: Iterable[Register]) -> list[Register]:
        """Return the registers that were chosen."""
        return [one for one in registers if self.register in (None, one.key)]

    def offered(self, registers: Sequence[Register]) -> list[dict[str, object]]:
        """Return the lists to choose from: names, labels and choices."""
        chosen_register = _value_of(self.register) if self.register else ""
        by_value = {_value_of(one.key): _words_of(one) for one in registers}
        bases = {each.value: each.label for each in Basis if each not in _NOT_OFFERED}
        lists = (
            ("register", "Register", {"": "All"} | by_value, chosen_register),
            ("basis", "Basis", {"": "All"} | bases, self.basis or ""),
            ("chart", "Chart of", _DRAWN, self.drawn),
            ("period", "Period", _PERIODS, self.period),
        )
        return [
            {
                "name": name,
                "label": label,
                "choices": [
                    Choice(value, words, value == chosen)
                    for value, words in values.items()
                ],
            }
            for name, label, values, chosen in lists
        ]

    def query(self, before: Reading | None = None) -> str:
        """Return these choices for an address, for the page after `before` or first."""
        asked = {
            "register": _value_of(self.register) if self.register else "",
            "basis": self.basis or "",
            "chart": self.drawn if self.draws_advances else "",
            "period": "" if self.period == _USUAL_PERIOD else self.period,
        }
        if before is not None:
            event = event_of(before)
            asked["before"] = event.read_at.isoformat()
            asked["of"] = _value_of(RegisterKey(event.meter_id, event.register_id))
        return "?" + urlencode({name: value for name, value in asked.items() if value})


def choices_made(asked: Mapping[str, str], registers: Iterable[Register]) -> Choices:
    """Return what was chosen; what cannot be chosen counts as not asked for."""
    keys = {_value_of(one.key): one.key for one in registers}
    period, drawn = asked.get("period"), asked.get("chart")
    return Choices(
        register=keys.get(asked.get("register", "")),
        basis={each.value: each for each in Basis}.get(asked.get("basis", "")),
        period=period if period in _PERIODS else _USUAL_PERIOD,
        drawn=drawn if drawn in _DRAWN else "readings",
        before=_event(asked.get("before", ""), keys.get(asked.get("of", ""))),
    )


def _event(moment: str, key: RegisterKey | None) -> Event | None:
    try:
        read_at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    is_moment = read_at.tzinfo and read_at.year in YEARS
    return Event(*key, read_at) if key and is_moment else None


def _value_of(key: RegisterKey) -> str:
    return f"{key.meter_id}-{key.register_id}"


def _words_of(register: Register) -> str:
    return f"{register.register_id}, meter {register.meter.serial_number}"
