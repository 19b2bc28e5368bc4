"""The form that filters the charts and the history of meter points and meters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlencode

from django import forms

from meter_readings.d0010 import YEARS
from meter_readings.d0010.codes import Basis, register_meaning
from meter_readings.models import Reading
from meter_readings.queries.history import (
    ReadingKey,
    Register,
    RegisterKey,
    reading_key,
)

# The history has no readings with this basis.
_BASES = {basis.value: basis for basis in Basis if basis != Basis.WITHDRAWN}
_PERIODS = [("3", "3 months"), ("13", "13 months"), ("37", "3 years"), ("all", "All")]


class _ChoiceOrInitialField(forms.ChoiceField):
    """A choice that has its initial value if the query has no valid one."""

    def bound_data(self, data: Any, initial: Any) -> Any:
        return data if self.valid_value(data) else initial

    def clean(self, value: Any) -> Any:
        return self.bound_data(value, self.initial)


class HistoryForm(forms.Form):
    """Register, basis, chart and period, and the position in the history.

    Every query string is valid: a value that is not offered is ignored. `before` and
    `of` are the time and the register of the last reading of the previous page.
    """

    register = _ChoiceOrInitialField(initial="")
    basis = _ChoiceOrInitialField(
        label="Reading basis",
        choices=[("", "All"), *((value, each.label) for value, each in _BASES.items())],
        initial="",
    )
    chart = _ChoiceOrInitialField(
        label="Chart of",
        choices=[("advances", "Consumption per day"), ("readings", "Readings")],
        initial="advances",
    )
    period = _ChoiceOrInitialField(choices=_PERIODS, initial="13")
    before = forms.DateTimeField(required=False, widget=forms.HiddenInput)
    of = forms.CharField(required=False, widget=forms.HiddenInput)

    use_required_attribute = False

    def __init__(self, query: Mapping[str, str], registers: Sequence[Register]) -> None:
        super().__init__(query, auto_id=False)
        self._registers = {_value_of(each.key): each for each in registers}
        labels = {value: _label_of(each) for value, each in self._registers.items()}
        field = cast(forms.ChoiceField, self.fields["register"])
        field.choices = [("", "All"), *labels.items()]
        self.full_clean()

    @property
    def selected_registers(self) -> list[Register]:
        """The selected register, or all."""
        value = self.cleaned_data["register"]
        return [self._registers[value]] if value else list(self._registers.values())

    @property
    def selected_basis(self) -> Basis | None:
        return _BASES.get(self.cleaned_data["basis"])

    @property
    def shows_advances(self) -> bool:
        return bool(self.cleaned_data["chart"] == "advances")

    @property
    def months(self) -> int | None:
        """The number of months in the charts; None for all."""
        period = self.cleaned_data["period"]
        return None if period == "all" else int(period)

    @property
    def position(self) -> ReadingKey | None:
        """The last reading of the previous page; None on the first page."""
        read_at = self.cleaned_data.get("before")
        register = self._registers.get(self.cleaned_data.get("of", ""))
        if not register or not read_at or read_at.year not in YEARS:
            return None
        return ReadingKey(*register.key, read_at)

    def query_string(self, after: Reading | None = None) -> str:
        """Return these values for a link to the first page or the one after a row."""
        query = {
            field.name: field.value()
            for field in self.visible_fields()
            if field.value() != field.initial
        }
        if after is not None:
            key = reading_key(after)
            query["before"] = key.read_at.isoformat()
            query["of"] = _value_of(RegisterKey(key.meter_id, key.register_id))
        return f"?{urlencode(query)}"


def _value_of(key: RegisterKey) -> str:
    return f"{key.meter_id}-{key.register_id}"


def _label_of(register: Register) -> str:
    meaning = register_meaning(register.register_id)
    name = " ".join(filter(None, (register.register_id, meaning)))
    return f"{name}, meter {register.meter.serial_number}"
