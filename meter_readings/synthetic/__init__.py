"""Made-up flow files: of any size, valid or faulty, and the samples that are shipped.

They depend on nothing but what is asked for: no clock, no chance. Their MPANs are
right in form and belong to nobody.
"""

from .faults import SPOILINGS
from .flow_files import FROM_DATE, ImpossibleFlowFile, flow_file_lines, write_lines
from .meters import is_synthetic
from .recipes import RECIPES, Recipe

# The faults that can be asked for.
FAULTS = tuple(SPOILINGS)

__all__ = [
    "FAULTS",
    "FROM_DATE",
    "RECIPES",
    "ImpossibleFlowFile",
    "Recipe",
    "flow_file_lines",
    "is_synthetic",
    "write_lines",
]
