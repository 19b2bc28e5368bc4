"""Watched folders: imports files that appear in a folder, and moves them.

Polling is the only way: network drives send no events. The database is the truth: a
file that was imported and not moved is recognised and moved later.
"""

from .folder import WatchOptions
from .importing import Handled
from .moving import Destination
from .status import forget
from .stopping import Stop
from .watcher import Watcher

__all__ = ["Destination", "Handled", "Stop", "WatchOptions", "Watcher", "forget"]
