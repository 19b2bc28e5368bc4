"""Tests of the check constraints and unique constraints."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from django.apps import apps
from django.contrib.auth.models import User
from django.db import DataError, IntegrityError, transaction
from django.db.models import Model
from django.test import TestCase

from meter_readings.accounts import api_tokens
from meter_readings.models import (
    ApiToken,
    Correction,
    DataVersion,
    DisabledQualityRule,
    FlowFile,
    ImportJob,
    Meter,
    MeterPoint,
    Notification,
    NotificationRule,
    OverdueReading,
    QualityItem,
    Reading,
    SiteVisit,
    WatchedFolderStatus,
)
from meter_readings.tests.notifications.rules import record, webhook_rule
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import (
    create_folder_status,
    create_overdue_reading,
    create_quality_item,
    imported,
)

from .raw_sql import execute, set_column


class BadValue(NamedTuple):
    """A value that a constraint of the database rejects."""

    constraint: str
    model: type[Model]
    column: str
    value: object


# Values that each constraint must reject.
BAD_VALUES = [
    BadValue("one_data_version", DataVersion, "id", 2),
    BadValue("every_reading_is_loaded_or_rejected", FlowFile, "readings_loaded", 2),
    BadValue("every_reading_is_loaded_or_rejected", FlowFile, "readings_read", 4),
    BadValue("imported_file_has_creation_time", FlowFile, "file_created_at", None),
    BadValue("mpan_is_13_digits", MeterPoint, "mpan", "200000000001"),
    BadValue("mpan_is_13_digits", MeterPoint, "mpan", "20000000000150"),
    BadValue("mpan_is_13_digits", MeterPoint, "mpan", "200000000001X"),
    BadValue("mpan_is_13_digits", MeterPoint, "mpan", "2000000000015\n"),
    BadValue("mpan_is_13_digits", MeterPoint, "mpan", "٢٠٠٠٠٠٠٠٠٠٠١٥"),
    BadValue("mpan_is_13_digits", MeterPoint, "mpan", ""),
    BadValue(
        "job_has_an_mpan_only_until_it_is_erased", ImportJob, "mpan", "2000000000015"
    ),
    BadValue("serial_number_is_1_to_20_characters", Meter, "serial_number", ""),
    BadValue("serial_number_is_1_to_20_characters", Meter, "serial_number", "T" * 21),
    BadValue("reading_is_from_a_file_or_a_correction", Reading, "flow_file_id", None),
    BadValue("correction_has_a_reason", Correction, "reason", ""),
    BadValue("reading_is_not_negative", Reading, "value", "-0.001"),
    BadValue("reading_is_not_negative", Reading, "value", "-999999999"),
    BadValue("reading_has_at_most_9_digits", Reading, "value", "1000000000"),
    BadValue("reading_has_at_most_9_digits", Reading, "value", "1e999"),
    BadValue("reading_has_at_most_9_digits", Reading, "value", "NaN"),
    BadValue("reading_has_at_most_9_digits", Reading, "value", "Infinity"),
    BadValue("reading_has_at_most_9_digits", Reading, "value", "١٢٣"),
    BadValue("reading_year_in_dtc_range", Reading, "read_at", "1949-12-30 23:59Z"),
    BadValue("reading_year_in_dtc_range", Reading, "read_at", "2200-01-01 00:00Z"),
    BadValue("version_status_is_known", Reading, "version_status", "latest"),
    BadValue("version_status_is_known", Reading, "version_status", ""),
    BadValue("webhook_rule_has_a_url", NotificationRule, "webhook_url", ""),
    BadValue("token_scope_is_known", ApiToken, "scope", "write"),
    BadValue("token_scope_is_known", ApiToken, "scope", ""),
    BadValue(
        "token_expires_after_it_was_created",
        ApiToken,
        "expires_at",
        "2025-12-31 23:59Z",
    ),
]
BAD_VALUES += [
    BadValue("reading_code_lengths", Reading, column, value)
    for column, value in {
        "register_id": "S01",
        "reading_type": "RR",
        "bsc_validation_status": "VV",
        "reading_method": "NN",
        "reason_code": "001",
    }.items()
]
BAD_VALUES += [BadValue("reading_code_lengths", Reading, "register_id", "")]
BAD_VALUES += [
    BadValue("quality_item_text_lengths", QualityItem, column, value)
    for column, value in {
        "rule": "x" * 31,
        "register_id": "S01",
        "from_participant": "UDMSX",
        "explanation": "x" * 201,
    }.items()
]
BAD_VALUES += [BadValue("gone_quality_item_says_when", QualityItem, "state", "gone")]
BAD_VALUES += [
    BadValue("site_visit_code_lengths", SiteVisit, column, value)
    for column, value in {
        "group": "0270",
        "check_code": "002",
        "additional_information": "x" * 201,
        "bsc_validation_status": "VV",
        "reading_type": "RR",
    }.items()
]

# Unique columns: a test gives every row the values of the first one.
UNIQUE = {
    "one_meter_per_meter_point_and_serial_number": (
        Meter,
        ["meter_point_id", "serial_number"],
    ),
    "one_notification_per_rule_and_change_of_state": (
        Notification,
        ["rule_id", "event", "object_key", "state", "reminder"],
    ),
    "one_overdue_reading_per_register": (OverdueReading, ["meter_id", "register_id"]),
    "one_disabled_quality_rule_per_sender": (
        DisabledQualityRule,
        ["participant", "rule"],
    ),
    "one_quality_item_per_reading_and_rule": (
        QualityItem,
        ["meter_id", "register_id", "read_at", "rule"],
    ),
    "one_reading_per_file_line": (Reading, ["flow_file_id", "line_number"]),
    "one_site_visit_per_file_line": (SiteVisit, ["flow_file_id", "line_number"]),
    "one_status_per_watched_folder": (WatchedFolderStatus, ["host", "path"]),
    "token_name_is_unique_per_user_unless_revoked": (ApiToken, ["user_id", "name"]),
}


class ConstraintTests(TestCase):
    """The database rejects bad rows, also those written without Django."""

    @classmethod
    def setUpTestData(cls) -> None:
        imported(EVERY_GROUP)
        webhook_rule("https://example.org/hook")
        record(2)
        Correction.objects.create(
            kind="add", reason="A call", created_at="2026-01-01T00:00Z"
        )
        for meter in Meter.objects.all():
            create_overdue_reading(meter)
        for rule in "high", "zero":
            create_quality_item(rule)
            DisabledQualityRule.objects.create(participant="UDMS", rule=rule)
        for path in "/srv/one", "/srv/two":
            create_folder_status(path, host=path[5:])
        now = datetime(2026, 1, 1, tzinfo=UTC)
        for name in "one", "two":
            user = User.objects.create_user(name)
            api_tokens.create_token(
                user=user, name=name, scope=ApiToken.Scope.READ, days=1, now=now
            )

    def test_bad_values_are_rejected(self) -> None:
        for bad in BAD_VALUES:
            with self.subTest(bad.constraint, column=bad.column, value=bad.value):
                with self.assertRaises((IntegrityError, DataError)) as caught:
                    with transaction.atomic():
                        set_column(bad.model, bad.column, bad.value)
                if isinstance(caught.exception, IntegrityError):
                    self.assertIn(bad.constraint, str(caught.exception))

    def test_greatest_allowed_values_are_accepted(self) -> None:
        set_column(Meter, "serial_number", "T" * 20)
        set_column(Reading, "value", "999999999.999")
        set_column(Reading, "value", "0")
        set_column(Reading, "read_at", "2199-12-31 23:59:59+00")
        set_column(SiteVisit, "additional_information", "x" * 200)

    def test_duplicates_of_unique_columns_are_rejected(self) -> None:
        for name, (model, columns) in UNIQUE.items():
            table, names = model._meta.db_table, ", ".join(columns)
            with self.subTest(name), self.assertRaises(IntegrityError):
                with transaction.atomic():
                    execute(
                        f"UPDATE {table} SET ({names}) ="
                        f" (SELECT {names} FROM {table} ORDER BY id LIMIT 1)"
                    )

    def test_sha256_of_a_file_is_unique(self) -> None:
        imported(EVERY_GROUP.replace("TR01", "TR02"), "other.uff")
        with self.assertRaises(IntegrityError), transaction.atomic():
            execute("UPDATE meter_readings_flowfile SET sha256 = 'x'")

    def test_an_mpan_stands_for_one_meter_point(self) -> None:
        with self.assertRaises(IntegrityError), transaction.atomic():
            execute("UPDATE meter_readings_meterpoint SET mpan = '2000000000015'")

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
        self.assertEqual(names, {bad.constraint for bad in BAD_VALUES} | set(UNIQUE))
