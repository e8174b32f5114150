"""Checks of a step: pure, deterministic, batched, blind to what the agent cannot see."""

from __future__ import annotations

import copy

import numpy as np

from mesa_gym.grid import ACTIONS, State
from mesa_gym.grid.bits import below, bits, hash64
from mesa_gym.testing.check import SAMPLE, ConformanceError, check
from mesa_gym.testing.explored import (
    arrays_of,
    difference,
    explore,
    results_of,
    some,
)
from mesa_gym.traps import Split, Trap

# States a split: alone they are stepped one by one, together all at once.
FEW, MANY = 64, 4096


@check
def check_determinism(trap: Trap, levels: int = SAMPLE) -> None:
    """The same level with the same actions is the same episode, also of a trap made anew."""
    twin = type(trap)(trap.size, **trap.parameters)
    for split in Split:
        numbers = np.arange(levels)
        ours, theirs = trap.levels(split, numbers), twin.levels(split, numbers)
        _require_same(arrays_of(ours), arrays_of(theirs), ours, split, "of a level drawn twice")
        words = bits(hash64("check"), numbers, "actions", 0, trap.horizon(split))
        alive = numbers
        for actions in below(words, len(ACTIONS)).T:
            before, again = ours.copy(), trap.step(ours.copy(), actions[alive])
            outcome = trap.advance(ours, actions[alive])
            replayed = twin.advance(theirs, actions[alive])
            result = results_of(ours, outcome)
            _require_same(result, results_of(*again), before, split, "of a step taken twice")
            _require_same(result, results_of(theirs, replayed), before, split, "of a replayed step")
            going = (~outcome.ended).nonzero()[0]
            ours, theirs, alive = ours.take(going), theirs.take(going), alive[going]


def _require_same(
    ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray], at: State, split: Split, of: str
) -> None:
    if found := difference(ours, theirs):
        name, row = found
        raise ConformanceError(
            f"`{name}` {of} differs; use `draw.bits` and `move.bits` for chance, and keep nothing"
            " on the trap",
            split,
            int(at.level[row]),
        )


@check
def check_purity(trap: Trap, levels: int = SAMPLE) -> None:
    """``step`` changes nothing that it is given, and what it returns is nobody else's."""
    for split in Split:
        state = some(explore(trap, split, levels).state, FEW)
        for action in range(len(ACTIONS)):
            _check_pure_step(trap, split, state, action)


def _check_pure_step(trap: Trap, split: Split, state: State, action: int) -> None:
    kept, actions = state.copy(), np.full(len(state), action)
    after, outcome = trap.step(state, actions)
    given = {**arrays_of(state), "actions": actions}
    found = difference({**arrays_of(kept), "actions": np.full(len(kept), action)}, given)
    if found:
        raise ConformanceError(
            f"`step` changed `{found[0]}` of what it was given; `advance` alone works in place",
            split,
            int(kept.level[found[1]]),
        )
    later = results_of(*trap.step(state, np.full(len(state), (action + 1) % len(ACTIONS))))
    paid = {f"paid.{x}": pay for x, pay in outcome.paid.items()}
    # The end may be a view of the state after the step, but a payment belongs to the caller.
    for ours, theirs in (
        (results_of(after, outcome), given),
        (results_of(after, outcome), later),
        (paid, arrays_of(after)),
    ):
        for name, array in ours.items():
            for other, another in theirs.items():
                if np.may_share_memory(array, another):
                    raise ConformanceError(
                        f"`{name}`, which a step returned, shares memory with `{other}` of"
                        " the state before or of another result; return fresh arrays",
                        split,
                    )
    expected = {k: v for k, v in arrays_of(kept).items() if k.split(".")[0] in _FIXED}
    expected["clock"] = kept.clock + 1
    found = difference(expected, {k: v for k, v in arrays_of(after).items() if k in expected})
    if found:
        raise ConformanceError(
            f"a step changed `{found[0]}`, which is the level's own; what changes belongs in"
            " planes or `vars`",
            split,
            int(kept.level[found[1]]),
        )


_FIXED = ("level", "key", "const")


@check
def check_batch_independence(trap: Trap, levels: int = SAMPLE) -> None:
    """Stepping many states together gives what stepping each alone gives."""
    for split in Split:
        state = some(explore(trap, split, levels).state, FEW)
        for action in range(len(ACTIONS)):
            together = results_of(*trap.step(state, np.full(len(state), action)))
            for row in range(len(state)):
                alone = results_of(*trap.step(state.take(np.array([row])), np.array([action])))
                found = difference({k: v[row : row + 1] for k, v in together.items()}, alone)
                if found:
                    raise ConformanceError(
                        f"action {ACTIONS[action]!r} gives another `{found[0]}` when the state is"
                        " stepped alone than in a batch; rules must not mix rows",
                        split,
                        int(state.level[row]),
                    )


@check
def check_clock(trap: Trap, levels: int = SAMPLE) -> None:
    """Rules of a solvable trap read neither the clock nor the level's number or key."""
    if not trap.solvable:
        return
    for split in Split:
        state = some(explore(trap, split, levels).state, MANY)
        other = state.copy()
        other.clock += 1 + np.arange(len(state)) % 7
        other.level += 1
        other.key ^= np.uint64(hash64("another level"))
        _require_alike(
            trap,
            split,
            (state, other),
            ("clock", "level", "key"),
            "the same state at another clock, or on a level of another number, steps differently;"
            " rules read neither (a random trap says `solvable = False`)",
        )


@check
def check_hidden(trap: Trap, levels: int = SAMPLE) -> None:
    """Hidden planes and once-marks change what objectives pay and nothing else."""
    for split in Split:
        state = some(explore(trap, split, levels).state, MANY)
        other = state.copy()
        other.hidden[:] = np.random.default_rng(0).integers(0, 2, other.hidden.shape)
        _require_alike(
            trap,
            split,
            (state, other),
            ("hidden", "paid"),
            "the same state with other hidden planes or once-marks steps differently; only"
            " objectives may read what the agent cannot see",
        )


@check
def check_dynamics(trap: Trap, levels: int = SAMPLE) -> None:
    """Without its objectives a trap moves as with them: they pay, and do nothing else."""
    bare = copy.copy(trap)
    vars(bare)["objectives"] = {}
    for split in Split:
        state = some(explore(trap, split, levels).state, MANY)
        for action in range(len(ACTIONS)):
            actions = np.full(len(state), action)
            with_, without = (results_of(*t.step(state, actions)) for t in (trap, bare))
            if found := difference(with_, without, leave=("paid",)):
                raise ConformanceError(
                    f"`{found[0]}` after action {ACTIONS[action]!r} is another without the"
                    " objectives; an objective changes something, which only `rules` may do",
                    split,
                    int(state.level[found[1]]),
                )


def _require_alike(
    trap: Trap, split: Split, both: tuple[State, State], leave: tuple[str, ...], what: str
) -> None:
    """Step two states with every action; the results must be the same but for what is left."""
    for action in range(len(ACTIONS)):
        actions = np.full(len(both[0]), action)
        ours, theirs = (results_of(*trap.step(state, actions)) for state in both)
        if found := difference(ours, theirs, leave):
            name, row = found
            raise ConformanceError(
                f"{what} (`{name}` after action {ACTIONS[action]!r})",
                split,
                int(both[0].level[row]),
            )
