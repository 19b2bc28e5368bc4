"""Users with the permissions that a test needs, and a signed-in superuser."""

from __future__ import annotations

import logging

from django.contrib.auth.models import Permission, User
from django.test import TestCase


def user_with_permissions(
    *codenames: str, name: str = "somebody", is_staff: bool = True
) -> User:
    """Return a user with these permissions only."""
    user = User.objects.create_user(name, is_staff=is_staff)
    permissions = Permission.objects.filter(codename__in=codenames)
    assert len(permissions) == len(codenames), codenames
    user.user_permissions.set(permissions)
    return user


def user_with_view_permissions(*model_names: str, is_staff: bool = True) -> User:
    """Return a user who can view these models only."""
    return user_with_permissions(
        *[f"view_{name}" for name in model_names], is_staff=is_staff
    )


class SignedInTestCase(TestCase):
    """A superuser is signed in."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.superuser = User.objects.create_superuser("alice")

    def setUp(self) -> None:
        self.client.force_login(self.superuser)

    def silence_request_log(self) -> None:
        """Turn off logging of requests that Django rejects, until the test ends."""
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)
