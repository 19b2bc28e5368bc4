"""Tests of the demo users and the sample files."""

import tempfile
from io import StringIO
from pathlib import Path

from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client, TestCase, override_settings

from meter_readings import demo
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP
from meter_readings.tests.support.import_helpers import imported


class CreateDemoUserTests(TestCase):
    def test_the_demo_user_can_sign_in(self) -> None:
        demo.create_demo_user()
        self.assertIs(
            Client().login(username="demo_admin", password="KrakenDemo123!"), True
        )

    def test_the_demo_user_is_a_superuser(self) -> None:
        demo.create_demo_user()
        user = User.objects.get(username="demo_admin")
        self.assertEqual([user.is_staff, user.is_superuser], [True, True])

    def test_creation_returns_whether_the_user_is_new(self) -> None:
        self.assertEqual(
            [demo.create_demo_user(), demo.create_demo_user()], [True, False]
        )

    def test_a_correct_password_is_not_set_again(self) -> None:
        demo.create_demo_user()
        hash_before = User.objects.get(username="demo_admin").password
        demo.create_demo_user()
        self.assertEqual(User.objects.get(username="demo_admin").password, hash_before)

    def test_a_changed_demo_user_is_restored(self) -> None:
        user = User.objects.create_user("demo_admin", is_active=False)
        demo.create_demo_user()
        user.refresh_from_db()
        self.assertEqual(
            [user.is_active, user.is_superuser, user.check_password("KrakenDemo123!")],
            [True, True, True],
        )

    def test_every_role_has_a_demo_user(self) -> None:
        demo.create_demo_user()
        roles = User.objects.filter(is_superuser=False).values_list(
            "username", "groups__name"
        )
        self.assertEqual(
            dict(roles),
            {
                "demo_auditor": "Auditor",
                "demo_operations": "Metering operations",
                "demo_support": "Support agent",
            },
        )

    def test_the_demo_users_of_roles_can_open_the_admin(self) -> None:
        demo.create_demo_user()
        for username in demo.DEMO_ROLES:
            with self.subTest(username):
                self.client.login(username=username, password="KrakenDemo123!")
                self.assertEqual(self.client.get("/admin/").status_code, 200)

    @override_settings(IS_PRODUCTION=True)
    def test_demo_users_cannot_be_created_in_production(self) -> None:
        with self.assertRaises(demo.NotInProduction):
            demo.create_demo_user()
        self.assertIs(User.objects.exists(), False)


class CreateDemoUserCommandTests(TestCase):
    def output(self) -> str:
        """Return the output of the command."""
        stream = StringIO()
        call_command("create_demo_user", stdout=stream)
        return stream.getvalue()

    def test_the_command_prints_the_password_of_a_new_demo_user(self) -> None:
        self.assertEqual(
            self.output(), "Demo user demo_admin created. Password: KrakenDemo123!\n"
        )

    def test_the_command_prints_the_password_of_an_existing_demo_user(self) -> None:
        self.output()
        self.assertEqual(
            self.output(), "Demo user demo_admin is ready. Password: KrakenDemo123!\n"
        )

    def test_remove_option_deletes_the_demo_users_only(self) -> None:
        self.output()
        User.objects.create_user("somebody")
        stream = StringIO()
        call_command("create_demo_user", remove=True, stdout=stream)
        self.assertEqual(stream.getvalue(), "Demo users removed: 4.\n")
        self.assertEqual([str(user) for user in User.objects.all()], ["somebody"])

    @override_settings(IS_PRODUCTION=True)
    def test_the_command_names_createsuperuser_in_production(self) -> None:
        with self.assertRaisesMessage(CommandError, "manage.py createsuperuser"):
            self.output()


class SampleFilesTests(TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.enterContext(self.settings(SAMPLE_DATA_DIR=self.folder))

    def write(self, name: str, text: str) -> None:
        """Write a sample file."""
        (self.folder / name).write_text(text)

    def test_sample_files_are_the_uff_files_of_the_folder_sorted_by_name(self) -> None:
        for name in "b.uff", "a.uff", "notes.txt":
            self.write(name, name)
        names = [sample.filename for sample in demo.sample_files()]
        self.assertEqual(names, ["a.uff", "b.uff"])

    def test_a_sample_file_has_the_description_of_the_documentation(self) -> None:
        self.write("prepayment_meters.uff", "")
        description = demo.sample_files()[0].description
        self.assertEqual(description, "Prepayment meters, read electronically.")

    def test_another_file_has_no_description(self) -> None:
        self.write("mine.uff", "")
        self.assertEqual(demo.sample_files()[0].description, "")

    def test_a_sample_file_has_no_description_without_the_documentation(self) -> None:
        self.write("prepayment_meters.uff", "")
        with self.settings(BASE_DIR=self.folder):
            self.assertEqual(demo.sample_files()[0].description, "")

    def test_a_sample_file_has_no_flow_file_before_the_import(self) -> None:
        self.write("a.uff", EVERY_GROUP)
        self.assertIsNone(demo.sample_files()[0].flow_file)

    def test_a_sample_file_has_the_flow_file_of_its_bytes_after_the_import(
        self,
    ) -> None:
        self.write("a.uff", EVERY_GROUP)
        file = imported(EVERY_GROUP, "other.uff")
        self.assertEqual(demo.sample_files()[0].flow_file, file)

    def test_a_changed_sample_file_is_hashed_again(self) -> None:
        self.write("a.uff", "something else")
        demo.sample_files()
        file = imported(EVERY_GROUP)
        self.write("a.uff", EVERY_GROUP)
        self.assertEqual(demo.sample_files()[0].flow_file, file)

    def test_twenty_sample_files_take_one_query(self) -> None:
        for number in range(20):
            self.write(f"{number}.uff", str(number))
        with self.assertNumQueries(1):
            demo.sample_files()
