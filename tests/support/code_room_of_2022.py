"""The same, as if the kernel were of 2022: its Landlock knows no right to truncate."""

from benchmarks.rooms import locks
from tests.support.code_room import enter

locks.find_landlock_version = lambda: 2

__all__ = ["enter"]
