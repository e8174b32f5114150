"""mesa_gym: gridworlds that are traps for goal misgeneralization."""

__version__ = "0.1.0"
