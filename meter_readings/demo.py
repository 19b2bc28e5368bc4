"""What a demonstration needs and production must never have."""

from django.conf import settings
from django.contrib.auth.models import User

DEMO_USERNAME = "demo_admin"
# Published on purpose, in the documentation too: it opens made-up data only.
DEMO_PASSWORD = "KrakenDemo123!"


class NotInProduction(Exception):
    """A demonstration was asked for where the readings are real."""


def create_demo_user() -> bool:
    """Make sure that the demo user can sign in, and tell whether it is new."""
    if settings.IS_PRODUCTION:
        raise NotInProduction("The demo user's password is published.")
    user, is_new = User.objects.get_or_create(username=DEMO_USERNAME)
    user.is_active = user.is_staff = user.is_superuser = True
    # Setting the same password again would sign the user out everywhere.
    if not user.check_password(DEMO_PASSWORD):
        user.set_password(DEMO_PASSWORD)
    user.save()
    return is_new
