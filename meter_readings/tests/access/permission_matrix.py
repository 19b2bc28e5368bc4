"""The table: at every address, who gets what they ask for, by method.

A new address needs a row here; without it a test fails. `look` is GET and HEAD. A
method that is not named is served to nobody.
"""

from __future__ import annotations

from typing import NamedTuple

SIGNED_OUT = "signed out"
NO_PERMISSIONS = "signed in without permissions"
BARE_STAFF = "staff without permissions"
SUPPORT_AGENT = "Support agent"
METERING_OPERATIONS = "Metering operations"
AUDITOR = "Auditor"
# Programs: they have a role, and no business in the admin.
INTEGRATION = "Integration"
SUPERUSER = "superuser"

ROLES = (
    SIGNED_OUT,
    NO_PERMISSIONS,
    BARE_STAFF,
    SUPPORT_AGENT,
    METERING_OPERATIONS,
    AUDITOR,
    INTEGRATION,
    SUPERUSER,
)

type Roles = frozenset[str]

NOBODY: Roles = frozenset()
EVERYBODY = frozenset(ROLES)
SUPERUSERS = frozenset({SUPERUSER})
IMPORTERS = frozenset({METERING_OPERATIONS, SUPERUSER})
# Who sees the admin's lists of what was received, and who the attempts to import too.
LOOKERS = frozenset({SUPPORT_AGENT, METERING_OPERATIONS, AUDITOR, SUPERUSER})
LOOKERS_AT_JOBS = LOOKERS - {SUPPORT_AGENT}
EXPORTERS = LOOKERS - {SUPPORT_AGENT}
AUDITORS = frozenset({AUDITOR, SUPERUSER})
STAFF = LOOKERS | {BARE_STAFF}
# The same by the API, where programs look too, and who takes things out by it.
API_LOOKERS = LOOKERS | {INTEGRATION}
API_LOOKERS_AT_JOBS = LOOKERS_AT_JOBS | {INTEGRATION}
API_EXPORTERS = API_LOOKERS - {SUPPORT_AGENT}
API_IMPORTERS = IMPORTERS | {INTEGRATION}
SIGNED_IN = EVERYBODY - {SIGNED_OUT}


class Row(NamedTuple):
    """Who may use one address, by method."""

    look: Roles = NOBODY
    post: Roles = NOBODY
    put: Roles = NOBODY
    patch: Roles = NOBODY
    delete: Roles = NOBODY
    options: Roles = NOBODY

    def may(self, method: str) -> Roles:
        """Return who may use a method, given in capitals."""
        name = "look" if method in ("GET", "HEAD") else method.lower()
        roles: Roles = getattr(self, name)
        return roles


def received(name: str, lookers: Roles) -> dict[str, Row]:
    """Return the rows of what nobody adds, changes or deletes in the admin.

    A list is shown to POST too, as its actions would be asked for by it.
    """
    return {
        f"admin:meter_readings_{name}_changelist": Row(look=lookers, post=lookers),
        f"admin:meter_readings_{name}_add": Row(),
        f"admin:meter_readings_{name}_history": Row(look=lookers, post=lookers),
        f"admin:meter_readings_{name}_delete": Row(),
        f"admin:meter_readings_{name}_change": Row(look=lookers),
        # Leads staff to the page of the object, which refuses whom it must.
        f"admin/meter_readings/{name}/<path:object_id>/": Row(look=STAFF, post=STAFF),
    }


def accounts(name: str) -> dict[str, Row]:
    """Return the rows of users or groups: who changes them could become anything."""
    both = Row(look=SUPERUSERS, post=SUPERUSERS)
    return {
        f"admin:auth_{name}_changelist": both,
        f"admin:auth_{name}_add": both,
        f"admin:auth_{name}_history": both,
        f"admin:auth_{name}_delete": both,
        f"admin:auth_{name}_change": both,
        f"admin/auth/{name}/<path:object_id>/": Row(look=STAFF, post=STAFF),
    }


def api_tokens() -> dict[str, Row]:
    """Return the rows of tokens: created, and revoked in the list, never changed."""
    page = "admin:meter_readings_apitoken_{}".format
    both = Row(look=SUPERUSERS, post=SUPERUSERS)
    return {
        page("changelist"): both,
        page("add"): both,
        page("history"): both,
        page("delete"): Row(),
        page("change"): Row(look=SUPERUSERS),
        "admin/meter_readings/apitoken/<path:object_id>/": Row(look=STAFF, post=STAFF),
    }


# Who takes files and readings away, who imports files and who undoes it.
EXPORTERS = LOOKERS - {SUPPORT_AGENT}
IMPORTERS = frozenset({METERING_OPERATIONS, SUPERUSER})


def flow_files() -> dict[str, Row]:
    """Return the rows of what a flow file has beside its own page."""
    page = "admin:meter_readings_flowfile_{}".format
    return {
        page("lines"): Row(look=LOOKERS),
        page("report_csv"): Row(look=LOOKERS),
        page("report_json"): Row(look=LOOKERS),
        page("original"): Row(look=EXPORTERS),
        page("csv"): Row(look=EXPORTERS),
        page("d0010"): Row(look=EXPORTERS),
        page("undo"): Row(look=IMPORTERS, post=IMPORTERS),
        page("reprocess"): Row(look=IMPORTERS, post=IMPORTERS),
    }


TABLE: dict[str, Row] = {
    # Tells those who may not look no more than what this is and where to sign in.
    "home": Row(look=EVERYBODY),
    "document-list": Row(look=SIGNED_IN),
    "document-detail": Row(look=SIGNED_IN),
    # The search box of every page
    "find": Row(look=LOOKERS),
    # Bringing files in
    "upload": Row(look=IMPORTERS, post=IMPORTERS),
    "upload-sample": Row(look=IMPORTERS),
    "testing-dashboard": Row(look=IMPORTERS),
    "testing-import": Row(post=IMPORTERS),
    "testing-clear": Row(post=SUPERUSERS),
    # The admin's own pages
    "admin:index": Row(look=STAFF, post=STAFF),
    "admin:app_list": Row(look=LOOKERS, post=LOOKERS),
    "admin:login": Row(look=EVERYBODY, post=EVERYBODY),
    "admin:logout": Row(post=STAFF),
    "admin:password_change": Row(look=STAFF, post=STAFF),
    "admin:password_change_done": Row(look=STAFF),
    "admin:jsi18n": Row(look=STAFF),
    "admin:autocomplete": Row(),
    "admin:view_on_site": Row(look=STAFF, post=STAFF),
    "admin/(?P<url>.*)$": Row(),
    # What was received
    **received("flowfile", LOOKERS),
    **flow_files(),
    **received("meterpoint", LOOKERS),
    **received("meter", LOOKERS),
    **received("reading", LOOKERS),
    "admin:meter_readings_reading_export": Row(look=EXPORTERS),
    "admin:meter_readings_reading_export_csv": Row(look=EXPORTERS),
    "admin:meter_readings_reading_export_d0010": Row(look=EXPORTERS),
    **received("sitevisit", LOOKERS),
    **received("finding", LOOKERS),
    **received("importjob", LOOKERS_AT_JOBS),
    # What was erased and handed over
    **received("subjectrequest", AUDITORS),
    # The API
    "api:versions": Row(look=SIGNED_IN),
    "api:root": Row(look=SIGNED_IN),
    "api:schema": Row(look=SIGNED_IN),
    "api:docs": Row(look=SIGNED_IN),
    "api:flow-file-list": Row(look=API_LOOKERS, post=API_IMPORTERS),
    "api:flow-file-upload": Row(post=API_IMPORTERS),
    "api:flow-file-detail": Row(look=API_LOOKERS),
    "api:flow-file-content": Row(look=API_EXPORTERS),
    "api:flow-file-findings": Row(look=API_LOOKERS),
    "api:flow-file-readings": Row(look=API_LOOKERS),
    "api:flow-file-site-visits": Row(look=API_LOOKERS),
    "api:import-list": Row(look=API_LOOKERS_AT_JOBS),
    "api:import-detail": Row(look=API_LOOKERS_AT_JOBS),
    "api:finding-list": Row(look=API_LOOKERS),
    "api:finding-detail": Row(look=API_LOOKERS),
    "api:meter-point-list": Row(look=API_LOOKERS),
    "api:meter-point-detail": Row(look=API_LOOKERS),
    "api:meter-point-readings": Row(look=API_LOOKERS),
    "api:meter-point-advances": Row(look=API_LOOKERS),
    "api:meter-list": Row(look=API_LOOKERS),
    "api:meter-detail": Row(look=API_LOOKERS),
    "api:meter-readings": Row(look=API_LOOKERS),
    "api:site-visit-list": Row(look=API_LOOKERS),
    "api:site-visit-detail": Row(look=API_LOOKERS),
    "api:reading-list": Row(look=API_LOOKERS),
    "api:reading-latest": Row(look=API_LOOKERS),
    "api:reading-summary": Row(look=API_LOOKERS),
    "api:reading-detail": Row(look=API_LOOKERS),
    # People, roles and programs
    **api_tokens(),
    **accounts("user"),
    **accounts("group"),
    "admin:auth_user_password_change": Row(look=SUPERUSERS, post=SUPERUSERS),
}
