"""Client IP: no client can choose it."""

from __future__ import annotations

from typing import Any

from django.test import RequestFactory, SimpleTestCase, override_settings

from meter_readings.accounts.client_ip import client_ip


class ClientIpTests(SimpleTestCase):
    def ip(self, **meta: Any) -> str:
        """Return the client IP of a request with these variables."""
        return client_ip(RequestFactory().get("/", **meta))

    def test_client_ip_is_the_address_of_the_connection(self) -> None:
        self.assertEqual(self.ip(REMOTE_ADDR="192.0.2.1"), "192.0.2.1")

    def test_client_ip_ignores_forwarded_for_without_a_proxy(self) -> None:
        self.assertEqual(
            self.ip(REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="192.0.2.9"),
            "192.0.2.1",
        )

    @override_settings(BEHIND_PROXY=True)
    def test_client_ip_behind_a_proxy_is_the_last_forwarded_for_entry(self) -> None:
        self.assertEqual(
            self.ip(HTTP_X_FORWARDED_FOR="192.0.2.9, 192.0.2.1"), "192.0.2.1"
        )

    def test_an_ipv6_address_is_replaced_by_its_network(self) -> None:
        for address, network in {
            "2001:db8::1": "2001:db8::/64",
            "2001:db8::ffff:ffff:ffff:ffff": "2001:db8::/64",
            "2001:db8:0:1::1": "2001:db8:0:1::/64",
        }.items():
            with self.subTest(address):
                self.assertEqual(self.ip(REMOTE_ADDR=address), network)

    def test_a_loopback_or_missing_address_is_unknown(self) -> None:
        for address in ["127.0.0.1", "::1", ""]:
            self.assertEqual(self.ip(REMOTE_ADDR=address), "")
