"""Hashes and SBOM: they name the packages of a production server, each exactly."""

from __future__ import annotations

import json
import re
from pathlib import Path

from django.test import SimpleTestCase
from packaging.utils import canonicalize_name

from config.environment import PROJECT_ROOT
from meter_readings import __version__

SCRIPTS = PROJECT_ROOT / "deployment_scripts"
REMEDY = "Run: deployment_scripts/lock_requirements.sh"


def packages(path: Path) -> set[tuple[str, str]]:
    """Return the names and versions in a list, and in those that it includes."""
    found = set()
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("-r "):
            found |= packages(path.parent / line[3:])
        elif pin := re.match(r"([\w.-]+)==([\w.]+)", line):
            found.add((canonicalize_name(pin[1]), pin[2]))
    return found


class RequirementsTests(SimpleTestCase):
    def setUp(self) -> None:
        self.required = packages(SCRIPTS / "requirements-production.txt")
        self.lock = SCRIPTS / "requirements-production.lock"

    def test_every_package_is_locked_at_its_version(self) -> None:
        self.assertGreater(len(self.required), 20)
        self.assertEqual(packages(self.lock), self.required, REMEDY)

    def test_every_locked_package_has_a_hash_of_each_kind_of_its_files(self) -> None:
        text = self.lock.read_text("utf-8")
        for package in re.findall(r"^\w.*(?:\n +--hash=.*)+", text, re.MULTILINE):
            # At least the source and the built package
            hashes = re.findall(r"--hash=sha256:[0-9a-f]{64}\b", package)
            self.assertGreaterEqual(len(hashes), 2, package)
        self.assertEqual(len(packages(self.lock)), len(re.findall("(?m)^\\w", text)))

    def test_the_sbom_names_every_package_and_the_version_of_the_product(self) -> None:
        bom = json.loads((SCRIPTS / "sbom.cdx.json").read_text("utf-8"))
        self.assertEqual(bom["bomFormat"], "CycloneDX")
        found = {(each["name"], each["version"]) for each in bom["components"]}
        self.assertEqual(found, self.required, REMEDY)
        product = bom["metadata"]["component"]
        self.assertEqual(product["name"], "kraken-d0010")
        self.assertEqual(product["version"], __version__, REMEDY)
