"""Tests that use the keyboard only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import BrowserTestCase

if TYPE_CHECKING:
    from playwright.sync_api import Page

_TABS = 250
_NAME = """() => {
  const { ariaLabel, labels, textContent } = document.activeElement;
  return (ariaLabel || labels?.[0]?.textContent || textContent).trim();
}"""
# Focus must be visible: an outline of two pixels, or the main element.
_IS_SEEN = """() => {
  const style = getComputedStyle(document.activeElement);
  const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return shown || document.activeElement.tagName === "MAIN";
}"""


class KeyboardTestCase(BrowserTestCase):
    """Helpers that move the focus and check that it is visible."""

    def focused_name(self, page: Page) -> str:
        """Return the accessible name of the focused element."""
        return page.evaluate(_NAME)

    def focused_id(self, page: Page) -> str:
        """Return the id of the focused element."""
        return page.evaluate("document.activeElement.id")

    def tab_to(self, page: Page, name: str) -> None:
        """Press Tab until the element with this name has the focus."""
        for _ in range(_TABS):
            page.keyboard.press("Tab")
            self.assertTrue(
                page.evaluate(_IS_SEEN),
                page.evaluate("document.activeElement.outerHTML"),
            )
            if self.focused_name(page) == name:
                return
        self.fail(f"{name!r} was not reached by {_TABS} tabs on {page.url}")

    def skip_to_main(self, page: Page) -> None:
        """Follow the skip link of a page that was just opened."""
        page.keyboard.press("Tab")
        self.assertEqual(self.focused_name(page), "Skip to main content")
        page.keyboard.press("Enter")
        page.wait_for_function("document.activeElement.tagName === 'MAIN'")

    def expect_heading(self, page: Page, text: str) -> None:
        """Wait for a page whose h1 contains a text."""
        page.wait_for_function(
            "text => document.querySelector('h1')?.textContent.includes(text)", arg=text
        )
