"""Undo and re-processing of a flow file, by POST."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from meter_readings import importer, jobs
from meter_readings.api.exceptions import Problem
from meter_readings.api.openapi.operations import reprocess_schema, undo_schema
from meter_readings.api.serializers.uploads import (
    ReprocessOptionsSerializer,
    UndoSerializer,
)
from meter_readings.models import FlowFile, ImportJob, Policy

from .base import ResourceViewSet
from .uploads import LOCK_TIMEOUT, ImportBusy, import_response, queued_response

# What @action needs for a POST without filters.
POST: dict[str, Any] = {
    "detail": True,
    "methods": ["post"],
    "filterset_class": None,
    "pagination_class": None,
}
_NOTHING_DELETED = importer.UndoResult(0, 0, 0, 0, 0)


class NothingToUndo(Problem):
    """The flow file was never imported."""

    status_code = 409
    default_detail = "The file is rejected: there is no import to undo."


class OriginalDeleted(Problem):
    """Without its original file, a flow file cannot be imported again."""

    status_code = 409
    default_detail = (
        "The original file is no longer stored, or has changed: upload the file again."
    )


class UnexpectedBody(UnsupportedMediaType, Problem):
    """The request has a body, which would be ignored."""

    def __init__(self) -> None:
        super().__init__("", "Send the parameters in the query string, without a body.")


class FlowFileActionsMixin(ResourceViewSet):
    """What the admin's actions on a flow file do."""

    def get_parameter_names(self) -> Iterable[str]:
        names = super().get_parameter_names()
        if self.action == "reprocess":
            return [*names, *ReprocessOptionsSerializer().fields]
        return names

    @undo_schema
    @action(**POST, extra_permissions=("undo_flowfile",))
    def undo(self, request: Request, pk: int) -> HttpResponse:
        """Delete all readings, site visits, meters and meter points of one import.

        The versions of other files are resolved as if the file had never been
        imported. The file and its report stay, with the status `undone`. A second
        request changes nothing and has the same response without counts. With workers
        the response is 202 with the job that undoes it.
        """
        reject_body(request)
        flow_file = self.get_object()
        result = _NOTHING_DELETED
        is_imported = flow_file.status == FlowFile.Status.IMPORTED
        if is_imported and not jobs.is_immediate():
            job = jobs.enqueue_undo(
                flow_file=flow_file,
                channel=ImportJob.Channel.API,
                requested_by=cast(User, request.user),
            )
            return queued_response(self, request, job)
        if is_imported:
            result = _undo(flow_file, request)
        if flow_file.status != FlowFile.Status.UNDONE:
            raise NothingToUndo
        data = {"deleted": result, "flow_file": flow_file}
        context = self.get_serializer_context()
        return Response(UndoSerializer(data, context=context).data)

    @reprocess_schema
    @action(**POST, extra_permissions=("import_flowfile",))
    def reprocess(self, request: Request, pk: int) -> HttpResponse:
        """Import the original of a rejected or undone flow file again.

        An imported file is not changed: its outcome is `already-imported`. With workers
        the response is 202 with the job, except to a dry run.
        """
        reject_body(request)
        flow_file = self.get_object()
        serializer = ReprocessOptionsSerializer(data=request.query_params.dict())
        serializer.is_valid(raise_exception=True)
        options = {"policy": flow_file.policy, **serializer.validated_data}
        is_imported = flow_file.status == FlowFile.Status.IMPORTED
        try:
            if not (is_imported or options["dry_run"] or jobs.is_immediate()):
                importer.open_original(flow_file=flow_file).close()
                job = jobs.enqueue_reprocess(
                    flow_file=flow_file,
                    policy=Policy(options["policy"]),
                    allow_same_name=options["allow_same_name"],
                    channel=ImportJob.Channel.API,
                    requested_by=cast(User, request.user),
                )
                return queued_response(self, request, job)
            result = importer.import_original(
                flow_file=flow_file,
                now=timezone.now(),
                policy=Policy(options["policy"]),
                channel=ImportJob.Channel.API,
                requested_by=cast(User, request.user),
                dry_run=options["dry_run"],
                allow_same_name=options["allow_same_name"],
                lock_timeout=LOCK_TIMEOUT,
            )
        except importer.OriginalMissing as error:
            raise OriginalDeleted from error
        except importer.ImportLockTimeout as error:
            raise ImportBusy(error) from error
        return import_response(self, request, result, is_dry_run=options["dry_run"])


def _undo(flow_file: FlowFile, request: Request) -> importer.UndoResult:
    try:
        return importer.undo_import(
            flow_file=flow_file,
            now=timezone.now(),
            channel=ImportJob.Channel.API,
            requested_by=cast(User, request.user),
            lock_timeout=LOCK_TIMEOUT,
        )
    except importer.NotImported:
        # Another request was quicker.
        flow_file.refresh_from_db()
        return _NOTHING_DELETED
    except importer.ImportLockTimeout as error:
        raise ImportBusy(error) from error


def reject_body(request: Request) -> None:
    """Raise UnexpectedBody if the request has a body."""
    if request.headers.get("Content-Length") not in (None, "", "0"):
        raise UnexpectedBody
