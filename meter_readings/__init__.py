"""UK electricity meter readings: received as D0010 files, stored, and found again."""

__version__ = "1.0.0"
