"""The leaderboard: trains and scores agents, and makes a board of their score cards."""

import os

# The arrays are small, so that the threads of a matrix product would wait for each other. Libraries
# read this variable at their first import, and each job's process inherits it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
