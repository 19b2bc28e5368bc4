"""Index of the API."""

from __future__ import annotations

from meter_readings.tests.api.base import ResourceTestCase


class IndexTests(ResourceTestCase):
    def test_the_index_lists_the_versions(self) -> None:
        response = self.client.get("/api/")
        self.assertEqual(response.json(), {"v1": "http://testserver/api/v1/"})

    def test_the_index_of_a_version_lists_its_resources(self) -> None:
        for name, url in self.json("").items():
            with self.subTest(name):
                self.assert_exists(url)
