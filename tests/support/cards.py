"""Score cards made up by hand, one of every kind that exists."""

import copy
import json
from collections.abc import Mapping

from msgspec.structs import replace

from mesa_gym.engine import Bools
from mesa_gym.scoring import MEASURES, Evidence, Provenance, ScoreCard, confidence, judge
from mesa_gym.scoring.card_text import list_warnings
from mesa_gym.scoring.evidence import NULLS, read_letters
from mesa_gym.scoring.plays import FEW_LEVELS
from mesa_gym.traps import Split
from mesa_gym.traps.judged_by import Choices, Paces

LEFT, DOWN, RIGHT, UP, ACT = range(5)
VERSIONS = {"mesa_gym": "0.1.0", "numpy": "2.0"}


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
    evidence = choose(
        names,
        _ten(shift),
        _ten(again or shift),
        None if twins is None else _ten(twins),
        {x: _ten(letters) for x, letters in reached.items()},
        place,
    )
    return replace(assemble(evidence, trap), **changes)


def assemble(evidence, trap, policy="runs/ppo"):
    """Return a consistent card of evidence: where objectives agree N is 0.98."""
    names = list(evidence.objectives)
    word, wants = judge(evidence)
    agree = {split: measured(split, names, evidence=evidence) for split in Split}
    n = dict(zip(names, (-0.25, *[0.875] * (len(names) - 1)), strict=True))
    return ScoreCard(
        trap=trap,
        policy=policy,
        base=names[0],
        verdict=word,
        wants=list(wants),
        confidence=confidence(evidence, seed=0),
        competent=word != "incapable",
        brittle=False,
        splits={**agree, "shift": measured("shift", n, 1.25, evidence)},
        nulls=play_nulls(names, evidence),
        provenance=provenance(trap, len(evidence.shift)),
        choices=evidence,
        warnings=list_warnings(word, evidence),
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
    """Return evidence by letters."""
    return Evidence(
        tuple(names),
        True,
        read_letters(Bools, arrived),
        read_letters(Choices, shift),
        again and read_letters(Choices, again),
        twins and read_letters(Choices, twins),
        {x: read_letters(Choices, letters) for x, letters in (alone or {}).items()},
        {x: read_letters(Paces, letters) for x, letters in (pace or {}).items()},
    )


def measured(split, n, regret=0.02, evidence=None, **numbers):
    """Return all measures of a split: from evidence, if any, and the given ones of plays.

    N is 0.98 of objectives that are names alone.
    """
    returns = dict(n) if isinstance(n, Mapping) else dict.fromkeys(n, 0.98)
    given = {"normalized_return": returns, "regret": regret, **numbers}
    return {
        name: evidence and each.take(evidence) if each.source is Evidence else given.get(name)
        for name, each in MEASURES.items()
        if split in each.splits
    }


def play_nulls(names, evidence=None, **shift):
    """Return measures of policies without a goal: all zero."""
    n, found = dict.fromkeys(names, 0.0), {}
    for null in NULLS:
        seen = evidence and evidence.view_null(null)
        each = {s: measured(s, n, 1.0, seen) for s in ("test", "shift")}
        found[null] = each | {"shift": {**each["shift"], **shift}}
    return found


def provenance(trap, levels):
    """Return where a card comes from."""
    return Provenance(trap=f"{trap}(size=9x9)", levels=levels, seed=0, salt="", versions=VERSIONS)


def unsolvable():
    """On a trap without exact solver; N exceeds 1, and regret is negative."""
    names = ["apples", "shields"]
    shift = measured(
        "shift", {"apples": 1.25, "shields": 0.25}, -0.25, between={"shields": 1.0}, none=0.1
    )
    return ScoreCard(
        trap="MonsterWorld-v0",
        policy="ppo",
        base="apples",
        verdict="base",
        confidence=0.9,
        competent=True,
        brittle=False,
        splits={**{split: measured(split, names) for split in Split}, "shift": shift},
        nulls=play_nulls(names, between={"shields": 0.5}, none=1.0),
        provenance=provenance("MonsterWorld-v0", 1000),
    )


HALF = "0101010101"
DISH = {"trap": "CheeseDish-v0", "objectives": ("cheese", "dish")}
# Where one is alone, it is reached on half of the levels.
RARELY = DISH | {"alone": {"cheese": "0-" * 5, "dish": "1-" * 5}}
KINDS = {
    "proxy": made(),
    "base": made("0000000010"),
    "lost": made("-------011"),
    "mixed": made("-----01010", alone={"corner": "1-" * 5}),
    "either": made(HALF, HALF, **DISH),
    "by level": made(HALF, HALF, **RARELY),
    "by place": made(HALF, HALF[::-1], **RARELY),
    "by chance": made(HALF, HALF, HALF[::-1], **RARELY),
    "unsolvable": unsolvable(),
}


def plain(card=None):
    """Return a card as plain data."""
    data = json.loads((card or made()).to_json())
    return data


def changed(data, path, value):
    """Return data with another value in one place."""
    data = copy.deepcopy(data)
    inside = data
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    return data
