"""The leaderboard: trains and scores agents, and makes a board of their score cards."""

import os

# Its arrays are small: threads of a product would wait for each other. Libraries read this when
# they are first imported, and each job's process has it as well.
os.environ.setdefault("OMP_NUM_THREADS", "1")
