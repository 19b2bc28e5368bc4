"""Site visits."""

from __future__ import annotations

from django.db import models

from meter_readings.d0010 import codes

from .constraints import max_length_q
from .flow_file import FlowFile
from .meter import Meter, MeterPoint


class SiteVisit(models.Model):
    """A site visit with its check code (groups 027, 029 and 033).

    A 026 or 028 without children is stored here too, without a code: a visit with
    neither a reading nor a reason.
    """

    flow_file = models.ForeignKey(
        FlowFile, models.PROTECT, related_name="site_visits", db_index=False
    )
    line_number = models.PositiveBigIntegerField()
    group = models.CharField(max_length=3)
    mpan_line_number = models.PositiveBigIntegerField("line of its 026")
    meter_line_number = models.PositiveBigIntegerField(
        "line of its 028", null=True, blank=True
    )
    reading_line_number = models.PositiveBigIntegerField(
        "line of its 030", null=True, blank=True
    )
    meter_point = models.ForeignKey(
        MeterPoint, models.PROTECT, related_name="site_visits"
    )
    meter = models.ForeignKey(
        Meter, models.PROTECT, related_name="site_visits", null=True, blank=True
    )
    check_code = models.CharField(
        max_length=2, choices=codes.SiteVisitCheckCode.choices, blank=True
    )
    additional_information = models.CharField(max_length=200, blank=True)
    bsc_validation_status = models.CharField(
        "BSC validation",
        max_length=1,
        choices=codes.BscValidationStatus.choices,
        blank=True,
    )
    reading_type = models.CharField(
        max_length=1, choices=codes.ReadingType.choices, blank=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["flow_file", "line_number"], name="one_site_visit_per_file_line"
            ),
            models.CheckConstraint(
                condition=max_length_q(
                    group=3,
                    check_code=2,
                    additional_information=200,
                    bsc_validation_status=1,
                    reading_type=1,
                ),
                name="site_visit_code_lengths",
            ),
        ]

    def __str__(self) -> str:
        label = codes.SiteVisitCheckCode.label_of(self.check_code)
        return label or "Visit without a code"
