"""The CPU seconds of this process by phase of a training: import, trace, compile, learn, judge."""

from mesa_gym.phases import Phases

# The first lasts until another begins.
NAMES = ("import", "trace", "compile or load", "learn", "judge")
PHASES = Phases(*NAMES)  # of this process
