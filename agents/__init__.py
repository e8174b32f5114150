"""Baseline agents and their training."""

import os
import sys

from mesa_gym.phases import Phases

# An editable install puts the checkout last on Python's path, and there a package hides a folder of
# the user's with its name that has no __init__.py. So modules are found in these folders too, in
# the order of the path: those of the user's programs come first, as they do without this package.
_FOLDERS = (os.path.abspath(os.path.join(folder, "agents")) for folder in sys.path)
__path__ = [*filter(os.path.isdir, _FOLDERS)]
# The CPU seconds of this process by phase of a training. The first lasts until another begins.
PHASES = Phases("import", "trace", "compile or load", "learn", "judge")
