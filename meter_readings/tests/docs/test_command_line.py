"""COMMAND_LINE.md: commands that `test_command_line_output` does not run."""

from __future__ import annotations

from pathlib import Path
from unittest import TestCase

from config.environment import PROJECT_ROOT
from meter_readings.synthetic.shapes import ODDITIES, Shape

from . import runner
from .command_setups import BILLING, CREATE_BILLING_USER, Setup


class CommandLineTests(runner.PageTestCase):
    page = "documentation/COMMAND_LINE.md"
    setups = {
        "sudo d0010ctl import_d0010 - --name april.uff < april.uff": Setup(
            reason="the file of April is one of the samples",
            replacements={"< april": "< sample_data/prepayment_meters"},
            expects="imported as #1: 21 readings",
        ),
        "zcat march.uff.gz | python manage.py import_d0010 - --name march.uff": Setup(
            reason="the file of March is one of the samples",
            before="gzip <sample_data/march_readings.uff >march.uff.gz",
            expects="imported as #2: 300 readings",
        ),
        "python manage.py import_d0010 -r /var/drop '/var/archive/2026-*.zip'": Setup(
            reason="the folders are in the copy, and have a sample each",
            before="""
            mkdir -p drop/today archive
            cp sample_data/small_business.uff drop/today
            python -m zipfile -c archive/2026-03.zip sample_data/test.uff""",
            replacements={"/var/": "{folder}/"},
            expects="(?s)small_business.uff: imported as #3.*test.uff: imported",
        ),
        "python manage.py render_format_docs > documentation/D0010_FORMAT.md": Setup(
            reason="the page was emptied beforehand",
            before=": >documentation/D0010_FORMAT.md",
            after=f"cmp documentation/D0010_FORMAT.md"
            f" {PROJECT_ROOT}/documentation/D0010_FORMAT.md",
        ),
        'python manage.py api_token create "nightly export" --user billing'
        " --scope read > token.txt": Setup(
            reason=BILLING,
            before=CREATE_BILLING_USER,
            after="grep -qx 'd0010_[0-9a-f]*' token.txt",
        ),
        "python manage.py api_token list": Setup(
            expects=r"billing  nightly export  d0010_[0-9a-f]{6}…  read   Active "
        ),
        'python manage.py api_token revoke "nightly export" --user billing': Setup(
            after="python manage.py api_token list | grep Revoked"
        ),
        "python manage.py restore"
        " backups/d0010-20261124T023000000000Z.tar.gz --force": Setup(
            reason="it is the backup that was made",
            replacements={"d0010-20261124T023000000000Z.tar.gz": "d0010-*"},
            expects="(?i)restored",
        ),
    }


class MixedShapeTests(TestCase):
    def test_page_has_the_shares_of_the_mixed_shape(self) -> None:
        page = Path(PROJECT_ROOT, CommandLineTests.page).read_text(encoding="utf-8")
        for of, oddities in zip(
            ("026", "028", "visit", "value", "030"), ODDITIES[Shape.MIXED], strict=True
        ):
            for oddity in oddities:
                with self.subTest(oddity.title):
                    row = f"| {of} | {oddity.percent} | {oddity.title} |"
                    self.assertIn(row, page)
