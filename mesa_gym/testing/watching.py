"""Checks of an author's methods: they run, return the expected arrays, and have effects."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mesa_gym.engine import ACTIONS, Array, Move, State
from mesa_gym.engine.shapes import describe_array
from mesa_gym.testing.check import Findings, ShapeError, check
from mesa_gym.testing.sample import Sample, freeze, list_branches, sample_of
from mesa_gym.traps import Objective, Split, Step, Trap

# Minimum of moves for a finding that something never happens.
LEAST_MOVES = 1000
# Writing methods of a move, and the likely mistake of an author if one never has an effect.
WRITERS = {
    "clear": "it removes what was entered (`move.into`); elsewhere, such as on the cell that was"
    " left, write `move.put(kind, there=move.there[kind] & ~(move.at[kind] == cell))`",
    "take": "it takes what was entered (`move.into`), into hands that are declared in `held`",
    "hold": "its mask is never set",
    "restore": "what never left cannot come back, and `at` must be the cell where it stood",
    "put": "what it writes is what is there",
    "carry": "its mask is never set, or agents stand there already",
    "shift": "nothing wants another cell, or the way is closed",
    "appear": "its mask is never set, or no slot or cell is free",
    "set": "the variable has this value already",
}


@dataclass
class Notes:
    """The calls of writers, and the payments, in watched moves."""

    moves: int = 0
    # (call, its subject, file, line) -> whether anything changed in any move
    effects: dict[tuple[str, str, str, int], bool] = field(default_factory=dict)

    def add(self, call: str, of: str, place: tuple[str, int], effect: object) -> None:
        """Record whether a call changed something in a move."""
        key = (call, of, *place)
        self.effects[key] = self.effects.get(key, False) or bool(effect)

    def idle(self) -> Iterator[tuple[str, str, str, int]]:
        """Yield the calls and payments that never had an effect."""
        yield from (key for key, effect in self.effects.items() if not effect)


class WatchedMove(Move):
    """A move whose writers refuse arrays of a wrong shape and record whether they had an effect."""

    def __init__(self, notes: Notes, trap: Trap, state: State, *args: Any) -> None:
        super().__init__(trap, state, *args)
        self._notes, self._inside = notes, False


def _watch_writer(name: str) -> Callable[..., None]:
    plain = getattr(Move, name)

    def write(self: WatchedMove, *args: object, **named: object) -> None:
        if self._inside:  # `take` clears
            plain(self, *args, **named)
            return
        before, self._inside = _name_written(self), True
        try:
            plain(self, *args, **named)
        finally:
            self._inside = False
        effect = False
        for array_name, array in _name_written(self).items():
            old = before.get(array_name)
            if array is old:
                continue
            if old is not None and describe_array(array) != describe_array(old):
                raise ValueError(
                    f"`move.{name}` makes `{array_name}` {describe_array(array)}; expected"
                    f" {describe_array(old)}"
                )
            effect = effect or old is None or bool((array != old).any())
        of = ", ".join(map(repr, args[:1] if name not in ("carry", "set") else named))
        caller = sys._getframe(1)
        place = caller.f_code.co_filename, caller.f_lineno
        self._notes.add(f"move.{name}", of, place, effect)

    return write


for _name in WRITERS:
    setattr(WatchedMove, _name, _watch_writer(_name))


def _name_written(move: Move) -> dict[str, Array]:
    """Return the arrays that rules write, by name."""
    arrays = {"move.agent": move.agent}
    for part in ("at", "there", "held", "vars"):
        arrays |= {f"move.{part}[{name!r}]": x for name, x in getattr(move, part).items()}
    return arrays


def take_watched(trap: Trap, state: State, action: Array, args: object, notes: Notes) -> Step:
    """Take a step of n levels and check all arrays that the author's methods return.

    Raises:
        ShapeError: a method returns a wrong array instead of masks or actions.
        ValueError: a writer of the move received an array of a wrong shape.
    """
    notes.moves += state.n
    watched = copy(trap)
    for name, dtype in (("redirect", "int64"), ("blocked", "bool"), ("ends", "bool")):
        vars(watched)[name] = _watch_method(trap, name, dtype, state.n)
    vars(watched)["objectives"] = {
        name: replace(objective, pay=_watch_payment(objective, state.n, notes))
        for name, objective in trap.objectives.items()
    }
    return watched.complete(WatchedMove(notes, watched, state, action, args))


def _watch_method(trap: Trap, name: str, dtype: str, n: int) -> Callable[[Move], Array | None]:
    plain = getattr(trap, name)

    def method(move: Move) -> Array | None:
        value = plain(move)
        if value is not None or name == "ends":
            _require(value, dtype, n, f"`{name}` gives", plain)
        return value

    return method


def _watch_payment(objective: Objective, n: int, notes: Notes) -> Callable[[Trap, Move], object]:
    plain = objective.pay

    def pay(trap: Trap, move: Move) -> object:
        payment = plain(trap, move)
        parts: Any = payment if isinstance(payment, dict) else {1: payment}
        for amount, mask in parts.items():
            _require(mask, "", n, f"objective `{objective.name}` gives", plain)
            place = plain.__code__.co_filename, plain.__code__.co_firstlineno
            notes.add("payment", f"{amount} of {objective.name!r}", place, mask.any())
        return payment

    return pay


def _require(value: Any, dtype: str, n: int, name: str, function: Callable[..., object]) -> None:
    """Raise ShapeError unless an array has shape (n,) and the dtype; "" allows any dtype."""
    fits = isinstance(value, np.ndarray) and value.shape == (n,)
    if not fits or (dtype and value.dtype != dtype):
        kind = "actions" if dtype == "int64" else "a Mask"
        raise ShapeError(
            f"{name} {describe_array(value)}; expected {kind}, {dtype or 'bool'} {(n,)}", function
        )


@check(*Split)
def check_playable(sample: Sample) -> Findings:
    """Check that drawing levels, showing them and taking steps raise no error.

    This check runs first, because such an error would fail every other check.
    """
    trap, state = sample.trap, sample.starts
    trap.observe(state)
    for action, outcomes in list_branches(trap, state.n):
        step = take_watched(trap, state, action, outcomes, Notes())
        yield step.ended.shape == (state.n,), "a step does not say of each level whether it ended"
        trap.observe(step.state)
    for _ in range(len(ACTIONS)):
        step = trap.step(state, np.arange(state.n) % len(ACTIONS))
        state = freeze(step.state.take(~step.ended))


@check()
def check_effects(trap: Trap, levels: int) -> Findings:
    """Check that each writer of a move has an effect, and that each amount is ever paid.

    All moves are taken from all states of the sampled levels; without an exact solver, from the
    states of random episodes.
    """
    notes = Notes()
    for state in (sample_of(trap, split, levels).state for split in Split):
        for action, outcomes in list_branches(trap, state.n):
            take_watched(trap, state, action, outcomes, notes)
    for call, of, file, line in notes.idle() if notes.moves >= LEAST_MOVES else ():
        writer = call.removeprefix("move.")
        if writer in WRITERS:
            text = linecache.getline(file, line).strip()
            message = f"`{call}` of {of} never has an effect in {notes.moves:,} moves"
            yield False, f"{message}; {WRITERS[writer]}\n    {file}:{line}: {text}"
        else:
            yield False, f"{of} is never paid in {notes.moves:,} moves; pay it or leave it out"
