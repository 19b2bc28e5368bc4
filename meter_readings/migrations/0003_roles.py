"""The roles, as groups with permissions."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

_VIEW_IMPORTED = [
    "view_flowfile",
    "view_meterpoint",
    "view_meter",
    "view_reading",
    "view_sitevisit",
    "view_finding",
]
_VIEW_ALL = [*_VIEW_IMPORTED, "view_importjob"]

# No role has "clear_database"; a superuser can give it to a user.
ROLES = {
    "Metering operations": [
        *_VIEW_ALL,
        "import_flowfile",
        "undo_flowfile",
        "export_reading",
        "use_testing_dashboard",
    ],
    "Support agent": _VIEW_IMPORTED,
    "Auditor": [*_VIEW_ALL, "view_subjectrequest", "export_reading"],
    "Integration": [*_VIEW_ALL, "import_flowfile", "export_reading"],
}


def create_roles(apps, schema_editor):
    # Django creates permissions only after all migrations, but they are needed here.
    # `create_permissions` skips an app without a models module, as historical apps are.
    app_config = apps.get_app_config("meter_readings")
    app_config.models_module = True
    create_permissions(app_config, apps=apps, verbosity=0)
    app_config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="meter_readings"
    )
    for name, codenames in ROLES.items():
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        group.permissions.add(*permissions.filter(codename__in=codenames))


def remove_roles(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("meter_readings", "0002_postgresql"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(create_roles, remove_roles)]
