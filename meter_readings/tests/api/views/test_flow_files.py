"""Flow files, their original files, import jobs and findings."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from meter_readings.models import FlowFile
from meter_readings.tests.api.base import (
    EVERYTHING,
    MPAN,
    REJECTED,
    ResourceTestCase,
    later_file,
)
from meter_readings.tests.support.import_helpers import import_text


class FlowFileTests(ResourceTestCase):
    def names(self, **params: Any) -> list[str]:
        """Return the filenames found."""
        return self.found("flow-files/", "filename", **params)

    def test_lists_flow_files_newest_first(self) -> None:
        self.assertEqual(self.names(), ["rejected.uff", "odd.uff", "sample.uff"])

    def test_orders_flow_files(self) -> None:
        self.assertEqual(
            self.names(ordering="filename"), ["odd.uff", "rejected.uff", "sample.uff"]
        )
        self.assertEqual(self.names(ordering="received_at")[0], "sample.uff")
        self.assertEqual(self.names(ordering="-filename")[0], "sample.uff")

    def test_filters_flow_files_by_every_parameter(self) -> None:
        for name, value, expected in [
            ("status", "rejected", ["rejected.uff"]),
            ("policy", "strict", []),
            ("from_participant", "UDMS", ["odd.uff", "sample.uff"]),
            ("to_participant", "NONE", []),
            ("filename", "odd.uff", ["odd.uff"]),
            ("file_identifier", "TEST000001", ["sample.uff"]),
            ("sha256", self.odd.sha256.upper(), ["odd.uff"]),
            ("file_created_at_from", "2024-04-02T08:00", ["odd.uff"]),
            ("file_created_at_to", "2024-04-02T07:00", ["sample.uff"]),
            ("received_at_from", "2026-11-25", []),
            ("received_at_to", "2026-11-23", []),
            ("has_findings", "false", ["sample.uff"]),
            ("has_findings", "true", ["rejected.uff", "odd.uff"]),
            ("needs_attention", "false", ["sample.uff"]),
            ("needs_attention", "true", ["rejected.uff", "odd.uff"]),
            ("search", "odd", ["odd.uff"]),
            ("search", "TEST", ["odd.uff", "sample.uff"]),
        ]:
            with self.subTest(name, value=value):
                self.assertEqual(self.names(**{name: value}), expected)

    def test_a_flow_file_has_its_counts(self) -> None:
        row = self.json(f"flow-files/{self.odd.pk}/")
        self.assertEqual(row["finding_counts"], {"extra-decimals": 1})
        self.assertEqual(row["readings_loaded"], 1)

    def test_a_flow_file_has_labels_of_the_roles(self) -> None:
        row = self.json(f"flow-files/{self.file.pk}/")
        labels = row["from_role_label"], row["to_role_label"]
        self.assertEqual(labels, ("NHH data collector", "Supplier"))

    def test_the_links_of_a_flow_file_exist(self) -> None:
        for name, url in self.json(f"flow-files/{self.file.pk}/")["links"].items():
            with self.subTest(name):
                self.assert_exists(url)

    def test_flow_files_have_numbered_pages(self) -> None:
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

    def test_a_page_after_the_last_is_404(self) -> None:
        self.get_problem("flow-files/", 404, page=2)
        self.get_problem("flow-files/", 404, page=2**63 - 1)

    def test_an_invalid_page_number_is_400(self) -> None:
        for page in ["0", "-1", "last", str(2**63), "9" * 5000]:
            with self.subTest(page[:20]):
                wrong = self.invalid_fields("flow-files/", page=page)
                self.assertEqual(wrong, [("page", "invalid")])

    def test_an_empty_list_has_one_page(self) -> None:
        page = self.json("flow-files/", filename="none.uff")
        self.assertEqual((page["count"], page["next"]), (0, None))

    @patch("meter_readings.api.pagination.MAX_COUNT", 2)
    def test_counts_and_pages_end_at_the_maximum_count(self) -> None:
        page = self.json("flow-files/", page_size=2)
        self.assertEqual(
            (page["count"], page["count_is_exact"], page["next"]), (2, False, None)
        )
        self.get_problem("flow-files/", 404, page_size=2, page=2)


class OriginalFileTests(ResourceTestCase):
    def content(self, status: int = 200, **headers: str) -> Any:
        """Return what the url of the bytes answers."""
        url = f"/api/v1/flow-files/{self.file.pk}/content/"
        response = self.client.get(url, headers=headers)
        self.assertEqual(response.status_code, status)
        return response

    def test_downloads_the_original_file(self) -> None:
        self.assertEqual(self.content().getvalue(), EVERYTHING.encode())

    def test_the_original_file_is_an_attachment_without_sniffing(self) -> None:
        response = self.content()
        name = f'attachment; filename="flow-file-{self.file.pk}.uff"'
        self.assertEqual(response["Content-Disposition"], name)
        self.assertEqual(response["Content-Type"], "application/octet-stream")
        self.assertEqual(response["X-Content-Type-Options"], "nosniff")
        response.getvalue()

    def test_the_etag_of_the_original_file_is_its_sha256(self) -> None:
        response = self.content()
        self.assertEqual(response["ETag"], f'"{self.file.sha256}"')
        response.getvalue()

    def test_an_unchanged_original_file_is_304(self) -> None:
        response = self.content(304, if_none_match=f'"{self.file.sha256}"')
        self.assertEqual(response["ETag"], f'"{self.file.sha256}"')

    def test_downloads_the_original_of_a_rejected_file(self) -> None:
        response = self.get(f"flow-files/{self.rejected.pk}/content/")
        self.assertEqual(response.getvalue(), REJECTED.encode())

    def test_a_deleted_original_file_is_404(self) -> None:
        FlowFile.objects.filter(pk=self.file.pk).update(content="")
        problem = self.get_problem(f"flow-files/{self.file.pk}/content/", 404)
        self.assertIn("no longer stored", problem["detail"])

    def test_a_missing_original_file_is_404(self) -> None:
        FlowFile.objects.filter(pk=self.file.pk).update(content="none/none")
        problem = self.get_problem(f"flow-files/{self.file.pk}/content/", 404)
        self.assertNotIn("none/none", str(problem))


class CachingTests(ResourceTestCase):
    def test_an_unchanged_flow_file_is_304(self) -> None:
        url = f"/api/v1/flow-files/{self.file.pk}/"
        tag = self.client.get(url)["ETag"]
        again = self.client.get(url, headers={"if-none-match": tag})
        self.assertEqual((again.status_code, again.content), (304, b""))
        self.assertEqual(again["ETag"], tag)

    def test_a_changed_flow_file_is_sent_again(self) -> None:
        url = f"/api/v1/flow-files/{self.file.pk}/"
        tag = self.client.get(url)["ETag"]
        FlowFile.objects.filter(pk=self.file.pk).update(status="undone")
        again = self.client.get(url, headers={"if-none-match": tag})
        self.assertEqual(again.status_code, 200)

    def test_flow_files_must_be_revalidated(self) -> None:
        response = self.get("flow-files/")
        self.assertEqual(response["Cache-Control"], "private, no-cache")

    def test_other_resources_must_not_be_cached(self) -> None:
        for url in ["readings/", "meters/", "imports/", ""]:
            with self.subTest(url):
                response = self.get(url)
                self.assertEqual(response["Cache-Control"], "no-store")
                self.assertNotIn("ETag", response)

    def test_responses_vary_by_accept_cookie_and_authorization(self) -> None:
        varies = self.get("readings/")["Vary"]
        for name in ["Accept", "Cookie", "Authorization"]:
            self.assertIn(name, varies)


class ImportJobTests(ResourceTestCase):
    def test_lists_import_jobs_newest_first(self) -> None:
        self.assertEqual(
            self.found("imports/", "outcome"), ["rejected", "imported", "imported"]
        )

    def test_filters_import_jobs_by_every_parameter(self) -> None:
        for name, value, expected in [
            ("state", "finished", 3),
            ("state", "running", 0),
            ("phase", "loading", 3),
            ("channel", "api", 0),
            ("policy", "standard", 3),
            ("outcome", "rejected", 1),
            ("flow_file", self.odd.pk, 1),
            ("filename", "odd.uff", 1),
            ("sha256", self.odd.sha256, 1),
            ("started_at_from", "2026-11-24", 3),
            ("started_at_to", "2026-11-23", 0),
        ]:
            with self.subTest(name, value=value):
                self.assertEqual(
                    len(self.results("imports/", **{name: value})), expected
                )

    def test_orders_import_jobs_oldest_first(self) -> None:
        first, *_ = self.found("imports/", "filename", ordering="started_at")
        self.assertEqual(first, "sample.uff")

    def test_an_import_job_has_the_user_who_requested_it(self) -> None:
        groups = [f"026|{MPAN}|V|", "028|SERIAL0002|R|"]
        text = later_file([*groups, "030|S|20240501000000|5.0|||T|N|"], 3)
        import_text(text, "hers.uff", requested_by=self.superuser)
        (job,) = self.results("imports/", filename="hers.uff")
        self.assertEqual(job["requested_by"], "alice")

    def test_an_import_job_of_a_command_has_no_user(self) -> None:
        (job,) = self.results("imports/", filename="odd.uff")
        self.assertIsNone(job["requested_by"])

    def test_the_detail_of_an_import_job_equals_its_row_in_the_list(self) -> None:
        (job,) = self.results("imports/", filename="odd.uff")
        self.assertEqual(self.json(f"imports/{job['id']}/"), job)


class FindingTests(ResourceTestCase):
    def test_a_finding_has_its_line_and_description(self) -> None:
        (row,) = self.results("findings/", code="extra-decimals")
        self.assertEqual(
            [row[name] for name in ("line_number", "group", "severity", "found")],
            [5, "030", "warning", "7.25"],
        )
        self.assertEqual(
            row["message"],
            "The value has more decimal places than the catalogue allows.",
        )

    def test_filters_findings_by_every_parameter(self) -> None:
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

    def test_lists_the_findings_of_a_flow_file(self) -> None:
        found = self.found(f"flow-files/{self.odd.pk}/findings/", "code")
        self.assertEqual(found, ["extra-decimals"])

    def test_the_detail_of_a_finding_equals_its_row_in_the_list(self) -> None:
        (row,) = self.results("findings/", flow_file=self.odd.pk)
        self.assertEqual(self.json(f"findings/{row['id']}/"), row)
