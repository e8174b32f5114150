"""Targets of speed, and whether they are reached."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.speed import BANK, Report
from mesa_gym.traps import find_trap

BANDWIDTH = 40e9  # bytes copied a second on the core for which STEPS holds
# (trap with size, levels) -> steps a second of 1,024 environments.
AT = 1024
STEPS = {
    ("CheeseCorner-v0(size=13x13)", BANK): 14e6,
    ("CheeseCorner-v0(size=13x13)", None): 5e6,
    ("KeysChests-v0(size=9x9)", BANK): 9e6,
    ("RedBlueDoors-v0(size=9x9, colour_planes=1)", BANK): 8e6,
}
# Any other trap, on levels that come again.
STEPS_ELSE = {"solvable": 4e6, "random": 2e6}
# A single environment against Minigrid's, levels that never repeat included.
TIMES_MINIGRID = {"CheeseCorner-v0(size=9x9)": 5.0}
TIMES_MINIGRID_ELSE = 3.0
SHARE_OF_STUB = 0.9
IMPORTING, FIRST_STEP = 0.5, 0.3  # seconds beyond gymnasium's own import


@dataclass(frozen=True)
class Check:
    """A number with its target; ``most`` where the target is an upper bound."""

    what: str
    value: float
    target: float
    most: bool = False

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return self.value <= self.target if self.most else self.value >= self.target

    @property
    def bound(self) -> str:
        """The sign before the target."""
        return "<=" if self.most else ">="

    @property
    def answer(self) -> str:
        """Yes, or how much of the target was reached."""
        return "yes" if self.met else f"NO, {self.value / self.target:.1%} of it"


def checks(report: Report) -> list[Check]:
    """Every number that has a target, which is scaled where memory sets the pace."""
    found = []
    for row in report.steps:
        target = STEPS.get((row.trap, row.levels))
        if target is None and row.levels is not None:
            solvable = find_trap(row.trap.split("(")[0]).solvable
            target = STEPS_ELSE["solvable" if solvable else "random"]
        if target is not None:
            scaled = target * report.copying / BANDWIDTH
            what = f"{row.trap}, {row.levels_named()}: M steps/s at {AT:,}"
            found.append(Check(what, row.rates[AT] / 1e6, scaled / 1e6))
    for row in report.steps:
        target = TIMES_MINIGRID.get(row.trap, TIMES_MINIGRID_ELSE)
        what = f"{row.trap}, {row.levels_named()}: one, times Minigrid"
        found.append(Check(what, row.rates[1] / report.minigrid, target))
    for learning in report.learning:
        what = f"{learning.trap}: SB3 PPO, share of the stub's frames/s"
        found.append(Check(what, learning.ours / learning.stub, SHARE_OF_STUB))
    found.append(Check("import, seconds", report.importing, IMPORTING, most=True))
    found.append(Check("import to first step, seconds", report.first_step, FIRST_STEP, most=True))
    return found
