"""The importer: validates, loads, undoes and clears flow files; corrects readings.

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
from .corrections import (
    AdvanceChange,
    ChangedSincePreview,
    CorrectionResult,
    Effects,
    EndChange,
    InvalidCorrection,
    ReadingValues,
    VersionChange,
    add_reading,
    correct_reading,
    undo_correction,
    withdraw_reading,
)
from .files.archives import (
    ArchiveMember,
    UnreadableFile,
    iter_flow_files,
    sanitise_filename,
)
from .files.disk_space import (
    StorageFull,
    StorageNotWritable,
    data_directories,
    disk_full_as,
    free_bytes,
)
from .files.export_files import (
    ExportMissing,
    create_export,
    delete_unreferenced_exports,
    new_export_name,
    open_export,
)
from .files.partial_names import is_partial_name
from .files.spooling import abandoned_spool_files
from .files.uploads import (
    Upload,
    UploadMissing,
    delete_upload,
    old_uploads,
    open_upload,
    store_upload,
)
from .findings import MAX_STORED_PER_RULE
from .jobs import (
    CANCELLED_MESSAGE,
    JobCancelled,
    JobNotClaimed,
    JobReleased,
    JobTakenOver,
    JobTracker,
    delete_files_of_jobs,
    lost_queued_jobs,
)
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
    "CANCELLED_MESSAGE",
    "MAX_STORED_PER_RULE",
    "RULES",
    "UNREADABLE",
    "AdvanceChange",
    "ArchiveMember",
    "ChangedSincePreview",
    "ClearResult",
    "CorrectionResult",
    "Effects",
    "EndChange",
    "ExportMissing",
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
    "InvalidCorrection",
    "JobCancelled",
    "JobNotClaimed",
    "JobReleased",
    "JobTakenOver",
    "JobTracker",
    "NotImported",
    "OriginalMissing",
    "ReadingValues",
    "Rule",
    "StorageFull",
    "StorageNotWritable",
    "UndoResult",
    "UnreadableFile",
    "Upload",
    "UploadMissing",
    "VersionChange",
    "abandoned_spool_files",
    "add_reading",
    "clear_database",
    "content_sha256",
    "correct_reading",
    "create_export",
    "data_directories",
    "delete_files_of_jobs",
    "delete_unreferenced_exports",
    "delete_unreferenced_files",
    "delete_upload",
    "disk_full_as",
    "exclusive_import_lock",
    "free_bytes",
    "import_flow_file",
    "import_original",
    "is_partial_name",
    "iter_flow_files",
    "lost_queued_jobs",
    "new_export_name",
    "old_uploads",
    "open_export",
    "open_original",
    "open_upload",
    "os_error_reason",
    "sanitise_filename",
    "severity_of",
    "store_redacted",
    "store_upload",
    "undo_correction",
    "undo_import",
    "withdraw_reading",
]
