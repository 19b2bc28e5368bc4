"""The shelves: what the database itself refuses, and plain facts about rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple
from unittest import skipUnless

from django.apps import apps
from django.contrib.auth.models import User
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    NotSupportedError,
    connection,
    connections,
    transaction,
)
from django.db.models import Model
from django.test import SimpleTestCase, TestCase, TransactionTestCase

from meter_readings.accounts import api_tokens
from meter_readings.d0010 import codes
from meter_readings.models import (
    ApiToken,
    Finding,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Reading,
    SiteVisit,
)
from meter_readings.tests.flow_file_builder import EVERY_GROUP
from meter_readings.tests.import_helpers import imported

on_postgresql = skipUnless(
    connection.vendor == "postgresql", "Only PostgreSQL checks by statement."
)


def sql(statement: str, *parameters: object) -> int:
    """Run a statement past everything of Django's; return how many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def set_column(model: type[Model], column: str, value: object) -> None:
    """Write a value into a column of the first row of a table."""
    table = model._meta.db_table
    pk = model._default_manager.order_by("pk").values_list("pk", flat=True)[0]
    sql(f'UPDATE {table} SET "{column}" = %s WHERE id = %s', value, pk)


class Bad(NamedTuple):
    """A value that a constraint of the database refuses."""

    constraint: str
    model: type[Model]
    column: str
    value: object


# Each constraint by name, and values that it must refuse.
BAD = [
    Bad("every_reading_is_loaded_or_rejected", FlowFile, "readings_loaded", 2),
    Bad("every_reading_is_loaded_or_rejected", FlowFile, "readings_read", 4),
    Bad("imported_file_says_when_it_was_created", FlowFile, "file_created_at", None),
    Bad("mpan_is_13_digits", MeterPoint, "mpan", "200000000001"),
    Bad("mpan_is_13_digits", MeterPoint, "mpan", "20000000000150"),
    Bad("mpan_is_13_digits", MeterPoint, "mpan", "200000000001X"),
    Bad("mpan_is_13_digits", MeterPoint, "mpan", "2000000000015\n"),
    Bad("mpan_is_13_digits", MeterPoint, "mpan", "٢٠٠٠٠٠٠٠٠٠٠١٥"),
    Bad("mpan_is_13_digits", MeterPoint, "mpan", ""),
    Bad("serial_number_is_1_to_20_characters", Meter, "serial_number", ""),
    Bad("serial_number_is_1_to_20_characters", Meter, "serial_number", "T" * 21),
    Bad("reading_is_not_negative", Reading, "value", "-0.001"),
    Bad("reading_is_not_negative", Reading, "value", "-999999999"),
    Bad("reading_has_at_most_9_digits", Reading, "value", "1000000000"),
    Bad("reading_has_at_most_9_digits", Reading, "value", "1e999"),
    Bad("reading_has_at_most_9_digits", Reading, "value", "NaN"),
    Bad("reading_has_at_most_9_digits", Reading, "value", "Infinity"),
    Bad("reading_has_at_most_9_digits", Reading, "value", "١٢٣"),
    Bad("reading_year_in_dtc_range", Reading, "read_at", "1949-12-30 23:59Z"),
    Bad("reading_year_in_dtc_range", Reading, "read_at", "2200-01-01 00:00Z"),
    Bad("version_status_is_known", Reading, "version_status", "latest"),
    Bad("version_status_is_known", Reading, "version_status", ""),
    Bad("token_scope_is_known", ApiToken, "scope", "write"),
    Bad("token_scope_is_known", ApiToken, "scope", ""),
    Bad(
        "token_expires_after_it_was_created",
        ApiToken,
        "expires_at",
        "2025-12-31 23:59Z",
    ),
]
BAD += [
    Bad("reading_code_lengths", Reading, column, value)
    for column, value in {
        "register_id": "S01",
        "reading_type": "RR",
        "bsc_validation_status": "VV",
        "reading_method": "NN",
        "reason_code": "001",
    }.items()
]
BAD += [Bad("reading_code_lengths", Reading, "register_id", "")]
BAD += [
    Bad("site_visit_code_lengths", SiteVisit, column, value)
    for column, value in {
        "group": "0270",
        "check_code": "002",
        "additional_information": "x" * 201,
        "bsc_validation_status": "VV",
        "reading_type": "RR",
    }.items()
]

# What must differ from row to row: the first row is given what the second one has.
UNIQUE = {
    "one_meter_per_meter_point_and_serial_number": (
        Meter,
        ["meter_point_id", "serial_number"],
    ),
    "one_reading_per_file_line": (Reading, ["flow_file_id", "line_number"]),
    "one_visit_per_file_line": (SiteVisit, ["flow_file_id", "line_number"]),
    "token_name_is_unique_per_user_unless_revoked": (ApiToken, ["user_id", "name"]),
}


class ConstraintTests(TestCase):
    """Past the importer and past Django, the database refuses the row."""

    @classmethod
    def setUpTestData(cls) -> None:
        imported(EVERY_GROUP)
        now = datetime(2026, 1, 1, tzinfo=UTC)
        for name in "one", "two":
            user = User.objects.create_user(name)
            api_tokens.create_token(
                user=user, name=name, scope=ApiToken.Scope.READ, days=1, now=now
            )

    def test_bad_values_are_refused(self) -> None:
        for bad in BAD:
            with self.subTest(bad.constraint, column=bad.column, value=bad.value):
                with self.assertRaises((IntegrityError, DataError)) as caught:
                    with transaction.atomic():
                        set_column(bad.model, bad.column, bad.value)
                if isinstance(caught.exception, IntegrityError):
                    self.assertIn(bad.constraint, str(caught.exception))

    def test_what_just_fits_is_taken(self) -> None:
        set_column(Meter, "serial_number", "T" * 20)
        set_column(Reading, "value", "999999999.999")
        set_column(Reading, "value", "0")
        set_column(Reading, "read_at", "2199-12-31 23:59:59+00")
        set_column(SiteVisit, "additional_information", "x" * 200)

    def test_rows_that_must_differ_do(self) -> None:
        for name, (model, columns) in UNIQUE.items():
            table, names = model._meta.db_table, ", ".join(columns)
            with self.subTest(name), self.assertRaises(IntegrityError):
                with transaction.atomic():
                    sql(
                        f"UPDATE {table} SET ({names}) ="
                        f" (SELECT {names} FROM {table} ORDER BY id LIMIT 1)"
                    )

    def test_a_hash_stands_for_one_file(self) -> None:
        imported(EVERY_GROUP.replace("TR01", "TR02"), "other.uff")
        with self.assertRaises(IntegrityError), transaction.atomic():
            sql("UPDATE meter_readings_flowfile SET sha256 = 'x'")

    def test_an_mpan_stands_for_one_meter_point(self) -> None:
        with self.assertRaises(IntegrityError), transaction.atomic():
            sql("UPDATE meter_readings_meterpoint SET mpan = '2000000000015'")

    def test_no_line_has_a_negative_number(self) -> None:
        for model in Reading, SiteVisit:
            for column in "line_number", "mpan_line_number", "meter_line_number":
                with self.subTest(model=model, column=column):
                    with self.assertRaises(IntegrityError), transaction.atomic():
                        set_column(model, column, -1)

    def test_every_constraint_of_every_model_is_tested(self) -> None:
        names = {
            constraint.name
            for model in apps.get_app_config("meter_readings").get_models()
            for constraint in model._meta.constraints
        }
        self.assertEqual(names, {bad.constraint for bad in BAD} | set(UNIQUE))


class OrphanTests(TestCase):
    """A reference to what does not exist is refused on either database."""

    @classmethod
    def setUpTestData(cls) -> None:
        imported(EVERY_GROUP)

    @contextmanager
    def assert_refused(self) -> Iterator[None]:
        """Assert that what is done is refused, at once or at the end."""
        with self.assertRaises(IntegrityError), transaction.atomic():
            yield
            connection.check_constraints()

    def copy_reading(self, column: str) -> None:
        """Add the first reading once more, on another line and with an orphan."""
        columns = [field.column for field in Reading._meta.fields if field.name != "id"]
        values = {column: "999999", "line_number": "line_number + 100"}
        sql(
            f"INSERT INTO meter_readings_reading ({', '.join(columns)}) SELECT"
            f" {', '.join(values.get(name, name) for name in columns)}"
            " FROM meter_readings_reading ORDER BY id LIMIT 1"
        )

    def test_a_reading_of_no_meter_is_refused(self) -> None:
        with self.assert_refused():
            self.copy_reading("meter_id")

    def test_a_reading_of_no_file_is_refused(self) -> None:
        with self.assert_refused():
            self.copy_reading("flow_file_id")

    def test_a_reading_of_what_exists_is_taken(self) -> None:
        self.copy_reading("mpan_line_number")
        connection.check_constraints()
        self.assertEqual(Reading.objects.count(), 4)

    def test_one_orphan_among_many_readings_is_refused(self) -> None:
        reading = Reading.objects.all()[0]
        rows = [reading, Reading.objects.all()[0]]
        for number, row in enumerate(rows):
            row.pk, row.line_number = None, 100 + number
        rows[1].meter_id = 999_999
        with self.assert_refused():
            Reading.objects.bulk_create(rows)

    def test_changing_a_reading_to_an_orphan_is_refused(self) -> None:
        for column in "meter_id", "flow_file_id":
            with self.subTest(column), self.assert_refused():
                set_column(Reading, column, 999_999)

    def test_deleting_what_a_reading_refers_to_is_refused(self) -> None:
        for table in "sitevisit", "finding", "importjob":
            sql(f"DELETE FROM meter_readings_{table}")
        for table in "meter", "flowfile":
            with self.subTest(table), self.assert_refused():
                sql(f"DELETE FROM meter_readings_{table}")

    def test_renumbering_what_a_reading_refers_to_is_refused(self) -> None:
        for table in "sitevisit", "finding", "importjob":
            sql(f"DELETE FROM meter_readings_{table}")
        for table in "meter", "flowfile":
            with self.subTest(table), self.assert_refused():
                sql(f"UPDATE meter_readings_{table} SET id = id + 999")

    def test_deleting_what_nothing_refers_to_is_allowed(self) -> None:
        meter = Meter.objects.create(
            meter_point=MeterPoint.objects.all()[0], serial_number="UNUSED"
        )
        self.assertEqual(
            sql("DELETE FROM meter_readings_meter WHERE id=%s", meter.pk), 1
        )

    def test_deleting_all_readings_frees_what_they_referred_to(self) -> None:
        for table in "reading", "sitevisit", "finding", "importjob", "meter":
            sql(f"DELETE FROM meter_readings_{table}")
        sql("DELETE FROM meter_readings_flowfile")
        connection.check_constraints()

    def test_every_other_reference_is_kept_too(self) -> None:
        for model, column in (
            (Meter, "meter_point_id"),
            (SiteVisit, "meter_point_id"),
            (SiteVisit, "meter_id"),
            (SiteVisit, "flow_file_id"),
            (Finding, "flow_file_id"),
            (ImportJob, "flow_file_id"),
        ):
            with self.subTest(model=model, column=column), self.assert_refused():
                set_column(model, column, 999_999)


@on_postgresql
class TruncateTests(TransactionTestCase):
    def test_truncate_of_what_readings_refer_to_is_refused(self) -> None:
        imported(EVERY_GROUP)
        for table in "meter", "flowfile":
            with self.subTest(table), self.assertRaises(IntegrityError):
                sql(f"TRUNCATE meter_readings_{table} CASCADE")
        self.assertEqual(Reading.objects.count(), 3)

    def test_truncate_of_all_together_is_allowed(self) -> None:
        imported(EVERY_GROUP)
        sql(
            "TRUNCATE meter_readings_reading, meter_readings_meter,"
            " meter_readings_flowfile CASCADE"
        )
        self.assertFalse(Reading.objects.exists())


@on_postgresql
class ConcurrentReferenceTests(TransactionTestCase):
    """What another transaction has not committed yet is waited for."""

    def setUp(self) -> None:
        imported(EVERY_GROUP)
        sql("DELETE FROM meter_readings_sitevisit")
        self.meter = Meter.objects.create(
            meter_point=MeterPoint.objects.all()[0], serial_number="NEW"
        )
        self.other = connection.copy()
        self.addCleanup(self.other.close)
        self.pool = ThreadPoolExecutor(1)
        self.addCleanup(self.pool.shutdown)

    def begin(self, statement: str, *parameters: object) -> None:
        """Let the other connection do something and not commit it."""
        with self.other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(statement, parameters)

    def end(self, word: str) -> None:
        """Let the other connection commit, or roll back."""
        with self.other.cursor() as cursor:
            cursor.execute(word)

    def waiting(self, function: Callable[[], Any]) -> Future[Any]:
        """Start a function on a connection of its own; return once it has to wait."""

        def run() -> Any:
            try:
                return function()
            finally:
                connections.close_all()

        future = self.pool.submit(run)
        for _ in range(500):
            if sql("SELECT 1 FROM pg_locks WHERE NOT granted") or future.done():
                break
            time.sleep(0.01)
        self.assertFalse(future.done())
        return future

    INSERT = """
        INSERT INTO meter_readings_reading (flow_file_id, line_number,
            mpan_line_number, meter_line_number, meter_id, register_id, read_at, value,
            reading_type, bsc_validation_status, reading_method, reason_code,
            version_status, source_lines)
        SELECT id, 99, 1, 1, %s, 'S', '2024-01-01Z', 1, 'R', 'V', 'N', '', 'current', ''
        FROM meter_readings_flowfile
        """
    DELETE = "DELETE FROM meter_readings_meter WHERE id = %s"

    def test_a_meter_is_kept_that_a_reading_not_yet_committed_is_of(self) -> None:
        self.begin(self.INSERT, self.meter.pk)
        deletion = self.waiting(lambda: sql(self.DELETE, self.meter.pk))
        self.end("COMMIT")
        self.assertIsInstance(deletion.exception(), IntegrityError)
        self.assertEqual(Reading.objects.filter(meter=self.meter).count(), 1)

    def test_a_meter_goes_where_the_reading_is_taken_back(self) -> None:
        self.begin(self.INSERT, self.meter.pk)
        deletion = self.waiting(lambda: sql(self.DELETE, self.meter.pk))
        self.end("ROLLBACK")
        self.assertEqual(deletion.result(), 1)

    def test_a_reading_is_refused_whose_meter_was_being_deleted(self) -> None:
        self.begin(self.DELETE, self.meter.pk)
        insertion = self.waiting(lambda: sql(self.INSERT, self.meter.pk))
        self.end("COMMIT")
        self.assertIsInstance(insertion.exception(), IntegrityError)

    def test_a_reading_is_taken_whose_meter_is_kept_after_all(self) -> None:
        self.begin(self.DELETE, self.meter.pk)
        insertion = self.waiting(lambda: sql(self.INSERT, self.meter.pk))
        self.end("ROLLBACK")
        self.assertEqual(insertion.result(), 1)

    def test_a_meter_is_not_deleted_where_such_a_reading_could_not_be_seen(
        self,
    ) -> None:
        with self.assertRaises(NotSupportedError), transaction.atomic():
            sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            sql(self.DELETE, self.meter.pk)

    def test_a_meter_that_was_truncated_away_has_no_reading(self) -> None:
        self.begin(self.INSERT, self.meter.pk)
        statement = "TRUNCATE meter_readings_meter CASCADE"
        truncation = self.waiting(lambda: sql(statement))
        self.end("COMMIT")
        self.assertIsInstance(truncation.exception(), DatabaseError)
        self.assertEqual(Reading.objects.count(), 4)


class WordsTests(SimpleTestCase):
    """What rows are called where they are named."""

    def test_a_file_is_its_name_and_identifier(self) -> None:
        file = FlowFile(filename="a.uff", file_identifier="TEST000001")
        self.assertEqual(str(file), "a.uff (TEST000001)")

    def test_a_file_without_an_identifier_says_so(self) -> None:
        self.assertEqual(str(FlowFile(filename="a.uff")), "a.uff (no identifier)")

    def test_a_meter_point_is_its_mpan_as_people_read_it(self) -> None:
        self.assertEqual(str(MeterPoint(mpan="2000000000015")), "20 0000 0000 015")

    def test_a_meter_is_its_serial_number(self) -> None:
        self.assertEqual(str(Meter(serial_number="TST0000001")), "TST0000001")

    def test_a_reading_is_what_it_says_and_how_it_stands(self) -> None:
        reading = Reading(register_id="S", value="99.0", version_status="superseded")
        self.assertEqual(str(reading), "S 99.0 (Superseded)")

    def test_a_visit_is_what_was_found(self) -> None:
        self.assertEqual(str(SiteVisit(check_code="20")), "No access")

    def test_a_visit_with_a_code_not_listed_is_the_code(self) -> None:
        self.assertEqual(str(SiteVisit(check_code="99")), "99")

    def test_a_visit_without_a_code_says_so(self) -> None:
        self.assertEqual(str(SiteVisit()), "Visit without a code")

    def test_a_finding_is_its_rule_and_line(self) -> None:
        finding = Finding(code="negative", line_number=7)
        self.assertEqual(str(finding), "negative on line 7")

    def test_a_finding_of_the_whole_file_has_no_line(self) -> None:
        self.assertEqual(str(Finding(code="no-trailer")), "no-trailer on line –")

    def test_a_job_is_its_file_and_what_came_of_it(self) -> None:
        job = ImportJob(filename="a.uff", outcome="imported", state="finished")
        self.assertEqual(str(job), "a.uff: imported")

    def test_a_job_that_runs_says_so(self) -> None:
        self.assertEqual(str(ImportJob(filename="a.uff")), "a.uff: Running")


class AddressTests(SimpleTestCase):
    def test_files_meter_points_and_meters_have_pages(self) -> None:
        for model in FlowFile, MeterPoint, Meter:
            name = model._meta.model_name
            with self.subTest(name):
                address = f"/admin/meter_readings/{name}/7/change/"
                self.assertEqual(model(pk=7).get_absolute_url(), address)


class DistributorTests(SimpleTestCase):
    def test_distributor_is_told_by_the_mpan(self) -> None:
        distributor = MeterPoint(mpan="2000000000015").distributor
        assert distributor is not None
        self.assertEqual(distributor.area, "Southern")

    def test_distributor_is_none_where_the_id_is_unknown(self) -> None:
        self.assertIsNone(MeterPoint(mpan="9900000000000").distributor)


class BasisTests(TestCase):
    def test_basis_is_derived_from_the_reading_type(self) -> None:
        for reading_type, basis in (
            ("R", "actual"),
            ("C", "customer"),
            ("Q", "adjusted"),
        ):
            with self.subTest(reading_type):
                self.assertEqual(Reading(reading_type=reading_type).basis, basis)

    def test_basis_is_actual_where_the_type_is_absent_or_not_listed(self) -> None:
        self.assertEqual(Reading(reading_type="").basis, "actual")
        self.assertEqual(Reading(reading_type="E").basis, "actual")

    def test_basis_finds_the_readings_that_have_it(self) -> None:
        file = imported(EVERY_GROUP)
        types = [code.value for code in codes.ReadingType] + ["E", ""]
        reading = file.readings.order_by("pk")[0]
        rows = [
            Reading(**vars_of(reading, number, t)) for number, t in enumerate(types)
        ]
        Reading.objects.all().delete()
        Reading.objects.bulk_create(rows)
        for basis in codes.Basis:
            found = {row.basis for row in Reading.objects.with_basis(basis)}
            with self.subTest(basis):
                self.assertEqual(found, {basis})
        counts = [Reading.objects.with_basis(basis).count() for basis in codes.Basis]
        self.assertEqual(sum(counts), len(types))


def vars_of(reading: Reading, number: int, reading_type: str) -> dict[str, Any]:
    """Return what a reading says, on another line and of another type."""
    fields = {field.attname for field in Reading._meta.concrete_fields} - {"id"}
    said = {name: getattr(reading, name) for name in fields}
    return said | {"line_number": 100 + number, "reading_type": reading_type}


class CurrentTests(TestCase):
    def test_current_are_the_readings_that_count(self) -> None:
        imported(EVERY_GROUP)
        Reading.objects.filter(line_number=5).update(version_status="withdrawn")
        lines = Reading.objects.current().values_list("line_number", flat=True)
        self.assertEqual(sorted(lines), [6, 10])


class SuspectTests(SimpleTestCase):
    def is_suspect(self, **said: Any) -> bool:
        """Return whether a reading that says this is suspect."""
        return Reading(**said).is_suspect

    def test_suspect_is_what_its_032_says(self) -> None:
        self.assertTrue(self.is_suspect(meter_reading_status=False))
        self.assertFalse(self.is_suspect(meter_reading_status=True))

    def test_suspect_is_what_its_032_says_whatever_its_flag(self) -> None:
        self.assertFalse(
            self.is_suspect(meter_reading_status=True, meter_reading_flag=False)
        )

    def test_suspect_is_what_its_flag_says_without_a_032(self) -> None:
        self.assertTrue(self.is_suspect(meter_reading_flag=False))
        self.assertFalse(
            self.is_suspect(meter_reading_flag=True, bsc_validation_status="F")
        )

    def test_suspect_is_what_j0022_says_without_either(self) -> None:
        self.assertTrue(self.is_suspect(bsc_validation_status="F"))
        self.assertFalse(self.is_suspect(bsc_validation_status="V"))
