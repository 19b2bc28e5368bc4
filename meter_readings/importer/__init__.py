"""The importer: validates, loads, undoes and clears flow files.

It alone writes readings. Other packages import these names, and the messages in
`result_messages` and `formatting`.
"""

from .clear import (
    ClearResult,
    ImportRunning,
    clear_database,
    delete_unreferenced_files,
    exclusive_import_lock,
)
from .files.archives import UnreadableFile, iter_flow_files, sanitise_filename
from .files.disk_space import (
    StorageFull,
    StorageNotWritable,
    data_directories,
    disk_full_as,
    free_bytes,
)
from .files.spooling import abandoned_spool_files
from .findings import MAX_STORED_PER_RULE
from .originals import (
    OriginalMissing,
    content_sha256,
    import_original,
    open_original,
    store_redacted,
)
from .pipeline import import_flow_file
from .result import ImportResult
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
from .undo import NotImported, UndoResult, undo_import

__all__ = [
    "MAX_STORED_PER_RULE",
    "RULES",
    "UNREADABLE",
    "ClearResult",
    "FileResult",
    "ImportIssueCode",
    "ImportListener",
    "ImportLockTimeout",
    "ImportOptions",
    "ImportResult",
    "ImportRunner",
    "ImportRunning",
    "ImportTotals",
    "InputFile",
    "NotImported",
    "OriginalMissing",
    "Rule",
    "StorageFull",
    "StorageNotWritable",
    "UndoResult",
    "UnreadableFile",
    "abandoned_spool_files",
    "clear_database",
    "content_sha256",
    "data_directories",
    "delete_unreferenced_files",
    "disk_full_as",
    "exclusive_import_lock",
    "free_bytes",
    "import_flow_file",
    "import_original",
    "iter_flow_files",
    "open_original",
    "os_error_reason",
    "sanitise_filename",
    "severity_of",
    "store_redacted",
    "undo_import",
]
