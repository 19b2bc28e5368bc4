"""Files, attempts to import them, and what there is to say about them."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse
from django.utils.cache import get_conditional_response
from rest_framework.request import Request

from meter_readings import importer
from meter_readings.models import Finding, FlowFile, ImportJob

from .errors import Problem
from .filters import FindingQuery, FlowFileQuery, ImportQuery
from .permissions import EXPORT
from .serializers import FindingSerializer, FlowFileSerializer, ImportSerializer
from .uploads import TakesFiles
from .views import ApiView, Detail, LongList, ShortList, tagged


@tagged
class FlowFileList(TakesFiles, ShortList):
    """Files as they came, those received latest first."""

    http_method_names = ["get", "head", "post"]
    model = FlowFile
    permissions: tuple[str, ...] = ("view_flowfile",)
    query_class = FlowFileQuery
    serializer_class = FlowFileSerializer


@tagged
class FlowFileDetail(Detail):
    """One file: what its header says, what was counted, what became of it."""

    model = FlowFile
    permissions: tuple[str, ...] = ("view_flowfile",)
    serializer_class = FlowFileSerializer


class BytesGone(Problem):
    """The row is there and the bytes are not."""

    status_code = 404
    default_detail = "The original bytes of this file are no longer kept."


class FlowFileContent(ApiView):
    """The bytes of a file as they came, but for what was taken out on request since.

    Their ETag is their SHA-256.
    """

    model = FlowFile
    permissions: tuple[str, ...] = ("view_flowfile", EXPORT)
    is_tagged = True
    media_type = "application/octet-stream"

    def get(self, request: Request, pk: int) -> Any:
        """Return the bytes, or that they are as they were."""
        flow_file = self.found(pk)
        if not flow_file.content:
            raise BytesGone
        etag = f'"{importer.content_sha256(flow_file)}"'
        answered = get_conditional_response(request, etag=etag)
        if answered is not None:
            return answered
        try:
            content = importer.open_original(flow_file=flow_file)
        except importer.OriginalMissing as error:
            raise BytesGone from error
        return FileResponse(
            content,
            as_attachment=True,
            filename=f"flow-file-{flow_file.pk}.uff",
            content_type=self.media_type,
            headers={"ETag": etag},
        )


class ImportList(ShortList):
    """Attempts to import files, or to undo imports, the latest first."""

    model = ImportJob
    related = ("requested_by",)
    permissions: tuple[str, ...] = ("view_importjob",)
    query_class = ImportQuery
    serializer_class = ImportSerializer


class ImportDetail(Detail):
    """One attempt: how far it is, or what came of it."""

    model = ImportJob
    related = ("requested_by",)
    permissions: tuple[str, ...] = ("view_importjob",)
    serializer_class = ImportSerializer


class FindingList(LongList):
    """What there is to say about files and their lines."""

    model = Finding
    permissions: tuple[str, ...] = ("view_finding",)
    query_class = FindingQuery
    serializer_class = FindingSerializer


class FindingDetail(Detail):
    """One finding."""

    model = Finding
    permissions: tuple[str, ...] = ("view_finding",)
    serializer_class = FindingSerializer


class FindingsOfFlowFile(FindingList):
    """What there is to say about one file and its lines."""

    permissions: tuple[str, ...] = ("view_finding", "view_flowfile")
    parent = FlowFile
    parent_name = "flow_file"
