"""The roles that come with the system, and what each may do."""

import re

from django.contrib.auth.models import Group, Permission
from django.db.models import Q
from django.test import TestCase

from config.environment import PROJECT_ROOT

SPECIFICATION = PROJECT_ROOT / "documentation/FUNCTIONAL_SPEC.md"

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
        more = {"view_importjob", "view_subjectrequest", "export_reading"}
        everything = LOOKING | more
        self.assertEqual(permissions_of("Auditor"), everything)

    def test_an_integration_looks_imports_and_exports(self) -> None:
        verbs = {"view_importjob", "import_flowfile", "export_reading"}
        self.assertEqual(permissions_of("Integration"), LOOKING | verbs)

    def test_the_specification_says_what_each_may(self) -> None:
        names, *rows = table_of_roles()
        for place, name in enumerate(names):
            told = {row[0].strip("`") for row in rows if row[1 + place] == "yes"}
            self.assertEqual(told, permissions_of(name), name)

    def test_the_specification_says_it_of_every_role(self) -> None:
        names, *_ = table_of_roles()
        self.assertEqual(
            sorted(names), sorted(Group.objects.values_list("name", flat=True))
        )

    def test_the_specification_says_it_of_every_permission_that_counts(self) -> None:
        _, *rows = table_of_roles()
        ours = Permission.objects.filter(content_type__app_label="meter_readings")
        # Received rows are never added, changed or deleted; tokens are created.
        counting = ours.exclude(
            Q(codename__regex="^(add|change|delete)_") & ~Q(codename="add_apitoken")
        )
        self.assertEqual(
            sorted(row[0].strip("`") for row in rows),
            sorted(counting.values_list("codename", flat=True)),
        )


def table_of_roles() -> list[list[str]]:
    """Return the table of the specification: the roles, then a row a permission."""
    text = SPECIFICATION.read_text("utf-8")
    table = re.search(r"^\| Action \| Permission .*?(?=\n\n)", text, re.M | re.S)
    assert table
    head, _, *rows = [line.strip("| ").split(" | ") for line in table[0].splitlines()]
    return [head[2:], *(row[1:] for row in rows)]
