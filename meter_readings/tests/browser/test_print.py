"""Printed pages: black on white, nothing cut off, no controls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meter_readings.models import FlowFile, MeterPoint

from .base import THEMES, BrowserTestCase

if TYPE_CHECKING:
    from playwright.sync_api import Page

# A4 without its margins, in CSS pixels
PAPER = {"width": 680, "height": 1000}

_CONTROLS = "#header, #nav-sidebar, #toggle-nav-sidebar, nav, button, input, select"
_COLOURS = """
    (query) => [...new Set([...document.querySelectorAll(query)].map(
        (each) => getComputedStyle(each).color))]
"""
_BEYOND = """
    () => [...document.querySelectorAll("#content *")]
        .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
        .map((each) => each.outerHTML.slice(0, 80))
"""
_CUT = """
    () => [...document.querySelectorAll(".table, .results")]
        .filter((each) => getComputedStyle(each).overflowX !== "visible"
            || each.scrollWidth > each.clientWidth + 1)
        .map((each) => each.outerHTML.slice(0, 80))
"""


class PrintTests(BrowserTestCase):
    samples = "[cmr]*.uff"

    def addresses(self) -> list[str]:
        """Return the addresses of pages that people print."""
        rejected = FlowFile.objects.filter(status=FlowFile.Status.REJECTED)
        imported = FlowFile.objects.filter(status=FlowFile.Status.IMPORTED)
        files = [rejected.earliest("pk"), imported.earliest("pk")]
        pages = [MeterPoint.objects.earliest("pk"), *files]
        return [page.get_absolute_url() for page in pages]

    def printed(self, address: str, theme: str = "light") -> Page:
        """Return a page as the printer receives it."""
        page = self.page(user=self.alice, viewport=PAPER, color_scheme=theme)
        page.goto(address)
        page.emulate_media(media="print", color_scheme=theme)
        return page

    def test_printed_pages_have_no_controls(self) -> None:
        for address in [*self.addresses(), "/admin/meter_readings/reading/"]:
            with self.subTest(address):
                page = self.printed(address)
                controls = page.locator(_CONTROLS).filter(visible=True)
                self.assertEqual(
                    controls.evaluate_all("all => all.map((e) => e.outerHTML)"), []
                )

    def test_printed_pages_are_not_cut_off(self) -> None:
        for address in self.addresses():
            with self.subTest(address):
                page = self.printed(address)
                self.assertEqual(page.evaluate(_CUT), [])
                self.assertEqual(page.evaluate(_BEYOND), [])

    def test_printed_charts_are_black_on_white_in_dark_mode(self) -> None:
        address = self.addresses()[0]
        for theme in THEMES:
            with self.subTest(theme):
                page = self.printed(address, theme)
                black, white = "rgb(0, 0, 0)", "rgb(255, 255, 255)"
                self.assertEqual(page.evaluate(_COLOURS, ".series"), [black])
                self.assertEqual(page.evaluate(_COLOURS, "#content h1"), [black])
                self.assertIn(
                    page.evaluate("getComputedStyle(document.body).backgroundColor"),
                    (white, "rgba(0, 0, 0, 0)"),
                )

    def test_browser_can_print_a_page(self) -> None:
        page = self.printed(self.addresses()[0])
        self.assertTrue(page.pdf(format="A4").startswith(b"%PDF"))
