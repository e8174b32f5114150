"""Measurements of speed: environments, training, runs of the leaderboard, the viewer."""
