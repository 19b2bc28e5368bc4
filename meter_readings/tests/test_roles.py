"""The roles that come with the system, and what each may do."""

from django.contrib.auth.models import Group
from django.test import TestCase

LOOKING = {
    "view_flowfile",
    "view_meterpoint",
    "view_meter",
    "view_reading",
    "view_sitevisit",
    "view_finding",
}


def permissions_of(name: str) -> set[str]:
    """Return what a role may do."""
    permissions = Group.objects.get(name=name).permissions
    return set(permissions.values_list("codename", flat=True))


class RoleTests(TestCase):
    def test_metering_operations_look_import_undo_and_export(self) -> None:
        verbs = {"import_flowfile", "undo_flowfile", "export_reading"}
        everything = LOOKING | verbs | {"view_importjob", "use_testing_dashboard"}
        self.assertEqual(permissions_of("Metering operations"), everything)

    def test_a_support_agent_looks_only(self) -> None:
        self.assertEqual(permissions_of("Support agent"), LOOKING)

    def test_an_auditor_looks_at_everything_and_exports(self) -> None:
        everything = LOOKING | {"view_importjob", "export_reading"}
        self.assertEqual(permissions_of("Auditor"), everything)

    def test_an_integration_looks_imports_and_exports(self) -> None:
        verbs = {"view_importjob", "import_flowfile", "export_reading"}
        self.assertEqual(permissions_of("Integration"), LOOKING | verbs)
