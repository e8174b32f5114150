"""Studies: tables of the documentation that the leaderboard does not make."""
