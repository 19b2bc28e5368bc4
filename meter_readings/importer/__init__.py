"""The one way into the database, and the one way out of it again.

Doors import this package and nothing inside it.
"""

from .clear import (
    ClearResult,
    ImportRunning,
    alone,
    clear_database,
    remove_unnamed_originals,
)
from .findings import KEPT_PER_RULE
from .loaders import Busy
from .originals import (
    OriginalLost,
    import_original,
    keep_rewritten,
    kept_sha256,
    open_original,
)
from .pipeline import ImportResult, Outcome, import_flow_file
from .rules import RULES, ImportCode, Rule, severity_of
from .runner import (
    UNREADABLE,
    FileResult,
    ImportListener,
    ImportOptions,
    ImportRunner,
    ImportTotals,
    InputFile,
)
from .source import SourceUnreadable, flow_files, received_and_left, shown
from .storage import StorageFull, data_directories, disk_full_as, free_bytes
from .undo import NotImported, UndoResult, undo_import

__all__ = [
    "KEPT_PER_RULE",
    "RULES",
    "UNREADABLE",
    "Busy",
    "ClearResult",
    "FileResult",
    "ImportCode",
    "ImportListener",
    "ImportOptions",
    "ImportResult",
    "ImportRunner",
    "ImportRunning",
    "ImportTotals",
    "InputFile",
    "NotImported",
    "OriginalLost",
    "Outcome",
    "Rule",
    "SourceUnreadable",
    "StorageFull",
    "UndoResult",
    "alone",
    "clear_database",
    "data_directories",
    "disk_full_as",
    "flow_files",
    "free_bytes",
    "import_flow_file",
    "import_original",
    "keep_rewritten",
    "kept_sha256",
    "open_original",
    "received_and_left",
    "remove_unnamed_originals",
    "severity_of",
    "shown",
    "undo_import",
]
