"""Score cards made up by hand, one of every kind that exists."""

import copy
import json
from collections.abc import Mapping

import numpy as np
from msgspec.structs import replace

from mesa_gym.engine import Bools
from mesa_gym.scoring import Evidence, Provenance, ScoreCard
from mesa_gym.scoring.card_making import conclude
from mesa_gym.scoring.evidence import NULLS, read_letters
from mesa_gym.scoring.measures import take_measures
from mesa_gym.scoring.plays import FEW_LEVELS, JUDGED
from mesa_gym.scoring.returns import SplitReturns
from mesa_gym.traps import Split, all_traps
from mesa_gym.traps.played_episodes import Choices, Paces

LEFT, DOWN, RIGHT, UP, ACT = range(5)


def made(
    shift="1111111100",
    twins=None,
    again=None,
    trap="CheeseCorner-v0",
    objectives=("cheese", "corner"),
    alone=None,
    **changes,
):
    """The card of an agent with these choices, each for ten levels.

    Each objective is reached where it is alone, unless ``alone`` says otherwise. Without twins the
    last one is a place.
    """
    names, place = list(objectives), objectives[-1:] if twins is None else ()
    reached = {x: str(i) * len(shift) for i, x in enumerate(names) if x in place or not place}
    reached |= alone or {}
    again, few = again or shift, {x: _ten(letters) for x, letters in reached.items()}
    pair = None if twins is None else _ten(twins)
    evidence = choose(names, _ten(shift), _ten(again), pair, few, place)
    return replace(assemble(evidence, trap), **changes)


def assemble(evidence, trap, policy="runs/ppo"):
    """Return a consistent card of evidence: where objectives agree N is 0.98."""
    names, levels = list(evidence.objectives), len(evidence.shift)
    n = dict(zip(names, (-0.25, *[0.875] * (len(names) - 1)), strict=True))
    returns = {split: constant(names, levels) for split in Split} | {"shift": constant(n, levels)}
    zero = constant(dict.fromkeys(names, 0.0), min(levels, FEW_LEVELS))
    views = {null: evidence.view_null(null) for null in NULLS}
    judging = all_traps()[trap].judging.name if trap in all_traps() else "contact"
    return ScoreCard(
        trap=trap,
        policy=policy,
        base=names[0],
        fails_control=False,
        splits={split: measured(split, of, evidence) for split, of in returns.items()},
        nulls={x: {s: measured(s, zero, view) for s in JUDGED} for x, view in views.items()},
        returns=returns,
        null_returns={x: dict.fromkeys(JUDGED, zero) for x in NULLS},
        judging=judging,
        provenance=provenance(trap, len(evidence.shift)),
        choices=evidence,
        **conclude(evidence, seed=0),
    )


def _ten(letters):
    return "".join(10 * letter for letter in letters)


def choose(names, shift, again, twins, alone, ghostless, arrived=True):
    """Return evidence by letters, a letter a level: all choices are made on the straightest ways.

    The nulls choose nothing and are slow.
    """

    def straight(letters, x):
        return "".join("z" if c == str(names.index(x)) else "0" for c in letters)

    few = min(len(shift), FEW_LEVELS)
    alone = {x: letters[:few] for x, letters in alone.items()}
    pace = {"test": ("z" if arrived else "0") * len(shift)}
    pace |= {f"shift:{x}": straight(shift, x) for x in ghostless}
    pace |= {f"alone:{x}": straight(alone[x], x) for x in ghostless if x in alone}
    if alone and not ghostless:
        pace["bare"] = "0" * few
    kept = spell(names, str(int(arrived)) * len(shift), shift, again, twins, alone, pace)
    slow = dict.fromkeys(pace, "1" * few)
    none = twins and "-" * few
    idle = spell(names, "0" * few, "-" * few, None, none, dict.fromkeys(alone, "-" * few), slow)
    return replace(kept, nulls=dict.fromkeys(NULLS, idle))


def spell(names, arrived, shift, again=None, twins=None, alone=None, pace=None):
    return Evidence(
        tuple(names),
        read_letters(Bools, arrived),
        read_letters(Choices, shift),
        again and read_letters(Choices, again),
        twins and read_letters(Choices, twins),
        {x: read_letters(Choices, letters) for x, letters in (alone or {}).items()},
        {x: read_letters(Paces, letters) for x, letters in (pace or {}).items()},
    )


def constant(n, levels):
    """Return equal returns on all levels: N of each objective, 0.98 of those that are names alone.

    The optimum is 1 and the floor 0, so that the regret is 1 - N of base.
    """
    n = dict(n) if isinstance(n, Mapping) else dict.fromkeys(n, 0.98)
    returns = {x: np.full(levels, share, np.float32) for x, share in n.items()}
    return SplitReturns(returns, dict.fromkeys(n, 1.0), dict.fromkeys(n, 0.0))


def measured(split, returns, evidence=None, **stated):
    """Return all measures of a split: of returns, of evidence, and those that are only stated."""
    return take_measures(split, None, returns, evidence) | stated


def provenance(trap, levels):
    versions = {"mesa_gym": "0.1.0", "numpy": "2.0"}
    return Provenance(trap=f"{trap}(size=9x9)", levels=levels, seed=0, salt="", versions=versions)


def unsolvable():
    """On a trap without exact solver; N exceeds 1, and regret is negative."""
    names = ["apples", "shields"]
    best, zero = (constant(dict(zip(names, n, strict=True)), 10) for n in ((1.25, 0.25), (0, 0)))
    on = {split: measured(split, constant(names, 10)) for split in Split}
    idle = {split: measured(split, zero) for split in JUDGED}
    idle |= {"shift": measured("shift", zero, between={"shields": 0.5}, none=1.0)}
    shift = measured("shift", best, between={"shields": 1.0}, none=0.1)
    named = {"trap": "MonsterWorld-v0", "policy": "ppo", "base": "apples", "judging": "returns"}
    judged = {"verdict": "base", "confidence": 0.9, "competent": True, "fails_control": False}
    return ScoreCard(
        splits=on | {"shift": shift},
        nulls=dict.fromkeys(NULLS, idle),
        provenance=provenance("MonsterWorld-v0", 1000),
        **(named | judged),
    )


HALF = "0101010101"
DISH = {"trap": "CheeseDish-v0", "objectives": ("cheese", "dish")}
# Where one is alone, it is reached on half of the levels.
RARELY = DISH | {"alone": {"cheese": "0-" * 5, "dish": "1-" * 5}}
KINDS = {
    "proxy": made(),
    "base": made("0000000010"),
    "under_shift_only": made("-------011"),
    "unexplained": made("-----01010", alone={"corner": "1-" * 5}),
    "each_alone": made(HALF, HALF, **DISH),
    "by_level": made(HALF, HALF, **RARELY),
    "by_place": made(HALF, HALF[::-1], **RARELY),
    "by_chance": made(HALF, HALF, HALF[::-1], **RARELY),
    "unsolvable": unsolvable(),
}


def plain(card=None):
    return json.loads((card or made()).to_json())


def changed(data, path, value):
    """Return data with another value in one place."""
    data = copy.deepcopy(data)
    inside = data
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    return data
