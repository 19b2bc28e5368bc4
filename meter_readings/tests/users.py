"""People for tests: each may do just what a test says; one may do everything."""

from __future__ import annotations

import logging

from django.contrib.auth.models import Permission, User
from django.test import TestCase


def user_who_may(
    *codenames: str, name: str = "somebody", is_staff: bool = True
) -> User:
    """Return a user with these permissions and no other."""
    user = User.objects.create_user(name, is_staff=is_staff)
    permissions = Permission.objects.filter(codename__in=codenames)
    assert len(permissions) == len(codenames), codenames
    user.user_permissions.set(permissions)
    return user


def user_who_may_view(*model_names: str, is_staff: bool = True) -> User:
    """Return a user with the permission to view these models and no other."""
    return user_who_may(*[f"view_{name}" for name in model_names], is_staff=is_staff)


class SignedInTestCase(TestCase):
    """A superuser is signed in."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.superuser = User.objects.create_superuser("alice")

    def setUp(self) -> None:
        self.client.force_login(self.superuser)

    def expect_refusals(self) -> None:
        """Keep what is said about refusals out of the log of the tests."""
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)
