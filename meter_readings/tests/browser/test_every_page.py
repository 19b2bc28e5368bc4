"""Every page of the site passes the page checks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from meter_readings.models import FlowFile, Meter, MeterPoint
from meter_readings.tests.access.urls import Address, addresses

from .base import WIDE
from .page_checks import PageCheckTestCase

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

# URL names that are no pages, with the reason. Every other URL is checked.
EXCLUDED = {
    r"admin:logout": "accepts POST only",
    r"testing-(import|clear)": "accepts POST only",
    r"admin:meter_readings_meterpoint_notes": "accepts POST only",
    r"admin:meter_readings_importjob_(cancel|retry)": "accepts POST only",
    r"admin:meter_readings_reading_export_background": "accepts POST only",
    r"admin:meter_readings_importjob_download": "is a download",
    r"upload-sample": "is a download",
    r"admin:\w+_(original|csv|d0010|report_\w+|export_\w+)": "is a download",
    r"admin:jsi18n": "is a script",
    r"admin:autocomplete": "is data",
    r"admin:view_on_site": "redirects",
    r"admin/.*/<path:object_id>/": "redirects",
    r"admin:meter_readings_(?!apitoken_add|notificationrule|reading_add|"
    r"senderschedule)\w+_(add|delete)": ("nobody may: one such error page is checked"),
    r"api:(?!docs).*": "is data",
    r"api:docs": "is Swagger UI's page: test_api_docs checks it",
    r"admin:login": "redirects a signed-in user: checked signed out",
}
# Status codes other than 200, by URL name
STATUS = {"admin/(?P<url>.*)$": 404}

_HINTS = ("debug", "info", "log", "verbose")
_NO_PAGE = "error: Failed to load resource"


def reason_to_exclude(name: str) -> str:
    """Return why a URL is not checked, or an empty string."""
    for pattern, reason in EXCLUDED.items():
        if re.fullmatch(pattern, name):
            return reason
    return ""


class EveryPageTests(PageCheckTestCase):
    def test_excluded_urls_exist(self) -> None:
        names = [address.name for address in addresses(self.somebody)]
        for pattern in EXCLUDED:
            with self.subTest(pattern):
                self.assertTrue(any(re.fullmatch(pattern, name) for name in names))

    def test_every_url_passes_the_page_checks(self) -> None:
        context = self.context(user=self.alice)
        for name, path in self.pages():
            with self.subTest(name, path=path):
                self.expect_no_faults(context, path, STATUS.get(name, 200))

    def test_pages_in_special_states_pass_the_page_checks(self) -> None:
        context = self.context(user=self.alice)
        for what, (path, status) in self.special_pages().items():
            with self.subTest(what):
                self.expect_no_faults(context, path, status)

    def test_signed_out_pages_pass_the_page_checks(self) -> None:
        context = self.context()
        for path, status in {"/": 200, "/admin/login/": 200, "/nowhere/": 404}.items():
            with self.subTest(path):
                self.expect_no_faults(context, path, status)

    def pages(self) -> Iterator[Address]:
        """Yield every URL that is checked."""
        for address in addresses(self.somebody):
            if not reason_to_exclude(address.name):
                yield address

    def special_pages(self) -> dict[str, tuple[str, int]]:
        """Return pages with unusual contents: address and status code."""
        rejected = FlowFile.objects.filter(status=FlowFile.Status.REJECTED).first()
        point = MeterPoint.objects.filter(meters__serial_number="EG5000001").first()
        lists = "/admin/meter_readings"
        pages: dict[str, tuple[str, int]] = {
            "found": ("/search/?q=1", 200),
            "found nothing": ("/search/?q=nothing", 200),
            "a refusal": (f"{lists}/sitevisit/add/", 403),
            "a file that was rejected": (rejected.get_absolute_url(), 200),
            "a file to be imported again": (
                f"{lists}/flowfile/{rejected.pk}/reprocess/?policy=partial",
                200,
            ),
            "a meter": (Meter.objects.earliest("pk").get_absolute_url(), 200),
            "a list that is searched": (f"{lists}/reading/?q=march_readings.uff", 200),
            "a list that is filtered": (
                f"{lists}/reading/?version_status__exact=current",
                200,
            ),
            "a list with nothing": (f"{lists}/reading/?q=nothing", 200),
            "a list by another order": (f"{lists}/flowfile/?o=-6.1", 200),
        }
        if point is not None:
            pages["a meter point with two meters"] = (point.get_absolute_url(), 200)
        return pages

    def expect_no_faults(self, context: BrowserContext, path: str, status: int) -> None:
        """Load a page and expect no fault and no message in the console."""
        page = context.new_page()
        page.set_viewport_size({"width": WIDE, "height": 900})
        messages: list[str] = []
        page.on(
            "console",
            lambda message: messages.append(f"{message.type}: {message.text}"),
        )
        page.on("pageerror", lambda error: messages.append(str(error)))
        response = page.goto(path)
        self.assertEqual(response.status, status)
        self.assertIn("text/html", response.headers["content-type"])
        faults = self.faults_of(page)
        page.close()
        faults += [text for text in messages if not text.startswith(_HINTS)]
        if status != 200:  # the browser itself reports the status
            faults = [fault for fault in faults if _NO_PAGE not in fault]
        self.assertEqual("\n".join(faults), "")


class PageCheckTests(PageCheckTestCase):
    """The page checks find faults that are there."""

    def faults(self, html: str) -> str:
        """Return the faults of a page with this HTML."""
        page = self.page()
        page.set_content(f"<html lang=en><title>A</title><main><h1>A</h1>{html}</main>")
        return "\n".join(self.faults_of(page))

    def test_page_checks_accept_a_good_page(self) -> None:
        self.assertEqual(self.faults("<p>All is well.</p>"), "")

    def test_page_checks_find_a_pale_border(self) -> None:
        box = "<input aria-label=A style='background: white; border: 1px solid #ccc'>"
        self.assertIn("the border has a contrast of 1.61", self.faults(box))

    def test_page_checks_find_a_page_wider_than_the_window(self) -> None:
        wide = "<p style='width: 400px'>Wide</p>"
        self.assertIn("it is 408 pixels wide, the window 320", self.faults(wide))

    def test_page_checks_find_a_table_wider_than_its_box(self) -> None:
        wide = "<td><div style='width: 300px'>"
        table = f"<table><caption>A</caption><tr><th scope=col>A<tr>{wide}</table>"
        box = f"<div class=table style='overflow: auto; width: 200px'>{table}</div>"
        self.assertIn("div is 306 pixels wide in 200: A", self.faults(box))

    def test_page_checks_find_a_clipped_heading(self) -> None:
        style = "overflow: hidden; white-space: nowrap; width: 50px"
        heading = f"<h2 style='{style}'>Statistics of the month</h2>"
        self.assertIn("h2 is ", self.faults(heading))

    def test_page_checks_find_a_second_h1(self) -> None:
        self.assertIn("it has 2 h1", self.faults("<h1>B</h1>"))

    def test_page_checks_find_a_duplicate_id(self) -> None:
        self.assertIn("twice: b", self.faults("<p id=b></p><p id=b></p>"))

    def test_page_checks_find_a_table_without_a_caption(self) -> None:
        table = "<table><tr><th scope=col>A<tr><td>1</table>"
        self.assertIn("a table without a caption", self.faults(table))

    def test_page_checks_include_axe(self) -> None:
        self.assertIn("image-alt", self.faults("<img src='data:,'>"))

    def test_content_security_policy_blocks_inline_styles(self) -> None:
        messages: list[str] = []
        page = self.page()
        page.on("console", lambda message: messages.append(message.text))
        page.goto("/")
        page.evaluate("document.body.setAttribute('style', 'color: red')")
        page.wait_for_timeout(100)
        self.assertIn("Content Security Policy", " ".join(messages))
