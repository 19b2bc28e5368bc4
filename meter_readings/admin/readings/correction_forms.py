"""Forms by which users add, correct and withdraw single readings.

What is possible is checked by the importer; a form only parses.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from meter_readings.d0010 import YEARS, codes
from meter_readings.d0010.mpan import normalise_mpan
from meter_readings.importer import ReadingValues
from meter_readings.models import Meter, MeterPoint, Reading

_VALIDITY = [("valid", "Valid"), ("suspect", "Suspect")]
_READING_TYPES = [
    choice
    for choice in codes.ReadingType.choices()
    if choice[0] != codes.ReadingType.WITHDRAWN
]


class ReadAtField(forms.DateTimeField):
    """A UK local time. That of `known` stays the same instant when clocks change."""

    widget = forms.DateTimeInput(
        format="%Y-%m-%dT%H:%M:%S", attrs={"type": "datetime-local", "step": "1"}
    )
    known: datetime | None = None

    def to_python(self, value: Any) -> datetime | None:
        if self.known and isinstance(value, str):
            local = timezone.localtime(self.known).replace(tzinfo=None)
            if _parsed(value) == local:
                return self.known
        read_at = super().to_python(value)
        # Years at both ends of the calendar have no time in UTC.
        if read_at and read_at.year not in YEARS:
            raise ValidationError(self.error_messages["invalid"])
        return read_at and read_at.replace(microsecond=0)


def _parsed(value: str) -> datetime | None:
    try:
        return parse_datetime(value.strip())
    except ValueError:
        return None


class WithdrawForm(forms.Form):
    """Why a reading is withdrawn."""

    reason = forms.CharField(
        max_length=2000,
        help_text="For example “Customer sent a photo of the meter”. It is stored and "
        "shown with your name.",
        widget=forms.Textarea(attrs={"rows": 2, "cols": 60}),
        error_messages={"required": "Give a reason."},
    )


class CorrectForm(WithdrawForm):
    """The value, time, register and validity of a reading, and why."""

    value = forms.DecimalField(
        label="Reading",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages=dict.fromkeys(("required", "invalid"), "Enter a number."),
    )
    read_at = ReadAtField(
        label="Read at",
        help_text="UK local time.",
        error_messages=dict.fromkeys(
            ("required", "invalid"), "Enter a date and a time."
        ),
    )
    register_id = forms.CharField(
        label="Register",
        max_length=2,
        widget=forms.TextInput(attrs={"size": 2, "autocomplete": "off"}),
        error_messages={"required": "Enter the register."},
    )
    validity = forms.ChoiceField(label="Valid or suspect", choices=_VALIDITY)

    @classmethod
    def of(cls, reading: Reading, data: Any = None) -> CorrectForm:
        """Return the form of a reading, with its values unless there are data."""
        form = cls(
            data,
            initial={
                "value": f"{reading.value.normalize():f}",
                "read_at": reading.read_at,
                "register_id": reading.register_id,
                "validity": "suspect" if reading.is_suspect else "valid",
            },
        )
        field = form.fields["read_at"]
        assert isinstance(field, ReadAtField)
        field.known = reading.read_at
        return form

    @property
    def values(self) -> ReadingValues:
        given = self.cleaned_data
        return ReadingValues(
            given["register_id"],
            given["read_at"],
            given["value"],
            given["validity"] == "valid",
        )


class AddForm(CorrectForm):
    """A reading of one of these meters, which no file has."""

    meter = forms.ModelChoiceField(
        Meter.objects.none(),
        label="Meter",
        empty_label=None,
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose a meter."),
    )
    reading_type = forms.ChoiceField(
        choices=_READING_TYPES, initial=codes.ReadingType.CUSTOMER
    )

    field_order = (
        "reason",
        "meter",
        "register_id",
        "read_at",
        "value",
        "reading_type",
        "validity",
    )

    @classmethod
    def of_meters(
        cls, meters: QuerySet[Meter], initial: dict[str, Any], data: Any = None
    ) -> AddForm:
        form = cls(data, initial=initial)
        field = form.fields["meter"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = meters
        return form


class FindMeterPointForm(forms.Form):
    """The MPAN of a reading to add; it is cleaned to the meter point."""

    mpan = forms.CharField(
        label="MPAN",
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": "Enter the MPAN."},
    )

    def clean_mpan(self) -> MeterPoint:
        typed = normalise_mpan(self.cleaned_data["mpan"])
        point = MeterPoint.objects.filter(mpan=typed).first()
        if point is None:
            raise ValidationError("No meter point with this MPAN is stored.")
        return point
