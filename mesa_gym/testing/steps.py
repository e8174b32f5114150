"""Checks of a step: pure, the same for every shape and array library, blind to what is unseen."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from itertools import product
from typing import Any

import numpy as np

from mesa_gym.engine import ACTIONS, Array, Ints, Move, State, hash_rows
from mesa_gym.engine.chance import hash64, mix
from mesa_gym.testing.check import Findings, check
from mesa_gym.testing.explored import (
    difference,
    every_action,
    explore,
    frozen,
    otherwise_unseen,
    results_of,
    some,
    unseen,
    walk,
)
from mesa_gym.traps import Objective, Split, Trap

FEW = 16  # states a split that are stepped one by one
# It sets no entries by their numbers, which planes and `move.appear` need.
STRICT = "array_api_strict"
# Package -> the namespace of the array API standard that goes with it.
LIBRARIES = {"torch": "array_api_compat.torch", STRICT: STRICT}


@check()
def check_purity(trap: Trap, levels: int) -> Findings:
    """Check that a step writes into no array that it was given or that it gave before.

    What rules leave alone stays the same array, by which solver and environments know it.

    Fix: write with the move's methods alone, and keep no array on the trap.
    """
    written, changed = set(), set()
    for split in Split:
        state = walk(trap, split, levels)
        for step in (*every_action(trap, state), *every_action(trap, state)):
            kept = step.state.level is state.level and (step.state.clock == state.clock + 1).all()
            yield kept, "a step changed its level, or did not add 1 to the clock"
            for part in ("at", "there"):
                for kind, after in getattr(step.state, part).items():
                    before = getattr(state, part)[kind]
                    written |= {kind} if after is not before else set()
                    changed |= {kind} if (after != before).any() else set()
    idle = ", ".join(sorted(written - changed))
    yield not idle, f"rules write {idle}, of which nothing ever changes"


@check(*Split)
def check_determinism(trap: Trap, split: Split, levels: int) -> Findings:
    """Check that the same state and action give the same step, also of a trap made again.

    Where the trap is solvable, also at another clock and on a level of another number.

    Fix: use `move.bits` for chance, and say `solvable = False` then; keep nothing on the trap.
    """
    state = walk(trap, split, levels)
    again, level = type(trap)(trap.size, **trap.parameters), state.level
    level = level._replace(number=level.number + 1, key=level.key ^ hash64("another"))
    later = state._replace(clock=state.clock + 1 + np.arange(state.n) % 7, level=level)
    twice = (trap, state, "taken twice"), (again, state, "of a trap made again")
    other = (trap, later, "at another clock, or on a level of another number,")
    wanted = [results_of(step) for step in every_action(trap, state)]
    for other_trap, other_state, what in (*twice, other) if trap.solvable else twice:
        for mine, step in zip(wanted, every_action(other_trap, other_state), strict=True):
            differs = difference(mine, {**results_of(step), "clock": mine["clock"]})
            good = np.arange(state.n) != (differs.row if differs else -1)
            yield good, f"a step {what} gives another {differs}", state


@check(*Split)
def check_shapes(trap: Trap, split: Split, levels: int) -> Findings:
    """Check that batches, single levels, all actions at once and other libraries step alike.

    All actions at once are asked of solvable traps, since the solver alone steps them so; torch
    and array_api_strict where they are installed.

    Fix: rules mix no rows, index `[..., i]`, use `self.where` and `self.xp`, give no Python bool.
    """
    whole = walk(trap, split, levels)
    backwards = every_action(trap, frozen(whole.take(slice(None, None, -1))))
    for step, other_step in zip(every_action(trap, whole), backwards, strict=True):
        turned = {name: array[..., ::-1] for name, array in results_of(other_step).items()}
        differs = difference(results_of(step), turned)
        yield not differs, f"{differs}, is another in another order of the batch"
    state = some(whole, FEW)
    steps = [results_of(step) for step in every_action(trap, state)]
    for form, rows, others in _other_forms(trap, state):
        for (wanted, found), name in product(zip(steps, others, strict=True), steps[0]):
            mine, theirs = np.asarray(found[name]), wanted[name][..., rows]
            alike = name == "ended" or type(found[name]) is not bool
            alike &= name.startswith("paid") or mine.dtype == theirs.dtype
            close = mine.shape == theirs.shape and np.allclose(mine, theirs, 1e-6, 0, True)
            yield alike and close, f"`{name}` is another for {form} than for a batch (n,)"


def _other_forms(trap: Trap, state: State) -> Iterator[tuple[str, Any, list[dict[str, Any]]]]:
    """Yield a form's name, its rows of a batch, and what a step of each action gives in it."""
    every, n = np.arange(len(ACTIONS)), state.n
    if trap.solvable:
        wide = trap.step(state.map(lambda array: array[..., None, :]), every[:, None])
        arrays = {
            name: np.broadcast_to(array, (*array.shape[:-2], len(every), n))
            for name, array in results_of(wide).items()
        }
        found = [{name: array[..., i, :] for name, array in arrays.items()} for i in every]
        yield "all actions at once", slice(None), found
    alone = trap.bound(batched=False)
    for row in range(n):
        steps = [alone.step(state.single(row), action) for action in every]
        yield "a level without batch", row, [results_of(step) for step in steps]
    for package, namespace in LIBRARIES.items():
        if find_spec(package) and (package != STRICT or trap.solvable):
            other = trap.bound(import_module(namespace))
            given = _carried(other, state)
            if package != STRICT and not np.array_equal(other.observe(given), trap.observe(state)):
                raise ValueError(f"planes on {package} are not those on NumPy")
            steps = [other.step(given, other.asarray(np.full(n, action))) for action in every]
            yield package, slice(None), [results_of(step) for step in steps]


def _carried(other: Trap, state: State) -> State:
    """Return a NumPy state in the arrays of another library."""

    def carry(array: Array) -> Array:
        return other.asarray(array.copy(), array.dtype.name)

    tables = {name: carry(table) for name, table in state.level.tables.items()}
    state = state.map(carry)
    return state._replace(level=state.level._replace(tables=tables))


@check(*Split)
def check_objectives(trap: Trap, split: Split, levels: int) -> Findings:
    """Check that every objective is paid, finite float64, and that paying changes nothing.

    Fix: an objective returns a mask bool (n,), or amount -> mask; only `rules` set the move.
    """
    state, watched, found = walk(trap, split, levels), copy(trap), list[str]()
    vars(watched)["objectives"] = {
        name: replace(objective, pay=_watching(objective, found))
        for name, objective in trap.objectives.items()
    }
    for step in every_action(watched, state):
        yield not found, f"objective {found} sets an attribute of the move"
        names = ", ".join(step.paid)
        yield [*step.paid] == [*trap.objectives], f"a step pays {names} and no other objective"
        for name, pay in step.paid.items():
            right = pay.dtype == np.float64 and pay.shape == (state.n,)
            yield right, f"{name!r} pays {pay.dtype} {pay.shape} for {state.n} levels"
            yield np.isfinite(pay), f"{name!r} pays NaN or infinity", state


def _watching(objective: Objective, found: list[str]) -> Any:
    """Return an objective's rule that notes its name where the move is another after it."""

    def pay(trap: Trap, move: Move) -> Any:
        before = dict(vars(move))
        payment = objective.pay(trap, move)
        for name, value in vars(move).items():
            if not name.startswith("_") and before.get(name) is not value:
                found.append(f"{objective.name}: {name}")
        return payment

    return pay


@check(*Split)
def check_visible(trap: Trap, split: Split, levels: int) -> Findings:
    """Check that states of a level that look alike pay the base objective, end and go on alike.

    Marks are left out of what is seen next where there are ``vars``, which may be a mover's plan.

    Fix: what rules use is seen; draw it in a plane. Only objectives may read a hidden kind.
    """
    if not trap.solvable:
        return
    seen = explore(trap, split, levels)
    assert seen.graph
    state, successor = seen.state, seen.graph.successor
    marks = trap.marks if trap.vars else ()
    shown = [i for plane, i in trap.channel.items() if plane not in marks]
    planes = trap.observe(state)
    looks, after = (_looks(state, p) for p in (planes, planes[..., shown]))
    _, first, same = np.unique(looks, return_index=True, return_inverse=True)
    for what, values in (
        (f"what {trap.base!r} pays", seen.paid[trap.base]),
        ("its end", seen.ended),
        ("what is seen after", np.where(seen.ended, 0, np.append(after, 0)[successor])),
    ):
        good = (values == values[:, first[same]]).all(axis=0)
        yield good, f"two states that look alike to the agent differ in {what}", state
    other = otherwise_unseen(trap, state)
    others = every_action(trap, other) if unseen(trap) else []
    for ours, theirs in zip(seen.steps, others, strict=False):
        mine, found = (trap.observe(step.state)[..., shown] for step in (ours, theirs))
        good = (mine == found).all(axis=(1, 2, 3)) & (ours.ended == theirs.ended)
        yield good, "rules read a kind that no plane shows", state


def _looks(state: State, planes: Array) -> Ints:
    """Return a hash of each state's level and planes, int64 (n,)."""
    return mix(hash_rows(planes) ^ state.level.number)
