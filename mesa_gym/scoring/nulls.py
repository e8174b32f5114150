"""Null policies: scripts without a goal, which play on every card for comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from mesa_gym.policies import Policy, Sweeper, uniform
from mesa_gym.policies.habits import HABITS
from mesa_gym.policies.names import OPEN_LOOP, REFLEX
from mesa_gym.scoring.card_sources import BY_OUTCOMES, BY_PLAY
from mesa_gym.scoring.evidence import BLIND, RANDOM, SWEEPER
from mesa_gym.scoring.listed_places import LIST_NULLS
from mesa_gym.traps import Trap


class NullPolicy(NamedTuple):
    """A policy without a goal on every card.

    Attributes:
        noun: its name in sentences.
        action: a clause on its actions, for the legend of a card.
        make: returns its policy on a trap; None if ``playing`` makes it for an agent or some traps.
    """

    noun: str
    action: str
    make: Callable[[Trap], Policy] | None = None


MOST_NULLS = 4
# Name -> policy, in the order of a card's columns. A new script needs one entry.
NULLS = {
    SWEEPER: NullPolicy("a sweeper", "the sweeper visits cell after cell", Sweeper),
    RANDOM: NullPolicy("random moves", "random takes any action", lambda trap: uniform()),
    BLIND: NullPolicy(
        "a blind script",
        "the blind script takes each action as often as the agent in training",
    ),
    OPEN_LOOP: NullPolicy(
        "a fixed sequence of moves", "the open loop is the best fixed sequence of actions"
    ),
    REFLEX: NullPolicy("a reflex", "the reflex sees only what the four cells around it do"),
}


def list_shown_nulls(form: str, names: Iterable[str], source: str = BY_PLAY) -> list[str]:
    """Return the nulls on a card; models that choose places (``form``), and outcomes, have others.

    Habits are shown if they are among ``names``, the nulls that played.
    """
    if form:
        return [*LIST_NULLS]
    if source == BY_OUTCOMES:
        return [*names][:MOST_NULLS]
    return [x for x in NULLS if x not in HABITS or x in {*names}]
