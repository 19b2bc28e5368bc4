"""Page checks: axe, and `inspection.js` for what axe does not check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from meter_readings.tests.robustness import IS_LONG

from .base import NARROW, PHONE, WIDE, BrowserTestCase

if TYPE_CHECKING:
    from playwright.sync_api import Page

# WCAG 2.2 AA and axe's best practices.
_AXE = {
    "runOnly": [
        "wcag2a",
        "wcag2aa",
        "wcag21a",
        "wcag21aa",
        "wcag22aa",
        "best-practice",
    ],
    "resultTypes": ["violations"],
}
# Only colours differ in the dark theme.
_AXE_IN_THE_DARK = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
    "resultTypes": ["violations"],
}
# Accessibility faults of Django's own admin widgets: rule, and text of the element.
_KNOWN_IN_DJANGO = {("aria-prohibited-attr", 'class="help-tooltip search-label-icon"')}
_INSPECTION = Path(__file__).with_name("inspection.js").read_text(encoding="utf-8")


def is_known_in_django(rule: str, html: str) -> bool:
    """Return whether a fault is in Django's own admin templates."""
    return any(rule == known and mark in html for known, mark in _KNOWN_IN_DJANGO)


class PageCheckTestCase(BrowserTestCase):
    """Checks pages at three widths and in two themes, which differ in colours only."""

    maxDiff = None
    axe_script: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        from axe_playwright_python.sync_playwright import Axe

        cls.axe_script = Axe().axe_script

    def faults_of(self, page: Page) -> list[str]:
        """Return the faults of a page as it is once its styles have loaded."""
        page.wait_for_load_state()
        page.evaluate(self.axe_script)
        return [fault for faults in self.checks(page) for fault in faults]

    def checks(self, page: Page) -> Iterator[list[str]]:
        """Yield the faults of a page by width, and in the dark theme at one width.

        At the width of a phone axe is left out. With LONG=1 it checks a narrower page.
        """
        for width, theme in ((WIDE, "light"), (WIDE, "dark"), (NARROW, "light")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=theme)
            options = _AXE if theme == "light" else _AXE_IN_THE_DARK
            faults = page.evaluate(_INSPECTION)
            if IS_LONG or width == WIDE:
                faults += self.axe_faults(page, options)
            yield [f"{width} {theme}: {fault}" for fault in faults]
        page.set_viewport_size({"width": PHONE, "height": 900})
        yield [f"{PHONE}: {fault}" for fault in page.evaluate(_INSPECTION)]

    def axe_faults(self, page: Page, options: dict[str, Any]) -> list[str]:
        found: dict[str, Any] = page.evaluate("options => axe.run(options)", options)
        return [
            f"{violation['id']}: {node['html'][:160]}"
            for violation in found["violations"]
            for node in violation["nodes"]
            if not is_known_in_django(violation["id"], node["html"])
        ]
