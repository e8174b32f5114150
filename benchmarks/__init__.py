"""The leaderboard and the throughput benchmark."""
