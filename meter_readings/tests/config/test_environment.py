"""Environment variables: valid values, errors, and `.env`."""

import os
import tempfile
from pathlib import Path
from unittest.mock import patch

from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase

from config import environment


class EnvironmentCase(SimpleTestCase):
    """Restores the environment after each test."""

    def setUp(self) -> None:
        patched = patch.dict(os.environ)
        patched.start()
        self.addCleanup(patched.stop)


class EnvStrTests(EnvironmentCase):
    def test_env_str_returns_the_value(self) -> None:
        os.environ["DB_NAME"] = "readings"
        self.assertEqual(environment.env_str("DB_NAME"), "readings")

    def test_env_str_strips_spaces(self) -> None:
        os.environ["DB_NAME"] = " readings "
        self.assertEqual(environment.env_str("DB_NAME"), "readings")

    def test_env_str_returns_the_default_for_a_blank_value(self) -> None:
        os.environ["DB_NAME"] = " "
        self.assertEqual(environment.env_str("DB_NAME", "d0010"), "d0010")


class EnvChoiceTests(EnvironmentCase):
    def test_env_choice_names_the_values_that_may_be_chosen(self) -> None:
        os.environ["TASKS_BACKEND"] = "kafka"
        with self.assertRaisesMessage(
            ImproperlyConfigured, "TASKS_BACKEND must be one of immediate, database."
        ):
            environment.env_choice(
                "TASKS_BACKEND", "immediate", choices=["immediate", "database"]
            )


class EnvNetworksTests(EnvironmentCase):
    def test_env_networks_returns_networks_and_addresses(self) -> None:
        os.environ["TRUSTED_PROXIES"] = "10.0.0.0/24, 2001:db8::5"
        networks = [str(net) for net in environment.env_networks("TRUSTED_PROXIES")]
        self.assertEqual(networks, ["10.0.0.0/24", "2001:db8::5/128"])

    def test_env_networks_names_the_value_that_is_not_valid(self) -> None:
        for value in ["10.0.0.5/24", "balancer.example", "*"]:
            os.environ["TRUSTED_PROXIES"] = value
            with self.assertRaisesMessage(ImproperlyConfigured, value):
                environment.env_networks("TRUSTED_PROXIES")


class EnvDictTests(EnvironmentCase):
    def test_env_dict_returns_values_by_key(self) -> None:
        os.environ["NUMBERS"] = " SOUT: 01632 960001, UDMS:01632 960002,"
        expected = {"SOUT": "01632 960001", "UDMS": "01632 960002"}
        self.assertEqual(environment.env_dict("NUMBERS"), expected)

    def test_env_dict_is_empty_for_a_blank(self) -> None:
        os.environ["NUMBERS"] = " "
        self.assertEqual(environment.env_dict("NUMBERS"), {})

    def test_env_dict_rejects_an_item_without_a_key_or_a_value(self) -> None:
        for text in ("SOUT", ":01632 960001", "SOUT:"):
            with self.subTest(text):
                os.environ["NUMBERS"] = text
                with self.assertRaisesMessage(
                    ImproperlyConfigured, "NUMBERS: write KEY:value, with commas"
                ):
                    environment.env_dict("NUMBERS")


class EnvBoolTests(EnvironmentCase):
    def test_env_bool_accepts_words_for_true(self) -> None:
        for word in ["1", "true", "True", "YES", "on"]:
            with self.subTest(word=word):
                os.environ["DEBUG"] = word
                self.assertIs(environment.env_bool("DEBUG", default=False), True)

    def test_env_bool_accepts_words_for_false(self) -> None:
        for word in ["0", "false", "False", "NO", "off"]:
            with self.subTest(word=word):
                os.environ["DEBUG"] = word
                self.assertIs(environment.env_bool("DEBUG", default=True), False)

    def test_env_bool_returns_the_default_for_a_blank(self) -> None:
        os.environ["DEBUG"] = ""
        self.assertIs(environment.env_bool("DEBUG", default=True), True)

    def test_env_bool_rejects_other_words(self) -> None:
        os.environ["DEBUG"] = "maybe"
        with self.assertRaisesMessage(ImproperlyConfigured, "DEBUG must be one of 1,"):
            environment.env_bool("DEBUG", default=False)


class EnvIntTests(EnvironmentCase):
    def port(self, value: str) -> int:
        os.environ["DB_PORT"] = value
        return environment.env_int("DB_PORT", 5432, minimum=1, maximum=65535)

    def test_env_int_returns_the_number(self) -> None:
        self.assertEqual(self.port("6432"), 6432)

    def test_env_int_returns_the_default_for_a_blank(self) -> None:
        self.assertEqual(self.port(""), 5432)

    def test_env_int_accepts_its_limits(self) -> None:
        self.assertEqual([self.port("1"), self.port("65535")], [1, 65535])

    def test_env_int_refuses_anything_else(self) -> None:
        for value in ["0", "65536", "-1", "1.5", "5432x", "٥٤٣٢", "²"]:
            with (
                self.subTest(value=value),
                self.assertRaisesMessage(
                    ImproperlyConfigured,
                    "DB_PORT must be a whole number from 1 to 65535.",
                ),
            ):
                self.port(value)


class EnvDaysTests(EnvironmentCase):
    def days(self, value: str) -> int:
        os.environ["RETENTION_READINGS_DAYS"] = value
        return environment.env_days("RETENTION_READINGS_DAYS", 400, minimum=30)

    def test_env_days_returns_the_number(self) -> None:
        self.assertEqual([self.days("30"), self.days("36500")], [30, 36500])

    def test_env_days_accepts_0_for_ever(self) -> None:
        self.assertEqual(self.days("0"), 0)

    def test_env_days_returns_the_default_for_a_blank(self) -> None:
        self.assertEqual(self.days(""), 400)

    def test_env_days_rejects_a_number_below_the_minimum(self) -> None:
        message = (
            "RETENTION_READINGS_DAYS must be 0, to keep for ever, or 30 days or more."
        )
        with self.assertRaisesMessage(ImproperlyConfigured, message):
            self.days("29")

    def test_env_days_refuses_anything_else(self) -> None:
        for value in ["-1", "1 year", "36501"]:
            with self.subTest(value), self.assertRaises(ImproperlyConfigured):
                self.days(value)


class LoadDotenvTests(EnvironmentCase):
    def read(self, content: bytes) -> None:
        """Load a file of this content."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, ".env")
            path.write_bytes(content)
            environment.load_dotenv(path)

    def test_dotenv_adds_variables_that_are_not_set(self) -> None:
        os.environ.pop("DB_NAME", None)
        self.read(b"DB_NAME=from_file\n")
        self.assertEqual(os.environ["DB_NAME"], "from_file")

    def test_dotenv_does_not_replace_variables(self) -> None:
        os.environ["DB_NAME"] = "from_environment"
        self.read(b"DB_NAME=from_file\n")
        self.assertEqual(os.environ["DB_NAME"], "from_environment")

    def test_dotenv_ignores_comments_and_blank_lines(self) -> None:
        before = dict(os.environ)
        self.read(b"# a comment\n\n   \n")
        self.assertEqual(dict(os.environ), before)

    def test_dotenv_accepts_quotes_export_and_windows_line_ends(self) -> None:
        for line in [b"export X_NAME='a b'\r\n", b'X_NAME = "a b"\n', b"X_NAME=a b\n"]:
            with self.subTest(line=line):
                os.environ.pop("X_NAME", None)
                self.read(line)
                self.assertEqual(os.environ["X_NAME"], "a b")

    def test_dotenv_keeps_an_equals_sign_in_the_value(self) -> None:
        os.environ.pop("X_NAME", None)
        self.read(b"X_NAME=a=b==\n")
        self.assertEqual(os.environ["X_NAME"], "a=b==")

    def test_dotenv_errors_give_the_line_number_but_not_the_line(self) -> None:
        with self.assertRaises(ImproperlyConfigured) as caught:
            self.read(b"# first\nmy secret\n")
        self.assertIn("line 2: write NAME=value.", str(caught.exception))
        self.assertNotIn("my secret", str(caught.exception))

    def test_dotenv_rejects_an_invalid_name(self) -> None:
        with self.assertRaisesMessage(ImproperlyConfigured, "line 1"):
            self.read(b"DB NAME=readings\n")

    def test_dotenv_rejects_bytes_that_are_not_utf_8(self) -> None:
        with self.assertRaisesMessage(ImproperlyConfigured, "cannot be read as UTF-8"):
            self.read(b"DB_NAME=\xff\n")

    def test_a_dotenv_of_another_user_names_the_command_to_use(self) -> None:
        with (
            patch.object(Path, "read_text", side_effect=PermissionError),
            self.assertRaisesMessage(ImproperlyConfigured, "sudo d0010ctl COMMAND"),
        ):
            environment.load_dotenv(Path(".env"))

    def test_dotenv_may_be_missing(self) -> None:
        before = dict(os.environ)
        environment.load_dotenv(Path("/there/is/no/such/file"))
        self.assertEqual(dict(os.environ), before)


class ManagePyTests(EnvironmentCase):
    def setUp(self) -> None:
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        Path(folder, "d0010ctl").touch(0o755)
        os.environ |= {"D0010_ENV": "production", "PATH": folder}

    def test_remedies_name_d0010ctl_in_production(self) -> None:
        self.assertEqual(environment.manage_py(), "sudo d0010ctl")

    def test_remedies_name_manage_py_in_development(self) -> None:
        os.environ["D0010_ENV"] = "development"
        self.assertEqual(environment.manage_py(), "python manage.py")

    def test_remedies_name_manage_py_if_d0010ctl_is_not_installed(self) -> None:
        os.environ["PATH"] = ""
        self.assertEqual(environment.manage_py(), "python manage.py")


class RequireSiteUserTests(EnvironmentCase):
    def setUp(self) -> None:
        super().setUp()
        self.media = self.enterContext(tempfile.TemporaryDirectory())
        os.environ |= {"D0010_ENV": "production", "MEDIA_ROOT": self.media}

    def as_user(self, user: int, *arguments: str) -> None:
        with patch.object(os, "geteuid", return_value=user):
            environment.require_site_user(arguments)

    def test_production_refuses_commands_of_another_user_than_the_owner_of_the_data(
        self,
    ) -> None:
        with self.assertRaisesMessage(ImproperlyConfigured, "sudo d0010ctl COMMAND"):
            self.as_user(os.geteuid() + 1, "import_d0010", "march.uff")

    def test_the_owner_of_the_data_runs_every_command(self) -> None:
        self.as_user(os.geteuid(), "import_d0010", "march.uff")

    def test_every_user_may_ask_for_the_version_and_for_help(self) -> None:
        for arguments in (["version"], ["help", "import_d0010"], ["check"], []):
            with self.subTest(arguments):
                self.as_user(os.geteuid() + 1, *arguments)

    def test_every_user_may_run_commands_in_development_or_without_data(self) -> None:
        os.environ["MEDIA_ROOT"] = f"{self.media}/none"
        self.as_user(os.geteuid() + 1, "migrate")
        os.environ |= {"D0010_ENV": "development", "MEDIA_ROOT": self.media}
        self.as_user(os.geteuid() + 1, "migrate")


class SetupEnvironmentTests(EnvironmentCase):
    def setUp(self) -> None:
        super().setUp()
        os.environ.pop("D0010_ENV", None)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        patched = patch.object(environment, "PROJECT_ROOT", self.root)
        patched.start()
        self.addCleanup(patched.stop)

    def test_the_default_environment_applies_if_none_is_set(self) -> None:
        environment.setup_environment(default_environment="development")
        self.assertEqual(os.environ["D0010_ENV"], "development")

    def test_dotenv_can_set_the_environment(self) -> None:
        self.root.joinpath(".env").write_text("D0010_ENV=production\n")
        environment.setup_environment(default_environment="development")
        self.assertEqual(os.environ["D0010_ENV"], "production")

    def test_a_variable_overrides_the_environment_in_dotenv(self) -> None:
        os.environ["D0010_ENV"] = "development"
        self.root.joinpath(".env").write_text("D0010_ENV=production\n")
        environment.setup_environment(default_environment="production")
        self.assertEqual(os.environ["D0010_ENV"], "development")

    def test_setup_environment_sets_the_settings_module(self) -> None:
        os.environ.pop("DJANGO_SETTINGS_MODULE", None)
        environment.setup_environment(default_environment="development")
        self.assertEqual(os.environ["DJANGO_SETTINGS_MODULE"], "config.settings")
