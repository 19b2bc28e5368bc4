"""Uploads: small files are imported while the client waits, larger ones are queued."""

from __future__ import annotations

from dataclasses import replace

from django.utils import timezone

from meter_readings import importer
from meter_readings.models import FlowFile, ImportJob

from . import queue, requests

# The import of a smaller file takes less than a second, unless it waits for another.
MAX_INLINE_BYTES = 256 * 1024
# Seconds that a small file waits for another import before it is queued
_INLINE_LOCK_TIMEOUT = 1.0

# Another process has the job, or a user cancelled it.
_NOT_OURS = importer.JobNotClaimed, importer.JobTakenOver, importer.JobCancelled


def upload_runner(
    options: importer.ImportOptions,
    *,
    tolerated: tuple[type[Exception], ...],
    max_members: int | None = None,
) -> importer.ImportRunner:
    """Return the runner for the files of an upload; it tolerates ImportLockTimeout."""
    kind = importer.ImportRunner if requests.is_immediate() else QueueingRunner
    return kind(options, tolerated=tolerated, max_members=max_members)


class QueueingRunner(importer.ImportRunner):
    """An import runner whose results have the job of a file that was queued."""

    def import_member(
        self,
        target: importer.FileResult,
        member: importer.ArchiveMember,
        queued_job: ImportJob | None = None,
    ) -> importer.FileResult:
        """Import the file now, or queue it; a dry run needs no worker."""
        if self.options.dry_run:
            return super().import_member(target, member)
        try:
            upload = importer.store_upload(stream=member.stream)
            is_quick = _is_quick(upload)
            job = requests.enqueue_upload(
                upload=upload,
                filename=member.filename,
                policy=self.options.policy,
                channel=self.options.channel,
                requested_by=self.options.requested_by,
                allow_same_name=self.options.allow_same_name,
                now=timezone.now(),
                is_sent=not is_quick,
            )
            if is_quick and job.upload == upload.name:
                return self._import_now(target, member, job)
        except self.tolerated as error:
            return replace(target, error=error)
        return replace(target, job=job)

    def _import_now(
        self,
        target: importer.FileResult,
        member: importer.ArchiveMember,
        job: ImportJob,
    ) -> importer.FileResult:
        """Import a stored upload; queue it if another import goes on for long."""
        name, options = job.upload, self.options
        self.options = replace(options, lock_timeout=_INLINE_LOCK_TIMEOUT)
        try:
            with importer.open_upload(name=name) as stream:
                member = member._replace(stream=stream)
                result = super().import_member(target, member, job)
        except _NOT_OURS:
            return replace(target, job=job)
        finally:
            self.options = options
        if isinstance(result.error, importer.ImportLockTimeout):
            queue.release(job=job)
            return replace(target, job=job)
        if result.result is not None:
            importer.delete_upload(name=name)
        return result


def _is_quick(upload: importer.Upload) -> bool:
    """Return whether the file is small, or imported already."""
    imported = FlowFile.objects.filter(status=FlowFile.Status.IMPORTED)
    return (
        upload.size <= MAX_INLINE_BYTES
        or imported.filter(sha256=upload.sha256).exists()
    )
