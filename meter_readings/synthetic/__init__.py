"""Generator of synthetic D0010 flow files: any size, valid or with chosen issues.

The output depends on the arguments alone, not on a clock or on random numbers. The
MPANs are well formed and belong to nobody.
"""

from .flow_files import ENCODING, FROM_DATE, InvalidOptions, flow_file_lines
from .mutations import MUTATIONS
from .shapes import Shape

# The issues that can be put into a file.
ISSUE_CODES = tuple(MUTATIONS)

__all__ = [
    "ENCODING",
    "FROM_DATE",
    "ISSUE_CODES",
    "InvalidOptions",
    "Shape",
    "flow_file_lines",
]
