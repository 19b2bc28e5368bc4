"""Parsers of uploads: a file in a form, or the body itself as a stream.

A body is not read here: the importer reads it from the connection. The options of an
upload may be in the query string or in the form.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, BinaryIO, NamedTuple, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, QueryDict, UnreadablePostError
from django.utils.http import parse_header_parameters
from rest_framework.exceptions import ErrorDetail, UnsupportedMediaType, ValidationError
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request

from meter_readings import importer

from .exceptions import Problem
from .query_parameters import parameter_error, reject_invalid_parameters
from .serializers.uploads import UploadOptionsSerializer

FILE_FIELD = "file"
OPTION_NAMES = tuple(UploadOptionsSerializer().fields)

_CHUNK_BYTES = 1 << 20
_NOT_FILENAMES = ("", ".", "..")


class IncompleteBody(Problem):
    """The connection ended before the body did."""

    status_code = 400
    default_detail = "The request body is incomplete: send it again."


class RawParser(BaseParser):
    """Leaves the body on the connection."""

    def parse(
        self, stream: Any, media_type: Any = None, parser_context: Any = None
    ) -> Any:
        return stream


class OctetStreamParser(RawParser):
    """Bytes of any kind."""

    media_type = "application/octet-stream"


class PlainTextParser(RawParser):
    """A flow file; its encoding is detected."""

    media_type = "text/plain"


class GzipParser(RawParser):
    """A flow file compressed with gzip."""

    media_type = "application/gzip"


class ZipParser(RawParser):
    """A zip archive with one flow file."""

    media_type = "application/zip"


RAW_PARSERS = [OctetStreamParser, PlainTextParser, GzipParser, ZipParser]
UPLOAD_PARSERS = [MultiPartParser, *RAW_PARSERS]


class UploadedStream:
    """The bytes of an upload."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes; raises IncompleteBody."""
        try:
            return self._stream.read(size)
        except UnreadablePostError as error:
            raise IncompleteBody from error


class Upload(NamedTuple):
    """A file with its name, and the options of UploadOptionsSerializer."""

    stream: UploadedStream
    filename: str
    options: dict[str, Any]


def get_upload(request: Request) -> Upload:
    """Return the file of a request and its options.

    Raises ValidationError, IncompleteBody, StorageFull, and UnsupportedMediaType for a
    Content-Encoding: a compressed file has a content type of its own.
    """
    # The query string is validated before the body is read.
    _validate_options(request.query_params)
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise UnsupportedMediaType(encoding)
    data = _parsed_body(request)
    if isinstance(data, HttpRequest):
        return _upload_from_body(request, cast(BinaryIO, data))
    return _upload_from_form(request)


def drain_request(request: Request) -> None:
    """Read the rest of the body: a client that is still sending reads no response."""
    with suppress(UnreadablePostError):
        while request._request.read(_CHUNK_BYTES):
            pass


def _parsed_body(request: Request) -> Any:
    try:
        with importer.disk_full_as("what is uploaded"):
            return request.data
    except UnreadablePostError as error:
        raise IncompleteBody from error


def _upload_from_body(request: Request, body: BinaryIO) -> Upload:
    options = _validate_options(request.query_params)
    disposition = request.headers.get("Content-Disposition", "")
    filename = options.get("filename") or _filename_in(disposition)
    return Upload(UploadedStream(body), _base_name(filename), options)


def _upload_from_form(request: Request) -> Upload:
    if FILE_FIELD in request.POST:
        message = f"Send the form field {FILE_FIELD} with a filename."
        raise parameter_error("filename", message, "required")
    reject_invalid_parameters(request.POST, OPTION_NAMES)
    given = request.query_params.copy()
    given.update(request.POST)
    # An option in the form and in the query string is repeated.
    reject_invalid_parameters(given, list(given))
    options = _validate_options(given)
    file = _single_file(request)
    filename = _base_name(options.get("filename") or file.name or "")
    return Upload(UploadedStream(cast(BinaryIO, file)), filename, options)


def _validate_options(given: QueryDict) -> dict[str, Any]:
    """Return the options with their defaults; raises ValidationError."""
    serializer = UploadOptionsSerializer(data=given.dict())
    serializer.is_valid(raise_exception=True)
    options: dict[str, Any] = serializer.validated_data
    return options


def _single_file(request: Request) -> UploadedFile:
    errors = {}
    for name, files in request.FILES.lists():
        if name != FILE_FIELD:
            message = f"Send the file in the form field {FILE_FIELD}."
            errors["?"] = [ErrorDetail(message, "unknown")]
        elif len(files) > 1:
            errors[FILE_FIELD] = [ErrorDetail("Send one file.", "repeated")]
    if errors:
        raise ValidationError(errors)
    if FILE_FIELD not in request.FILES:
        message = f"The form field {FILE_FIELD} is missing, or has no filename."
        raise parameter_error(FILE_FIELD, message, "required")
    return cast(UploadedFile, request.FILES[FILE_FIELD])


def _filename_in(header: str) -> str:
    """Return the filename in a Content-Disposition header, or ""."""
    # WSGI decodes headers as Latin-1; most clients send UTF-8.
    text = header.encode("latin-1").decode(errors="replace")
    try:
        _, parameters = parse_header_parameters(text)
    except ValueError:
        return ""
    return str(parameters.get("filename", ""))


def _base_name(path: str) -> str:
    """Return a client's filename without folders; raises ValidationError."""
    name = path.replace("\\", "/").rpartition("/")[2].strip()
    if name in _NOT_FILENAMES:
        message = "A filename is required: as parameter or in Content-Disposition."
        raise parameter_error("filename", message, "required")
    return name
