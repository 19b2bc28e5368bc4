"""The permission matrix: the roles that may use each URL, by method.

A new URL needs a row here; without it a test fails. `view` is GET and HEAD. A
method that is not named is forbidden to all roles.
"""

from __future__ import annotations

from typing import NamedTuple

SIGNED_OUT = "signed out"
NO_PERMISSIONS = "signed in without permissions"
BARE_STAFF = "staff without permissions"
SUPPORT_AGENT = "Support agent"
METERING_OPERATIONS = "Metering operations"
AUDITOR = "Auditor"
# A role for programs, which do not use the admin.
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
# Roles that see imported data in the admin, and that also see import jobs
VIEWERS = frozenset({SUPPORT_AGENT, METERING_OPERATIONS, AUDITOR, SUPERUSER})
JOB_VIEWERS = VIEWERS - {SUPPORT_AGENT}
EXPORTERS = VIEWERS - {SUPPORT_AGENT}
NOTE_WRITERS = IMPORTERS | {SUPPORT_AGENT}
AUDITORS = frozenset({AUDITOR, SUPERUSER})
STAFF = VIEWERS | {BARE_STAFF}
# The same in the API, which programs use too
API_VIEWERS = VIEWERS | {INTEGRATION}
API_JOB_VIEWERS = JOB_VIEWERS | {INTEGRATION}
API_EXPORTERS = API_VIEWERS - {SUPPORT_AGENT}
API_IMPORTERS = IMPORTERS | {INTEGRATION}
SIGNED_IN = EVERYBODY - {SIGNED_OUT}


class Row(NamedTuple):
    """The roles that may use one URL, by method."""

    view: Roles = NOBODY
    post: Roles = NOBODY
    put: Roles = NOBODY
    patch: Roles = NOBODY
    delete: Roles = NOBODY
    options: Roles = NOBODY

    def roles_for(self, method: str) -> Roles:
        """Return the roles that may use a method, such as "GET"."""
        name = "view" if method in ("GET", "HEAD") else method.lower()
        roles: Roles = getattr(self, name)
        return roles


def received(name: str, viewers: Roles) -> dict[str, Row]:
    """Return the rows of a model that nobody adds, changes or deletes in the admin.

    A list accepts POST, because its actions use it.
    """
    return {
        f"admin:meter_readings_{name}_changelist": Row(view=viewers, post=viewers),
        f"admin:meter_readings_{name}_add": Row(),
        f"admin:meter_readings_{name}_history": Row(view=viewers, post=viewers),
        f"admin:meter_readings_{name}_delete": Row(),
        f"admin:meter_readings_{name}_change": Row(view=viewers),
        # Redirects staff to the change page, which checks the permission.
        f"admin/meter_readings/{name}/<path:object_id>/": Row(view=STAFF, post=STAFF),
    }


def accounts(name: str) -> dict[str, Row]:
    """Return the rows of users or groups, which only superusers may change."""
    both = Row(view=SUPERUSERS, post=SUPERUSERS)
    return {
        f"admin:auth_{name}_changelist": both,
        f"admin:auth_{name}_add": both,
        f"admin:auth_{name}_history": both,
        f"admin:auth_{name}_delete": both,
        f"admin:auth_{name}_change": both,
        f"admin/auth/{name}/<path:object_id>/": Row(view=STAFF, post=STAFF),
    }


def notification_rules() -> dict[str, Row]:
    """Return the rows of notification rules, of which no role has a permission."""
    page = "admin:meter_readings_notificationrule_{}".format
    both = Row(view=SUPERUSERS, post=SUPERUSERS)
    views = ("changelist", "add", "history", "delete", "change")
    redirect = "admin/meter_readings/notificationrule/<path:object_id>/"
    return dict.fromkeys(map(page, views), both) | {
        redirect: Row(view=STAFF, post=STAFF)
    }


def api_tokens() -> dict[str, Row]:
    """Return the rows of tokens: created, and revoked in the list, never changed."""
    page = "admin:meter_readings_apitoken_{}".format
    both = Row(view=SUPERUSERS, post=SUPERUSERS)
    return {
        page("changelist"): both,
        page("add"): both,
        page("history"): both,
        page("delete"): Row(),
        page("change"): Row(view=SUPERUSERS),
        "admin/meter_readings/apitoken/<path:object_id>/": Row(view=STAFF, post=STAFF),
    }


def sender_schedules() -> dict[str, Row]:
    """Return the rows of sender schedules, which metering operations edit."""
    page = "admin:meter_readings_senderschedule_{}".format
    edited = Row(view=IMPORTERS, post=IMPORTERS)
    return {
        page("changelist"): Row(view=JOB_VIEWERS, post=JOB_VIEWERS),
        page("add"): edited,
        page("history"): Row(view=JOB_VIEWERS, post=JOB_VIEWERS),
        page("delete"): edited,
        page("change"): Row(view=JOB_VIEWERS, post=IMPORTERS),
        "admin/meter_readings/senderschedule/<path:object_id>/": Row(
            view=STAFF, post=STAFF
        ),
    }


def flow_files() -> dict[str, Row]:
    """Return the rows of a flow file's further pages."""
    page = "admin:meter_readings_flowfile_{}".format
    return {
        page("lines"): Row(view=VIEWERS),
        page("report_csv"): Row(view=VIEWERS),
        page("report_json"): Row(view=VIEWERS),
        page("original"): Row(view=EXPORTERS),
        page("csv"): Row(view=EXPORTERS),
        page("d0010"): Row(view=EXPORTERS),
        page("acknowledge"): Row(view=IMPORTERS, post=IMPORTERS),
        page("undo"): Row(view=IMPORTERS, post=IMPORTERS),
        page("reprocess"): Row(view=IMPORTERS, post=IMPORTERS),
    }


def corrections() -> dict[str, Row]:
    """Return the rows of the pages that change single readings."""
    page = "admin:meter_readings_reading_{}".format
    views = ("add", "correct", "withdraw", "undo_correction")
    return dict.fromkeys(map(page, views), Row(view=IMPORTERS, post=IMPORTERS))


MATRIX: dict[str, Row] = {
    # It shows no data to users without permissions.
    "home": Row(view=EVERYBODY),
    "document-list": Row(view=SIGNED_IN),
    "document-detail": Row(view=SIGNED_IN),
    # The search box of every page
    "search": Row(view=VIEWERS),
    # Uploads and the testing dashboard
    "upload": Row(view=IMPORTERS, post=IMPORTERS),
    "upload-sample": Row(view=IMPORTERS),
    "testing-dashboard": Row(view=IMPORTERS),
    "testing-import": Row(post=IMPORTERS),
    "testing-clear": Row(post=SUPERUSERS),
    # The admin's own pages
    "admin:index": Row(view=STAFF, post=STAFF),
    "admin:app_list": Row(view=VIEWERS, post=VIEWERS),
    "admin:login": Row(view=EVERYBODY, post=EVERYBODY),
    "admin:logout": Row(post=STAFF),
    "admin:password_change": Row(view=STAFF, post=STAFF),
    "admin:password_change_done": Row(view=STAFF),
    "admin:jsi18n": Row(view=STAFF),
    "admin:autocomplete": Row(),
    "admin:view_on_site": Row(view=STAFF, post=STAFF),
    "admin/(?P<url>.*)$": Row(),
    # Imported data
    **received("flowfile", VIEWERS),
    **flow_files(),
    **received("meterpoint", VIEWERS),
    "admin:meter_readings_meterpoint_notes": Row(post=NOTE_WRITERS),
    **received("meter", VIEWERS),
    **received("reading", VIEWERS),
    **corrections(),
    "admin:meter_readings_reading_export": Row(view=EXPORTERS),
    "admin:meter_readings_reading_export_csv": Row(view=EXPORTERS),
    "admin:meter_readings_reading_export_d0010": Row(view=EXPORTERS),
    "admin:meter_readings_reading_export_background": Row(post=EXPORTERS),
    **received("sitevisit", VIEWERS),
    **received("finding", VIEWERS),
    **received("importjob", JOB_VIEWERS),
    "admin:meter_readings_importjob_cancel": Row(post=IMPORTERS),
    "admin:meter_readings_importjob_retry": Row(post=IMPORTERS),
    # The latest job is no export; jobs.test_exports has who may download one.
    "admin:meter_readings_importjob_download": Row(),
    # What is late
    "expected-files": Row(view=VIEWERS),
    "not-read": Row(view=VIEWERS),
    **sender_schedules(),
    **received("overduereading", VIEWERS),
    # Notifications
    **received("notification", JOB_VIEWERS),
    **notification_rules(),
    # Requests of data subjects
    **received("subjectrequest", AUDITORS),
    "admin:meter_readings_subjectrequest_erase": Row(view=SUPERUSERS, post=SUPERUSERS),
    **received("auditevent", AUDITORS),
    "admin:meter_readings_auditevent_export_csv": Row(view=AUDITORS),
    # The API
    "api:versions": Row(view=SIGNED_IN, options=SIGNED_IN),
    "api:root": Row(view=SIGNED_IN, options=SIGNED_IN),
    "api:schema": Row(view=SIGNED_IN, options=SIGNED_IN),
    # nginx asks here before it receives an upload.
    "api:upload-authorization": Row(view=API_IMPORTERS, options=API_IMPORTERS),
    # It contains nothing of the schema.
    "api:docs": Row(view=EVERYBODY),
    "api:flow-file-list": Row(
        view=API_VIEWERS, post=API_IMPORTERS, options=API_VIEWERS
    ),
    "api:flow-file-upload": Row(post=API_IMPORTERS, options=API_IMPORTERS),
    "api:flow-file-detail": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:flow-file-content": Row(view=API_EXPORTERS, options=API_EXPORTERS),
    "api:flow-file-undo": Row(post=IMPORTERS, options=IMPORTERS),
    "api:flow-file-reprocess": Row(post=API_IMPORTERS, options=API_IMPORTERS),
    "api:flow-file-findings": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:flow-file-readings": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:flow-file-site-visits": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:import-list": Row(view=API_JOB_VIEWERS, options=API_JOB_VIEWERS),
    "api:import-detail": Row(view=API_JOB_VIEWERS, options=API_JOB_VIEWERS),
    "api:import-cancel": Row(post=API_IMPORTERS, options=API_JOB_VIEWERS),
    "api:import-retry": Row(post=API_IMPORTERS, options=API_JOB_VIEWERS),
    "api:import-download": Row(options=API_EXPORTERS),
    "api:finding-list": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:finding-detail": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:meter-point-list": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:meter-point-detail": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:meter-point-readings": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:meter-point-advances": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:meter-list": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:meter-detail": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:meter-readings": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:site-visit-list": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:site-visit-detail": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:failed-read-list": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:failed-read-summary": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:overdue-reading-list": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:reading-list": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:reading-latest": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:reading-export": Row(post=API_EXPORTERS, options=API_EXPORTERS),
    "api:reading-summary": Row(view=API_VIEWERS, options=API_VIEWERS),
    "api:reading-detail": Row(view=API_VIEWERS, options=API_VIEWERS),
    # Users, roles and API tokens
    **api_tokens(),
    **accounts("user"),
    **accounts("group"),
    "admin:auth_user_password_change": Row(view=SUPERUSERS, post=SUPERUSERS),
}
