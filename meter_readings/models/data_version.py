"""The data version, by which cached answers know that readings have changed."""

from __future__ import annotations

import secrets

from django.db import connections, models

_ONLY_ID = 1
_LENGTH = 32


class DataVersionManager(models.Manager["DataVersion"]):
    """Renews the data version, and reads it."""

    def renew(self) -> None:
        """Give the version a text that it never had.

        Every transaction that changes readings does, so that other connections see the
        new version with the changes.
        """
        version = DataVersion(pk=_ONLY_ID, text=secrets.token_hex(_LENGTH // 2))
        self.bulk_create(
            [version],
            update_conflicts=True,
            unique_fields=["pk"],
            update_fields=["text"],
        )

    def current_text(self) -> str | None:
        """Return the text of the version; None if nothing was ever changed.

        Plain SQL, because building the query takes longer than running it.
        """
        with connections[self.db].cursor() as cursor:
            cursor.execute(f"SELECT text FROM {DataVersion._meta.db_table}")
            row = cursor.fetchone()
        return str(row[0]) if row else None


class DataVersion(models.Model):
    """One row: random text that is another one after each change of readings.

    It is random so that it never comes back, whatever is undone or restored.
    """

    id = models.SmallIntegerField(primary_key=True, default=_ONLY_ID)
    text = models.CharField(max_length=_LENGTH)

    objects = DataVersionManager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=models.Q(id=_ONLY_ID), name="one_data_version"
            )
        ]

    def __str__(self) -> str:
        return self.text
