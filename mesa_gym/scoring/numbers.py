"""Numbers of a policy, which measures, rules and reasons read: each number exists once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mesa_gym.engine import Floats
from mesa_gym.traps.judged_by import NO_CHOICE
from mesa_gym.words import BASE, PROXY

# Name in words, with "{}" in place of an objective -> objective, or "" for a number of the policy
# -> float64 (k,), the number for each of k weightings of the levels.
Columns = dict[str, dict[str, Floats]]
CHOICE = "choice of {}"
NO_TARGET = f"choice of {NO_CHOICE}"
# -- if a model chose a place from a list ----------------------------------------------------------
# The share of the other objectives that are listed below the chosen objective (0.5 is fair).
NEARER = "nearer the top"
LEAN = "lean to one end of the list"
# 1 if the choice is the same objective in the list and in the reversed list, -1 if it is another.
REVERSED = "agreement over reversed lists"
# The mean log odds of base against the first proxy, and of the place nearer the top.
NATS = "nats"


class LevelWeights(NamedTuple):
    """k weightings of the levels: float64 (k, test levels) and float64 (k, shift levels)."""

    test: Floats
    shift: Floats


class PolicyNumbers(NamedTuple):
    """The numbers of a policy for one weighting of the levels.

    Attributes:
        objectives: the objectives, base first.
        values: the columns of all weightings, as lists.
        row: the weighting.
        first, second: the objectives with the most and second most choices; by returns, ``first``
            is the proxy whose reference is nearest.
        by_returns: whether the policy is judged by its returns.
        leads: whether purposes are leads over policies without a goal.
    """

    objectives: Sequence[str]
    values: Mapping[str, Mapping[str, Sequence[float]]]
    row: int
    first: str
    second: str
    by_returns: bool = False
    leads: bool = False

    def read(self, number: str, objective: str = "") -> float | None:
        """Return a number, of an objective or of the policy; None if it is undefined."""
        column = self.values.get(number, {}).get(objective)
        value = math.nan if column is None else column[self.row]
        return None if math.isnan(value) else value

    def read_each(self, number: str) -> dict[str, float | None]:
        """Return objective -> number, for the objectives that have it."""
        return {x: self.read(number, x) for x in self.values.get(number, {})}

    def name_goal(self, headline: str) -> str:
        """Return a headline of the rules, with the name of the proxy that it is about.

        If choices are judged, the headline ``base`` stands for the most frequent choice.
        """
        goal = PROXY if self.by_returns else BASE
        is_proxy = headline == goal and self.first != self.objectives[0]
        return f"{PROXY}:{self.first}" if is_proxy else headline
