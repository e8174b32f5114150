"""The leaderboard and the throughput benchmark."""

import os
import sys

# As in `agents`: a folder `benchmarks` of the user's is not hidden.
_FOLDERS = (os.path.abspath(os.path.join(folder, "benchmarks")) for folder in sys.path)
__path__ = [*filter(os.path.isdir, _FOLDERS)]
