"""Sweeps: train agents over one or more axes, and show a table, a picture and notes.

>>> from agents.sweeps import plot_sweep, sweep
>>> table = sweep(["ColourShape"], {"alpha": [0, 0.01]}, range(2), "runs/alpha")  # doctest: +SKIP
>>> plot_sweep(table).savefig("alpha.svg")  # doctest: +SKIP
"""

from agents.sweeps.axes import SweepCell, list_cells
from agents.sweeps.plot import plot_sweep
from agents.sweeps.table import Sweep, SweepRow, sweep

__all__ = ["Sweep", "SweepCell", "SweepRow", "list_cells", "plot_sweep", "sweep"]
