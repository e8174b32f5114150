"""Baseline agents and their training."""

import mesa_gym  # noqa: F401  (first: under ``python -m`` it puts the working folder last)
