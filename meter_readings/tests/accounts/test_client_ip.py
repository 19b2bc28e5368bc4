"""Client IP: no client can choose it."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from django.test import RequestFactory, SimpleTestCase, override_settings

from meter_readings.accounts.client_ip import client_ip

_BALANCERS = [ip_network("10.0.0.0/24"), ip_network("2001:db8:b::5")]


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

    @override_settings(BEHIND_PROXY=True)
    def test_forwarded_for_of_an_untrusted_peer_is_ignored(self) -> None:
        for peer in ["192.0.2.7", "::ffff:192.0.2.7"]:
            ip = self.ip(REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR="192.0.2.9")
            self.assertEqual(ip, "192.0.2.7")

    @override_settings(BEHIND_PROXY=True, TRUSTED_PROXIES=_BALANCERS)
    def test_client_ip_is_the_last_forwarded_for_entry_that_no_trusted_proxy_has(
        self,
    ) -> None:
        for forwarded_for, ip in {
            "192.0.2.1": "192.0.2.1",
            "192.0.2.1, 10.0.0.5": "192.0.2.1",
            "192.0.2.1, 2001:db8:b::5, ::ffff:10.0.0.5": "192.0.2.1",
            # What is left of an untrusted address may be forged.
            "192.0.2.9, 192.0.2.1, 10.0.0.5": "192.0.2.1",
            "10.0.0.6, 192.0.2.1, 10.0.0.5": "192.0.2.1",
            "192.0.2.9, forged, 10.0.0.5": "",
            # A balancer's own request
            "10.0.0.5": "10.0.0.5",
        }.items():
            for peer in ["127.0.0.1", "10.0.0.7", ""]:
                with self.subTest(forwarded_for, peer=peer):
                    forwarded = {"HTTP_X_FORWARDED_FOR": forwarded_for}
                    self.assertEqual(self.ip(REMOTE_ADDR=peer, **forwarded), ip)

    def test_an_ipv4_address_in_ipv6_notation_is_an_ipv4_address(self) -> None:
        self.assertEqual(self.ip(REMOTE_ADDR="::ffff:192.0.2.1"), "192.0.2.1")
        self.assertEqual(self.ip(REMOTE_ADDR="::ffff:127.0.0.1"), "")

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
