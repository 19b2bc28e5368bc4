"""What a demonstration needs and production must never have."""

from django.conf import settings
from django.contrib.auth.models import Group, User

DEMO_USERNAME = "demo_admin"
# Published on purpose, in the documentation too: it opens made-up data only.
DEMO_PASSWORD = "KrakenDemo123!"

# Who shows what the roles may do.
DEMO_ROLES = {
    "demo_operations": "Metering operations",
    "demo_support": "Support agent",
    "demo_auditor": "Auditor",
}
DEMO_USERNAMES = (DEMO_USERNAME, *DEMO_ROLES)


class NotInProduction(Exception):
    """A demonstration was asked for where the readings are real."""


def create_demo_user() -> bool:
    """Make sure that the demo users can sign in, and tell whether the first is new.

    The first may do everything; each of the others has one role, and the same password.
    """
    if settings.IS_PRODUCTION:
        raise NotInProduction("The demo user's password is published.")
    user, is_new = User.objects.get_or_create(username=DEMO_USERNAME)
    user.is_active = user.is_staff = user.is_superuser = True
    # Setting the same password again would sign the user out everywhere.
    if not user.check_password(DEMO_PASSWORD):
        user.set_password(DEMO_PASSWORD)
    user.save()
    for username, role in DEMO_ROLES.items():
        rest = {"is_active": True, "is_staff": True, "password": user.password}
        member, _ = User.objects.update_or_create(rest, username=username)
        member.groups.set(Group.objects.filter(name=role))
    return is_new


def remove_demo_users() -> int:
    """Remove the users of the demonstration; return how many there were."""
    users = User.objects.filter(username__in=DEMO_USERNAMES)
    count = users.count()
    users.delete()
    return count
