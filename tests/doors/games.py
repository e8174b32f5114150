"""Fixed actions on levels of a trap, and what the trap's rules alone make of them.

The rules are asked directly, without an environment. Of 128 random walks, a game has the two that
earn most, one of base and one of the proxies, so that payments and ends differ between levels.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np

from mesa_gym.engine import STAY, State
from mesa_gym.envs.observations import make_observation
from mesa_gym.rendering import render_rgb
from mesa_gym.scoring.plays import Play, plays_of
from mesa_gym.traps import Trap

WALKS, STEPS = 128, 16
TILE = 12  # pixels of a cell in pictures


class Episode(NamedTuple):
    """An episode by the rules.

    Attributes:
        level: the level's number.
        actions: the action of each step.
        states: the start state and the state after each step, a batch.
        paid: objective -> its payment at each step, base's first.
        ends: whether the rules end the episode at each step.
    """

    level: int
    actions: list[int]
    states: State
    paid: dict[str, list[float]]
    ends: list[bool]

    @property
    def rewards(self) -> list[float]:
        """The base objective's payments."""
        return next(iter(self.paid.values()))

    @property
    def reached(self) -> str:
        """The objectives that are paid first, joined by "+"; "nothing" without a payment."""
        return self.find_first(0.0)

    @property
    def contact(self) -> str:
        """As ``reached``, where a target pays 1, and less than half of it is no contact."""
        return self.find_first(0.5)

    def find_first(self, above: float) -> str:
        steps = range(len(self.ends))
        first = ([x for x, paid in self.paid.items() if paid[t] > above] for t in steps)
        return "+".join(next(filter(None, first), ["nothing"]))


class Game:
    """Two episodes of a play, on levels of their own.

    Attributes:
        actions: int64 (steps, 2), with ``STAY`` after an episode's end.
    """

    def __init__(self, play: Play) -> None:
        self.play, self.trap, self.split, self.name = play, play.trap, play.split, play.name
        self.episodes = walk(self.trap, play)
        self.levels = [episode.level for episode in self.episodes]
        self.actions = np.full((max(len(x.actions) for x in self.episodes), 2), STAY)
        for row, episode in enumerate(self.episodes):
            self.actions[: len(episode.actions), row] = episode.actions
        self.observe = cache(self._observe)

    def _observe(self, kind: str, number: int) -> Any:
        """Return what an observation shows at the start of an episode and after each step."""
        return make_observation(self.trap, kind).encode(self.episodes[number].states)

    def replay(self, level: int, actions: list[int]) -> Episode:
        """Return the episode of other actions, after whose end the rules go on."""
        state = self.play.change(self.trap.levels(self.split, [level]))
        states, paid, ends = [state], [], []
        for action in actions:
            state, pays, ended = self.trap.step(states[-1], np.array([action]))
            states.append(state)
            paid.append({x: pay.item() for x, pay in pays.items()})
            ends.append(ended.item())
        by_objective = {x: [pays[x] for pays in paid] for x in self.trap.objectives}
        return Episode(level, actions, self.trap.joined(states), by_objective, ends)

    @cached_property
    def pictures(self) -> list[Any]:
        """The pictures of the last states."""
        ends = [episode.states.take(slice(-1, None)) for episode in self.episodes]
        return [render_rgb(self.trap, state, TILE)[0] for state in ends]


def list_games(trap: Trap) -> dict[str, Game]:
    """Return play -> game, of all plays of a trap."""
    return {name: Game(play) for name, play in plays_of(trap).items()}


def walk(trap: Trap, play: Play) -> list[Episode]:
    """Return the two walks of a play that earn most."""
    starts = play.change(trap.levels(play.split, np.arange(WALKS)))
    actions = np.random.default_rng(0).integers(0, 5, (STEPS, WALKS))
    states, payments, ended = [starts], [], []
    for action in actions:
        step = trap.step(states[-1], action)
        states.append(step.state)
        payments.append(np.stack([*step.paid.values()]))
        ended.append(step.ended)
    paid, over = np.array(payments), np.array(ended)
    lengths = np.where(over.any(axis=0), over.argmax(axis=0) + 1, STEPS)
    earned = (paid * (np.arange(STEPS)[:, None] < lengths)[:, None]).sum(axis=0)
    first = int(earned[0].argmax())
    others = np.where(np.arange(WALKS) == first, -np.inf, earned[1:].sum(axis=0))
    episodes = []
    for row in (first, int(others.argmax())):
        n = int(lengths[row])
        of_row = trap.joined([state.take(np.array([row])) for state in states[: n + 1]])
        pays = {x: paid[:n, i, row].tolist() for i, x in enumerate(trap.objectives)}
        number, acts = int(starts.level.number[row]), actions[:n, row].tolist()
        episodes.append(Episode(number, acts, of_row, pays, over[:n, row].tolist()))
    return episodes
