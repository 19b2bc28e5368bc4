"""What can be said against a page: by axe, and by what axe does not see."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from .base import NARROW, THEMES, WIDE, BrowserTestCase

if TYPE_CHECKING:
    from playwright.sync_api import Page

# WCAG 2.2 AA, and what its authors hold to be good practice.
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
# What can be otherwise in the dark, where everything else is the same.
_AXE_IN_THE_DARK = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
    "resultTypes": ["violations"],
}
# Faults in the admin's own widgets, by rule and by what the element has.
_OF_DJANGO = {("aria-prohibited-attr", 'class="help-tooltip search-label-icon"')}
_INSPECTION = Path(__file__).with_name("inspection.js").read_text(encoding="utf-8")


def is_of_django(rule: str, html: str) -> bool:
    """Return whether a fault is known, and not for this project to mend."""
    return any(rule == known and mark in html for known, mark in _OF_DJANGO)


class FaultsTestCase(BrowserTestCase):
    """Looks at pages in all ways there are."""

    maxDiff = None
    axe_script: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        from axe_playwright_python.sync_playwright import Axe

        cls.axe_script = Axe().axe_script

    def faults_of(self, page: Page) -> list[str]:
        """Return what there is to say of a page as it stands, however it is seen."""
        page.evaluate(self.axe_script)
        return [fault for look in self.looks(page) for fault in look]

    def looks(self, page: Page) -> Iterator[list[str]]:
        """Yield what there is to say of each way to look at a page."""
        for width in (WIDE, NARROW):
            page.set_viewport_size({"width": width, "height": 900})
            for theme in THEMES:
                page.emulate_media(color_scheme=theme)
                options = _AXE if theme == "light" else _AXE_IN_THE_DARK
                faults = page.evaluate(_INSPECTION) + self.found_by_axe(page, options)
                yield [f"{width} {theme}: {fault}" for fault in faults]

    def found_by_axe(self, page: Page, options: dict[str, Any]) -> list[str]:
        """Return what axe finds."""
        found: dict[str, Any] = page.evaluate("options => axe.run(options)", options)
        return [
            f"{violation['id']}: {node['html'][:160]}"
            for violation in found["violations"]
            for node in violation["nodes"]
            if not is_of_django(violation["id"], node["html"])
        ]
