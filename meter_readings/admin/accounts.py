"""Users and groups: who may change them could become anything, so superusers alone."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest

# Importing them registers them as Django has them.
admin.site.unregister([User, Group])


class SuperusersOnly(admin.ModelAdmin):
    """Whoever changes an account can give himself any permission by it.

    So Django's permissions to add, change and delete accounts count for nothing here;
    those to view them do.
    """

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether a superuser asks."""
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether a superuser asks."""
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether a superuser asks."""
        return _is_superuser(request)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_superuser)


@admin.register(User)
class OurUserAdmin(SuperusersOnly, UserAdmin):
    """Users as Django shows them."""


@admin.register(Group)
class OurGroupAdmin(SuperusersOnly, GroupAdmin):
    """Groups, which are roles, as Django shows them."""
