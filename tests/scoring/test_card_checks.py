"""Real cards are accepted; with any one leaf changed they are refused, or it is on a short list."""

import json
import re
from functools import cache

import pytest
from cards import changed, plain
from parameters import few
from small_traps import Slippery, SmallDish

from mesa_gym.scoring import ScoreCard, score

LEVELS = 23
# What nothing else on a card tells: who it is of, what was paid beyond base, how fast nulls were.
FREE = [
    r"policy",
    r"provenance\.(seed|trace|command|versions\.(numpy|gymnasium|python|mesa_gym))",
    r"episode\.actions\.\d+",
    r"splits\.\w+\.(normalized_return\.\w+|regret|solved)",
    r"nulls\.\w+\.\w+\.(normalized_return\.\w+|solved)",
    r"splits\.test\.shut\.\w+|nulls\.\w+\.test\.shut\.\w+",
    r"choices\.(nulls\.[\w ]+\.)?pace\..+",  # the greatest lead may lie elsewhere
    r"choices\.nulls\.sweeper off .+",
]
# What can mean nothing though all else does: N where nothing can be earned, on splits that no null
# plays, and the place between references that earn the same.
UNKNOWN = [r"splits\.(train|control)\.normalized_return\.\w+", r".+\.shift\.between\.\w+"]
# Where two references are the scale, choices are not there to tell.
FREE_BY_RETURNS = [r"splits\.shift\.(lost|between\.\w+)", r"nulls\..+", r"confidence", r"drawn"]
CASES = {
    "things": ("CheeseDish", "random"),
    "its oracle": ("CheeseDish", "oracle:base"),
    "a place": ("CheeseCorner", "oracle:corner"),
    "three objectives": ("Attributes", "random"),
    "no places": ("LavaLand", "either"),
    "by returns": ("MonsterWorld", "random"),
}


@cache
def real(case):
    trap, policy = CASES[case]
    return plain(score(policy, trap, levels=LEVELS))


def list_leaves(data, path=()):
    inside = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in inside:
        if isinstance(value, dict | list) and value:
            yield from list_leaves(value, (*path, key))
        else:
            yield (*path, key), value


def nudge(path, value):
    """Return another value, as like the first as can be."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        whole = isinstance(value, int)
        return value + 1 if whole else value - 1 / LEVELS if value > 0.5 else value + 1 / LEVELS
    if isinstance(value, str) and value:
        # A letter of the same alphabet.
        return ("1" if value[0] == "0" else "0") + value[1:]
    return {"cheese": 0.5} if value is None else ["cheese"]


@pytest.mark.parametrize("case", few(CASES, thorough=CASES.keys() - {"its oracle"}))
def test_with_any_one_leaf_changed_a_card_is_refused_or_the_leaf_is_free(case):
    data, kept = real(case), []
    assert plain(ScoreCard.from_json(json.dumps(data))) == data
    free = re.compile("|".join(FREE + FREE_BY_RETURNS * (case == "by returns")))
    unknown = re.compile("|".join(UNKNOWN))
    for path, value in list_leaves(data):
        name = ".".join(map(str, path))
        wild = [99.0, -7.0] if isinstance(value, float) else []
        if re.search("normalized_return|regret", name):
            # An agent can earn much less than nothing, and lose as much.
            wild = [] if case == "by returns" else [99.0] if "return" in name else [-7.0]
        wild += [{}] if value is None else [None]
        for other in (nudge(path, value), *wild):
            try:
                ScoreCard.from_json(json.dumps(changed(data, path, other)))
            except ValueError:
                continue
            allowed = (unknown if other is None else free).fullmatch(name)
            if not allowed or other in wild[:-1]:
                kept.append(f"{name}: {value!r} -> {other!r}")
    assert not kept, "\n".join(kept)


@pytest.mark.parametrize("case", few(CASES, thorough=CASES.keys() - {"its oracle"}))
def test_with_any_one_leaf_missing_a_card_is_refused_or_reads_the_same(case):
    data = real(case)
    optional = re.compile(
        r"provenance\.versions\.(?!mesa_gym)\w+|episode\.actions\.\d+|.*\.shut\..+"
    )
    for path, _ in list_leaves(data):
        inside = json.loads(json.dumps(data))
        at = inside
        for step in path[:-1]:
            at = at[step]
        del at[path[-1]]
        try:
            back = plain(ScoreCard.from_json(json.dumps(inside)))
        except ValueError:
            continue
        assert back == data or optional.fullmatch(".".join(map(str, path))), path


@pytest.mark.thorough
@pytest.mark.parametrize("policy", ["oracle:base", "oracle:dish", "random"])
def test_cards_of_lucky_levels_are_accepted(policy):
    """An optimum is an expectation there: what a hundred levels earn may exceed it."""
    lucky = []
    for salt in "abcd":
        card = score(policy, Slippery(7), levels=100, salt=salt)
        assert card.drawn
        assert ScoreCard.from_json(card.to_json()) == card
        lucky += [of["regret"] < 0 for of in card.splits.values()]
    # Those of "dish" are lucky where the objectives agree.
    assert any(lucky) == (policy != "random")
    assert not score(policy, SmallDish(7), levels=4).drawn
