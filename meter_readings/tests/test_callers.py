"""Who calls: an address that nobody can make up."""

from __future__ import annotations

from typing import Any

from django.test import RequestFactory, SimpleTestCase, override_settings

from meter_readings.callers import address_of


class AddressTests(SimpleTestCase):
    def address(self, **meta: Any) -> str:
        """Return the address of a request with these variables."""
        return address_of(RequestFactory().get("/", **meta))

    def test_is_who_connects(self) -> None:
        self.assertEqual(self.address(REMOTE_ADDR="192.0.2.1"), "192.0.2.1")

    def test_is_not_what_anybody_can_say(self) -> None:
        self.assertEqual(
            self.address(REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="192.0.2.9"),
            "192.0.2.1",
        )

    @override_settings(BEHIND_PROXY=True)
    def test_behind_a_proxy_is_what_the_proxy_says_last(self) -> None:
        self.assertEqual(
            self.address(HTTP_X_FORWARDED_FOR="192.0.2.9, 192.0.2.1"), "192.0.2.1"
        )

    def test_of_ipv6_is_the_network(self) -> None:
        for address, network in {
            "2001:db8::1": "2001:db8::/64",
            "2001:db8::ffff:ffff:ffff:ffff": "2001:db8::/64",
            "2001:db8:0:1::1": "2001:db8:0:1::/64",
        }.items():
            with self.subTest(address):
                self.assertEqual(self.address(REMOTE_ADDR=address), network)

    def test_is_not_known_where_everybody_comes_from_one(self) -> None:
        for address in ["127.0.0.1", "::1", ""]:
            self.assertEqual(self.address(REMOTE_ADDR=address), "")
