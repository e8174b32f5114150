"""Baseline agents and their training."""

from mesa_gym.phases import Phases

# The CPU seconds of this process by phase of a training. The first lasts until another begins.
PHASES = Phases("import", "trace", "compile or load", "learn", "judge")
