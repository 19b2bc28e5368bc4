"""Tests of the scripts that set up the system, the environment and the databases."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from unittest import skipUnless

from config.environment import PROJECT_ROOT
from meter_readings.tests.deployment.script_test_case import ScriptTestCase

SCRIPTS = sorted(
    path.name
    for path in (PROJECT_ROOT / "deployment_scripts").glob("*.sh")
    if path.name not in ("common.sh", "run_tests.sh")
)


def superuser_psql() -> list[str]:
    """Return a psql command of a superuser, or an empty list if there is none."""
    as_postgres = ["runuser", "-u", "postgres", "--", "psql"]
    by_trust = ["psql", "-w", "-h", "127.0.0.1", "-U", "postgres"]
    for words in (as_postgres, by_trust):
        if (
            shutil.which(words[0])
            and not subprocess.run(
                [*words, "-Xc", "SELECT 1"], cwd="/", capture_output=True, check=False
            ).returncode
        ):
            return words
    return []


SUPERUSER_PSQL = superuser_psql()


class EveryScriptTests(ScriptTestCase):
    def test_every_script_has_help(self) -> None:
        for script in SCRIPTS:
            with self.subTest(script):
                output = self.assert_succeeds(script, "--help")
                self.assertTrue(
                    output.startswith(f"Usage: deployment_scripts/{script}")
                )

    def test_unknown_option_is_a_usage_error(self) -> None:
        for script in SCRIPTS:
            with self.subTest(script):
                result = self.run_script(script, "--no-such-option")
                self.assertEqual(result.returncode, 2)
                self.assertIn("Usage:", result.stderr)

    def test_every_script_is_executable(self) -> None:
        for script in SCRIPTS:
            with self.subTest(script):
                path = PROJECT_ROOT / "deployment_scripts" / script
                self.assertIs(os.access(path, os.X_OK), True)

    def test_output_has_no_colours_without_a_terminal(self) -> None:
        self.assertNotIn("\033", self.assert_succeeds("setup_python_environment.sh"))


class SystemDependenciesTests(ScriptTestCase):
    def setUp(self) -> None:
        """Make a PATH with a few programs, none of which installs anything."""
        super().setUp()
        self.programs = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name in ("bash", "cat", "dirname", "id"):
            os.symlink(str(shutil.which(name)), self.programs / name)
        os.symlink(sys.executable, self.programs / "python3")

    def add(self, name: str) -> None:
        """Add a program that must not run."""
        path = self.programs / name
        path.write_text("#!/bin/sh\necho It was run.\nexit 9\n")
        path.chmod(0o700)

    def test_dry_run_prints_the_apt_get_commands(self) -> None:
        self.add("apt-get")
        output = self.assert_succeeds(
            *["setup_system_dependencies.sh", "--dry-run", "--nginx", "--postgresql"],
            PATH=str(self.programs),
        )
        self.assertIn("apt-get install -qq -y", output)
        self.assertIn("postgresql postgresql-client nginx-light", output)
        self.assertNotIn("It was run", output)

    def test_dry_run_prints_the_brew_commands(self) -> None:
        self.add("brew")
        output = self.assert_succeeds(
            *["setup_system_dependencies.sh", "--dry-run", "--nginx"],
            PATH=str(self.programs),
        )
        self.assertIn("Would run: brew install nginx", output)

    def test_installed_programs_are_not_installed_again(self) -> None:
        self.add("apt-get")
        self.add("nginx")
        output = self.assert_succeeds(
            "setup_system_dependencies.sh", "--nginx", PATH=str(self.programs)
        )
        self.assertIn("All programs are installed.", output)

    def test_unsupported_system_is_an_error_with_a_remedy(self) -> None:
        output = self.assert_fails(
            "setup_system_dependencies.sh", PATH=str(self.programs)
        )
        self.assertIn("Neither apt-get nor brew is installed.", output)


class PythonEnvironmentTests(ScriptTestCase):
    def test_existing_virtual_environment_is_used(self) -> None:
        output = self.assert_succeeds("setup_python_environment.sh", "production")
        self.assertIn(f"The environment in {sys.prefix} is ready", output)

    def test_missing_virtual_environment_is_an_error(self) -> None:
        output = self.assert_fails("setup_python_environment.sh", D0010_VENV="/nowhere")
        self.assertIn("D0010_VENV (/nowhere) has no Python", output)

    def test_unknown_kind_is_a_usage_error(self) -> None:
        result = self.run_script("setup_python_environment.sh", "staging")
        self.assertEqual(result.returncode, 2)


class SqliteTests(ScriptTestCase):
    def test_sqlite_tables_are_created_and_other_lines_of_env_file_are_kept(
        self,
    ) -> None:
        env = self.site / ".env"
        env.write_text("# A comment\nUSE_POSTGRESQL=1\nSECRET_KEY=kept\n")
        self.assert_succeeds("setup_databases.sh", "sqlite")
        self.assertEqual(
            env.read_text(), "# A comment\nUSE_POSTGRESQL=0\nSECRET_KEY=kept\n"
        )
        for path in (env, self.site / "db.sqlite3"):
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)

    def test_sqlite_is_the_default_database_and_the_setting_is_written(self) -> None:
        output = self.assert_succeeds("setup_databases.sh")
        self.assertIn("Using sqlite, because no database was named", output)
        self.assertEqual(self.env_file_settings(), {"USE_POSTGRESQL": "0"})
        self.assertIs((self.site / "db.sqlite3").exists(), True)

    def test_database_of_env_file_is_used_if_none_is_named(self) -> None:
        (self.site / ".env").write_text("USE_POSTGRESQL=1\n")
        output = self.assert_fails(
            "setup_databases.sh", DB_HOST="127.0.0.1", DB_PORT="1", PG_ADMIN="postgres"
        )
        self.assertIn("Using postgresql, because no database was named", output)
        self.assertEqual(self.env_file_settings(), {"USE_POSTGRESQL": "1"})

    def test_manage_py_creates_a_database_that_other_users_cannot_read(self) -> None:
        # The tables of one application suffice.
        words = ["manage.py", "migrate", "-v0", "contenttypes"]
        ran = self.run_program(sys.executable, *words)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        for path in self.site.glob("db.sqlite3*"):
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)

    def test_database_setup_needs_a_virtual_environment(self) -> None:
        output = self.assert_fails(
            "setup_databases.sh", "sqlite", D0010_VENV="/nowhere"
        )
        self.assertIn("setup_python_environment.sh", output)

    def test_sqlite_takes_no_options(self) -> None:
        result = self.run_script("setup_databases.sh", "sqlite", "--name", "x")
        self.assertEqual(result.returncode, 2)


@skipUnless(SUPERUSER_PSQL, "there is no access to a PostgreSQL superuser")
class PostgresqlTests(ScriptTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.name = f"test_d0010_{uuid.uuid4().hex[:12]}"
        self.addCleanup(
            self.query,
            f"DROP DATABASE IF EXISTS {self.name}",
            f"DROP ROLE IF EXISTS {self.name}",
        )

    def query(self, *statements: str, database: str = "postgres") -> str:
        """Run statements as a superuser, and return their output."""
        commands = [word for statement in statements for word in ("-c", statement)]
        return subprocess.run(
            [*SUPERUSER_PSQL, "-XAtq", "-d", database, *commands],
            cwd="/",
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    def set_up(self, *options: str) -> str:
        """Set up the database and the role of this test."""
        return self.assert_succeeds(
            *["setup_databases.sh", "postgresql", "--host", "127.0.0.1"],
            *["--name", self.name, "--user", self.name, *options],
        )

    def as_role(self, statement: str) -> subprocess.CompletedProcess[str]:
        password = self.env_file_settings()["DB_PASSWORD"]
        return self.run_program(
            *["psql", "-XAtqw", "-h", "127.0.0.1", "-U", self.name, "-d", self.name],
            *["-c", statement],
            PGPASSWORD=password,
        )

    def test_role_owns_its_database_and_has_no_other_rights(self) -> None:
        output = self.set_up()
        settings = self.env_file_settings()
        password = settings.pop("DB_PASSWORD")
        self.assertEqual(
            settings,
            {
                "USE_POSTGRESQL": "1",
                "DB_NAME": self.name,
                "DB_USER": self.name,
                "DB_HOST": "127.0.0.1",
                "DB_PORT": "5432",
            },
        )
        self.assertGreaterEqual(len(password), 60)
        self.assertNotIn(password, output)
        self.assertEqual((self.site / ".env").stat().st_mode & 0o777, 0o600)
        rights = "rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls"
        self.assertEqual(
            self.query(f"SELECT {rights} FROM pg_roles WHERE rolname = '{self.name}'"),
            "f|f|f|f|f",
        )
        self.assertEqual(
            self.query(
                "SELECT datname FROM pg_database"
                f" WHERE pg_get_userbyid(datdba) = '{self.name}'"
            ),
            self.name,
        )
        self.assertEqual(
            self.query(
                "SELECT has_schema_privilege('public', 'public', 'USAGE'),"
                f" has_database_privilege('public', '{self.name}', 'CONNECT')",
                database=self.name,
            ),
            "f|f",
        )
        tables = self.as_role("SELECT COUNT(*) FROM meter_readings_reading")
        self.assertEqual(tables.stdout.strip(), "0", tables.stderr)
        # A second run keeps the password.
        self.set_up()
        self.assertEqual(self.env_file_settings()["DB_PASSWORD"], password)

    def test_existing_role_without_known_password_is_an_error(self) -> None:
        self.query(f"CREATE ROLE {self.name} LOGIN")
        output = self.assert_fails(
            *["setup_databases.sh", "postgresql", "--host", "127.0.0.1"],
            *["--name", self.name, "--user", self.name],
        )
        self.assertIn("--new-password", output)
        self.assertIs((self.site / ".env").exists(), False)
        self.set_up("--new-password")
        self.assertEqual(self.as_role("SELECT 1").stdout, "1\n")

    def test_database_of_another_role_is_an_error(self) -> None:
        output = self.assert_fails(
            *["setup_databases.sh", "postgresql", "--host", "127.0.0.1"],
            *["--name", "postgres", "--user", self.name],
        )
        self.assertIn("The database postgres belongs to postgres", output)

    def test_unreachable_superuser_is_an_error(self) -> None:
        output = self.assert_fails(
            *["setup_databases.sh", "postgresql", "--host", "127.0.0.1"],
            *["--port", "1", "--name", self.name, "--user", self.name],
            PG_ADMIN="postgres",
        )
        self.assertIn("A PostgreSQL superuser could not connect.", output)

    def test_role_name_with_sql_is_a_usage_error(self) -> None:
        result = self.run_script(
            "setup_databases.sh", "postgresql", "--user", "x; DROP DATABASE d0010"
        )
        self.assertEqual(result.returncode, 2)
