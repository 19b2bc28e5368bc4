"""manage.py, in this process; `config.test_settings` starts it in others."""

import sys
from unittest.mock import patch

from django.test import SimpleTestCase

import manage


class ManageTests(SimpleTestCase):
    def test_manage_py_says_what_to_install_without_django(self) -> None:
        with (
            patch.dict(sys.modules, {"django.core.management": None}),
            self.assertRaisesMessage(SystemExit, "pip install -r requirements.txt"),
        ):
            manage.main()
