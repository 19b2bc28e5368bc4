"""The database depends on the stored files, not on the order of imports and undos."""

from __future__ import annotations

import io
from typing import NamedTuple

from django.db import connection
from django.test import TransactionTestCase
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy, composite

from meter_readings import importer
from meter_readings.models import FlowFile, Policy
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


type History = tuple[list[bytes], list[Step]]


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
    """Return some files, their imports in some order, and further imports and undos."""
    some_files = draw(st.lists(files(), min_size=2, max_size=4))
    numbers = st.integers(0, len(some_files) - 1)
    policies = st.sampled_from([None, None, Policy.STANDARD, Policy.STANDARD, *Policy])
    dry_runs = st.sampled_from([False, False, False, True])
    order = draw(st.permutations(range(len(some_files))))
    steps = [Step(number, Policy.STANDARD) for number in order]
    more = st.lists(
        st.builds(Step, numbers, policies, dry_runs), min_size=2, max_size=8
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

    def _play(self, some_files: list[bytes], steps: list[Step], allow: bool) -> None:
        database_state.empty()
        reference = reference_model.ReferenceDatabase()
        for step in steps:
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
