"""Files, attempts, findings, places, meters and visits: found, narrowed, linked."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from meter_readings.models import FlowFile, Meter, MeterPoint
from meter_readings.tests.api.base import (
    EVERYTHING,
    MPAN,
    OTHER_MPAN,
    ApiTestCase,
    later_file,
)
from meter_readings.tests.import_helpers import import_text, imported

REJECTED = "This is no flow file."


class ResourceTestCase(ApiTestCase):
    """A file with everything, another with a finding, and one that was rejected."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.file = imported(EVERYTHING)
        groups = ["026|1200023305967|V|", "028|F75A 00802|R|"]
        odd = later_file([*groups, "029|20||", "030|01|20240401000000|7.25|||T|N|"])
        cls.odd = imported(odd, "odd.uff")
        cls.rejected = import_text(REJECTED, "rejected.uff").flow_file

    def assert_there(self, address: str) -> None:
        """Expect something at an address, and read all of it."""
        response = self.client.get(address)
        self.assertEqual(response.status_code, 200)
        response.getvalue()

    def found(self, address: str, name: str, /, **asked: Any) -> list[Any]:
        """Return one field of each row found."""
        return [row[name] for row in self.results(address, **asked)]


class EntranceTests(ResourceTestCase):
    def test_the_api_says_which_versions_there_are(self) -> None:
        response = self.client.get("/api/")
        self.assertEqual(response.json(), {"v1": "http://testserver/api/v1/"})

    def test_the_version_says_what_is_in_it(self) -> None:
        for name, address in self.json("").items():
            with self.subTest(name):
                self.assert_there(address)


class FlowFileTests(ResourceTestCase):
    def names(self, **asked: Any) -> list[str]:
        """Return the filenames found."""
        return self.found("flow-files/", "filename", **asked)

    def test_the_latest_received_comes_first(self) -> None:
        self.assertEqual(self.names(), ["rejected.uff", "odd.uff", "sample.uff"])

    def test_flow_file_can_be_ordered(self) -> None:
        self.assertEqual(
            self.names(ordering="filename"), ["odd.uff", "rejected.uff", "sample.uff"]
        )
        self.assertEqual(self.names(ordering="received_at")[0], "sample.uff")
        self.assertEqual(self.names(ordering="-filename")[0], "sample.uff")

    def test_flow_file_are_found_by_what_they_are(self) -> None:
        for name, value, expected in [
            ("status", "rejected", ["rejected.uff"]),
            ("policy", "strict", []),
            ("sender", "UDMS", ["odd.uff", "sample.uff"]),
            ("recipient", "NONE", []),
            ("name", "odd.uff", ["odd.uff"]),
            ("file_identifier", "TEST000001", ["sample.uff"]),
            ("sha256", self.odd.sha256.upper(), ["odd.uff"]),
            ("created_from", "2024-04-02T08:00", ["odd.uff"]),
            ("created_to", "2024-04-02T07:00", ["sample.uff"]),
            ("received_from", "2026-11-25", []),
            ("received_to", "2026-11-23", []),
            ("has_findings", "false", ["sample.uff"]),
            ("has_findings", "true", ["rejected.uff", "odd.uff"]),
            ("search", "odd", ["odd.uff"]),
            ("search", "TEST", ["odd.uff", "sample.uff"]),
        ]:
            with self.subTest(name, value=value):
                self.assertEqual(self.names(**{name: value}), expected)

    def test_flow_file_say_what_was_counted(self) -> None:
        row = self.json(f"flow-files/{self.odd.pk}/")
        self.assertEqual(row["finding_counts"], {"extra-decimals": 1})
        self.assertEqual(row["readings_loaded"], 1)

    def test_flow_file_say_what_sender_and_recipient_are(self) -> None:
        row = self.json(f"flow-files/{self.file.pk}/")
        labels = row["from_role_label"], row["to_role_label"]
        self.assertEqual(labels, ("NHH data collector", "Supplier"))

    def test_flow_file_links_lead_to_what_belongs_to_it(self) -> None:
        for name, address in self.json(f"flow-files/{self.file.pk}/")["links"].items():
            with self.subTest(name):
                self.assert_there(address)

    def test_pages_have_numbers(self) -> None:
        first = self.json("flow-files/", page_size=2)
        self.assertEqual(
            (first["count"], first["count_is_exact"], first["previous"]),
            (3, True, None),
        )
        second = self.client.get(first["next"]).json()
        self.assertEqual([row["filename"] for row in second["results"]], ["sample.uff"])
        self.assertIsNone(second["next"])
        again = self.client.get(second["previous"]).json()
        self.assertEqual(again["results"], first["results"])

    def test_a_page_beyond_the_last_is_not_found(self) -> None:
        self.refused("flow-files/", 404, page=2)
        self.refused("flow-files/", 404, page=2**63 - 1)

    def test_a_page_with_no_number_is_refused(self) -> None:
        for page in ["0", "-1", "last", str(2**63), "9" * 5000]:
            with self.subTest(page[:20]):
                wrong = self.wrong_fields("flow-files/", page=page)
                self.assertEqual(wrong, [("page", "invalid")])

    def test_an_empty_list_has_one_page(self) -> None:
        page = self.json("flow-files/", name="none.uff")
        self.assertEqual((page["count"], page["next"]), (0, None))

    @patch("meter_readings.api.pagination.MAX_COUNT", 2)
    def test_pages_go_so_far_and_say_so(self) -> None:
        page = self.json("flow-files/", page_size=2)
        self.assertEqual(
            (page["count"], page["count_is_exact"], page["next"]), (2, False, None)
        )
        self.refused("flow-files/", 404, page_size=2, page=2)


class ContentTests(ResourceTestCase):
    def content(self, status: int = 200, **headers: str) -> Any:
        """Return what the address of the bytes answers."""
        address = f"/api/v1/flow-files/{self.file.pk}/content/"
        response = self.client.get(address, headers=headers)
        self.assertEqual(response.status_code, status)
        return response

    def test_content_is_the_bytes_as_they_came(self) -> None:
        self.assertEqual(self.content().getvalue(), EVERYTHING.encode())

    def test_content_is_a_file_that_nothing_runs(self) -> None:
        response = self.content()
        name = f'attachment; filename="flow-file-{self.file.pk}.uff"'
        self.assertEqual(response["Content-Disposition"], name)
        self.assertEqual(response["Content-Type"], "application/octet-stream")
        self.assertEqual(response["X-Content-Type-Options"], "nosniff")
        response.getvalue()

    def test_content_is_known_by_its_hash(self) -> None:
        response = self.content()
        self.assertEqual(response["ETag"], f'"{self.file.sha256}"')
        response.getvalue()

    def test_content_is_not_sent_again_to_who_has_it(self) -> None:
        self.content(304, if_none_match=f'"{self.file.sha256}"')

    def test_content_of_a_rejected_file_is_kept_too(self) -> None:
        response = self.get(f"flow-files/{self.rejected.pk}/content/")
        self.assertEqual(response.getvalue(), REJECTED.encode())

    def test_that_was_given_up_is_not_found(self) -> None:
        FlowFile.objects.filter(pk=self.file.pk).update(content="")
        problem = self.refused(f"flow-files/{self.file.pk}/content/", 404)
        self.assertIn("no longer stored", problem["detail"])

    def test_that_is_lost_is_not_found(self) -> None:
        FlowFile.objects.filter(pk=self.file.pk).update(content="none/none")
        problem = self.refused(f"flow-files/{self.file.pk}/content/", 404)
        self.assertNotIn("none/none", str(problem))


class TagTests(ResourceTestCase):
    def test_a_file_that_is_as_it_was_is_not_sent_again(self) -> None:
        address = f"/api/v1/flow-files/{self.file.pk}/"
        tag = self.client.get(address)["ETag"]
        again = self.client.get(address, headers={"if-none-match": tag})
        self.assertEqual((again.status_code, again.content), (304, b""))

    def test_a_file_that_has_changed_is(self) -> None:
        address = f"/api/v1/flow-files/{self.file.pk}/"
        tag = self.client.get(address)["ETag"]
        FlowFile.objects.filter(pk=self.file.pk).update(status="undone")
        again = self.client.get(address, headers={"if-none-match": tag})
        self.assertEqual(again.status_code, 200)

    def test_who_keeps_it_has_to_ask_again(self) -> None:
        response = self.get("flow-files/")
        self.assertEqual(response["Cache-Control"], "private, no-cache")

    def test_nothing_else_may_be_kept(self) -> None:
        for address in ["readings/", "meters/", "imports/", ""]:
            with self.subTest(address):
                response = self.get(address)
                self.assertEqual(response["Cache-Control"], "no-store")
                self.assertNotIn("ETag", response)

    def test_an_answer_depends_on_who_asks(self) -> None:
        varies = self.get("readings/")["Vary"]
        for name in ["Accept", "Cookie", "Authorization"]:
            self.assertIn(name, varies)


class ImportTests(ResourceTestCase):
    def test_the_latest_comes_first(self) -> None:
        self.assertEqual(
            self.found("imports/", "outcome"), ["rejected", "imported", "imported"]
        )

    def test_import_are_found_by_what_they_are(self) -> None:
        for name, value, expected in [
            ("state", "finished", 3),
            ("state", "running", 0),
            ("phase", "loading", 3),
            ("channel", "api", 0),
            ("policy", "standard", 3),
            ("outcome", "rejected", 1),
            ("flow_file", self.odd.pk, 1),
            ("name", "odd.uff", 1),
            ("sha256", self.odd.sha256, 1),
            ("started_from", "2026-11-24", 3),
            ("started_to", "2026-11-23", 0),
        ]:
            with self.subTest(name, value=value):
                self.assertEqual(
                    len(self.results("imports/", **{name: value})), expected
                )

    def test_the_earliest_can_come_first(self) -> None:
        first, *_ = self.found("imports/", "filename", ordering="started_at")
        self.assertEqual(first, "sample.uff")

    def test_import_says_who_asked_for_it(self) -> None:
        groups = [f"026|{MPAN}|V|", "028|SERIAL0002|R|"]
        text = later_file([*groups, "030|S|20240501000000|5.0|||T|N|"], 3)
        import_text(text, "hers.uff", requested_by=self.superuser)
        (job,) = self.results("imports/", name="hers.uff")
        self.assertEqual(job["requested_by"], "alice")

    def test_nobody_asked_for_what_a_command_did(self) -> None:
        (job,) = self.results("imports/", name="odd.uff")
        self.assertIsNone(job["requested_by"])

    def test_a_detail_is_as_in_the_list(self) -> None:
        (job,) = self.results("imports/", name="odd.uff")
        self.assertEqual(self.json(f"imports/{job['id']}/"), job)


class FindingTests(ResourceTestCase):
    def test_finding_say_what_is_wrong_and_where(self) -> None:
        (row,) = self.results("findings/", code="extra-decimals")
        self.assertEqual(
            [row[name] for name in ("line_number", "group", "severity", "found")],
            [5, "030", "warning", "7.25"],
        )
        self.assertEqual(
            row["message"],
            "The value has more decimal places than the catalogue allows.",
        )

    def test_finding_are_found_by_what_they_are(self) -> None:
        for name, value, expected in [
            ("flow_file", self.odd.pk, ["extra-decimals"]),
            ("severity", "warning", ["extra-decimals"]),
            ("group", "030", ["extra-decimals"]),
            ("line_number", 5, ["extra-decimals"]),
            ("search", "odd.uff", ["extra-decimals"]),
            ("search", "odd", []),
        ]:
            with self.subTest(name, value=value):
                found = self.found("findings/", "code", **{name: value})
                self.assertEqual(found, expected)

    def test_finding_of_a_file(self) -> None:
        found = self.found(f"flow-files/{self.odd.pk}/findings/", "code")
        self.assertEqual(found, ["extra-decimals"])

    def test_a_detail_is_as_in_the_list(self) -> None:
        (row,) = self.results("findings/", flow_file=self.odd.pk)
        self.assertEqual(self.json(f"findings/{row['id']}/"), row)


class MeterPointTests(ResourceTestCase):
    def mpans(self, **asked: Any) -> list[str]:
        """Return the MPANs found."""
        return self.found("meter-points/", "mpan", **asked)

    def test_meter_point_come_by_their_mpans(self) -> None:
        mpans = [OTHER_MPAN, "1200023305967", MPAN]
        self.assertEqual(self.mpans(), mpans)
        self.assertEqual(self.mpans(ordering="-mpan"), mpans[::-1])

    def test_meter_point_are_found_by_an_mpan(self) -> None:
        self.assertEqual(self.mpans(mpan="12 0002 3305 967"), ["1200023305967"])

    def test_meter_point_are_found_by_the_beginning_of_an_mpan(self) -> None:
        self.assertEqual(self.mpans(search="1"), [OTHER_MPAN, "1200023305967"])

    def test_meter_point_are_found_by_a_serial_number(self) -> None:
        self.assertEqual(self.mpans(search="f75a 00802"), ["1200023305967"])

    def test_meter_point_are_paged_by_a_cursor(self) -> None:
        first = self.json("meter-points/", page_size=2)
        second = self.client.get(first["next"]).json()
        self.assertEqual([row["mpan"] for row in second["results"]], [MPAN])
        self.assertIsNone(second["next"])

    def test_meter_point_say_whose_network_they_are_on(self) -> None:
        (point,) = self.results("meter-points/", mpan=MPAN)
        self.assertEqual(point["distributor"]["area"], "Southern")

    def test_meter_point_may_be_on_no_network_that_is_known(self) -> None:
        point = MeterPoint.objects.create(mpan="9900000000000")
        self.assertIsNone(self.json(f"meter-points/{point.pk}/")["distributor"])

    def test_meter_point_links_lead_to_what_belongs_to_it(self) -> None:
        (point,) = self.results("meter-points/", mpan=OTHER_MPAN)
        for name, address in point["links"].items():
            with self.subTest(name):
                self.assert_there(address)


class MeterTests(ResourceTestCase):
    def serials(self, **asked: Any) -> list[str]:
        """Return the serial numbers found."""
        return self.found("meters/", "serial_number", **asked)

    def test_meter_are_found_by_what_they_are(self) -> None:
        point = MeterPoint.objects.get(mpan=MPAN)
        for name, value, expected in [
            ("mpan", MPAN, ["SERIAL0002"]),
            ("meter_serial", "F75A 00802", ["F75A 00802"]),
            ("meter_point", point.pk, ["SERIAL0002"]),
            ("search", "F75A", ["F75A 00802"]),
            ("search", OTHER_MPAN, ["SERIAL0001"]),
        ]:
            with self.subTest(name, value=value):
                self.assertEqual(self.serials(**{name: value}), expected)

    def test_meter_can_be_ordered(self) -> None:
        ordered = ["F75A 00802", "SERIAL0001", "SERIAL0002"]
        self.assertEqual(self.serials(ordering="serial_number"), ordered)
        self.assertEqual(self.serials(ordering="-serial_number"), ordered[::-1])

    def test_meter_are_paged_in_that_order(self) -> None:
        first = self.json("meters/", page_size=1, ordering="serial_number")
        second = self.client.get(first["next"]).json()
        self.assertEqual(second["results"][0]["serial_number"], "SERIAL0001")

    def test_a_detail_is_as_in_the_list(self) -> None:
        (row,) = self.results("meters/", mpan=MPAN)
        self.assertEqual(self.json(f"meters/{row['id']}/"), row)

    def test_meter_links_lead_to_what_belongs_to_it(self) -> None:
        (row,) = self.results("meters/", mpan=MPAN)
        for name, address in row["links"].items():
            with self.subTest(name):
                self.assert_there(address)


class SiteVisitTests(ResourceTestCase):
    def visits(self, **asked: Any) -> list[str]:
        """Return what was found on the visits."""
        return self.found("site-visits/", "check_code", **asked)

    def test_site_visit_are_found_by_what_they_are(self) -> None:
        point = MeterPoint.objects.get(mpan=OTHER_MPAN)
        meter = Meter.objects.get(serial_number="F75A 00802")
        for name, value, expected in [
            ("mpan", OTHER_MPAN, ["02"]),
            ("meter_serial", "F75A 00802", ["20"]),
            ("meter_point", point.pk, ["02"]),
            ("meter", meter.pk, ["20"]),
            ("flow_file", self.odd.pk, ["20"]),
            ("check_code", "02", ["02"]),
            ("search", "sample.uff", ["02"]),
        ]:
            with self.subTest(name, value=value):
                self.assertEqual(self.visits(**{name: value}), expected)

    def test_site_visit_of_a_file(self) -> None:
        found = self.found(f"flow-files/{self.file.pk}/site-visits/", "check_code")
        self.assertEqual(found, ["02"])

    def test_site_visit_can_be_ordered(self) -> None:
        self.assertEqual(self.visits(), ["20", "02"])
        self.assertEqual(self.visits(ordering="id"), ["02", "20"])
        self.assertEqual(self.visits(ordering="line_number"), ["02", "20"])
        by_number = {"ordering": "-id", "flow_file": self.file.pk}
        self.assertEqual(self.visits(**by_number), ["02"])

    def test_a_visit_without_a_meter_has_none(self) -> None:
        (row,) = self.results("site-visits/", mpan=OTHER_MPAN)
        self.assertIsNone(row["meter_serial"])
        self.assertIsNone(row["links"]["meter"])

    def test_a_detail_is_as_in_the_list(self) -> None:
        (row,) = self.results("site-visits/", mpan=OTHER_MPAN)
        self.assertEqual(self.json(f"site-visits/{row['id']}/"), row)


class SerialNumberOfManyTests(ApiTestCase):
    """More meters bear a serial number than is good for one."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        for mpan in (MPAN, OTHER_MPAN):
            point = MeterPoint.objects.create(mpan=mpan)
            Meter.objects.create(meter_point=point, serial_number="UNKNOWN")
        cls.enterClassContext(
            patch("meter_readings.api.filtersets.meter_points.MAX_METERS", 1)
        )
        cls.enterClassContext(
            patch("meter_readings.api.filtersets.readings.MAX_METERS", 1)
        )

    def test_serial_number_of_many_is_refused(self) -> None:
        for address in ["readings/", "site-visits/"]:
            with self.subTest(address):
                wrong = self.wrong_fields(address, meter_serial="UNKNOWN")
                self.assertEqual(wrong, [("meter_serial", "invalid")])

    def test_serial_number_of_many_is_refused_as_a_search_too(self) -> None:
        wrong = self.wrong_fields("readings/", search="UNKNOWN")
        self.assertEqual(wrong, [("search", "invalid")])

    def test_serial_number_of_many_is_taken_beside_an_mpan(self) -> None:
        self.assertEqual(self.values(meter_serial="UNKNOWN", mpan=MPAN), [])
