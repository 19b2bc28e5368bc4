"""Logging: redaction of personal data, one line per event, JSON."""

import json
import logging
import sys
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.test import SimpleTestCase

from config.logging_config import (
    JsonFormatter,
    RedactingFormatter,
    TextFormatter,
    logging_config,
)

# A synthetic MPAN that is published as an example of the format
MPAN = "1200023305967"


class RedactingFormatterTests(SimpleTestCase):
    def entry(self, message: str, *arguments: object, exc_info: Any = None) -> str:
        """Return a message as it is logged."""
        record = logging.LogRecord(
            "test", logging.INFO, __file__, 1, message, arguments, exc_info
        )
        return RedactingFormatter("{message}", style="{").format(record)

    def test_redacting_formatter_does_not_change_an_ordinary_message(self) -> None:
        self.assertEqual(self.entry("Imported %d readings", 12), "Imported 12 readings")

    def test_redacting_formatter_masks_an_mpan(self) -> None:
        self.assertEqual(self.entry("Meter point %s", MPAN), "Meter point [MPAN]")

    def test_redacting_formatter_masks_an_mpan_written_with_spaces(self) -> None:
        self.assertEqual(self.entry("for 12 0002 3305 967."), "for [MPAN].")

    def test_redacting_formatter_does_not_mask_longer_numbers(self) -> None:
        self.assertEqual(self.entry("at 20160222000000"), "at 20160222000000")

    def test_redacting_formatter_masks_a_token(self) -> None:
        token = "d0010_" + "0123456789abcdef" * 4
        self.assertEqual(self.entry(f"at /api/{token}/"), "at /api/[token]/")

    def test_redacting_formatter_masks_a_query_string(self) -> None:
        self.assertEqual(
            self.entry('"%s" %s', "GET /search?q=S95105287 HTTP/1.1", "200"),
            '"GET /search?[query] HTTP/1.1" 200',
        )

    def test_redacting_formatter_does_not_mask_a_question_mark(self) -> None:
        self.assertEqual(self.entry("Really? Yes."), "Really? Yes.")

    def test_redacting_formatter_writes_one_event_on_one_line(self) -> None:
        self.assertEqual(self.entry("name %s", "a\r\nb"), r"name a\x0d\x0ab")

    def test_redacting_formatter_escapes_terminal_control_sequences(self) -> None:
        self.assertEqual(self.entry("\x1b[2J\x9b"), r"\x1b[2J\x9b")

    def test_redacting_formatter_masks_an_mpan_in_a_traceback(self) -> None:
        try:
            raise ValueError(f"Key (mpan)=({MPAN}) already exists.\x1b[2J")
        except ValueError:
            entry = self.entry("It failed", exc_info=sys.exc_info())
        self.assertIn(r"ValueError: Key (mpan)=([MPAN]) already exists.\x1b[2J", entry)

    def test_redacting_formatter_keeps_the_lines_of_a_traceback(self) -> None:
        try:
            raise ValueError
        except ValueError:
            entry = self.entry("It failed", exc_info=sys.exc_info())
        self.assertEqual(
            entry.splitlines()[:2], ["It failed", "Traceback (most recent call last):"]
        )


class JsonFormatterTests(SimpleTestCase):
    def entry(self, message: str, exc_info: Any = None, **more: object) -> Any:
        """Return the JSON object of a message."""
        record = logging.LogRecord(
            "meter_readings", logging.ERROR, __file__, 1, message, (), exc_info
        )
        record.__dict__.update(more)
        line = JsonFormatter().format(record)
        self.assertNotIn("\n", line)
        return json.loads(line)

    def test_json_has_time_level_logger_and_message(self) -> None:
        entry = self.entry("It failed", created=0.5)
        self.assertEqual(
            entry,
            {
                "time": "1970-01-01T00:00:00.500+00:00",
                "level": "ERROR",
                "logger": "meter_readings",
                "message": "It failed",
            },
        )

    def test_json_formatter_masks_an_mpan(self) -> None:
        self.assertEqual(self.entry(f"For {MPAN}")["message"], "For [MPAN]")

    def test_json_has_the_request_id(self) -> None:
        self.assertEqual(self.entry("x", request_id=" 5f2")["request_id"], "5f2")

    def test_json_has_the_fields_of_an_event_without_mpans(self) -> None:
        entry = self.entry("x", fields={"filename": f"{MPAN}.uff", "readings": 3})
        self.assertEqual((entry["filename"], entry["readings"]), ("[MPAN].uff", 3))

    def test_json_has_the_traceback_in_the_message(self) -> None:
        try:
            raise ValueError(MPAN)
        except ValueError:
            message = self.entry("It failed", sys.exc_info())["message"]
        self.assertRegex(message, r"(?s)^It failed\nTraceback .*ValueError: \[MPAN\]$")


class TextFormatterTests(SimpleTestCase):
    def test_text_has_the_fields_that_have_a_value_after_the_message(self) -> None:
        record = logging.LogRecord("x", logging.INFO, "", 1, "Ended.", (), None)
        record.fields = {"user": "", "filename": f"a\n{MPAN}.uff", "readings": 3}
        self.assertEqual(
            TextFormatter("{message}", style="{").format(record),
            r"Ended. filename=a\x0a[MPAN].uff readings=3",
        )


class LoggingSettingsTests(SimpleTestCase):
    def test_events_below_warnings_are_shown_in_the_log_of_production_only(
        self,
    ) -> None:
        levels = {}
        for is_production in (False, True):
            for is_terminal in (False, True):
                with patch.object(sys.stderr, "isatty", return_value=is_terminal):
                    config = logging_config(is_production=is_production)
                level = config["handlers"]["events"]["level"]
                levels[is_production, is_terminal] = level
        info = [each for each, level in levels.items() if level == "INFO"]
        self.assertEqual(info, [(True, False)])

    def test_production_logs_json(self) -> None:
        handlers = logging_config(is_production=True)["handlers"]
        self.assertEqual(handlers["console"]["formatter"], "json")

    def test_every_handler_uses_the_redacting_formatter(self) -> None:
        for name, handler in settings.LOGGING["handlers"].items():
            with self.subTest(handler=name):
                self.assertEqual(handler["formatter"], "text")

    def test_no_logger_has_a_handler_that_does_not_redact(self) -> None:
        for name in ["", "django", "django.server", "django.request"]:
            for handler in logging.getLogger(name).handlers:
                with self.subTest(logger=name, handler=handler):
                    self.assertIsInstance(handler.formatter, RedactingFormatter)
