"""What stands nowhere in the code, because of what would come of it."""

from __future__ import annotations

import re
from pathlib import Path
from unittest import TestCase

from config.environment import PROJECT_ROOT

# Each with what it would let happen; what may have it all the same stands in brackets.
UNWANTED = {
    # What somebody sent is shown as code.
    r"mark_safe|SafeString\(|\|\s*safe\b|autoescape off": (),
    # What somebody sent becomes a part of SQL, or of what is looked up.
    r"RawSQL|\.extra\(|\*\*request\.": (),
    # A form of another site's is taken. The view protects what comes after its look at
    # who asks.
    r"csrf_exempt": ("meter_readings/admin_views/upload.py",),
    # What is kept is run when it is read again.
    r"\bpickle\b|\bmarshal\b|yaml\.(unsafe_)?load\(|(?<!\.)\b(eval|exec)\(": (),
    r"os\.system|shell=True": (),
    # SQLite has no such locks, so nothing may rest on them.
    r"select_for_update": (),
    # A lock of a session outlives its transaction, and a pooler lends it to others.
    r"pg_(try_)?advisory_lock\b": (),
    # Digits of every script are digits to these.
    r"\.isdigit\(|\.isnumeric\(": (),
    # Every request would be a transaction that writes.
    r"ATOMIC_REQUESTS": (),
    # What one person is shown is kept for others.
    r"cache_page|UpdateCacheMiddleware": (),
}
_FOLDERS = ("config", "meter_readings")
_KINDS = {".py", ".html", ".txt"}


def code() -> dict[str, str]:
    """Return the text of every file of the project's own, tests left out."""
    return {
        str(path.relative_to(PROJECT_ROOT)): path.read_text(encoding="utf-8")
        for folder in _FOLDERS
        for path in Path(PROJECT_ROOT, folder).rglob("*")
        if path.suffix in _KINDS and "tests" not in path.parts
    }


class UnwantedTests(TestCase):
    def test_stands_nowhere_but_where_it_is_meant(self) -> None:
        files = code()
        self.assertGreater(len(files), 200)
        for pattern, places in UNWANTED.items():
            with self.subTest(pattern):
                found = [name for name in files if re.search(pattern, files[name])]
                self.assertEqual(sorted(found), sorted(places))
