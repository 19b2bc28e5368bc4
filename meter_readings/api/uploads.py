"""Bringing files in: one at a time, whole or not at all, and none twice."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.reverse import reverse

from meter_readings import importer
from meter_readings.importer import ImportResult, Outcome
from meter_readings.models import ApiToken, ImportJob

from . import upload_reports
from .bodies import PARAMETERS, PARSERS, SentFile, read_to_end, sent_file
from .errors import Problem
from .permissions import Needs
from .upload_schema import UploadSchema
from .views import ApiView

# How many seconds to wait for another load to end: whoever waits holds a thread.
_PATIENCE = 30.0


class AnotherIsLoaded(Problem):
    """A load lasts longer than this one could wait."""

    status_code = 503
    default_detail = "Another file is being loaded. Nothing was kept: send it again."
    # In seconds
    wait = 30


class TakesFiles(ApiView):
    """Takes a file by POST, whatever else the address is for."""

    parser_classes = PARSERS
    needs_by_method = {"POST": Needs(ApiToken.Scope.IMPORT, ("import_flowfile",))}
    parameters_by_method = {"POST": (*PARAMETERS, "format")}
    # It is known who asks before any of the body is read (`middleware`).
    accepts_uploads = True

    def post(self, request: Request) -> HttpResponse:
        """Import one flow file, or say what would come of it.

        All of it or, but for its report, nothing. It comes in a form or as the body, as
        it is, as .gz, or as a .zip with nothing else in it.
        """
        try:
            file = sent_file(request)
            return _answer(request, file)
        finally:
            read_to_end(request)


_post: Any = TakesFiles.post
_post.kwargs = {"schema": UploadSchema}


class FlowFileUpload(TakesFiles):
    """The same as POST to the list of files: the address it had before."""

    http_method_names = ["post"]
    permissions = ()


def _answer(request: Request, file: SentFile) -> HttpResponse:
    """Import a file and return what came of it."""
    try:
        # Loading speaks to the drivers themselves, past Django's own wrapping.
        with connection.wrap_database_errors:
            result = _imported(file, cast(User, request.user))
    except importer.UnreadableFile as error:
        name = importer.shown(file.filename)
        reason = str(error).removeprefix(name).strip()
        return upload_reports.unreadable(request, f"It {reason}")
    except importer.ImportLockTimeout as error:
        raise AnotherIsLoaded from error
    return _told(request, result, file)


def _imported(file: SentFile, user: User) -> ImportResult:
    stream = cast(BinaryIO, file)
    files = importer.flow_files(stream, file.filename, most=1)
    name, content = next(files)
    return importer.import_flow_file(
        stream=content,
        filename=name,
        now=timezone.now(),
        policy=file.policy,
        channel=ImportJob.Channel.API,
        requested_by=user,
        dry_run=file.is_dry_run,
        allow_same_name=file.allow_duplicate_filename,
        lock_timeout=_PATIENCE,
    )


def _told(request: Request, result: ImportResult, file: SentFile) -> HttpResponse:
    """Return a result as a report or as a refusal."""
    if result.outcome == Outcome.IMPORTED:
        response = upload_reports.report(request, result, status=201)
        number = [cast(Any, result.flow_file).pk]
        response["Location"] = reverse("api:flow-file-detail", number, request=request)
        return response
    if not file.is_dry_run and result.outcome == Outcome.REJECTED:
        return upload_reports.rejection(request, result)
    if not file.is_dry_run and result.outcome == Outcome.REFUSED:
        return upload_reports.name_taken(request)
    return upload_reports.report(request, result, status=200)
