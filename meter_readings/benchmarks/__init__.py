"""Benchmarks of imports and of the API, on temporary databases.

Every measurement runs in a process and a database made for it; the database of the
settings is neither read nor written.
"""
