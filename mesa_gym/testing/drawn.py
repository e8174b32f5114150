"""Checks of drawn levels and of the arrays of their states."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from mesa_gym.engine import Bools, State, hash_rows
from mesa_gym.errors import shorten
from mesa_gym.testing.check import Findings, check, same
from mesa_gym.testing.sample import Sample, name_arrays, sample_of
from mesa_gym.traps import LEVELS, Choice, Option, Split, Trap, Whole

# Training levels from which levels of the other splits must differ.
TRAINED = 8192
# A second search for set planes in training reads this many times as many levels.
TRAINING_FACTOR = 4
# CPU seconds within which a trap of any size must draw and step this number of levels.
SECONDS = 2.0
DRAWN = 20


@check()
def check_declared(trap: Trap, levels: int) -> Findings:
    """Check that a trap declares ``category`` and ``source``, and a reason for skipped checks."""
    kinds = getattr(trap, "category", None)
    named = isinstance(kinds, tuple) and kinds and all(isinstance(kind, str) for kind in kinds)
    yield named, f'`category` is {shorten(kinds)}; declare `category`, such as ("proxy",)'
    source = getattr(trap, "source", None)
    yield isinstance(source, str), f"`source` is {shorten(source)}; declare `source`, a text"
    skipped = trap.skipped_checks
    reasons = skipped.values() if isinstance(skipped, Mapping) else [None]
    yield (
        all(reason and isinstance(reason, str) for reason in reasons),
        f"`skipped_checks` is {shorten(skipped)}; declare a reason for each check, such as"
        ' {"directions": "the goal is always to the right"}',
    )


@check(*Split, fix="draw by the builder's methods, each level from its own row; keep no state")
def check_level_identity(sample: Sample) -> Findings:
    """Check that a level is the same alone, in any batch, and whenever it is drawn."""
    trap, split = sample.trap, sample.split
    numbers = np.array([*range(sample.levels), LEVELS - 1, LEVELS])
    batch, again = trap.levels(split, numbers), type(trap)(trap.size, **trap.parameters)
    rows_in_turn = np.arange(len(numbers))
    for rows in (*rows_in_turn[:, None], rows_in_turn, rows_in_turn[::-1], np.array([1, 0, 1])):
        drawn = name_arrays(again, again.levels(split, numbers[rows]))
        expected = batch.take(rows)
        message = f"levels {numbers[rows].tolist()} differ from those in a larger batch"
        yield same(message, drawn, name_arrays(trap, expected), expected)


@check(fix="draw the layouts of all splits by `maze` and `blocks`, or of all by `carve`")
def check_held_out(trap: Trap, levels: int) -> Findings:
    """Check that no held-out level is a training level, wherever the agent starts."""
    train, *held_out = Split
    trained = hash_rows(trap.flag_levels(trap.levels(train, np.arange(TRAINED))))
    for split in held_out:
        state = sample_of(trap, split, levels).starts
        good = ~np.isin(hash_rows(trap.flag_levels(state)), trained)
        yield good, f"a level of {split} is also a level of training", state


@check(fix="narrow `min_size` and `max_size`")
def check_sizes(trap: Trap, levels: int) -> Findings:
    """Check that a trap is fast enough at its declared sizes, and refuses other sizes."""
    cls = type(trap)
    least, most = np.array(cls.min_size), np.array(cls.max_size)
    middle = (most - least) // 4 * 2
    sizes = [np.minimum(least + more, most) for more in (0, 2, 4, middle, most, (0, 99), (99, 0))]
    for size in np.unique(sizes, axis=0).tolist():
        other = cls(size)
        for split in Split:
            began, levels_text = time.process_time(), f"{DRAWN} levels of {other!r}, {split}"
            try:
                other.step(other.levels(split, np.arange(DRAWN)), np.zeros(DRAWN, np.int64))
            except Exception as error:
                yield False, f"{levels_text}, cannot be drawn ({type(error).__name__}: {error})"
            seconds = time.process_time() - began
            yield seconds < SECONDS, f"{levels_text}, take {seconds:.1f} s"
    for wrong in np.array([least - 2, most + 2, least + 1]).tolist():
        try:
            yield cls(wrong) is None, f"size {wrong} is not refused"
        except ValueError as error:
            yield cls.__name__ in str(error), f"size {wrong} is refused with {str(error)!r}"


@check(
    fix="let an option change only the things it names: draw at the same sites in the same order,"
    " and use the option in no `require` or `among`; `salience` only repeats planes"
)
def check_options(trap: Trap, levels: int) -> Findings:
    """Check that an option changes only its own parts of a level: some levels keep their walls.

    Repeated planes (``salience``) leave the whole level unchanged.
    """
    cls, numbers = type(trap), np.arange(DRAWN)
    kept = {split: trap.levels(split, numbers) for split in (Split.TRAIN, Split.SHIFT)}
    for name, option in trap.keywords().items():
        for value in _list_values(option):
            try:
                other = cls(trap.size, **{**trap.parameters, name: value})
            except ValueError:  # the value is incompatible with the other options
                continue
            for split, ours in kept.items():
                other_levels = other.levels(split, numbers)
                message = f"`{name}={value}` changes a level of {split}"
                if name in trap.salience:
                    yield same(
                        message, name_arrays(other, other_levels), name_arrays(trap, ours), ours
                    )
                walls = trap.table(ours.level, "wall") == trap.table(other_levels.level, "wall")
                yield walls.all(axis=1).any(), f"{message}: none of {DRAWN} levels keeps its walls"


def _list_values(option: Option) -> list[object]:
    """Return a few values of an option, including the least; if the values are words, all words.

    A share of 1 is left out, because such an option may change all levels.
    """
    if isinstance(option, Whole):
        return [option.least, min(option.least + 1, option.most), min(3, option.most)]
    return [*option.words] if isinstance(option, Choice) else [0.0, 0.5]


@check(*Split, fix="draw the agent last, on a free cell (`level.agent()`)")
def check_start(sample: Sample) -> Findings:
    """Check that the agent's start cell contains no ground or thing, visible or hidden."""
    trap, state = sample.trap, sample.starts
    for name in (*trap.ground, *trap.things):
        free = ~trap.layer(state, name)[np.arange(state.n), state.agent]
        yield free, f"the agent starts on {name!r}", state


@check(*Split, fix="declare all entries of states, draw on free cells, stop the agent in `blocked`")
def check_states(sample: Sample) -> Findings:
    """Check that every reachable state is well formed."""
    for state in (sample.starts, sample.state, sample.final):
        yield from inspect_states(sample.trap, state) if state.n else ()


def inspect_states(trap: Trap, state: State) -> Findings:
    """Yield (mask of correct states, message about incorrect ones, states)."""
    n, walls = state.n, trap.layer(state, "wall")
    declared: dict[str, tuple[Any, ...]] = {"agent": (state.agent, (n,), np.int64, trap.cells)}
    for kind, slots in trap.things.items():
        declared[f"at.{kind}"] = state.at[kind], (slots, n), np.int64, trap.cells
        declared[f"there.{kind}"] = state.there[kind], (slots, n), np.bool_, 2
    for kind, most in trap.held.items():
        declared[f"held.{kind}"] = state.held[kind], (n,), np.int64, most + 1
    for name, values in trap.vars.items():
        dtype = np.bool_ if values == 2 else np.int64
        declared[f"vars.{name}"] = state.vars[name], (n,), dtype, values
    for name, (array, shape, dtype, values) in declared.items():
        right = array.dtype == dtype and array.shape == shape
        inside = ((array >= 0) & (array < values)).reshape(-1, n).all(axis=0)
        message = (
            f"`{name}` is {array.dtype} {array.shape}; it is declared {dtype.__name__} {shape}"
        )
        yield right & inside, f"{message}, 0 to {values - 1}", state
    for kind, there in state.there.items():
        somewhere = ~(there & (state.at[kind] == 0)).any(axis=0)
        yield somewhere, f"{kind!r} is present in cell 0, which means 'nowhere'", state
    yield ~walls[np.arange(n), state.agent], "the agent is in a wall", state
    edge = np.pad(np.zeros((trap.height - 2, trap.width - 2), np.bool_), 1, constant_values=True)
    yield walls[:, edge.ravel()].all(axis=1), "the border is not all wall", state
    counts = np.zeros(n, np.int64)
    for plane in trap.planes:
        layers = [trap.layer(state, x) for x in trap.ground if trap.shown_as.get(x, x) == plane]
        counts += np.any(layers, axis=0).sum(axis=1) if layers else 0
    for _, cells, there in trap.dots(state):
        counts += (cells > 0 if there is None else there).sum(axis=0)
    alone = trap.observe(state).sum(axis=(1, 2, 3), dtype=np.int64) == counts
    yield alone, "one cell has two things of the same plane, which would show only one", state


@check(fix="show it in training, or name it in `novel_planes`")
def check_novelty(trap: Trap, levels: int) -> Findings:
    """Check that planes, and cells of the top row, are set only if training sets them too.

    Otherwise a failure under shift could be a lack of capability.
    """
    train_planes, *split_planes = (_ever_set(sample_of(trap, split, levels)) for split in Split)
    if (np.any(split_planes, axis=0) & ~train_planes).any():
        # A rare plane may be set in more training levels.
        train_planes |= _ever_set(sample_of(trap, Split.TRAIN, TRAINING_FACTOR * levels))
    train_planes |= [plane in trap.novel_planes for plane in trap.planes]
    for split, planes in zip([*Split][1:], split_planes, strict=True):
        for column, channel in np.argwhere(planes & ~train_planes):
            where = f"cell {column} of the top row" if column else "the grid"
            yield False, f"{trap.planes[channel]!r} is set in {where} on {split}, never in training"


def _ever_set(sample: Sample) -> Bools:
    """Return whether each plane is ever set, bool (width, planes).

    Index 0 is for the grid below the top row and for the top row's first cell, a corner of the
    border; the other indices are for the other cells of the top row.
    """
    planes = [sample.trap.observe(s) for s in (sample.starts, sample.state, sample.final) if s.n]
    ever_set: Bools = np.any([p[:, 0].any(axis=0) for p in planes], axis=0)
    ever_set[0] |= np.any([p[:, 1:].any(axis=(0, 1, 2)) for p in planes], axis=0)
    return ever_set
