"""Budgets of boards: which agents are trained on which traps, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agents.train import ALGORITHMS, Run
from mesa_gym.errors import unknown
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.traps import Trap, all_traps, find_trap

ALL = ("all",)
# The results that are committed.
COMMITTED = Path("benchmarks/results")
USUAL = "usual"
# Traps whose episodes are long or whose rules take long to learn.
LONG = (
    "ChuteOrFire-v0",
    "DustSweep-v0",
    "DustVacuum-v0",
    "FollowMe-v0",
    "KeysChests-v0",
    "MonsterWorld-v0",
    "TreeFarm-v0",
)
# Algorithm -> trap -> steps, chosen by competence and by the one to three minutes that a training
# may take (agents/README.md). A network without an entry takes what its algorithm takes, and an
# algorithm without one what PPO takes.
STEPS: dict[str, dict[str, int]] = {
    "ppo": {USUAL: 1_500_000, **dict.fromkeys(LONG, 2_000_000), "KeysChests-v0": 4_000_000},
    "ppo-cnn": {USUAL: 1_000_000, **dict.fromkeys(LONG, 1_500_000)},
    "a2c": {USUAL: 3_000_000, **dict.fromkeys(LONG, 6_000_000)},
    "a2c-cnn": {USUAL: 2_000_000, **dict.fromkeys(LONG, 2_500_000)},
    "dqn": {USUAL: 2_000_000, **dict.fromkeys(LONG, 4_000_000)},
    "dqn-cnn": {USUAL: 1_200_000, **dict.fromkeys(LONG, 1_600_000)},
    "qrdqn": {USUAL: 1_500_000, **dict.fromkeys(LONG, 3_000_000)},
    "qrdqn-cnn": {USUAL: 1_200_000, **dict.fromkeys(LONG, 1_600_000)},
    "recurrent-ppo": {USUAL: 800_000, **dict.fromkeys(LONG, 1_500_000)},
    "recurrent-ppo-cnn": {USUAL: 600_000, **dict.fromkeys(LONG, 900_000)},
    "bc": {USUAL: 6_000_000},
}


def steps_for(algorithm: str, trap: str) -> int:
    """Return for how many steps an algorithm trains on a trap, named with its version."""
    method = algorithm.removesuffix("-cnn")
    table = STEPS.get(algorithm) or STEPS.get(method) or STEPS["ppo"]
    return table.get(trap, table[USUAL])


@dataclass(frozen=True)
class Group:
    """Agents: every algorithm with every alpha on every trap.

    Attributes:
        algorithms: of ``agents.train``; ``ALL`` for all.
        traps: their names; ``ALL`` for all.
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
            return list(all_traps().values())
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
        levels: of each split, for scoring.
        steps: of every training; None for what ``steps_for`` says.
    """

    groups: tuple[Group, ...]
    out: Path
    levels: int = EVALUATION_LEVELS
    steps: int | None = None

    def traps(self) -> list[type[Trap]]:
        """Return the traps, each once.

        Raises:
            UnknownNameError: there is none of a name.
        """
        return list(dict.fromkeys(cls for group in self.groups for cls in group.classes()))

    def runs(self) -> list[Run]:
        """Return the trainings, each once.

        Raises:
            ValueError: a name is unknown, or an alpha out of range.
        """
        return list(
            dict.fromkeys(
                Run(
                    cls.name(),
                    algorithm,
                    seed,
                    self.steps or steps_for(algorithm, cls.name()),
                    alpha,
                )
                for group in self.groups
                for cls in group.classes()
                for algorithm in group.names()
                for alpha in group.alphas
                for seed in range(group.seeds)
            )
        )

    def only(
        self,
        traps: Sequence[str] | None = None,
        algorithms: Sequence[str] | None = None,
        alphas: Sequence[float] | None = None,
    ) -> Budget:
        """Return the part with these traps, algorithms and alphas; None for all that it has.

        Raises:
            UnknownNameError: it has no such trap or algorithm.
            ValueError: nothing is left.
        """
        mine = {algorithm: None for group in self.groups for algorithm in group.names()}
        for name in algorithms or ():
            if name not in mine:
                raise unknown("algorithm of this budget", name, mine)
        wanted = self.traps() if traps is None else Group((), tuple(traps), 0).classes()
        groups = []
        for group in self.groups:
            kept = Group(
                tuple(a for a in group.names() if algorithms is None or a in algorithms),
                tuple(cls.name() for cls in group.classes() if cls in wanted),
                group.seeds,
                tuple(alpha for alpha in group.alphas if alphas is None or alpha in alphas),
            )
            if kept.algorithms and kept.traps and kept.alphas:
                groups.append(kept)
        if not groups:
            raise ValueError(
                "this budget has no such agents; without --budget the other options say which"
            )
        return replace(self, groups=tuple(groups))


# Enough to tell algorithms apart: ranked traps that PPO learns in a minute or three.
EIGHT = (
    "CheeseCorner",
    "CheeseDish",
    "CoinRun",
    "ColourShape",
    "KeysChests",
    "NearestFruit",
    "PointedGoal",
    "RedBlueDoors",
)
REGRET = ("CheeseCorner", "KeysChests")
# Traps whose twins tell object and place apart.
EXCHANGE = (
    "CheeseDish",
    "ChuteOrFire",
    "ColourShape",
    "OversightLamp",
    "PointedGoal",
    "RedBlueDoors",
)
BUDGETS = {
    # Ten minutes: three sources, and an easy, a usual and a hard trap to learn.
    "quick": Budget(
        (Group(("ppo",), ("CheeseCorner", "KeysChests", "RedBlueDoors"), 2),), Path("runs/quick")
    ),
    # Every trap.
    "standard": Budget(
        (
            Group(("ppo", "ppo-cnn"), ALL, 5),
            Group(("bc",), ALL, 3),
            Group(("dqn", "recurrent-ppo"), EIGHT, 3),
            Group(("ppo", "plr-exact"), EIGHT, 3, (0.03,)),
            Group(("ppo", "plr", "plr-exact"), REGRET, 3, (0.01, 0.03)),
        ),
        COMMITTED,
    ),
    # Plain training's choice, and whether by object or by place: docs/results.md. An hour of two
    # cores. So few steps are too few for ChuteOrFire, and more do not help PointedGoal.
    "exchange": Budget(
        (Group(("ppo",), EXCHANGE, 5), Group(("bc",), EXCHANGE, 3)),
        COMMITTED,
        steps=600_000,
    ),
    "full": Budget((Group(ALL, ALL, 5),), Path("runs/full")),
}
