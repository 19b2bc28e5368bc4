"""Failed reads: visits with a failed reading that no valid reading has followed.

As of the end of a UK local date, a register is outstanding if

- the latest of its current readings that has the BSC validation (J0022) V or F has F,
- and its meter is in use: no other meter of the meter point has a current reading of a
  later local date than the latest current reading of this one.

The outstanding registers of a meter point whose failed readings are of one local date
are one failed read, whatever the number of meters, registers and reasons.

One query reads the failed readings along the index of readings that are not validated
and looks up what followed each of them, so the cost is proportional to their number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import lt
from typing import NamedTuple, Self

from django.core.exceptions import ValidationError
from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.utils import timezone

from meter_readings.d0010 import LONDON, YEARS, codes, midnight
from meter_readings.models import (
    NOT_VALIDATED_Q,
    READING_ORDER_REVERSED,
    Reading,
)

# The ages in days with which the age bands begin, after the band that begins with 0
AGE_BANDS = (7, 30, 90, 180)

# A hundred years
MAX_AGE = 36_500
_MAX_AGE_BANDS = 12

_FAILED = codes.BscValidationStatus.FAILED.value
_VALIDATED_OR_FAILED = (codes.BscValidationStatus.VALIDATED.value, _FAILED)
_CHUNK_SIZE = 500
_POSITION = re.compile("([0-9]{8})-([0-9]{13})")
_DAYS = re.compile("[0-9]{1,5}")


class AgeBand(NamedTuple):
    """A range of ages in days; `max_age` is None in the last band."""

    min_age: int
    max_age: int | None

    def __str__(self) -> str:
        if self.max_age is None:
            return f"{self.min_age} days or more"
        return f"{self.min_age} to {self.max_age} days"


class FailedRegister(NamedTuple):
    """The failed reading of one register; `sender` is "" if a user entered it."""

    reading_id: int
    meter_id: int
    serial_number: str
    register_id: str
    read_at: datetime
    value: Decimal
    reading_type: str
    reason_code: str
    sender: str


class FailedRead(NamedTuple):
    """The outstanding registers of a meter point at one visit."""

    visit_date: date
    meter_point_id: int
    mpan: str
    registers: list[FailedRegister]

    @property
    def position(self) -> Position:
        return Position(self.visit_date, self.mpan)

    @property
    def distributor_id(self) -> str:
        return self.mpan[:2]

    @property
    def reason_codes(self) -> list[str]:
        """The reasons (J0332) of the registers; a register may have none."""
        return sorted({each.reason_code for each in self.registers} - {""})

    @property
    def senders(self) -> list[str]:
        return sorted({each.sender for each in self.registers} - {""})

    def age(self, as_of: date) -> int:
        """Return the number of days since the visit."""
        return (as_of - self.visit_date).days


class Position(NamedTuple):
    """The position of a failed read in the list: latest visit first, then by MPAN."""

    visit_date: date
    mpan: str

    def __str__(self) -> str:
        return f"{self.visit_date:%Y%m%d}-{self.mpan}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the position of its text; raises ValueError."""
        if not (match := _POSITION.fullmatch(text)):
            raise ValueError("This is no position.")
        day = date.fromisoformat(match[1])
        if day.year not in YEARS:
            raise ValueError("No reading has this date.")
        return cls(day, match[2])


class Filters(NamedTuple):
    """What failed reads to list.

    A reason or a sender is that of at least one of the registers.
    """

    min_age: int | None = None
    max_age: int | None = None
    sender: str | None = None
    reason_code: str | None = None
    distributor_id: str | None = None

    def match(self, read: FailedRead) -> bool:
        """Return whether all filters match but those of the age."""
        return (
            self.sender in (None, *read.senders)
            and self.reason_code in (None, *read.reason_codes)
            and self.distributor_id in (None, read.distributor_id)
        )


class FailedReadCounts(NamedTuple):
    """Numbers of failed reads; one with several senders or reasons is in each of them.

    Failed reads of which no register has a reason are counted under "", as are those
    without a sender.
    """

    total: int
    by_band: dict[AgeBand, int]
    by_sender: dict[str, int]
    by_reason: dict[str, int]
    by_distributor: dict[str, int]


def failed_reads(
    *, as_of: date, filters: Filters = Filters(), after: Position | None = None
) -> Iterator[FailedRead]:
    """Yield the failed reads as of a local date, latest visit first, then by MPAN."""
    rows = _outstanding_readings(as_of, filters, after)
    registers = _registers_in_use(rows.iterator(chunk_size=_CHUNK_SIZE))
    for visit_date, of_day in groupby(registers, key=lambda row: row.visit_date):
        reads: dict[str, FailedRead] = {}
        for _, point_id, mpan, register in of_day:
            read = FailedRead(visit_date, point_id, mpan, [])
            reads.setdefault(mpan, read).registers.append(register)
        for mpan, read in sorted(reads.items()):
            is_later = after is None or _is_after(read.position, after)
            if is_later and filters.match(read):
                read.registers.sort(key=lambda each: each[2:4])
                yield read


def counts_of(
    reads: Iterable[FailedRead], *, as_of: date, bands: Sequence[AgeBand]
) -> FailedReadCounts:
    """Count failed reads by age band, sender, reason (J0332) and distributor."""
    by_band = Counter(dict.fromkeys(bands, 0))
    by_sender: Counter[str] = Counter()
    by_reason: Counter[str] = Counter()
    by_distributor: Counter[str] = Counter()
    for read in reads:
        by_band[band_of(read.age(as_of), bands)] += 1
        by_sender.update(read.senders or [""])
        by_reason.update(read.reason_codes or [""])
        by_distributor[read.distributor_id] += 1
    return FailedReadCounts(
        total=by_band.total(),
        by_band=dict(by_band),
        by_sender=dict(sorted(by_sender.items())),
        by_reason=dict(sorted(by_reason.items())),
        by_distributor=dict(sorted(by_distributor.items())),
    )


def bands_of(age_bands: Sequence[int]) -> list[AgeBand]:
    """Return the bands that begin on day 0 and on these days, which ascend."""
    starts = [0, *age_bands]
    ends = [start - 1 for start in age_bands]
    return list(map(AgeBand, starts, [*ends, None]))


def parse_age_bands(text: str) -> list[int]:
    """Return the days of a text such as `7,30`; raises ValidationError."""
    days = [int(part) for part in text.split(",") if _DAYS.fullmatch(part)]
    is_ascending = all(map(lt, [0, *days], days))
    is_complete = len(days) == text.count(",") + 1 <= _MAX_AGE_BANDS
    if not (is_ascending and is_complete):
        message = f"Give up to {_MAX_AGE_BANDS} ascending numbers of days, as in 7,30."
        raise ValidationError(message, code="invalid")
    return days


def band_of(age: int, bands: Iterable[AgeBand]) -> AgeBand:
    return next(band for band in bands if band.max_age is None or age <= band.max_age)


def _is_after(position: Position, other: Position) -> bool:
    if position.visit_date == other.visit_date:
        return position.mpan > other.mpan
    return position.visit_date < other.visit_date


# The query


class _Row(NamedTuple):
    visit_date: date
    meter_point_id: int
    mpan: str
    register: FailedRegister


def _outstanding_readings(
    as_of: date, filters: Filters, after: Position | None
) -> QuerySet[Reading, tuple[object, ...]]:
    """Return the failed readings of registers that no V or F has followed.

    Each has the time of the latest reading of another meter after it, if there is one,
    and then that of the latest reading of its own meter. Whether the meter is in use
    depends on local dates, which the databases do not know alike.
    """
    end = _end_of(as_of)
    known = Reading.objects.current().filter(read_at__lt=end)
    following = known.filter(read_at__gt=OuterRef("read_at"))
    # With a limit, PostgreSQL looks up each reading by the index of reading keys. For
    # NOT EXISTS it may read the whole table.
    next_validated = following.filter(
        meter=OuterRef("meter"),
        register_id=OuterRef("register_id"),
        bsc_validation_status__in=_VALIDATED_OR_FAILED,
    ).order_by()[:1]
    latest_of_others = _latest(
        following.filter(meter__meter_point=OuterRef("meter__meter_point")).exclude(
            meter=OuterRef("meter")
        ),
        "meter__meter_point",
    )
    own_latest = _latest(following.filter(meter=OuterRef("meter")), "meter")
    readings = (
        Reading.objects.current()
        .filter(NOT_VALIDATED_Q, bsc_validation_status=_FAILED, read_at__lt=end)
        .alias(followed_by=Subquery(next_validated.values("pk")))
        .filter(followed_by=None)
        .annotate(latest_of_others=latest_of_others, own_latest=own_latest)
    )
    if filters.max_age is not None:
        readings = readings.filter(read_at__gte=_start_of(as_of, filters.max_age))
    if filters.min_age is not None:
        readings = readings.filter(read_at__lt=_start_of(as_of, filters.min_age - 1))
    if after is not None:
        readings = readings.filter(read_at__lt=_end_of(after.visit_date))
    return readings.order_by(*READING_ORDER_REVERSED).values_list(
        "latest_of_others",
        "own_latest",
        "meter__meter_point_id",
        "meter__meter_point__mpan",
        "pk",
        "meter_id",
        "meter__serial_number",
        "register_id",
        "read_at",
        "value",
        "reading_type",
        "reason_code",
        "flow_file__from_participant",
    )


def _latest(readings: QuerySet[Reading], column: str) -> Subquery:
    # Grouped, so that PostgreSQL does not look for the maximum in the index of times.
    grouped = readings.order_by().values(column).annotate(latest=Max("read_at"))
    return Subquery(grouped.values("latest"))


def _registers_in_use(rows: Iterable[tuple]) -> Iterator[_Row]:
    for latest_of_others, own_latest, point_id, mpan, *columns in rows:
        register = FailedRegister._make([*columns[:-1], columns[-1] or ""])
        visit_date = timezone.localdate(register.read_at, LONDON)
        if latest_of_others is not None:
            latest = timezone.localdate(own_latest or register.read_at, LONDON)
            if timezone.localdate(latest_of_others, LONDON) > latest:
                continue
        yield _Row(visit_date, point_id, mpan, register)


def _end_of(day: date) -> datetime:
    return midnight(day + timedelta(days=1))


def _start_of(as_of: date, age: int) -> datetime:
    """Return the beginning of the day that is so many days before the as-of date."""
    return midnight(as_of - timedelta(days=age))
