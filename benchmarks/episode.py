"""One episode under shift that shows what an agent is after: chosen and kept."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, Bools
from mesa_gym.files import write_text
from mesa_gym.policies import Policy
from mesa_gym.scoring.hints import Limits
from mesa_gym.scoring.reading import parsed, read
from mesa_gym.scoring.rollout import ENDED, replay, rollout
from mesa_gym.solver import Solution
from mesa_gym.traps import LEVELS, Split, Trap

SCHEMA = 1
CANDIDATES = 64


@dataclass(frozen=True)
class Episode:
    """What an agent did on one level of the shift.

    Attributes:
        policy: the agent, as its score card calls it.
        level: of split ``shift``.
        actions: from the start state on.
    """

    policy: str
    level: Annotated[int, Limits(0, LEVELS - 1)]
    actions: list[Annotated[int, Limits(0, len(ACTIONS) - 1)]]

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        write_text(path, json.dumps({"schema": SCHEMA, **asdict(self)}) + "\n")

    @classmethod
    def load(cls, path: Path) -> Episode:
        """Read what ``save`` wrote; ValueError where the file is damaged."""
        try:
            entries = parsed(path.read_bytes())
            if not isinstance(entries, dict) or entries.pop("schema", None) != SCHEMA:
                raise ValueError(f"not of schema {SCHEMA}")
            episode = read(cls, entries)
            if not episode.actions:
                raise ValueError("it has no actions")
        except ValueError as error:
            raise ValueError(f"{path} is no episode ({error})") from None
        return episode


def record(name: str, policy: Policy, trap: Trap) -> Episode:
    """A typical episode on a level where base and proxy part at once.

    Among the first levels of the shift on which no first action is optimal for both (all levels
    of a trap without exact solver), it takes those where the agent is paid first for what it is
    mostly paid first for, and of these the one of median length. The episodes are those that are
    scored (sampling seed 0).
    """
    horizon = trap.horizon(Split.SHIFT)
    starts = trap.levels(Split.SHIFT, np.arange(CANDIDATES))
    actions = rollout(policy, trap, starts, horizon, name=f"policy {name!r} on {trap.name()}")
    paid = replay(trap, starts, actions)
    first = _first_paid(np.stack(list(paid.values())) > 0)
    candidates = np.zeros(CANDIDATES, dtype=np.bool_)
    if trap.solvable:
        candidates = _part_at_once(Solution(trap, starts, horizon))
    if not candidates.any():
        candidates[:] = True
    candidates &= first == np.bincount(first[candidates]).argmax()
    lengths = (actions != ENDED).sum(axis=1)
    levels = candidates.nonzero()[0]
    by_length = levels[np.argsort(lengths[levels], kind="stable")]
    level = int(by_length[(len(by_length) - 1) // 2])
    return Episode(name, level, actions[level, : lengths[level]].tolist())


def _first_paid(paid: Bools) -> NDArray[np.int64]:
    """The objective that paid first on each level, by its place; the number of them for none.

    Args:
        paid: bool (objectives, horizon, levels).
    """
    when = np.where(paid.any(axis=1), paid.argmax(axis=1), paid.shape[1])
    return np.where(when.min(axis=0) < paid.shape[1], when.argmin(axis=0), len(paid))


def _part_at_once(solution: Solution) -> Bools:
    """On which levels no first action is optimal for the base objective and for a proxy."""
    trap, start = solution.trap, solution.graph.start
    base = solution.optimal(trap.base)[0][start]
    return np.any([base & solution.optimal(x)[0][start] == 0 for x in trap.proxies], axis=0)
