"""Generator of documentation/D0010_FORMAT.md from the tables of the D0010 library."""
