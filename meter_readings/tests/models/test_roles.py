"""Tests of the permissions of the roles."""

import re

from django.contrib.auth.models import Group, Permission
from django.db.models import Q
from django.test import TestCase

from config.environment import PROJECT_ROOT

SPECIFICATION = PROJECT_ROOT / "documentation/FUNCTIONAL_SPEC.md"

VIEW_IMPORTED = {
    "view_flowfile",
    "view_meterpoint",
    "view_meter",
    "view_reading",
    "view_sitevisit",
    "view_finding",
    "view_meterpointnote",
    "view_correction",
    "view_overduereading",
}


def permissions_of(name: str) -> set[str]:
    permissions = Group.objects.get(name=name).permissions
    return set(permissions.values_list("codename", flat=True))


class RoleTests(TestCase):
    def test_metering_operations_can_view_import_acknowledge_undo_and_export(
        self,
    ) -> None:
        more = {
            "import_flowfile",
            "acknowledge_flowfile",
            "undo_flowfile",
            "correct_reading",
            "export_reading",
            "view_importjob",
            "use_testing_dashboard",
            "add_meterpointnote",
            "delete_meterpointnote",
            "view_senderschedule",
            "add_senderschedule",
            "change_senderschedule",
            "delete_senderschedule",
            "view_notification",
            "resend_notification",
            "view_qualityitem",
            "view_qualityrun",
            "view_disabledqualityrule",
            "add_disabledqualityrule",
            "change_disabledqualityrule",
            "delete_disabledqualityrule",
        }
        self.assertEqual(permissions_of("Metering operations"), VIEW_IMPORTED | more)

    def test_support_agent_can_view_and_write_notes(self) -> None:
        more = {"add_meterpointnote"}
        self.assertEqual(permissions_of("Support agent"), VIEW_IMPORTED | more)

    def test_auditor_can_view_everything_and_export(self) -> None:
        more = {
            "view_importjob",
            "view_senderschedule",
            "view_notification",
            "view_subjectrequest",
            "view_auditevent",
            "export_reading",
            "view_qualityitem",
            "view_qualityrun",
            "view_disabledqualityrule",
        }
        self.assertEqual(permissions_of("Auditor"), VIEW_IMPORTED | more)

    def test_integration_can_view_import_and_export(self) -> None:
        more = {"view_importjob", "import_flowfile", "export_reading"}
        expected = (VIEW_IMPORTED | more) - {"view_meterpointnote", "view_correction"}
        self.assertEqual(permissions_of("Integration"), expected)


class SpecificationTests(TestCase):
    def test_specification_has_the_permissions_of_every_role(self) -> None:
        names, *rows = table_of_roles()
        for column, name in enumerate(names, start=1):
            granted = {row[0].strip("`") for row in rows if row[column] == "yes"}
            self.assertEqual(granted, permissions_of(name), name)

    def test_specification_has_every_role(self) -> None:
        names, *_ = table_of_roles()
        self.assertEqual(
            sorted(names), sorted(Group.objects.values_list("name", flat=True))
        )

    def test_specification_has_every_permission_in_use(self) -> None:
        _, *rows = table_of_roles()
        ours = Permission.objects.filter(content_type__app_label="meter_readings")
        # Received rows are never added, changed or deleted; a few others are.
        used = ours.exclude(
            Q(codename__regex="^(add|change|delete)_")
            & ~Q(codename="add_apitoken")
            & ~Q(codename__endswith="_notificationrule")
            & ~Q(codename__in=["add_meterpointnote", "delete_meterpointnote"])
            & ~Q(codename__endswith="_senderschedule")
            & ~Q(codename__endswith="_disabledqualityrule")
        )
        self.assertEqual(
            sorted(row[0].strip("`") for row in rows),
            sorted(used.values_list("codename", flat=True)),
        )


def table_of_roles() -> list[list[str]]:
    """Return the role names, then one row per permission: its codename, yes or no."""
    text = SPECIFICATION.read_text("utf-8")
    table = re.search(r"^\| Action \| Permission .*?(?=\n\n)", text, re.M | re.S)
    assert table
    head, _, *rows = [line.strip("| ").split(" | ") for line in table[0].splitlines()]
    return [head[2:], *(row[1:] for row in rows)]
