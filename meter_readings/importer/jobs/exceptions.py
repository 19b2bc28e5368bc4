"""Exceptions that end an attempt of a job, which are no errors."""

from __future__ import annotations


class JobNotClaimed(Exception):
    """The queued job is claimed by another worker, cancelled or deleted."""


class JobTakenOver(Exception):
    """The sweep took this process for dead: another attempt of its job has begun."""


class JobCancelled(Exception):
    """A user cancelled the job."""


class JobReleased(Exception):
    """The worker stops; its job is to be queued again."""
