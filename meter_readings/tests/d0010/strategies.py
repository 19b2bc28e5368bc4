"""Hypothesis strategies: canonical flow files, invalid lines and corrupt files."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy, composite

from meter_readings.d0010 import (
    LONDON,
    Entry,
    MeterReadingType,
    MpanCore,
    ParentGroup,
    RegisterReading,
    SiteVisit,
    ValidationResult,
)
from meter_readings.tests.support.flow_file_builder import (
    header_line,
    mpan_core,
    trailer_line,
)

PRINTABLE = "".join(map(chr, range(32, 127))).replace("|", "")
CREATED_AT = datetime(2040, 6, 1, 9, 15, tzinfo=LONDON)


def texts(longest: int) -> SearchStrategy[str]:
    """Texts without spaces around them, such as names and notes are."""
    return st.text(PRINTABLE, min_size=1, max_size=longest).filter(
        lambda text: text == text.strip(" ")
    )


def is_plain(moment: datetime) -> bool:
    """Return whether this UK local time occurs exactly once."""
    return moment.utcoffset() == moment.replace(fold=1).utcoffset()


midnights = st.dates(date(1950, 1, 1), date(2040, 1, 1)).map(
    lambda day: datetime(day.year, day.month, day.day, tzinfo=LONDON)
)
seconds = st.integers(1, 86_399)
times_of_day = (
    st.tuples(midnights, seconds)
    .map(lambda pair: pair[0] + timedelta(seconds=pair[1]))
    .filter(is_plain)
)
values = st.integers(0, 999_999_999).map(lambda tenths: Decimal(tenths) / 10)
visits = st.builds(
    SiteVisit, st.sampled_from(["01", "20", "89"]), st.just("") | texts(200)
)
results = st.builds(
    ValidationResult, st.sampled_from(["01", "05", "27"]), st.booleans()
)
mpans = st.builds(
    MpanCore, st.integers(0, 10**10 - 1).map(mpan_core), st.sampled_from("VUF")
)
meters = st.builds(MeterReadingType, texts(10), st.sampled_from("ACDFIMPQRSTUVWXYZ"))


class CanonicalFile(NamedTuple):
    """A file without issues, and its entries."""

    text: str
    entries: list[Entry]


class Book:
    """Lines and entries, written down side by side."""

    def __init__(self, header: str) -> None:
        self.lines = [header]
        self.entries: list[Entry] = []
        self.mpan: ParentGroup[MpanCore] | None = None
        self.meter: ParentGroup[MeterReadingType] | None = None

    def write(self, group: str, *texts: object) -> int:
        """Add a line; return its number."""
        self.lines.append("|".join((group, *map(str, texts), "")))
        return len(self.lines)

    def open_mpan(self, record: MpanCore) -> None:
        self.mpan = ParentGroup(self.write("026", *record), record)
        self.meter = None

    def open_meter(self, record: MeterReadingType) -> None:
        self.meter = ParentGroup(self.write("028", *record), record)

    def add_visit(
        self, group: str, record: SiteVisit, under: int | None = None
    ) -> None:
        number = self.write(group, *record)
        entry = Entry(number, group, record, self.mpan, self.meter)
        self.entries.append(entry._replace(reading_line_number=under))

    def add_reading(
        self, record: RegisterReading, found: list[ValidationResult]
    ) -> int:
        number = self.write(
            "030",
            record.register_id,
            f"{record.read_at:%Y%m%d%H%M%S}",
            f"{record.value:.1f}",
            f"{record.md_reset_at:%Y%m%d%H%M%S}" if record.md_reset_at else "",
            "" if record.md_reset_count is None else record.md_reset_count,
            {True: "T", False: "F", None: ""}[record.meter_reading_flag],
            record.reading_method,
        )
        for result in found:
            self.write("032", result[0], "T" if result[1] else "F")
        self.entries.append(
            Entry(number, "030", record, self.mpan, self.meter, tuple(found))
        )
        return number

    def add_childless(self, group: ParentGroup) -> None:
        code = "026" if group is self.mpan else "028"
        self.entries.append(
            Entry(group.line_number, code, group.record, self.mpan, self.meter)
        )


def reading_times(from_role: str, reading_type: str) -> SearchStrategy[datetime]:
    """The times that a role's readings of a type have."""
    if from_role == "C":
        return times_of_day
    if from_role == "D" and reading_type != "S":
        return midnights
    return midnights | times_of_day


@composite
def readings(draw: DrawFn, from_role: str, reading_type: str) -> RegisterReading:
    """A reading as this role sends it of this type."""
    reset = draw(st.none() | st.tuples(midnights, st.integers(0, 999)))
    return RegisterReading(
        draw(texts(2)),
        draw(reading_times(from_role, reading_type)),
        draw(values),
        *(reset or (None, None)),
        draw(st.sampled_from([True, True, True, False, None])),
        draw(st.sampled_from("NP")),
    )


@composite
def canonical_files(draw: DrawFn) -> CanonicalFile:
    """A whole file without issues: every group, as often as the catalogue allows."""
    from_role, to_role = draw(st.sampled_from(["DX", "CX", "MX", "XD", "RD", "NR"]))
    created_at = f"{CREATED_AT:%Y%m%d%H%M%S}"
    book = Book(
        header_line(from_role=from_role, to_role=to_role, created_at=created_at)
    )
    for mpan in draw(st.lists(mpans, min_size=1, max_size=3)):
        book.open_mpan(mpan)
        for visit in draw(st.lists(visits, max_size=2)):
            book.add_visit("027", visit)
        for meter in draw(st.lists(meters, min_size=1, max_size=3)):
            book.open_meter(meter)
            _add_children(draw, book, from_role, meter.reading_type)
    completed_at = f"{CREATED_AT + timedelta(seconds=1):%Y%m%d%H%M%S}"
    book.lines.append(trailer_line(book.lines[1:], completed_at=completed_at))
    return CanonicalFile("".join(line + "\n" for line in book.lines), book.entries)


def _add_children(draw: DrawFn, book: Book, from_role: str, type_: str) -> None:
    before = len(book.entries)
    for visit in draw(st.lists(visits, max_size=2)):
        book.add_visit("029", visit)
    for reading in draw(st.lists(readings(from_role, type_), max_size=4)):
        # A suspect reading has a 032, one without a flag has none.
        flag = reading.meter_reading_flag
        limits = {True: (0, 1), False: (1, 1), None: (0, 0)}[flag]
        found = draw(st.lists(results, min_size=limits[0], max_size=limits[1]))
        number = book.add_reading(reading, found)
        for visit in draw(st.lists(visits, max_size=1)):
            book.add_visit("033", visit, number)
    if len(book.entries) == before:
        assert book.meter is not None
        book.add_childless(book.meter)


# Lines of every group, valid and invalid

_ODD = ["", " ", "X", "T ", "é", "\x00", "\u0661", "-1", "9" * 30, "1e9", "A|B"]


def field_text(*good: str) -> SearchStrategy[str]:
    """The text of a field, mostly one of the good ones."""
    return st.sampled_from([*good] * 60 + _ODD)


def lines(group: str, *columns: SearchStrategy[str]) -> SearchStrategy[str]:
    """A line of these fields, mostly with the right number of pipes."""
    ends = st.sampled_from(["|"] * 12 + ["", "||", "|X|", "| |"])
    return st.tuples(*columns, ends).map(
        lambda row: "|".join([group, *row[:-1]]) + row[-1]
    )


visit_fields = field_text("02", "27", "99"), field_text("", "Note")
reading_lines = lines(
    "030",
    field_text("S", "01", "MD"),
    field_text("20240401000000", "20240401235959", "20240330000000", "20240331013000"),
    field_text("99.0", "0.0", "7", "007.5", "1.25", "123456789.0"),
    field_text("", "", "", "20240301000000"),
    field_text("", "", "", "1"),
    field_text("T", "T", "T", "", "F"),
    field_text("N", "P"),
)
common_runs = st.integers(1, 40).map(
    lambda count: "\n".join(
        f"030|{number % 3:02}|20240{number % 3 + 1}01000000|{number}.0|||T|N|"
        for number in range(count)
    )
)
group_lines = st.one_of(
    lines("026", field_text(mpan_core(1), mpan_core(2)), field_text("V", "F")),
    lines("027", *visit_fields),
    lines("028", field_text("TST0000001", "TST0000002"), field_text("R", "S", "O")),
    lines("028", field_text("TST0000001", "TST0000002"), field_text("R", "S", "O")),
    lines("029", *visit_fields),
    reading_lines,
    reading_lines,
    common_runs,
    common_runs,
    lines("032", field_text("05", "28"), field_text("T", "F")),
    lines("033", *visit_fields),
)
other_lines = st.sampled_from(
    ["", " ", "031|X|", "030", "zpt|", "\x85", "x\u2028y"]
    + ["030|S|" + "9" * length for length in (4089, 4090, 4091, 5000)]
    + [header_line(), header_line(created_at="20240215000000")]
    + [header_line(flow_and_version="D0149001"), "ZPT|TEST000001|3||1|20240402091501|"]
)
headers = st.sampled_from(
    [header_line()] * 4
    + [header_line(from_role="C"), header_line(from_role="X", to_role="D")]
    + [header_line(created_at="20240215000000"), header_line(created_at="2024"), ""]
)
group_sequences = st.lists(
    st.one_of([group_lines] * 15 + [other_lines]), min_size=6, max_size=25
)


@composite
def odd_files(draw: DrawFn) -> bytes:
    """A file of groups in any order, with issues of every kind."""
    placed = ["026|2000000000015|V|", "028|TST0000001|R|"]
    start = [draw(headers), *draw(st.sampled_from([placed, placed, []]))]
    line_ending = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    text = line_ending.join([*start, *draw(group_sequences)])
    ending = draw(st.sampled_from([line_ending, "", "\r"]))
    return (text + ending).encode("utf-8")


@composite
def mutated_files(draw: DrawFn) -> bytes:
    """A canonical file after some accidents to its bytes and its lines."""
    data = bytearray(draw(canonical_files()).text.encode("ascii"))
    for _ in range(draw(st.integers(1, 4))):
        # Behind the header, mostly: an accident there is soon told.
        begin = min(draw(st.sampled_from([0, 62, 62, 62, 62])), len(data))
        at = draw(st.integers(begin, len(data)))
        accident = draw(st.sampled_from(["change", "insert", "drop", "repeat", "cut"]))
        if accident == "change":
            data[at : at + 1] = bytes([draw(st.integers(0, 255))])
        elif accident == "insert":
            data[at:at] = draw(
                st.sampled_from([b"|", b"\n", b"\r", b" ", b"0", b"\xa0"])
            )
        elif accident == "drop":
            del data[at : at + 1]
        elif accident == "repeat":
            rows = data.split(b"\n")
            rows.insert(at % len(rows), rows[at // 7 % len(rows)])
            data = bytearray(b"\n".join(rows))
        else:
            del data[at : at + draw(st.integers(1, 60))]
    return bytes(data)


any_files = odd_files() | mutated_files()
