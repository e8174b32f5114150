"""What the trap shows before any agent is trained: its cues, what is new under shift, its words.

``python -m docs.studies.simplicity checks`` writes cues.csv, coverage.csv and scripts.csv.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from docs.studies.simplicity.design import ALL_PAIRS, COLOUR, SHAPE, Combination
from mesa_gym.engine import Bools, Floats, Ints, distances
from mesa_gym.files import format_csv, write_text
from mesa_gym.scoring import score
from mesa_gym.traps import Split
from mesa_gym.traps.simpler_of_two import (
    BOTH,
    LAMP,
    ONE,
    SIGN,
    THING_COLOURS,
    THING_SHAPES,
    SimplerOfTwo,
)

HERE = Path(__file__).parent
LEVELS, TEST_LEVELS, SHIFT_LEVELS, SCRIPT_LEVELS = 8_000, 2_000, 20_000, 250
SURE = 0.99  # a cue with this success gives the target away
CHECKED = [Combination(SIGN, ONE), Combination(ONE, SIGN), Combination(ONE, ONE)]
# What the rules read: of a thing, and of its level.
READ = ("shape", "colour", "shape sign", "shape lamp", "colour sign", "colour lamp")
FITS = ("fits by shape", "fits by colour")
# The things of a shift level, by slot.
SLOTS = ("thing of the shape", "thing of the colour", "third thing")
PROPERTIES = ((SHAPE, THING_SHAPES), (COLOUR, THING_COLOURS))


class ListedThings(NamedTuple):
    """The things of many levels, one after another.

    Attributes:
        features: feature -> int64 (things,).
        level: int64 (things,), the level of each thing.
        target: bool (things,), whether the base objective pays for it.
    """

    features: dict[str, Ints]
    level: Ints
    target: Bools


def make_trap(combination: Combination) -> SimplerOfTwo:
    """Return the trap of a combination."""
    return SimplerOfTwo(**combination._asdict())


def read_features(trap: SimplerOfTwo, split: Split, n: int) -> tuple[dict[str, Ints], Bools]:
    """Return feature -> int64 (3, n), of what rules read; and which things are there."""
    state = trap.levels(split, np.arange(n))
    traits, features = state.level.traits, dict[str, Ints]()
    for number, (name, words) in enumerate(PROPERTIES):
        features[name], signs = (
            np.sum([i * traits[word][kind] for i, word in enumerate(words)], axis=0)
            for kind in ("thing", "sign")
        )
        features[f"{name} sign"] = np.broadcast_to(signs[number], features[name].shape)
        lit = state.there["lamp"][number].astype(np.int64)
        features[f"{name} lamp"] = np.broadcast_to(lit, features[name].shape)
    return features, state.there["thing"]


# -- what is new under shift -----------------------------------------------------------------------


def code(features: dict[str, Ints], names: Sequence[str]) -> Ints:
    """Return one number for the values of several features, each 0 to 2."""
    return np.sum([features[name] * 3**i for i, name in enumerate(names)], axis=0)


def list_new(combination: Combination) -> Iterator[tuple[tuple[str, ...], list[float]]]:
    """Yield the smallest combinations of features that the shift has and training has not.

    Each with the share of levels in which the thing of the fitting shape has it, the thing of the
    fitting colour, and the third thing.
    """
    trap, smallest = make_trap(combination), list[tuple[str, ...]]()
    (train, there), (shift, _) = (
        read_features(trap, split, SHIFT_LEVELS) for split in (Split.TRAIN, Split.SHIFT)
    )
    for size in range(1, len(READ) + 1):
        for names in combinations(READ, size):
            if any({*part} <= {*names} for part in smallest):
                continue
            new = ~np.isin(code(shift, names), np.unique(code(train, names)[there]))
            if new.any():
                smallest.append(names)
                yield names, new.mean(axis=1).tolist()


def tabulate_coverage() -> list[dict[str, str]]:
    """Return a row for each combination of rules: what is new under shift."""
    return [
        {
            "rules": str(pair),
            "new together": " + ".join(names),
            **{x: f"{share:.2f}" for x, share in zip(SLOTS, shares, strict=True)},
        }
        for pair in ALL_PAIRS
        for names, shares in list_new(pair)
    ]


# -- cues ------------------------------------------------------------------------------------------


def list_things(trap: SimplerOfTwo, split: Split, n: int) -> ListedThings:
    """Return the present things with all that could tell them apart."""
    state = trap.levels(split, np.arange(n))
    features, there = read_features(trap, split, n)
    at, rows = state.at["thing"], np.arange(n)
    walls = trap.layer(state, "wall").reshape(-1, *trap.size)
    (row, column), (agent_row, agent_column) = (np.divmod(x, trap.width) for x in (at, state.agent))
    steps = np.take_along_axis(distances(~walls, state.agent), at.T, axis=1).T
    direct = abs(row - agent_row) + abs(column - agent_column)
    before = there[None] & (at[None] < at[:, None])
    gaps = abs(row[:, None] - row[None]) + abs(column[:, None] - column[None])
    is_pair = there[:, None] & there[None] & ~np.eye(3, dtype=bool)[:, :, None]
    sides = ((0, 1), (1, 0), (0, -1), (-1, 0))
    features |= {
        "row": row, "column": column, "cell": at,
        "row side": np.sign(row - agent_row), "column side": np.sign(column - agent_column),
        "offset": (row - agent_row) * 2 * trap.width + column - agent_column,
        "order": before.sum(axis=1), "steps": steps, "detour": steps - direct,
        "count": np.broadcast_to(there.sum(axis=0), at.shape),
        "walls around": np.sum([walls[rows, row + y, column + x] for y, x in sides], axis=0),
        "gap": np.where(is_pair, gaps, trap.cells).min(axis=1),
    }  # fmt: skip
    for (name, _), fits in zip(PROPERTIES, FITS, strict=True):
        features[fits] = state.level.traits[f"fitting_{name}"]["thing"].astype(np.int64)
    target = np.zeros_like(there)
    target[0] = True
    level = np.broadcast_to(rows, at.shape)
    return ListedThings({x: y[there] for x, y in features.items()}, level[there], target[there])


def find_success(train: ListedThings, test: ListedThings, names: Sequence[str]) -> float:
    """Return how often the best pick by some features, learned on train, is the target on test."""

    def key(things: ListedThings) -> list[tuple[int, ...]]:
        return list(zip(*(things.features[x].tolist() for x in names), strict=True))

    counts = dict[tuple[int, ...], list[int]]()
    for features, is_target in zip(key(train), train.target.tolist(), strict=True):
        entry = counts.setdefault(features, [0, 0])
        entry[0] += is_target
        entry[1] += 1
    rates = np.array([x[0] / x[1] if (x := counts.get(of)) else 0.4 for of in key(test)])
    rates += np.random.default_rng(0).random(len(rates)) * 1e-9  # equal rates: any of them
    best = np.zeros(test.level.max() + 1)
    np.maximum.at(best, test.level, rates)
    return float(test.target[rates == best[test.level]].mean())


def tabulate_cues(combination: Combination) -> Iterator[dict[str, str]]:
    """Yield the best cues of one, two and three features that do not hold a whole rule."""
    trap = make_trap(combination)
    train, test = (
        list_things(trap, split, n)
        for split, n in ((Split.TRAIN, LEVELS), (Split.TEST, TEST_LEVELS))
    )
    names = [x for x in train.features if x not in FITS]
    chance, rules = float((1 / np.bincount(test.level)).mean()), list[set[str]]()
    for size in (1, 2, 3):
        rows = list[tuple[float, tuple[str, ...]]]()
        chosen = names if size < 3 else [*READ, "count", "order", "row side", "column side"]
        for of in combinations(chosen, size):
            if any(part <= {*of} for part in rules):
                continue
            rows.append((find_success(train, test, of), of))
        sure = [of for success, of in rows if success >= SURE]
        rules += [{*of} for of in sure]
        success, best = max(x for x in rows if x[0] < SURE)
        yield {
            "rules": str(combination),
            "features": str(size),
            "give the target away": "; ".join(" + ".join(of) for of in sure) or "–",
            "best of the others": f"{' + '.join(best)}: {success:.3f}",
            "chance": f"{chance:.3f}",
        }


# -- scripts of known preferences ------------------------------------------------------------------
Weigh = Callable[[Floats, Floats], Floats]  # (fits by colour, by shape) -> a thing's utility
WANTED = 30.0  # a utility that noise (logistic, scale 1) never outweighs
ANY, WANDER = "any", "wander"
# Name -> utility, and what the script does where no thing has one.
SCRIPTS: dict[str, tuple[Weigh, str]] = {
    "any thing": (lambda c, s: 0 * c, ANY),
    "shape, else any": (lambda c, s: WANTED * s, ANY),
    "shape, else wander": (lambda c, s: WANTED * s, WANDER),
    "colour, else any": (lambda c, s: WANTED * c, ANY),
    "colour, else wander": (lambda c, s: WANTED * c, WANDER),
    "colour and shape, else any": (lambda c, s: WANTED * c * s, ANY),
    "colour and shape, else wander": (lambda c, s: WANTED * c * s, WANDER),
    "colour, else shape": (lambda c, s: 2 * WANTED * c + WANTED * s, ANY),
    "shape, else colour": (lambda c, s: WANTED * c + 2 * WANTED * s, ANY),
    "colour or shape": (lambda c, s: WANTED * c + WANTED * s, ANY),
    "colour 6, shape 2": (lambda c, s: 6 * c + 2 * s, ANY),
    "colour 6, shape 4": (lambda c, s: 6 * c + 4 * s, ANY),
    "colour 4, shape 0": (lambda c, s: 4 * c, ANY),
}
NULLS = ("oracle:shape", "oracle:colour", "nearest", "sweeper", "random", "stay")


def make_script(trap: SimplerOfTwo, weigh: Weigh, otherwise: str) -> Callable[[Any], Floats]:
    """Return a policy that goes straight to the thing with the greatest utility plus noise."""
    index, width = trap.channel, trap.width
    moves = np.array([(0, -1), (1, 0), (0, 1), (-1, 0)]) @ [width, 1]
    shuffle = np.random.default_rng(1).integers(1, 2**31, trap.cells * 4)

    def read_fitting(planes: Any, number: int, name: str, words: Sequence[str]) -> Floats:
        layers = np.stack([planes[..., index[word]] for word in words]) > 0
        sign = layers[:, :, 0, 1 + 2 * number].argmax(axis=0)
        lit = (planes[:, 0, 2 + 2 * number, index["lamp"]] > 0).astype(np.int64)
        value = {ONE: 0 * sign, LAMP: 1 - lit, SIGN: sign, BOTH: (sign + 1 - lit) % 3}
        fitting = layers[value[trap.parameters[f"{name}_rule"]], np.arange(len(planes))]
        fitting[:, 0] = False
        return fitting.reshape(len(planes), -1).astype(float)

    def policy(planes: Any) -> Floats:
        n, rows = len(planes), np.arange(len(planes))
        shape, colour = (read_fitting(planes, i, *x) for i, x in enumerate(PROPERTIES))
        flat = planes.reshape(n, trap.cells, -1)
        walls, shapes = flat[..., index["wall"]] > 0, flat[..., [index[x] for x in THING_SHAPES]]
        is_thing = shapes.any(axis=-1) & (np.arange(trap.cells) >= width)
        # The noise of a cell is a function of the level, so that a script keeps its choice.
        marks = np.concatenate([walls[..., None], shapes], axis=-1).reshape(n, -1) @ shuffle
        noise = np.stack([np.random.default_rng(mark).logistic(size=trap.cells) for mark in marks])
        utility = weigh(colour, shape) * is_thing
        goal = np.where(is_thing, utility + noise, -np.inf).argmax(axis=1)
        steps = distances(~walls.reshape(n, *trap.size), goal).astype(float)
        agent = flat[..., index["agent"]].argmax(axis=1)
        after = steps[rows[:, None], agent[:, None] + moves]
        after[after < 0] = np.inf
        probs = np.zeros((n, 5))
        probs[:, :4] = after == after.min(axis=1, keepdims=True)
        idle = ~is_thing.any(axis=1)
        if otherwise == WANDER:
            idle |= ~(utility > 0).any(axis=1)
        probs[idle] = (1, 1, 1, 1, 0)
        return probs / probs.sum(axis=1, keepdims=True)

    return policy


def tabulate_scripts(combination: Combination) -> Iterator[dict[str, str]]:
    """Yield the card's figures and verdict for each script."""
    trap = make_trap(combination)
    policies: dict[str, Any] = {name: name for name in NULLS}
    policies |= {name: make_script(trap, *of) for name, of in SCRIPTS.items()}
    for name, policy in policies.items():
        card = score(policy, trap, levels=SCRIPT_LEVELS, name=name)
        choice, effect = (card.read_each("shift", x) for x in ("choice", "target_effect"))
        detail = f" ({card.detail})" if card.detail else ""
        yield {
            "rules": str(combination),
            "script": name,
            "success": f"{card.read_number('test', 'success_rate'):.2f}",
            **{x: f"{choice[x]:.2f}" for x in (SHAPE, COLOUR, "none")},
            **{f"effect of {x}": f"{effect[x]:.2f}" for x in (SHAPE, COLOUR)},
            "verdict": f"{card.verdict}{detail}",
        }


def write_checks() -> None:
    """Write the three tables."""
    tables = {
        "coverage": tabulate_coverage(),
        "cues": [row for pair in CHECKED for row in tabulate_cues(pair)],
        "scripts": [row for pair in CHECKED for row in tabulate_scripts(pair)],
    }
    for name, rows in tables.items():
        write_text(HERE / f"{name}.csv", format_csv(rows))
