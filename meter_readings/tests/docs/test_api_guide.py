"""API_GUIDE.md: every request gets the response that the page shows."""

from __future__ import annotations

import shutil
from unittest import skipUnless

from . import runner
from .command_setups import Room


@skipUnless(runner.IS_REQUIRED or shutil.which("curl"), "curl is not here")
class ApiGuideTests(runner.ReaderTestCase):
    page = "documentation/API_GUIDE.md"
    rooms = {
        "export D0010_TOKEN=$(python manage.py api_token create guide"
        " --user demo_admin --scope read --scope import)": Room(
            words="the demonstration's user and a sample are there; the site is served",
            before="""
            python manage.py create_demo_user
            python manage.py import_d0010 sample_data/economy_7.uff""",
            behind="python manage.py runserver {port} --noreload",
            after='grep -qx "d0010_[0-9a-f]*" <<<"$D0010_TOKEN"',
        )
    }
