"""Navigation by the keyboard alone, and search without JavaScript."""

from __future__ import annotations

from meter_readings.models import Reading

from .base import NARROW, PASSWORD, PHONE, WIDE
from .keyboard import KeyboardTestCase

_HINT_FITS = """() => {
    const box = document.querySelector("#search"), style = getComputedStyle(box);
    const context = document.createElement("canvas").getContext("2d");
    context.font = style.font;
    const width = context.measureText(box.placeholder).width;
    const padding = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
    return width <= box.clientWidth - padding;
}"""


class JourneyTests(KeyboardTestCase):
    def test_keyboard_reaches_the_flow_file_of_a_reading_from_sign_in(self) -> None:
        reading = Reading.objects.select_related("meter__meter_point", "flow_file")
        reading = reading.filter(flow_file__filename="economy7_meters.uff").latest("pk")
        page = self.page()
        page.goto("/")
        self.tab_to(page, "Sign in")
        page.keyboard.press("Enter")
        self.expect_heading(page, "Sign in")
        page.keyboard.type("alice")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        self.expect_heading(page, "Overview")
        page.keyboard.press("/")
        page.keyboard.type(str(reading.meter.meter_point))
        page.keyboard.press("Enter")
        self.expect_heading(page, str(reading.meter.meter_point))
        self.tab_to(page, reading.flow_file.filename)
        page.keyboard.press("Enter")
        self.expect_heading(page, reading.flow_file.filename)

    def test_skip_link_leads_past_the_header_to_the_content(self) -> None:
        page = self.page(user=self.alice)
        for path in ("/", "/admin/meter_readings/reading/"):
            with self.subTest(path):
                page.goto(path)
                self.skip_to_main(page)


class SearchKeyTests(KeyboardTestCase):
    def test_search_key_moves_to_the_search_box_of_every_page(self) -> None:
        page = self.page(user=self.alice)
        for path in ("/", "/search/", "/admin/", "/admin/meter_readings/meter/"):
            with self.subTest(path):
                page.goto(path)
                page.locator("h1").click()
                page.keyboard.press("/")
                self.assertEqual(self.focused_id(page), "search")
                self.assertEqual(page.input_value("#search"), "")

    def test_search_key_is_shown_in_the_search_box(self) -> None:
        page = self.page(user=self.alice)
        page.goto("/")
        self.assertTrue(page.locator(".search-key").is_visible())

    def test_hint_fits_in_the_search_box_beside_the_key(self) -> None:
        for width in (WIDE, 1100, PHONE, 369, 368, NARROW):
            page = self.page(user=self.alice, viewport={"width": width, "height": 900})
            for path in ("/", "/admin/"):
                page.goto(path)
                with self.subTest(width=width, path=path):
                    self.assertIs(page.evaluate(_HINT_FITS), True)

    def test_search_key_is_an_ordinary_character_while_typing(self) -> None:
        page = self.page(user=self.alice)
        page.goto("/admin/meter_readings/meter/")
        page.focus("#searchbar")
        page.keyboard.type("a/b")
        self.assertEqual(page.input_value("#searchbar"), "a/b")

    def test_search_key_leaves_browser_shortcuts_alone(self) -> None:
        page = self.page(user=self.alice)
        page.goto("/")
        page.keyboard.press("Control+/")
        self.assertEqual(self.focused_id(page), "")

    def test_search_key_can_be_switched_off_and_on(self) -> None:
        page = self.page(user=self.alice)
        page.goto("/search/")
        page.uncheck("#search-key-setting input")
        page.goto("/")
        page.keyboard.press("/")
        self.assertEqual(self.focused_id(page), "")
        self.assertFalse(page.locator(".search-key").is_visible())
        page.goto("/search/")
        page.check("#search-key-setting input")
        page.goto("/")
        page.keyboard.press("/")
        self.assertEqual(self.focused_id(page), "search")


class WithoutScriptsTests(KeyboardTestCase):
    def test_search_finds_a_meter_point_without_javascript(self) -> None:
        point = Reading.objects.latest("pk").meter.meter_point
        page = self.page(user=self.alice, java_script_enabled=False)
        page.goto("/")
        page.fill("#search", str(point))
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{point.get_absolute_url()}")

    def test_search_box_shows_no_key_without_javascript(self) -> None:
        page = self.page(user=self.alice, java_script_enabled=False)
        page.goto("/search/")
        self.assertFalse(page.locator(".search-key").is_visible())
        self.assertFalse(page.locator("#search-key-setting").is_visible())
