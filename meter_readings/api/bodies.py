"""Files that are sent: out of a form or as the body itself, never held in memory.

A body as such is not read here: the importer takes it from the connection, piece by
piece. Every value beside the file may stand in the query string or in the form.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, QueryDict, UnreadablePostError
from django.utils.http import parse_header_parameters
from rest_framework.exceptions import ErrorDetail, UnsupportedMediaType, ValidationError
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request

from meter_readings import importer
from meter_readings.models import FlowFile, Policy

from .errors import Problem
from .parameters import Choice, Text, TrueOrFalse
from .query import Query, refusal, refuse_odd_parameters

FILE = "file"
_PIECE = 1 << 20
_NO_NAMES = ("", ".", "..")


class BrokenOff(Problem):
    """The connection ended before the body did."""

    status_code = 400
    default_detail = "The body broke off on its way here: send it again."


class UploadQuery(Query):
    """How a file is to be dealt with."""

    orders = {}
    filename = Text(
        255,
        "What the file is called; without it, what the form or Content-Disposition "
        "says. Of a path only the end counts.",
    )
    policy = Choice(
        Policy.choices, "How strictly to judge it; `standard` where nothing is said."
    )
    dry_run = TrueOrFalse("Whether only to say what would come of it.")
    allow_same_name = TrueOrFalse(
        "Whether to take it although other content has been imported under its name."
    )


PARAMETERS = tuple(UploadQuery.base_filters)


class SentFile:
    """An uploaded file and the options that came with it."""

    def __init__(self, stream: BinaryIO, filename: str, asked: dict[str, Any]) -> None:
        self.filename = filename
        self.policy = Policy(asked.get("policy", Policy.STANDARD))
        self.is_dry_run = bool(asked.get("dry_run"))
        self.allow_duplicate_filename = bool(asked.get("allow_same_name"))
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Return some bytes; raises BrokenOff."""
        try:
            return self._stream.read(size)
        except UnreadablePostError as error:
            raise BrokenOff from error


class _Body(BaseParser):
    """Leaves the body where it is."""

    def parse(
        self, stream: Any, media_type: Any = None, parser_context: Any = None
    ) -> Any:
        """Return the stream."""
        return stream


class OctetStream(_Body):
    """Bytes of whatever kind."""

    media_type = "application/octet-stream"


class PlainText(_Body):
    """A flow file as it is; in which characters, it says itself."""

    media_type = "text/plain"


class Gzip(_Body):
    """A flow file, packed."""

    media_type = "application/gzip"


class Zip(_Body):
    """An archive with one flow file in it."""

    media_type = "application/zip"


BODIES = [OctetStream, PlainText, Gzip, Zip]
PARSERS = [MultiPartParser, *BODIES]


def sent_file(request: Request) -> SentFile:
    """Return the file that a request brings.

    Raises ValidationError, and UnsupportedMediaType for a body that is packed on its
    way: what is packed comes as what it is.
    """
    # Before a byte is read
    _asked(request.query_params)
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise UnsupportedMediaType(encoding)
    body = _body(request)
    if isinstance(body, HttpRequest):
        return _file_of_body(request, cast(BinaryIO, body))
    return _file_of_form(request)


def read_to_end(request: Request) -> None:
    """Let a client finish: one that is cut off while it sends hears no answer."""
    with suppress(UnreadablePostError):
        while request._request.read(_PIECE):
            pass


def _body(request: Request) -> Any:
    """Return the body, a form read to its end; raises BrokenOff and StorageFull."""
    try:
        with importer.disk_full_as("what is uploaded"):
            return request.data
    except UnreadablePostError as error:
        raise BrokenOff from error


def _file_of_body(request: Request, body: BinaryIO) -> SentFile:
    asked = _asked(request.query_params)
    said = asked.get("filename") or _name_in(
        request.headers.get("Content-Disposition", "")
    )
    return SentFile(body, _name(said), asked)


def _file_of_form(request: Request) -> SentFile:
    refuse_odd_parameters(request.POST, set(PARAMETERS))
    given = request.query_params.copy()
    given.update(request.POST)
    # What stands in the form and in the query string is given twice.
    refuse_odd_parameters(given, set(given))
    asked = _asked(given)
    file = _only_file(request)
    name = _name(asked.get("filename") or file.name or "")
    return SentFile(cast(BinaryIO, file), name, asked)


def _asked(given: QueryDict) -> dict[str, Any]:
    """Return how the file is to be dealt with; raises ValidationError."""
    return UploadQuery(given, FlowFile.objects.none()).asked


def _only_file(request: Request) -> UploadedFile:
    errors = {}
    for name, files in request.FILES.lists():
        if name != FILE:
            errors["?"] = [ErrorDetail(f"Send the file as {FILE}.", "unknown")]
        elif len(files) > 1:
            errors[FILE] = [ErrorDetail("Send one file at a time.", "repeated")]
    if errors:
        raise ValidationError(errors)
    if FILE not in request.FILES:
        raise refusal(FILE, "Send a file, with its name.", "required")
    return cast(UploadedFile, request.FILES[FILE])


def _name_in(header: str) -> str:
    """Return the filename in a Content-Disposition, or nothing."""
    # A server gives the bytes as Latin-1, and most clients write UTF-8.
    text = header.encode("latin-1").decode(errors="replace")
    try:
        _, said = parse_header_parameters(text)
    except ValueError:
        return ""
    return str(said.get("filename", ""))


def _name(said: str) -> str:
    """Return a client's name for a file, without the folders it had there."""
    name = said.replace("\\", "/").rpartition("/")[2].strip()
    if name in _NO_NAMES:
        message = "Say what the file is called: by this or by Content-Disposition."
        raise refusal("filename", message, "required")
    return name
