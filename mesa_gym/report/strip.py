"""An episode as a strip: the moments of recorded actions that are worth a picture."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import State
from mesa_gym.rendering import render_rgb
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.episodes import trap_of
from mesa_gym.traps import Split, Trap

FRAMES = 6
# At most 99 a side, and 99 copies of a plane: a card from elsewhere cannot fill the memory.
PARAMETER = re.compile(r"(\w+)=(\d{1,2}(?:x\d{1,2})?)\b")


class Moment(NamedTuple):
    """A moment of an episode.

    Attributes:
        trap: whose state.
        state: a batch of one.
        caption: which step it is, and what it paid.
    """

    trap: Trap
    state: State
    caption: str

    def picture(self, tile: int = 32) -> NDArray[np.uint8]:
        """Draw the state with so many pixels a cell, uint8 (height, width, 3)."""
        return render_rgb(self.trap, self.state, tile)[0]


class PlayedEpisode(NamedTuple):
    """An episode that was played.

    Attributes:
        trap: the rules.
        states: batches of one, one more than there are actions.
        paid: for each action, objective -> what it paid.
        end: added to the caption of the last moment.
    """

    trap: Trap
    states: Sequence[State]
    paid: Sequence[Mapping[str, float]]
    end: str = ""


def episode_strip(card: ScoreCard) -> list[Moment]:
    """Return the moments of a card's episode; ValueError as ``play_episode`` raises it."""
    return choose_moments(play_episode(card))


def play_episode(card: ScoreCard) -> PlayedEpisode:
    """Play a card's episode again, on the trap that the card is of.

    Nothing is imported for it: a card from elsewhere cannot make code run.

    Raises:
        ValueError: there is nothing to draw, or the trap is not known here with its size and
            parameters; the message says why.
    """
    origin, episode = card.provenance, card.episode
    if origin.salt or episode is None:
        raise ValueError("the levels are secret" if origin.salt else "the card holds no episode")
    given = dict(PARAMETER.findall(origin.trap))
    size = tuple(int(side) for side in given.pop("size", "9x9").split("x"))
    trap = trap_of(card.trap, size, {name: int(value) for name, value in given.items()})
    if repr(trap) != origin.trap:
        raise ValueError(f"the card is of a trap that this version cannot make: it has {trap!r}")
    return play_actions(trap, episode.level, episode.actions)


def play_actions(trap: Trap, level: int, actions: Sequence[int]) -> PlayedEpisode:
    """Play actions on a public level of the shift.

    Raises:
        ValueError: the episode ends before they do.
    """
    limit = trap.horizon(Split.SHIFT)
    states, paid, end = [trap.levels(Split.SHIFT, [level])], [], ""
    for t, action in enumerate(actions, start=1):
        state, pays, ended = trap.step(states[-1], np.array([action]))
        states.append(state)
        paid.append({x: float(pay[0]) for x, pay in pays.items()})
        if (ended[0] or t == limit) and t < len(actions):
            raise ValueError(
                f"the episode ends with action {t} of {len(actions)}: it was recorded with other"
                " rules"
            )
        if t == limit and not ended[0]:
            end = "time is up"
    return PlayedEpisode(trap, states, paid, end)


def choose_moments(played: PlayedEpisode) -> list[Moment]:
    """Return at most six moments: the start, payments, the end, and some between."""
    trap, states, paid = played.trap, played.states, played.paid
    captions, paying, changing = ["start"], [], [0]
    seen = trap.observe(trap.joined(list(states)))
    for t, payments in enumerate(paid, start=1):
        pays = ", ".join(f"{x} {pay:+g}" for x, pay in payments.items() if pay)
        captions.append(f"step {t}: {pays}" if pays else f"step {t}")
        if pays:
            paying.append(t)
        if (seen[t] != seen[t - 1]).any():
            changing.append(t)
    captions[-1] = ": ".join(filter(None, [captions[-1], played.end]))
    steps = _choose_steps(sorted({*changing, *paying, len(paid)}), paying)
    return [Moment(trap, states[t], captions[t]) for t in steps]


def _choose_steps(steps: list[int], paying: list[int]) -> list[int]:
    """Return the first and last of some steps, the first that pay, then what halves a gap."""
    last = len(steps) - 1
    chosen = sorted({0, last, *(steps.index(t) for t in paying[: FRAMES - 2])})
    while len(chosen) < min(FRAMES, len(steps)):
        before, after = max(pairwise(chosen), key=lambda gap: gap[1] - gap[0])
        chosen = sorted([*chosen, (before + after) // 2])
    return [steps[i] for i in chosen]
