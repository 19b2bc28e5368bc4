"""The one way into the database, and the one way out of it again.

Doors import this package and nothing inside it.
"""

from .clear import ClearResult, ImportRunning, clear_database
from .findings import KEPT_PER_RULE
from .loaders import Busy
from .originals import OriginalLost, import_original, open_original
from .pipeline import ImportResult, Outcome, import_flow_file
from .room import StorageFull, room_for
from .rules import RULES, ImportCode, Rule, severity_of
from .source import SourceUnreadable, flow_files, shown
from .undo import NotImported, UndoResult, undo_import

__all__ = [
    "KEPT_PER_RULE",
    "RULES",
    "Busy",
    "ClearResult",
    "ImportCode",
    "ImportResult",
    "ImportRunning",
    "NotImported",
    "OriginalLost",
    "Outcome",
    "Rule",
    "SourceUnreadable",
    "StorageFull",
    "UndoResult",
    "clear_database",
    "flow_files",
    "import_flow_file",
    "import_original",
    "open_original",
    "room_for",
    "severity_of",
    "shown",
    "undo_import",
]
