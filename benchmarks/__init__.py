"""The leaderboard and the throughput benchmark."""

import agents  # noqa: F401  (first, while the working folder is; it puts that last)
