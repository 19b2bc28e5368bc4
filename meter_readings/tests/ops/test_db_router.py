"""Tests of the database router; a real replica is in `robustness.test_replicas`."""

from __future__ import annotations

from collections.abc import Generator

from django.contrib.auth.models import User
from django.test import SimpleTestCase

from meter_readings.api.views.flow_files import FlowFileViewSet
from meter_readings.api.views.meter_points import MeterViewSet
from meter_readings.models import ApiToken, Reading
from meter_readings.ops.db_router import (
    ReplicaRouter,
    allow_stale_reads,
    keep_database_for,
)


class ReplicaRouterTests(SimpleTestCase):
    def test_replica_router_reads_from_the_primary_by_default(self) -> None:
        self.assertEqual(ReplicaRouter().db_for_read(Reading), "default")

    def test_replica_router_reads_readings_from_the_replica_if_stale_reads_are_allowed(
        self,
    ) -> None:
        with allow_stale_reads():
            self.assertEqual(ReplicaRouter().db_for_read(Reading), "replica")

    def test_replica_router_reads_users_and_tokens_from_the_primary(self) -> None:
        with allow_stale_reads():
            for model in (ApiToken, User):
                self.assertEqual(ReplicaRouter().db_for_read(model), "default")

    def test_replica_router_writes_to_the_primary(self) -> None:
        with allow_stale_reads():
            self.assertEqual(ReplicaRouter().db_for_write(Reading), "default")

    def test_replica_router_migrates_the_primary_only(self) -> None:
        allowed = [
            ReplicaRouter().allow_migrate(alias, "meter_readings")
            for alias in ("default", "replica")
        ]
        self.assertEqual(allowed, [True, False])

    def test_replica_router_allows_relations_between_rows_of_both_databases(
        self,
    ) -> None:
        self.assertIs(ReplicaRouter().allow_relation(Reading(), User()), True)


class StaleViewTests(SimpleTestCase):
    def test_readings_of_a_meter_may_be_stale(self) -> None:
        self.assertIs(MeterViewSet.allow_stale, True)

    def test_readings_of_an_uploaded_file_may_not_be_stale(self) -> None:
        self.assertIs(FlowFileViewSet.allow_stale, False)


class KeepDatabaseForTests(SimpleTestCase):
    def chunks(self) -> Generator[bytes]:
        """Yield two names of the database that readings are read from."""
        try:
            yield ReplicaRouter().db_for_read(Reading).encode()
            yield ReplicaRouter().db_for_read(Reading).encode()
        finally:
            self.is_closed = True

    def test_keep_database_for_reads_every_chunk_from_the_database_of_the_view(
        self,
    ) -> None:
        with allow_stale_reads():
            chunks = keep_database_for(self.chunks())
        self.assertEqual([*chunks], [b"replica", b"replica"])

    def test_keep_database_for_does_not_change_the_database_of_the_reader(self) -> None:
        with allow_stale_reads():
            chunks = keep_database_for(self.chunks())
        next(chunks)
        self.assertEqual(ReplicaRouter().db_for_read(Reading), "default")

    def test_keep_database_for_closes_the_stream_if_the_client_stops_reading(
        self,
    ) -> None:
        chunks = keep_database_for(self.chunks())
        next(chunks)
        chunks.close()
        self.assertIs(self.is_closed, True)
