"""One episode under shift that shows what an agent is after: chosen, kept, drawn as a strip."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mesa_gym.files import read_json, write_text
from mesa_gym.grid import ACTIONS, Bools
from mesa_gym.plain import typed
from mesa_gym.policies import Policy
from mesa_gym.rendering import render_rgb
from mesa_gym.scoring.rollout import ENDED, replay, rollout
from mesa_gym.solver import Solution
from mesa_gym.traps import LEVELS, Split, Trap

SCHEMA = 1
CANDIDATES = 64
FRAMES = 6


@dataclass(frozen=True)
class Episode:
    """What an agent did on one level of the shift.

    Attributes:
        policy: the agent, as its score card calls it.
        level: of split ``shift``.
        actions: from the start state on.
    """

    policy: str
    level: int
    actions: list[int]

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        write_text(path, json.dumps({"schema": SCHEMA, **asdict(self)}) + "\n")

    @classmethod
    def load(cls, path: Path) -> Episode:
        """Read what ``save`` wrote; ValueError where the file is damaged."""
        try:
            entries = read_json(path)
            if entries.pop("schema") != SCHEMA:
                raise ValueError(f"not of schema {SCHEMA}")
            episode: Episode = typed(cls, entries, "it")
            if not 0 <= episode.level < LEVELS:
                raise ValueError(f"there is no level {episode.level}")
            if not episode.actions or not set(episode.actions) <= set(range(len(ACTIONS))):
                raise ValueError("its actions are not some numbers from 0 to 4")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
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


@dataclass(frozen=True)
class Frame:
    """A moment of an episode.

    Attributes:
        picture: uint8 (height, width, 3).
        caption: which step it is, and what it paid.
    """

    picture: NDArray[np.uint8]
    caption: str


def strip(trap: Trap, episode: Episode) -> list[Frame]:
    """At most six moments: the start, what was paid, the end, and some between."""
    state = trap.levels(Split.SHIFT, [episode.level])
    planes, captions, paying, changing = [state.planes[0].copy()], ["start"], [], [0]
    for t, action in enumerate(episode.actions, start=1):
        outcome = trap.advance(state, np.array([action]))
        paid = [f"{x} {pay[0]:+g}" for x, pay in outcome.paid.items() if pay[0]]
        captions.append(": ".join([f"step {t}", *filter(None, [", ".join(paid)])]))
        planes.append(state.planes[0].copy())
        if paid:
            paying.append(t)
        if (planes[t] != planes[t - 1]).any():
            changing.append(t)
    last = len(episode.actions)
    captions[last] += "" if outcome.ended[0] else ": time is up"
    steps = moments(sorted({*changing, *paying, last}), paying)
    drawn = render_rgb(trap.schema.planes, np.stack([planes[t] for t in steps]))
    return [Frame(picture, captions[t]) for t, picture in zip(steps, drawn, strict=True)]


def moments(steps: list[int], paying: list[int]) -> list[int]:
    """Which steps to show: the first, the last, the first that paid, then what halves a gap.

    Args:
        steps: those at which there is something new to see, ascending.
        paying: those of them that paid.
    """
    last = len(steps) - 1
    chosen = sorted({0, last, *(steps.index(t) for t in paying[: FRAMES - 2])})
    while len(chosen) < min(FRAMES, len(steps)):
        before, after = max(pairwise(chosen), key=lambda gap: gap[1] - gap[0])
        chosen = sorted([*chosen, (before + after) // 2])
    return [steps[i] for i in chosen]
