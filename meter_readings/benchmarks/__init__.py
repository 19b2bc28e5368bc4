"""Speed and memory: ratios inside one run, on files and databases of its own.

Nothing here touches the readings that are held: every step runs in a process of its
own, on a database made for it and thrown away.
"""

from .answering import ApiBenchmark
from .importing import ImportBenchmark
from .paging import PageBenchmark
from .partitions import PartitionBenchmark
from .steps import STEPS

__all__ = [
    "STEPS",
    "ApiBenchmark",
    "ImportBenchmark",
    "PageBenchmark",
    "PartitionBenchmark",
]
