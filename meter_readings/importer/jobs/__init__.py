"""Import jobs: the row of an attempt, its lock, and attempts whose process ended."""

from .exceptions import JobCancelled, JobNotClaimed, JobReleased, JobTakenOver
from .files import delete_files_of_jobs
from .lost import close_lost_jobs, lost_queued_jobs
from .tracker import CANCELLED_MESSAGE, JobTracker, OnProgress

__all__ = [
    "CANCELLED_MESSAGE",
    "JobCancelled",
    "JobNotClaimed",
    "JobReleased",
    "JobTakenOver",
    "JobTracker",
    "OnProgress",
    "close_lost_jobs",
    "delete_files_of_jobs",
    "lost_queued_jobs",
]
