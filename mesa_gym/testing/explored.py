"""The states that a trap's first levels can reach, which most checks look at.

This is not the solver's graph: two states are the same here only if they hold the same in every
array but the clock, so that what the solver leaves out of a state's key can be checked too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mesa_gym.grid import ACTIONS, Bools, Ints, State
from mesa_gym.grid.bits import below, bits, hash64
from mesa_gym.solver.certificate import MEAN_STATES
from mesa_gym.traps import Outcome, Split, Trap


@dataclass(frozen=True)
class Explored:
    """States of some levels, n of them, and what each action does there.

    Attributes:
        state: the states, the levels' starts first. They are shared: copy before changing.
        final: the states after which an episode had ended.
        successor: int64 (5, n), the state that an action leads to; -1 where the episode ends
            or leads to none of them.
        ended: bool (5, n).
        paid: objective name -> float64 (5, n).
        complete: whether every reachable state is here.
    """

    state: State
    final: State
    successor: Ints
    ended: Bools
    paid: dict[str, NDArray[np.float64]]
    complete: bool


# One trap's four splits; the next trap's take their place.
@lru_cache(maxsize=4)
def explore(trap: Trap, split: Split, levels: int) -> Explored:
    """Every state that levels 0 to ``levels`` - 1 can reach, or a part of them.

    A part where there are more than the contract allows; for a trap that is not solvable, those
    of one random walk a level.
    """
    frontier = trap.levels(split, np.arange(levels))
    number = {content: i for i, content in enumerate(_contents(trap, frontier))}
    states, finals, successors, outcomes = [frontier], [], [], []
    most = MEAN_STATES * levels
    steps = 0
    while len(frontier) and len(number) <= most and (trap.solvable or steps < trap.horizon(split)):
        m = len(frontier)
        children, outcome = _every_action(trap, frontier)
        ended = outcome.ended.ravel()
        followed = ~ended if trap.solvable else ~ended & _chosen(frontier)
        before, alive = len(number), followed.nonzero()[0]
        found = [number.setdefault(c, len(number)) for c in _contents(trap, children.take(alive))]
        successor = np.full(len(ended), -1)
        successor[alive] = found
        # Numbers are given in order, so the first child of each new number is its state.
        numbers, first = np.unique(np.array(found, dtype=np.int64), return_index=True)
        frontier = children.take(alive[first[numbers >= before]])
        states.append(frontier)
        finals.append(children.take(ended.nonzero()[0]))
        successors.append(successor.reshape(-1, m))
        outcomes.append(outcome)
        steps += 1
    complete = trap.solvable and not len(frontier)
    if len(frontier):
        states.pop()  # they were not stepped
    state, successor = joined(states), np.concatenate(successors, axis=1)
    successor[successor >= len(state)] = -1
    return Explored(
        state,
        joined(finals),
        successor,
        np.concatenate([outcome.ended for outcome in outcomes], axis=1),
        {x: np.concatenate([o.paid[x] for o in outcomes], axis=1) for x in outcomes[0].paid},
        complete,
    )


def _chosen(frontier: State) -> Bools:
    """For each action and state, whether the random walk takes it, bool (5 * n,)."""
    words = bits(hash64("walk"), frontier.level, "step", int(frontier.clock.max(initial=0)), 1)
    return (below(words[:, 0], len(ACTIONS)) == np.arange(len(ACTIONS))[:, None]).ravel()


def _every_action(trap: Trap, state: State) -> tuple[State, Outcome]:
    """The states after each action, action by action, and the outcomes (5, n)."""
    results = [trap.step(state, np.full(len(state), a)) for a in range(len(ACTIONS))]
    outcomes = [outcome for _, outcome in results]
    paid = {x: np.stack([o.paid[x] for o in outcomes]) for x in outcomes[0].paid}
    ended = np.stack([o.ended for o in outcomes])
    return joined([after for after, _ in results]), Outcome(paid, ended)


def _contents(trap: Trap, state: State) -> list[bytes]:
    """All that tells the states of a trap apart: not what is constant in a level.

    The clock only where the trap is not solvable, whose chance depends on it.
    """
    parts: list[np.ndarray] = [state.key, state.planes, state.hidden, state.cell]
    parts += [*state.vars.values(), *([] if trap.solvable else [state.clock])]
    return packed(parts)


def packed(arrays: list[np.ndarray]) -> list[bytes]:
    """The bytes of each row of some arrays that lead with the same axis."""
    n = len(arrays[0])
    if not n:  # every episode ended in the same step
        return []
    flat = [np.ascontiguousarray(a).reshape(n, -1).view(np.uint8) for a in arrays if a.size]
    table = np.ascontiguousarray(np.concatenate(flat, axis=1))
    rows: list[bytes] = table.view(f"V{table.shape[1]}").ravel().tolist()
    return rows


def joined(states: list[State]) -> State:
    """The rows of several states as one."""
    out, start = State(states[0].schema, sum(map(len, states))), 0
    for state in states:
        every = np.arange(len(state))
        out.put(start + every, state, every)
        start += len(state)
    return out


def some(state: State, most: int) -> State:
    """At most so many rows, chosen evenly, as a new state."""
    if len(state) <= most:
        return state.copy()
    return state.take(np.linspace(0, len(state) - 1, most).astype(np.int64))


def arrays_of(state: State) -> dict[str, np.ndarray]:
    """Every array that a state holds, by name."""
    fixed = ("planes", "hidden", "cell", "clock", "level", "key", "count")
    return {
        **{name: getattr(state, name) for name in fixed},
        **{f"vars.{k}": v for k, v in sorted(state.vars.items())},
        **{f"const.{k}": v for k, v in sorted(state.const.items())},
    }


def results_of(after: State, outcome: Outcome) -> dict[str, np.ndarray]:
    """All that a step gave, by name."""
    paid = {f"paid.{x}": pay for x, pay in sorted(outcome.paid.items())}
    return {**arrays_of(after), "ended": outcome.ended, **paid}


def difference(
    ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray], leave: tuple[str, ...] = ()
) -> tuple[str, int] | None:
    """The first array that differs in a bit, and the first row in which it does.

    Args:
        ours: named arrays, leading with the batch axis.
        theirs: what they should be.
        leave: names not compared; ``paid`` stands for all ``paid.*``.
    """
    for name in sorted(ours.keys() | theirs.keys()):
        if {name, name.split(".")[0]} & {*leave}:
            continue
        if name not in ours or name not in theirs:
            return name, 0
        a, b = ours[name], theirs[name]
        if a.dtype != b.dtype or a.shape != b.shape:
            return name, 0
        if a.tobytes() == b.tobytes():
            continue
        differs = [x != y for x, y in zip(packed([a]), packed([b]), strict=True)]
        return name, differs.index(True)
    return None
