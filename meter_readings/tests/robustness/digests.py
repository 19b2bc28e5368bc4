"""What an import says, in the words in which it is expected."""

from meter_readings.importer import ImportResult

from .reference_model import Load, Verdict


def verdict_of(result: ImportResult) -> Verdict:
    """Return what an import said came of it."""
    loaded = result.loaded
    return Verdict(
        result.outcome.value,
        result.readings_read,
        result.readings_loaded,
        result.finding_counts,
        Load(**loaded._asdict()) if loaded else None,
    )
