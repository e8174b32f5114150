"""Random moves, and what must hold after each: seen from outside, as a user's code sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.grid import ACTIONS, AGENT, WALL, Bools
from mesa_gym.testing.check import SAMPLE, ConformanceError, check
from mesa_gym.traps import Split, Trap

MOVES = 20_000
ENVIRONMENTS = 1000
Bytes = NDArray[np.uint8]


@check
def check_moves(trap: Trap, levels: int = SAMPLE) -> None:
    """Nothing impossible happens in some thousands of random moves (``random_moves``)."""
    random_moves(trap, MOVES)


def random_moves(
    trap: Trap,
    moves: int,
    environments: int = ENVIRONMENTS,
    progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Move at random in vector environments on every split, and look at all that they return.

    Planes hold 0 and 1; one agent, in no wall, no more than one cell from where it was; walls stay;
    of no plane are there more cells, floor and top row together, than at the start of the episode
    (but for those that the trap names in ``grows``); the clock ends episodes at the time limit;
    infos name level, split and objectives; an episode pays no more and no less than ``bounds``.

    Args:
        trap: any.
        moves: in all; a fourth of them on each split.
        environments: that move together.
        progress: called with the number of moves done since the last call.

    Raises:
        ConformanceError: the first violation.
    """
    for split in Split:
        watched = _Watched(trap, split, environments)
        for _ in range(-(-moves // (len(Split) * environments))):
            watched.move()
            progress(environments)


class _Watched:
    """Vector environments in NEXT_STEP mode, with what is known of the running episodes."""

    def __init__(self, trap: Trap, split: Split, n: int) -> None:
        self.trap, self.split = trap, split
        self.env = TrapVectorEnv(trap, n, split=split.value)
        self.limit = trap.horizon(split)
        self.actions = np.random.default_rng(0)
        self.planes, infos = self.env.reset(seed=0)
        self.level = np.zeros(n, dtype=np.int64)
        self.clock = np.zeros(n, dtype=np.int64)
        self.paid = {x: np.zeros(n) for x in trap.objectives}
        self.stock = np.zeros((n, self.planes.shape[-1]), dtype=np.int64)
        self.over = np.zeros(n, dtype=np.bool_)
        self._begin(~self.over, infos)

    def move(self) -> None:
        """One step of all, and what must hold after it."""
        before, began = self.planes, self.over
        actions = self.actions.integers(0, len(ACTIONS), len(before))
        self.planes, rewards, ended, cut, infos = self.env.step(actions)
        going = ~began
        if began.any():
            self._begin(began, infos)
        self.clock[going] += 1
        self._require(self.planes.max(axis=(1, 2, 3)) <= 1, "planes hold more than 1")
        self._look_at_agent(before, going)
        self._look_at_things(before, going)
        self._look_at_infos(infos, rewards, going)
        self._require(
            (cut == (self.clock >= self.limit)) | began, f"truncation is not at step {self.limit}"
        )
        self._require(~(began & (ended | cut)), "a reset ends an episode")
        self.over = ended | cut

    def _begin(self, rows: Bools, infos: dict[str, Any]) -> None:
        self._require(
            ~rows | (infos["_level"] & infos["_split"] & (infos["split"] == self.split.value)),
            "a reset's infos lack level or split",
        )
        self.level[rows] = infos["level"][rows]
        self.clock[rows] = 0
        self.stock[rows] = self.planes[rows].sum(axis=(1, 2), dtype=np.int64)
        for paid in self.paid.values():
            paid[rows] = 0

    def _look_at_agent(self, before: Bytes, going: Bools) -> None:
        agents, walls = (self._layer(self.planes, plane) for plane in (AGENT, WALL))
        width = self.planes.shape[2]
        self._require(agents.sum(axis=1) == 1, "there is not exactly one agent")
        self._require(~(agents & walls).any(axis=1), "the agent stands in a wall")
        now, then = agents.argmax(axis=1), self._layer(before, AGENT).argmax(axis=1)
        steps = abs(now // width - then // width) + abs(now % width - then % width)
        self._require((steps <= 1) | ~going, "the agent jumps")

    def _look_at_things(self, before: Bytes, going: Bools) -> None:
        walls = self._layer(self.planes, WALL)
        same = (walls == self._layer(before, WALL)).all(axis=1)
        self._require(same | ~going, "a wall changes")
        grows = [plane in self.trap.grows for plane in self.trap.schema.planes]
        made = (self.planes.sum(axis=(1, 2), dtype=np.int64) > self.stock) & ~np.array(grows)
        self._require(~made.any(axis=1), "a thing is made from nothing; name its plane in `grows`")

    def _look_at_infos(self, infos: dict[str, Any], rewards: np.ndarray, going: Bools) -> None:
        if not going.any():
            return
        objectives = infos["objectives"]
        for x, paid in self.paid.items():
            self._require(objectives[f"_{x}"] == going, f"infos lack what {x!r} pays")
            paid[going] += objectives[x][going]
            least, most = self.trap.bounds.get(x, (-np.inf, np.inf))
            self._require(
                (paid >= least - 1e-9) & (paid <= most + 1e-9),
                f"an episode pays less than {least} or more than {most} for {x!r}; mend `bounds`",
            )
        base = objectives[self.trap.base]
        self._require((rewards == base) | ~going, "the reward is not what the base objective pays")

    def _layer(self, planes: Bytes, plane: Any) -> Bools:
        layer = planes[..., self.trap.schema.channels[plane][0]]
        return layer.reshape(len(layer), -1).astype(np.bool_)

    def _require(self, good: Bools | np.bool_, what: str) -> None:
        if not good.all():
            level = int(self.level[np.argmin(good)])
            failure = ConformanceError(f"after random moves {what}", self.split, level)
            failure.check, failure.trap = "moves", repr(self.trap)
            raise failure
