"""Events of the audit trail about what jobs did."""

from __future__ import annotations

from meter_readings import audit
from meter_readings.models import AuditEvent, FlowFile, ImportJob


def record_act(job: ImportJob) -> None:
    """Record what a finished job did, in the transaction of the load."""
    is_clear = job.kind == ImportJob.Kind.CLEAR
    texts = {"policy": job.policy, "sha256": job.sha256}
    given = (texts | job.counts).items()
    audit.record(
        AuditEvent.Action(job.kind),
        None if is_clear else job.flow_file or FlowFile,
        label=job.subject,
        details={"job": job.pk, "outcome": job.outcome}
        | {name: value for name, value in given if value},
        channel=ImportJob.Channel(job.channel),
        user=job.requested_by,
    )
