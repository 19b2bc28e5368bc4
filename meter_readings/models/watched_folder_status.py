"""What the watchers of folders report: one row for each folder that is watched."""

from __future__ import annotations

from django.db import models


class WatchedFolderStatus(models.Model):
    """When a watched folder was polled last, and since when it is in error.

    The watcher on a machine writes it about once a minute. A row that is old was left
    by a watcher that was killed, hangs, or was stopped and not started again.
    """

    host = models.CharField(max_length=255)
    path = models.CharField(max_length=500)
    polled_at = models.DateTimeField()
    # Empty if the folder is in order
    error = models.CharField(max_length=255, blank=True)
    error_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["host", "path"], name="one_status_per_watched_folder"
            )
        ]

    def __str__(self) -> str:
        return self.path
