"""What a person without a pointer does."""

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
# Focus that nobody sees is no focus.
_IS_SEEN = """() => {
  const style = getComputedStyle(document.activeElement);
  const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return shown || document.activeElement.tagName === "MAIN";
}"""


class KeyboardTestCase(BrowserTestCase):
    """Goes about with nothing but keys, and sees where it is."""

    def focused_name(self, page: Page) -> str:
        """Return what the thing that has the focus is called."""
        return page.evaluate(_NAME)

    def focused_id(self, page: Page) -> str:
        """Return the id of what has the focus."""
        return page.evaluate("document.activeElement.id")

    def tab_to(self, page: Page, name: str) -> None:
        """Go on from one thing to the next until the one of this name is reached."""
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
        """Go past what stands before the matter of a page that was just opened."""
        page.keyboard.press("Tab")
        self.assertEqual(self.focused_name(page), "Skip to main content")
        page.keyboard.press("Enter")
        page.wait_for_function("document.activeElement.tagName === 'MAIN'")

    def expect_heading(self, page: Page, text: str) -> None:
        """Expect to have come to the page with this heading."""
        page.wait_for_function(
            "text => document.querySelector('h1')?.textContent.includes(text)", arg=text
        )
