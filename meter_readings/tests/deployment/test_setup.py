"""The scripts that set up the system, the environment and the databases."""

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
from meter_readings.tests.deployment.site import SiteTestCase

SCRIPTS = sorted(
    path.name
    for path in (PROJECT_ROOT / "deployment_scripts").glob("*.sh")
    if path.name not in ("common.sh", "run_tests.sh")
)


def administrator() -> list[str]:
    """Return how PostgreSQL's superuser is reached here; nothing where he is not."""
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


ADMINISTRATOR = administrator()


class EveryScriptTests(SiteTestCase):
    def test_tells_how_it_is_used(self) -> None:
        for script in SCRIPTS:
            with self.subTest(script):
                said = self.succeed(script, "--help")
                self.assertTrue(said.startswith(f"Usage: deployment_scripts/{script}"))

    def test_refuses_what_it_does_not_know(self) -> None:
        for script in SCRIPTS:
            with self.subTest(script):
                result = self.run_script(script, "--no-such-option")
                self.assertEqual(result.returncode, 2)
                self.assertIn("Usage:", result.stderr)

    def test_can_be_run(self) -> None:
        for script in SCRIPTS:
            with self.subTest(script):
                path = PROJECT_ROOT / "deployment_scripts" / script
                self.assertIs(os.access(path, os.X_OK), True)

    def test_has_no_colours_in_a_pipe(self) -> None:
        self.assertNotIn("\033", self.succeed("setup_python_environment.sh"))


class SystemDependenciesTests(SiteTestCase):
    def setUp(self) -> None:
        """Have a system of a few programs, none of which installs anything."""
        super().setUp()
        self.programs = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name in ("bash", "cat", "dirname", "id"):
            os.symlink(str(shutil.which(name)), self.programs / name)
        os.symlink(sys.executable, self.programs / "python3")

    def add(self, name: str) -> None:
        """Add a program that must not be run."""
        path = self.programs / name
        path.write_text("#!/bin/sh\necho It was run.\nexit 9\n")
        path.chmod(0o700)

    def test_says_what_apt_get_would_do(self) -> None:
        self.add("apt-get")
        said = self.succeed(
            *["setup_system_dependencies.sh", "--dry-run", "--nginx", "--postgresql"],
            PATH=str(self.programs),
        )
        self.assertIn("apt-get install -qq -y", said)
        self.assertIn("postgresql postgresql-client nginx-light", said)
        self.assertNotIn("It was run", said)

    def test_says_what_brew_would_do(self) -> None:
        self.add("brew")
        said = self.succeed(
            *["setup_system_dependencies.sh", "--dry-run", "--nginx"],
            PATH=str(self.programs),
        )
        self.assertIn("Would run: brew install nginx", said)

    def test_leaves_alone_what_is_there(self) -> None:
        self.add("apt-get")
        self.add("nginx")
        said = self.succeed(
            "setup_system_dependencies.sh", "--nginx", PATH=str(self.programs)
        )
        self.assertIn("Nothing is missing.", said)

    def test_says_what_to_do_on_another_system(self) -> None:
        said = self.break_off("setup_system_dependencies.sh", PATH=str(self.programs))
        self.assertIn("Neither apt-get nor brew is here.", said)


class PythonEnvironmentTests(SiteTestCase):
    def test_takes_one_that_is_kept_by_other_means(self) -> None:
        said = self.succeed("setup_python_environment.sh", "production")
        self.assertIn(f"The environment in {sys.prefix} is ready", said)

    def test_refuses_one_that_is_none(self) -> None:
        said = self.break_off("setup_python_environment.sh", D0010_VENV="/nowhere")
        self.assertIn("D0010_VENV (/nowhere) has no Python", said)

    def test_knows_no_other_kind(self) -> None:
        result = self.run_script("setup_python_environment.sh", "staging")
        self.assertEqual(result.returncode, 2)


class SqliteTests(SiteTestCase):
    def test_makes_the_tables_and_says_so_in_the_settings(self) -> None:
        self.succeed("setup_databases.sh", "sqlite")
        self.assertEqual(self.settings_of_site(), {"USE_POSTGRESQL": "0"})
        path = self.site / "db.sqlite3"
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)

    def test_keeps_what_the_settings_say_otherwise(self) -> None:
        env = self.site / ".env"
        env.write_text("# Ours\nUSE_POSTGRESQL=1\nSECRET_KEY=kept\n")
        self.succeed("setup_databases.sh", "sqlite")
        self.assertEqual(env.read_text(), "# Ours\nUSE_POSTGRESQL=0\nSECRET_KEY=kept\n")
        self.assertEqual(env.stat().st_mode & 0o777, 0o600)

    def test_needs_an_environment(self) -> None:
        said = self.break_off("setup_databases.sh", "sqlite", D0010_VENV="/nowhere")
        self.assertIn("setup_python_environment.sh", said)

    def test_takes_no_options_of_the_other(self) -> None:
        result = self.run_script("setup_databases.sh", "sqlite", "--name", "x")
        self.assertEqual(result.returncode, 2)


@skipUnless(ADMINISTRATOR, "PostgreSQL's administrator cannot be reached")
class PostgresqlTests(SiteTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.name = f"test_d0010_{uuid.uuid4().hex[:12]}"
        self.addCleanup(
            self.ask,
            f"DROP DATABASE IF EXISTS {self.name}",
            f"DROP ROLE IF EXISTS {self.name}",
        )

    def ask(self, *statements: str, database: str = "postgres") -> str:
        """Return what the administrator is told."""
        commands = [word for each in statements for word in ("-c", each)]
        return subprocess.run(
            [*ADMINISTRATOR, "-XAtq", "-d", database, *commands],
            cwd="/",
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    def set_up(self, *options: str) -> str:
        """Set up a database and a role of this test's own."""
        return self.succeed(
            *["setup_databases.sh", "postgresql", "--host", "127.0.0.1"],
            *["--name", self.name, "--user", self.name, *options],
        )

    def as_role(self, statement: str) -> subprocess.CompletedProcess[str]:
        """Return what comes of a statement of the role's."""
        password = self.settings_of_site()["DB_PASSWORD"]
        return self.run_program(
            *["psql", "-XAtqw", "-h", "127.0.0.1", "-U", self.name, "-d", self.name],
            *["-c", statement],
            PGPASSWORD=password,
        )

    def test_makes_a_role_that_owns_its_database_and_no_more(self) -> None:
        said = self.set_up()
        settings = self.settings_of_site()
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
        self.assertNotIn(password, said)
        self.assertEqual((self.site / ".env").stat().st_mode & 0o777, 0o600)
        rights = "rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls"
        self.assertEqual(
            self.ask(f"SELECT {rights} FROM pg_roles WHERE rolname = '{self.name}'"),
            "f|f|f|f|f",
        )
        self.assertEqual(
            self.ask(
                "SELECT datname FROM pg_database"
                f" WHERE pg_get_userbyid(datdba) = '{self.name}'"
            ),
            self.name,
        )
        self.assertEqual(
            self.ask(
                "SELECT has_schema_privilege('public', 'public', 'USAGE'),"
                f" has_database_privilege('public', '{self.name}', 'CONNECT')",
                database=self.name,
            ),
            "f|f",
        )
        tables = self.as_role("SELECT COUNT(*) FROM meter_readings_reading")
        self.assertEqual(tables.stdout.strip(), "0", tables.stderr)
        # Twice is as good as once.
        self.set_up()
        self.assertEqual(self.settings_of_site()["DB_PASSWORD"], password)

    def test_does_not_guess_the_password_of_a_role_that_exists(self) -> None:
        self.ask(f"CREATE ROLE {self.name} LOGIN")
        said = self.break_off(
            *["setup_databases.sh", "postgresql", "--host", "127.0.0.1"],
            *["--name", self.name, "--user", self.name],
        )
        self.assertIn("--new-password", said)
        self.assertIs((self.site / ".env").exists(), False)
        self.set_up("--new-password")
        self.assertEqual(self.as_role("SELECT 1").stdout, "1\n")

    def test_takes_no_database_of_somebody_else(self) -> None:
        said = self.break_off(
            *["setup_databases.sh", "postgresql", "--host", "127.0.0.1"],
            *["--name", "postgres", "--user", self.name],
        )
        self.assertIn("The database postgres belongs to postgres", said)

    def test_says_that_the_administrator_is_not_reached(self) -> None:
        said = self.break_off(
            *["setup_databases.sh", "postgresql", "--host", "127.0.0.1"],
            *["--port", "1", "--name", self.name, "--user", self.name],
            PG_ADMIN="postgres",
        )
        self.assertIn("administrator could not be reached", said)

    def test_takes_no_name_that_could_be_more_than_a_name(self) -> None:
        result = self.run_script(
            "setup_databases.sh", "postgresql", "--user", "x; DROP DATABASE d0010"
        )
        self.assertEqual(result.returncode, 2)
