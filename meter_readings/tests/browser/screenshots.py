"""Take the screenshots of the documentation from the real pages, with the sample files.

`deployment_scripts/update_screenshots.sh` runs it. SCREENSHOTS names the folder.
"""

from __future__ import annotations

import os
from pathlib import Path

from django.db.models import Count
from django.urls import reverse

from meter_readings.models import FlowFile, MeterPoint, Reading

from .base import BrowserTestCase

# A README shows this width without making the text too small.
_SIZE = {"width": 1100, "height": 720}


class Screenshots(BrowserTestCase):
    def test_take_screenshots(self) -> None:
        folder = Path(os.environ["SCREENSHOTS"])
        page = self.page(user=self.alice, viewport=_SIZE, color_scheme="light")
        for name, address in self.addresses().items():
            page.goto(address)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=folder / f"{name}.png")

    def addresses(self) -> dict[str, str]:
        """Return the address of each screenshot, by its name."""
        # The meter point with the most readings
        by_point = Reading.objects.values("meter__meter_point").annotate(Count("pk"))
        most = by_point.order_by("-pk__count", "meter__meter_point").first()
        assert most is not None
        point = MeterPoint.objects.get(pk=most["meter__meter_point"])
        rejected = FlowFile.objects.filter(filename="rejected_with_issues.uff").first()
        assert rejected is not None
        return {
            "home": "/",
            "meter_point": point.get_absolute_url(),
            "flow_file": rejected.get_absolute_url(),
            "upload": reverse("upload"),
            "api": reverse("api:docs"),
        }
