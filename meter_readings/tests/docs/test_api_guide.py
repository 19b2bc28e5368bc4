"""API_GUIDE.md: every request gets the response that the page shows."""

from __future__ import annotations

import shutil
from unittest import skipUnless

from . import runner
from .command_setups import Setup


@skipUnless(runner.IS_REQUIRED or shutil.which("curl"), "curl is not installed")
class ApiGuideTests(runner.PageTestCase):
    page = "documentation/API_GUIDE.md"
    setups = {
        "export D0010_TOKEN=$(python manage.py api_token create guide"
        " --user demo_admin --scope read --scope import)": Setup(
            reason="the demo user and a sample exist, and the site is served",
            before="""
            python manage.py create_demo_user
            python manage.py import_d0010 sample_data/economy7_meters.uff""",
            served_by="python manage.py runserver {port} --noreload",
            after='grep -qx "d0010_[0-9a-f]*" <<<"$D0010_TOKEN"',
        )
    }
