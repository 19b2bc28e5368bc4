"""Permissions of roles, granted in a migration."""

from django.contrib.auth.management import create_permissions


def grant(roles, apps):
    """Give each role, which is a group, its permissions; `roles` has their codenames.

    A role that somebody has deleted stays deleted.
    """
    # Django creates permissions only after all migrations, but they are needed here.
    # `create_permissions` skips an app without a models module, as historical apps are.
    app_config = apps.get_app_config("meter_readings")
    app_config.models_module = True
    create_permissions(app_config, apps=apps, verbosity=0)
    app_config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="meter_readings"
    )
    for group in apps.get_model("auth", "Group").objects.filter(name__in=roles):
        group.permissions.add(*permissions.filter(codename__in=roles[group.name]))
