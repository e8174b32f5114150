"""The cells of a sweep: a trap, an algorithm, and a value of each axis."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from agents.algorithms import SETTING_NAMES
from agents.run import Run, read_value
from mesa_gym.errors import shorten, unknown
from mesa_gym.traps import find_trap

# Axes that are neither settings of the algorithm nor keywords of the trap, and their meanings.
OF_RUN = {
    "steps": "environment steps of the training",
    "alpha": "the share of training episodes that come from the shift, where reward is paid too",
    "reward": "the objective that is paid; base unless another is named",
    "num_levels": "how many different levels the training has",
}
USUAL = "usual"  # the folder of the only cell of a sweep without axes


@dataclass(frozen=True)
class SweepCell:
    """A point of a sweep.

    Attributes:
        trap: the trap's name with version.
        algo: the algorithm's name, as for ``agents.algorithms.find_algorithm``.
        values: (axis, value) pairs, in the order of the axes.
    """

    trap: str
    algo: str
    values: tuple[tuple[str, Any], ...]

    @property
    def folder(self) -> str:
        """The folder of the cell's agents, with axes in order: ``alpha=0.01,num_levels=300``."""
        words = ",".join(f"{name}={value}" for name, value in sorted(self.values))
        return re.sub(r"[^\w=.,+-]", "_", words) or USUAL

    def list_runs(self, seeds: Iterable[int]) -> list[Run]:
        """Return the cell's trainings, one per seed.

        Raises:
            ValueError: a value is out of range, or the algorithm or trap does not take an axis.
        """
        of_run = {name: value for name, value in self.values if name in OF_RUN}
        settings = {name: value for name, value in self.values if name in SETTING_NAMES}
        keywords = [f"{x}={y}" for x, y in self.values if x not in (*OF_RUN, *SETTING_NAMES)]
        run = Run(self.trap, self.algo, keywords=tuple(keywords), **of_run).change(**settings)
        return run.repeat(seeds)


def list_cells(
    traps: Sequence[str], axes: Mapping[str, Sequence[Any]], algorithms: Sequence[str] = ("ppo",)
) -> list[SweepCell]:
    """Return the cells of a sweep, trap by trap.

    Args:
        traps: names of traps.
        axes: name -> values. A name is a keyword of the traps, a setting of the algorithms, or one
            of ``steps``, ``alpha``, ``reward`` and ``num_levels``.
        algorithms: names of algorithms, or ``FILE.py:function``.

    Raises:
        UnknownNameError: an axis is unknown; the message suggests the nearest name.
        ValueError: an axis has a value twice or has no values, or a cell's training is invalid.
    """
    for name, values in axes.items():
        if len({str(value) for value in values}) < len(values) or not values:
            raise ValueError(
                f"axis {name} has the values [{', '.join(map(str, values))}]; expected at least one"
                " value, and each value once, such as alpha=0,0.01"
            )
    cells = []
    for trap in traps:
        trap_class = find_trap(trap)
        names = [*OF_RUN, *SETTING_NAMES, *trap_class.keywords()]
        for name in axes:
            if name not in names:
                raise unknown(f"axis of {trap_class.name()}", name, names)
        for algo, *values in product(algorithms, *axes.values()):
            cell = SweepCell(trap_class.name(), algo, tuple(zip(axes, values, strict=True)))
            cell.list_runs([0])  # raises if the training is invalid
            cells.append(cell)
    return cells


def read_axes(words: Iterable[str]) -> dict[str, list[Any]]:
    """Parse axes such as ``alpha=0,.01``: name -> values.

    Raises:
        ValueError: a word does not have this form, or an axis occurs twice.
    """
    axes = dict[str, list[Any]]()
    for word in words:
        name, equals, values = word.partition("=")
        if not (name and equals and values):
            raise ValueError(
                f"--vary {shorten(word)}: expected AXIS=VALUE,VALUE, such as alpha=0,0.01"
            )
        name = name.replace("-", "_")
        if name in axes:
            raise ValueError(f"--vary {name} is given twice; list all its values in one --vary")
        axes[name] = [read_value(value) for value in values.split(",")]
    return axes
