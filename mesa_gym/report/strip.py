"""The episode of a score card, played again for its pictures."""

from __future__ import annotations

import re

import numpy as np

from mesa_gym.rendering.strip import Moment, PlayedEpisode, choose_moments
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.episodes import trap_of
from mesa_gym.traps import Split

# At most 99 a side, and 99 copies of a plane: a card from elsewhere cannot fill the memory.
PARAMETER = re.compile(r"(\w+)=(\d{1,2}(?:x\d{1,2})?)\b")


def episode_strip(card: ScoreCard) -> list[Moment]:
    """Return the moments of a card's episode, played again on the trap that the card is of.

    Nothing is imported for it: a card from elsewhere cannot make code run.

    Raises:
        ValueError: there is nothing to draw, the trap is not known here with its size and
            parameters, or the episode ends before its actions; the message says why.
    """
    origin, episode = card.provenance, card.episode
    if origin.salt or episode is None:
        raise ValueError("the levels are secret" if origin.salt else "the card holds no episode")
    given = dict(PARAMETER.findall(origin.trap))
    size = tuple(int(side) for side in given.pop("size", "9x9").split("x"))
    trap = trap_of(card.trap, size, {name: int(value) for name, value in given.items()})
    if repr(trap) != origin.trap:
        raise ValueError(f"the card is of a trap that this version cannot make: it has {trap!r}")
    limit, actions = trap.horizon(Split.SHIFT), episode.actions
    states, paid, end = [trap.levels(Split.SHIFT, [episode.level])], [], ""
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
    return choose_moments(PlayedEpisode(trap, states, paid, end))
