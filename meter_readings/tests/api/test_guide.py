"""What the guide to the API shows is what the API answers."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import urllib.error
import urllib.request
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

from django.contrib.auth.models import User
from django.test import LiveServerTestCase
from django.utils import timezone

from config.environment import PROJECT_ROOT
from meter_readings import tokens
from meter_readings.api import urls
from meter_readings.models import ApiToken
from meter_readings.tests.api.test_permissions import routes
from meter_readings.tests.import_helpers import imported
from meter_readings.tests.docs import markdown

GUIDE = "documentation/API_GUIDE.md"
SHOWN_SITE = "http://127.0.0.1:8001"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def part_of_form(said: str) -> bytes:
    """Return a part of a form as curl would send it: `name=value`, `name=@path`."""
    name, _, value = said.partition("=")
    disposition, content = f'form-data; name="{name}"', value.encode()
    if value.startswith("@"):
        path = PROJECT_ROOT / value[1:]
        disposition += f'; filename="{path.name}"'
        content = path.read_bytes()
    head = f"--x\r\nContent-Disposition: {disposition}\r\n\r\n"
    return head.encode() + content + b"\r\n"


class GuideTests(LiveServerTestCase):
    def setUp(self) -> None:
        _, self.token = tokens.make_token(
            user=User.objects.create_superuser("demo_admin"),
            name="guide",
            scope=ApiToken.Scope.BOTH,
            days=1,
            now=timezone.now(),
        )
        self.enterContext(patch.dict(os.environ, {"D0010_TOKEN": self.token}))
        sample = Path(PROJECT_ROOT, "sample_data/economy_7.uff")
        imported(sample.read_bytes(), sample.name)

    def test_curl_gets_what_is_shown(self) -> None:
        examples = [*markdown.shown(GUIDE, "console")]
        self.assertGreater(len(examples), 2)
        for example in examples:
            with self.subTest(example.command):
                self.assertEqual(self.fetched(example.command), example.output.strip())

    def fetched(self, command: str) -> str:
        """Return what curl would print: it need not be on this machine."""
        program, silently, *options, address = shlex.split(command)
        self.assertEqual((program, silently), ("curl", "-s"))
        headers: dict[str, str] = {}
        parts = []
        for option, value in zip(options[::2], options[1::2], strict=True):
            if option == "-F":
                parts.append(part_of_form(value))
            else:
                self.assertEqual(option, "-H")
                name, _, text = value.replace("$D0010_TOKEN", self.token).partition(
                    ": "
                )
                headers[name] = text
        body = None
        if parts:
            body = b"".join(parts) + b"--x--\r\n"
            headers["Content-Type"] = "multipart/form-data; boundary=x"
        request = urllib.request.Request(
            address.replace(SHOWN_SITE, self.live_server_url), body, headers
        )
        try:
            with urllib.request.urlopen(request) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as refusal:
            text = refusal.read().decode()
        return UUID.sub("…", text.replace("\r\n", "\n")).strip()

    def test_python_prints_what_is_shown(self) -> None:
        examples = [*markdown.blocks(GUIDE)]
        self.assertIn("python", [example.language for example in examples])
        for example, after in pairwise(examples):
            if example.language == "python":
                code = example.text.replace(SHOWN_SITE, self.live_server_url)
                with self.subTest(line=example.line_number):
                    with (
                        contextlib.redirect_stdout(io.StringIO()) as printed,
                        contextlib.chdir(PROJECT_ROOT),
                    ):
                        exec(code, {})
                    self.assertEqual(printed.getvalue(), after.text)

    def test_every_resource_is_in_the_guide(self) -> None:
        guide = (PROJECT_ROOT / GUIDE).read_text(encoding="utf-8")
        for route in routes(urls.urlpatterns):
            name = route.removeprefix("v1/").partition("<")[0]
            with self.subTest(route):
                self.assertIn(f"`{name}" if name else "/api/", guide)
