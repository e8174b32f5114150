"""The same, whose rooms find that the process which started them is gone."""

import os

from tests.support.code_room import enter

os.getppid = lambda: 1

__all__ = ["enter"]
