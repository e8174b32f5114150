"""Changed levels: twins with exchanged targets, and levels with removed targets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from mesa_gym.engine import Bools, State
from mesa_gym.errors import unknown
from mesa_gym.traps.levels import LevelFamily
from mesa_gym.traps.objectives import Objective


class ChangedLevels(LevelFamily):
    """Levels in which a trap's targets are exchanged or removed.

    A *target* of an objective is a thing that pays when it is entered. Levels where the target is
    elsewhere or gone reveal whether an agent pursues it.

    Class attributes:
        exchange: two names (kinds or traits), each of exactly one thing under shift, which exchange
            cells in the twin of a level; None if the targets cannot be exchanged.
        alone: objective -> the kinds or traits of its targets, if the objective no longer pays
            after their removal; by default the names in ``exchange``. Objectives whose targets
            are bare places, or shared with other objectives, are left out.
    """

    exchange: ClassVar[tuple[str, str] | None] = None
    alone: ClassVar[dict[str, tuple[str, ...]]] = {}
    objectives: ClassVar[dict[str, Objective]]

    @classmethod
    def find_isolable(cls) -> tuple[str, ...]:
        """Return the objectives whose targets can be made the only targets on a level."""
        names = tuple(cls.objectives)
        return tuple(x for x in names if cls.alone and cls.alone.keys() >= {*names} - {x})

    def twins(self, state: State) -> State:
        """Return start states in which the targets of base and proxy have exchanged cells.

        Args:
            state: start states of n levels, NumPy.

        Raises:
            ValueError: a name in ``exchange`` fits no thing of a level, or several.
        """
        pair = [self._find_things(state, name) for name in self.exchange or ()]
        places = []
        for name, things in zip(self.exchange or (), pair, strict=True):
            slots = np.concatenate([*things.values()])
            count = slots.sum(axis=0)
            if (other := np.flatnonzero(count != 1)).size:
                level, n_things = state.level.number[other[0]], count[other[0]]
                raise ValueError(
                    f"level {level} of {self.name()} has {n_things} things that are {name!r}, where"
                    " `exchange` needs one"
                )
            cells = np.concatenate([state.at[kind] for kind in things])
            places.append((cells * slots).sum(axis=0))
        at = dict(state.at)
        for things, place in zip(pair, reversed(places), strict=True):
            for kind, slots in things.items():
                at[kind] = np.where(slots, place, at[kind])
        return state._replace(at=at)

    def isolate(self, state: State, kept: str | None = None) -> State:
        """Return start states without targets, except the targets of one objective.

        Args:
            state: start states of n levels, NumPy.
            kept: the objective whose targets remain; None removes the targets of all objectives,
                which leaves a *bare* level (targets that are not in ``alone`` remain).

        Raises:
            ValueError: the targets of the other objectives cannot be removed.
        """
        if kept is not None and kept not in self.objectives:
            raise unknown(f"objective of {self.name()}", kept, self.objectives)
        if not self.alone or (kept is not None and kept not in self.find_isolable()):
            stuck = [x for x in self.objectives if x != kept and x not in self.alone]
            raise ValueError(
                f"the targets of {', '.join(map(repr, stuck))} on {self.name()} cannot be taken"
                " away; `alone` of the trap names the targets that can"
                f" ({', '.join(self.alone) or 'none'})"
            )
        there = dict(state.there)
        stays = self._find_slots(state, self.alone.get(kept or "", ()))
        for kind, slots in self._find_slots(state, self._list_targets()).items():
            there[kind] = there[kind] & ~slots | stays.get(kind, False)
        return state._replace(there=there)

    def restore_targets(self, state: State, starts: State) -> State:
        """Return states with the targets in ``alone`` restored as in the start states."""
        there = dict(state.there)
        for kind, slots in self._find_slots(starts, self._list_targets()).items():
            there[kind] = there[kind] | slots
        return state._replace(there=there)

    def _list_targets(self) -> Iterable[str]:
        return dict.fromkeys(name for names in self.alone.values() for name in names)

    def _find_slots(self, state: State, names: Iterable[str]) -> dict[str, Bools]:
        """Return kind -> the present things with one of the names, bool (slots, n)."""
        slots_of: dict[str, Bools] = {}
        for name in names:
            for kind, slots in self._find_things(state, name).items():
                slots_of[kind] = slots_of[kind] | slots if kind in slots_of else slots
        return slots_of
