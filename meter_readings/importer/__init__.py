"""The one way into the database, and the one way out of it again.

Doors import this package and nothing inside it.
"""

from .clear import (
    ClearResult,
    ImportRunning,
    alone,
    clear_database,
    delete_unreferenced_files,
)
from .files import UnreadableFile, abandoned_spool_files, flow_files, shown
from .findings import MAX_STORED_PER_RULE
from .originals import (
    OriginalMissing,
    content_sha256,
    import_original,
    open_original,
    store_redacted,
)
from .pipeline import ImportResult, Outcome, import_flow_file
from .rules import RULES, ImportIssueCode, Rule, severity_of
from .runner import (
    UNREADABLE,
    FileResult,
    ImportListener,
    ImportOptions,
    ImportRunner,
    ImportTotals,
    InputFile,
    os_error_reason,
)
from .staging import ImportLockTimeout
from .storage import StorageFull, data_directories, disk_full_as, free_bytes
from .undo import NotImported, UndoResult, undo_import

__all__ = [
    "MAX_STORED_PER_RULE",
    "RULES",
    "UNREADABLE",
    "ImportLockTimeout",
    "ClearResult",
    "FileResult",
    "ImportIssueCode",
    "ImportListener",
    "ImportOptions",
    "ImportResult",
    "ImportRunner",
    "ImportRunning",
    "ImportTotals",
    "InputFile",
    "NotImported",
    "OriginalMissing",
    "Outcome",
    "Rule",
    "UnreadableFile",
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
    "store_redacted",
    "content_sha256",
    "open_original",
    "os_error_reason",
    "abandoned_spool_files",
    "delete_unreferenced_files",
    "severity_of",
    "shown",
    "undo_import",
]
