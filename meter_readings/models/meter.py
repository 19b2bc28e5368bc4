"""Meter points and their meters."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse

from meter_readings import d0010

from .constraints import max_length_q
from .search_text import search_column


class MeterPoint(models.Model):
    """A metering point: a place of supply, identified by its MPAN core (J0003)."""

    mpan = models.CharField("MPAN", max_length=13, unique=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(mpan__regex=r"^[0-9]{13}\Z"), name="mpan_is_13_digits"
            ),
        ]

    def __str__(self) -> str:
        return d0010.mpan.format_mpan(self.mpan)

    def get_absolute_url(self) -> str:
        return reverse("admin:meter_readings_meterpoint_change", args=(self.pk,))

    @property
    def distributor(self) -> d0010.mpan.Distributor | None:
        """The distributor by the first two digits of the MPAN; None if unknown."""
        return d0010.mpan.distributor_of(self.mpan)


class Meter(models.Model):
    """A meter at one metering point, identified by its serial number (J0004).

    The same serial number at another MPAN is another row.
    """

    meter_point = models.ForeignKey(
        MeterPoint, models.PROTECT, related_name="meters", db_index=False
    )
    serial_number = models.CharField(max_length=20, db_index=True)
    serial_number_search = search_column("serial_number", max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["meter_point", "serial_number"],
                name="one_meter_per_meter_point_and_serial_number",
            ),
            models.CheckConstraint(
                condition=~Q(serial_number="") & max_length_q(serial_number=20),
                name="serial_number_is_1_to_20_characters",
            ),
        ]

    def __str__(self) -> str:
        return self.serial_number

    def get_absolute_url(self) -> str:
        return reverse("admin:meter_readings_meter_change", args=(self.pk,))
