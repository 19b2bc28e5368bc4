"""The database depends on files and corrections, not on the order of imports."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from django.test import TransactionTestCase
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy, composite

from meter_readings import importer
from meter_readings.models import Correction, FlowFile, Policy, Reading
from meter_readings.tests.support.flow_file_builder import (
    flow_file,
    header_line,
    mpan_core,
)

from . import NOW, SEED, amount, database_state, reference_model, say
from .database_state import result_of

EXAMPLES = amount("D0010_EXAMPLES", 20)


class Step(NamedTuple):
    """An import of a file under a policy, or the undo of its import (None)."""

    file: int
    policy: Policy | None
    dry_run: bool = False


class Act(NamedTuple):
    """What a user does with a current reading, or undoes.

    The reading is the one with this number, counted around.
    """

    kind: str
    number: int
    value: str
    time: datetime
    register_id: str


type History = tuple[list[bytes], list[Step | Act]]


def mostly(usual: str, *others: str) -> SearchStrategy[str]:
    """Return a strategy for one value mostly, so that files overlap, or another."""
    return st.sampled_from([usual] * 3 * max(1, len(others)) + [*others])


def some(items: SearchStrategy[str], most: int) -> SearchStrategy[str]:
    """Return a strategy for lines: one to `most` items."""
    return st.lists(items, min_size=1, max_size=most).map("\n".join)


# A few values each, so that files repeat and contradict each other.
times = mostly("20240301000000", "20240331013000", "20231029013000")
values = mostly("100.0", "100.5", "100.55")
flags = mostly("T", "F", "")
results = mostly("", "032|05|T|", "032|05|F|")
readings = st.builds(
    "030|{}|{}|{}|||{}|N|\n{}".format, mostly("S", "01"), times, values, flags, results
)
meters = st.builds(
    "028|{}|{}|\n{}".format,
    mostly("K1", "K2"),
    st.sampled_from("RRRRRRWWCDQ"),
    some(readings, 3) | mostly("029|20||", ""),
)
points = st.builds(
    "026|{}|{}|\n{}\n{}".format,
    mostly(mpan_core(1), mpan_core(2)),
    st.sampled_from("VVVUFF"),
    mostly("", "027|02|Nobody at home|"),
    some(meters, 2) | st.just(""),
)
acts = st.builds(
    Act,
    st.sampled_from(["add", "correct", "correct", "move", "withdraw", "undo"]),
    st.integers(0, 20),
    st.sampled_from(["100.0", "100.5", "7"]),
    st.sampled_from([datetime(2024, 3, day, tzinfo=UTC) for day in (1, 2)]),
    st.sampled_from(["S", "01"]),
)
headers = st.builds(
    lambda identifier, created_at: header_line(
        file_identifier=identifier, created_at=created_at
    ),
    st.sampled_from(["a", "B", "10"]),
    mostly("20240402091500", "20240403091500"),
)


@composite
def files(draw: DrawFn) -> bytes:
    """Return a small file about the same meters as the others."""
    lines = [line for line in draw(some(points, 2)).split("\n") if line]
    has_trailer = draw(st.booleans())
    return flow_file(lines, header=draw(headers), trailer=has_trailer).encode("ascii")


@composite
def histories(draw: DrawFn) -> History:
    """Return some files, their imports in some order, and more, with corrections."""
    some_files = draw(st.lists(files(), min_size=2, max_size=4))
    numbers = st.integers(0, len(some_files) - 1)
    policies = st.sampled_from([None, None, Policy.STANDARD, Policy.STANDARD, *Policy])
    dry_runs = st.sampled_from([False, False, False, True])
    order = draw(st.permutations(range(len(some_files))))
    steps: list[Step | Act] = [Step(number, Policy.STANDARD) for number in order]
    more = st.lists(
        st.builds(Step, numbers, policies, dry_runs) | acts, min_size=2, max_size=10
    )
    return some_files, steps + draw(more)


class HistoryTests(TransactionTestCase):
    """After every step the database equals the reference model."""

    def test_database_depends_on_the_stored_files_not_on_their_history(self) -> None:
        @seed(SEED)
        @settings(max_examples=EXAMPLES, deadline=None, database=None, print_blob=True)
        @given(histories(), st.sampled_from([True, True, True, False]))
        def play(history: History, is_same_name_allowed: bool) -> None:
            self._play(*history, is_same_name_allowed)

        play()
        say(f"{EXAMPLES} sequences of imports and undos on {connection.vendor}")

    def _play(
        self, some_files: list[bytes], steps: list[Step | Act], allow: bool
    ) -> None:
        database_state.empty()
        reference = reference_model.ReferenceDatabase()
        for step in steps:
            if isinstance(step, Act):
                _act(reference, step)
                differences = reference.contents().differences(
                    database_state.contents()
                )
                self.assertEqual(differences, [], step)
                continue
            # The files share two names, so some are refused for their name alone.
            file = reference_model.parse_file(
                some_files[step.file],
                f"{step.file % 2}.uff",
                step.policy or Policy.STANDARD,
            )
            if step.policy is None:
                self._undo(reference, file)
            else:
                data = some_files[step.file]
                options = {"allow_same_name": allow, "dry_run": step.dry_run}
                self._import(reference, file, data, options)
            differences = reference.contents().differences(database_state.contents())
            self.assertEqual(differences, [])

    def _import(
        self,
        reference: reference_model.ReferenceDatabase,
        file: reference_model.File,
        data: bytes,
        options: dict[str, bool],
    ) -> None:
        result = importer.import_flow_file(
            stream=io.BytesIO(data),
            filename=file.filename,
            policy=file.policy,
            now=NOW,
            **options,
        )
        expected = reference.import_file(file, **options)
        self.assertEqual(result_of(result), expected)

    def _undo(
        self, reference: reference_model.ReferenceDatabase, file: reference_model.File
    ) -> None:
        row = FlowFile.objects.filter(sha256=file.sha256).first()
        if row is None:
            self.assertNotIn(file.sha256, reference.files)
        elif reference.files[file.sha256].status == "imported":
            undone = importer.undo_import(flow_file=row, now=NOW)
            self.assertEqual(undone, reference.undo(file.sha256))
        else:
            with self.assertRaises(importer.NotImported):
                importer.undo_import(flow_file=row, now=NOW)


def _act(reference: reference_model.ReferenceDatabase, act: Act) -> None:
    """Do what a user does, in the database and in the model."""
    options: dict[str, Any] = {"user": None, "now": NOW}
    if act.kind == "undo":
        number = reference.undo_latest_correction()
        if number is not None:
            correction = Correction.objects.order_by("pk")[number - 1]
            importer.undo_correction(correction=correction, **options)
        return
    current = reference.current()
    if not current:
        return
    expected = current[act.number % len(current)]
    row = Reading.objects.current().get(
        meter__meter_point__mpan=expected.mpan,
        meter__serial_number=expected.serial_number,
        register_id=expected.register_id,
        read_at=datetime.fromisoformat(f"{expected.read_at}+00:00"),
    )
    options["reason"] = "A test"
    withdrawal = expected._replace(
        reading_type="W",
        md_reset_at=None,
        md_reset_count=None,
        meter_reading_flag=None,
        reason_code="",
        meter_reading_status=None,
    )
    if act.kind == "withdraw":
        importer.withdraw_reading(reading=row, **options)
        reference.enter(withdrawal)
        return
    values = importer.ReadingValues(
        row.register_id, row.read_at, Decimal(act.value), not row.is_suspect
    )
    if act.kind != "correct":
        values = values._replace(register_id=act.register_id, read_at=act.time)
    entered = expected._replace(
        register_id=values.register_id,
        read_at=reference_model.in_utc(values.read_at),
        value=f"{values.value:.3f}",
    )
    is_moved = entered.reading_key != expected.reading_key
    is_taken = entered.reading_key in {each.reading_key for each in current}
    try:
        if act.kind == "add":
            importer.add_reading(
                meter=row.meter,
                values=values._replace(is_valid=True),
                reading_type="C",
                **options,
            )
        else:
            importer.correct_reading(reading=row, values=values, **options)
    except importer.InvalidCorrection:
        is_same = entered.value == expected.value and not is_moved
        assert is_taken and (is_moved or act.kind == "add") or is_same
        return
    if act.kind == "add":
        reference.enter(
            withdrawal._replace(
                register_id=entered.register_id,
                read_at=entered.read_at,
                value=entered.value,
                reading_type="C",
                bsc_validation_status="U",
                meter_reading_flag=True,
                reading_method="",
            )
        )
    else:
        reference.enter(*[withdrawal, entered] if is_moved else [entered])
