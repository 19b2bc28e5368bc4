"""The admin of users and groups, which only superusers change."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission, User
from django.http import HttpResponse
from django.test import TestCase
from django.urls import reverse

from .testcases import AdminTestCase


def user_page(user: User, page: str = "change") -> str:
    """Return the address of a page about a user."""
    return reverse(f"admin:auth_user_{page}", args=(user.pk,))


class StaffTests(AdminTestCase):
    """Staff with every permission of Django on users and groups."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.superuser = User.objects.create_superuser("alice", password="hers")
        cls.staff = User.objects.create_user("bob", is_staff=True)
        cls.staff.user_permissions.set(
            Permission.objects.filter(content_type__app_label="auth")
        )

    def setUp(self) -> None:
        self.client.force_login(self.staff)
        self.silence_request_log()

    def assert_forbidden(self, response: HttpResponse) -> None:
        self.assertEqual(response.status_code, 403)

    def test_staff_cannot_make_themselves_superusers(self) -> None:
        data = {"username": "bob", "is_staff": "on", "is_superuser": "on"}
        self.assert_forbidden(self.client.post(user_page(self.staff), data))
        self.staff.refresh_from_db()
        self.assertIs(self.staff.is_superuser, False)

    def test_staff_cannot_set_the_password_of_a_superuser(self) -> None:
        data = {"password1": "a long new password", "password2": "a long new password"}
        address = user_page(self.superuser, "password_change")
        self.assert_forbidden(self.client.post(address, data))
        self.superuser.refresh_from_db()
        self.assertIs(self.superuser.check_password("hers"), True)

    def test_staff_cannot_add_users(self) -> None:
        data = {"username": "carol", "usable_password": "false", "is_superuser": "on"}
        self.assert_forbidden(self.client.post(reverse("admin:auth_user_add"), data))
        self.assertEqual(User.objects.count(), 2)

    def test_staff_cannot_delete_users(self) -> None:
        address = user_page(self.superuser, "delete")
        self.assert_forbidden(self.client.post(address, {"post": "yes"}))
        self.assertEqual(User.objects.count(), 2)

    def test_staff_cannot_delete_users_by_an_action(self) -> None:
        data = {
            "action": "delete_selected",
            "_selected_action": [self.superuser.pk],
            "post": "yes",
        }
        self.client.post(reverse("admin:auth_user_changelist"), data)
        self.assertEqual(User.objects.count(), 2)

    def test_staff_cannot_add_permissions_to_a_role(self) -> None:
        role = Group.objects.get(name="Support agent")
        before = set(role.permissions.all())
        address = reverse("admin:auth_group_change", args=(role.pk,))
        everything = list(Permission.objects.values_list("pk", flat=True))
        data = {"name": role.name, "permissions": everything}
        self.assert_forbidden(self.client.post(address, data))
        self.assertEqual(set(role.permissions.all()), before)

    def test_staff_cannot_add_roles(self) -> None:
        address = reverse("admin:auth_group_add")
        self.assert_forbidden(self.client.post(address, {"name": "Kings"}))
        self.assertIs(Group.objects.filter(name="Kings").exists(), False)

    def test_staff_with_view_permission_see_users_but_not_password_hashes(self) -> None:
        response = self.client.get(user_page(self.superuser))
        self.assertContains(response, "alice")
        self.assertNotContains(response, self.superuser.password)


class RoleTests(TestCase):
    def test_no_role_lists_users_or_groups_in_the_index(self) -> None:
        for role in Group.objects.all():
            with self.subTest(role.name):
                user = User.objects.create_user(role.name, is_staff=True)
                user.groups.add(role)
                self.client.force_login(user)
                response = self.client.get(reverse("admin:index"))
                self.assertNotContains(response, "/admin/auth/")


class SuperuserTests(AdminTestCase):
    def test_superuser_can_give_a_user_a_role(self) -> None:
        support = Group.objects.get(name="Support agent")
        carol = User.objects.create_user("carol")
        data = {
            "username": "carol",
            "is_active": "on",
            "is_staff": "on",
            "groups": [support.pk],
            "date_joined_0": "2026-11-24",
            "date_joined_1": "12:00:00",
        }
        self.client.post(user_page(carol), data)
        self.assertEqual(list(carol.groups.all()), [support])

    def test_superuser_can_add_and_delete_a_role(self) -> None:
        self.client.post(reverse("admin:auth_group_add"), {"name": "Trainees"})
        trainees = Group.objects.get(name="Trainees")
        address = reverse("admin:auth_group_delete", args=(trainees.pk,))
        self.client.post(address, {"post": "yes"})
        self.assertIs(Group.objects.filter(name="Trainees").exists(), False)
