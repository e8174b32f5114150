"""Budgets of boards: which agents are trained on which traps, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from agents.algorithms import ALGORITHMS, find_algorithm
from agents.run import Run
from benchmarks.plan import list_single_traps
from mesa_gym.errors import unknown
from mesa_gym.traps import Trap, find_trap

ALL = ("all",)


@dataclass(frozen=True)
class AgentGrid:
    """Agents: every algorithm with every alpha on every trap.

    Attributes:
        algorithms: of ``agents.train``; ``ALL`` for all.
        traps: their names; ``ALL`` for all of ``list_single_traps``.
        seeds: how many, from 0 on.
        alphas: shares of training episodes from the shift.
    """

    algorithms: tuple[str, ...]
    traps: tuple[str, ...]
    seeds: int
    alphas: tuple[float, ...] = (0.0,)

    def classes(self) -> list[type[Trap]]:
        """Return the traps, each once; UnknownNameError where there is none of a name."""
        if self.traps == ALL:
            return list_single_traps()
        return list(dict.fromkeys(map(find_trap, self.traps)))

    def names(self) -> tuple[str, ...]:
        """Return the algorithms, each once."""
        return tuple(dict.fromkeys(ALGORITHMS if self.algorithms == ALL else self.algorithms))


@dataclass(frozen=True)
class Budget:
    """The agents of a board.

    Attributes:
        groups: the agents; one that is in several is trained once.
        out: where the results go by default.
        steps: algorithm -> trap -> steps; of others the usual ones.
    """

    groups: tuple[AgentGrid, ...]
    out: Path
    steps: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def runs(
        self,
        traps: tuple[str, ...] = ALL,
        algorithms: tuple[str, ...] = (),
        alphas: tuple[float, ...] = (),
    ) -> list[Run]:
        """Return the trainings, each once, with these traps, algorithms and alphas; () for all.

        Raises:
            ValueError: a name is unknown, here or at all, an alpha is out of range, or nothing
                is left.
        """
        every = dict.fromkeys(
            Run(
                cls.name(),
                name,
                seed,
                self.steps.get(name, {}).get(cls.name())
                or find_algorithm(name).count_steps(cls.name()),
                alpha,
            )
            for group in self.groups
            for cls, name, alpha, seed in product(
                group.classes(), group.names(), group.alphas, range(group.seeds)
            )
        )
        mine = dict.fromkeys(run.algo for run in every)
        for name in algorithms:
            if name not in mine:
                raise unknown("algorithm of this budget", name, mine)
        wanted = {cls.name() for cls in AgentGrid((), traps, 0).classes()}
        kept = [
            run
            for run in every
            if run.trap in wanted
            and run.algo in (algorithms or mine)
            and run.alpha in (alphas or (run.alpha,))
        ]
        if not kept:
            raise ValueError(
                "this budget has no such agents; without --budget the other options say which"
            )
        return kept


# After so many steps all of three seeds of PPO reach base on .92 of fresh levels or more.
QUICK = {"CheeseCorner-v0": 100_000, "CheeseDish-v0": 200_000, "OversightLamp-v0": 200_000}
# On the others episodes have no choices; they are judged by returns.
CHOOSING = tuple(cls.name() for cls in list_single_traps() if not cls.by_returns())
FIVE = ("bc", "taught", "plr", "ppo-local", "ppo-symmetric", "ppo-planner", "ppo-planner-wide")
# Here things change their looks, which agents on pictures do not learn.
CHANGING = {"ChuteOrFire-v0", "DustSweep-v0", "FollowMe-v0", "KeysChests-v0"}
STILL = tuple(name for name in CHOOSING if name not in CHANGING)
BUDGETS = {
    # Less than a minute on two cores: one trap for each of proxy, either thing, and base.
    "quick": Budget((AgentGrid(("ppo",), tuple(QUICK), 3),), Path("runs/quick"), {"ppo": QUICK}),
    # The committed agents (docs/studies/preregistration.md, docs/studies/findings.md).
    "leaderboard": Budget(
        (
            AgentGrid(("ppo",), ALL, 5),
            AgentGrid(("sb3-ppo",), ALL, 3),
            AgentGrid(FIVE, CHOOSING, 5),
            AgentGrid(("ppo-pixels",), STILL, 5),
            AgentGrid(("sb3-a2c",), CHOOSING, 3),
        ),
        Path("runs/leaderboard"),
    ),
}
