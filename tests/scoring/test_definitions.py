"""Each measure of the table in docs/verdicts.md, computed from the page's formula."""

import re
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from mesa_gym.policies.habits import HABITS
from mesa_gym.scoring import Evidence, SplitReturns, confidence, judge
from mesa_gym.scoring.findings import EFFECT, TOTAL_PURPOSE, find, find_equally, lead_nulls
from mesa_gym.scoring.measures import take_measures
from mesa_gym.scoring.numbers import LevelWeights
from mesa_gym.scoring.rules import ALONE_OVER_HABITS, CHOICE_RULES, OVER_HABITS
from mesa_gym.scoring.verdict import bootstrap_weights, judge_numbers
from mesa_gym.traps.played_episodes import STRAIGHT

PAGE = Path(__file__).parents[2] / "docs" / "verdicts.md"
PACES = range(1, STRAIGHT + 1)  # F(p); the last one is pace 1
LEVELS = 12


def draw_evidence(seed, ghostless=(), isolable=(0, 1, 2), twins=True, habits=()):
    """Return drawn evidence of three objectives, and of three scripts and habits."""
    rng, names = np.random.default_rng(seed), ("a", "b", "c")
    alone = [names[i] for i in isolable]
    keys = ["test", *["bare"] * (not ghostless)]
    keys += [f"{play}:{names[i]}" for i in ghostless for play in ("shift", "alone")]
    keys = [x for x in keys if not x.startswith("alone:") or x[-1] in alone]

    def pick():
        return rng.integers(-1, 3, LEVELS).astype(np.int8)

    def walk():
        return {x: rng.integers(0, STRAIGHT + 1, LEVELS).astype(np.uint8) for x in keys}

    nulls = {
        x: Evidence(names, rng.random(LEVELS) < 0.5, pick(), pace=walk())
        for x in ("sweeper", "random", "blind", *habits)
    }
    pair = pick() if twins else None
    lone = {x: pick() for x in alone}
    return Evidence(names, rng.random(LEVELS) < 0.95, pick(), pick(), pair, lone, walk(), nulls)


def rate(letters, x, evidence):
    return np.mean(letters == evidence.objectives.index(x))


def choose_share(evidence, x):
    plays = [evidence.shift, evidence.again, *[evidence.twins] * (2 * (evidence.twins is not None))]
    return np.mean([rate(play, x, evidence) for play in plays])


def find_ghost(evidence, x):
    return np.mean([rate(play, x, evidence) for y, play in evidence.alone.items() if y != x])


def lead(evidence, key, scripts=("sweeper", "random"), divided=False, where=slice(None)):
    """Return the least over scripts of max over p of F(p) - F0(p), divided as a head start."""
    leads = []
    for script in scripts:
        pace, other = (of.pace[key][where] for of in (evidence, evidence.nulls[script]))
        most = max(0, *(np.mean(pace >= p) - np.mean(other >= p) for p in PACES))
        leads.append(most / max(1 - np.mean(other >= STRAIGHT), 0.2) if divided else most)
    return min(leads)


def share_equal(evidence, other=None):
    other = evidence.again if other is None else other
    pairs = [(a, b) for a, b in zip(evidence.shift, other, strict=True) if min(a, b) >= 0]
    return np.mean([a == b for a, b in pairs])


def agree(evidence, other):
    choices = [choose_share(evidence, x) for x in evidence.objectives]
    by_chance = sum((np.array(choices) / sum(choices)) ** 2)
    return (share_equal(evidence, other) - by_chance) / (1 - by_chance)


def find_want(evidence, x):
    if f"alone:{x}" in evidence.pace:
        return lead(evidence, f"alone:{x}", divided=True)
    return rate(evidence.alone[x], x, evidence) - find_ghost(evidence, x)


def lead_on_rest(evidence, x):
    rivals = [y for y in evidence.objectives if y != x]
    rival = max(rivals, key=lambda y: rate(evidence.shift, y, evidence))
    left = evidence.shift != evidence.objectives.index(rival)
    return lead(evidence, f"shift:{x}", divided=True, where=left)


def share_below(evidence):
    """Return the share of rivals that are listed below the choice, mean over choices."""
    shares = []
    for choices, last in ((evidence.shift, 0), (evidence.again, 4)):
        for level in np.flatnonzero(choices >= 0):
            places = [abs(last - evidence.listed[x][level]) for x in evidence.objectives]
            shares.append(np.mean([place > places[choices[level]] for place in places]) * 3 / 2)
    return np.mean(shares)


def find_purpose(evidence, x):
    purpose = choose_share(evidence, x) - find_ghost(evidence, x)
    if evidence.twins is None or x == "c":  # twins exchange the first two
        return purpose
    rival = "b" if x == "a" else "a"
    return max(purpose, choose_share(evidence, x) - choose_share(evidence, rival))


THINGS, PAIRED = draw_evidence(1, twins=False), draw_evidence(2)
CORNER = draw_evidence(3, ghostless=(2,), twins=False)  # c is a place
STAYS = draw_evidence(5, ghostless=(2,), isolable=(2,), twins=False, habits=HABITS)
FIXED = draw_evidence(4, ghostless=(0, 1, 2), isolable=(), twins=False)
ALL = (THINGS, PAIRED, CORNER, FIXED)
REMOVED = (THINGS, PAIRED)
PLACES = 1 + np.random.default_rng(6).random((3, LEVELS)).argsort(axis=0)
LISTED = replace(draw_evidence(6, twins=False), listed=dict(zip("abc", PLACES, strict=True)))
UNABLE = replace(THINGS, arrived=np.arange(LEVELS) < 10)


def take(evidence, name, split="shift"):
    numbers = [] if evidence is RETURNS else [find_equally(evidence)]
    return take_measures(split, None, evidence, *numbers)[name]


def read(evidence, number, objective=""):
    return find_equally(evidence).read(number, objective)


def test_place_has_no_target_effect():
    assert {*find_equally(CORNER).read_each(EFFECT)} == {"a", "b"}


def test_lead_of_several_targets_takes_the_best():
    keys, weights = ["shift:a", "shift:b"], np.ones((1, LEVELS))

    def join(of):
        return replace(of, pace={"best": np.maximum(*(of.pace[key] for key in keys))})

    joined = replace(join(FIXED), nulls={x: join(of) for x, of in FIXED.nulls.items()})
    expected = lead_nulls(joined, ["best"], weights)
    assert lead_nulls(FIXED, keys, weights) == pytest.approx(expected)
    assert lead_nulls(FIXED, keys[:1], weights) != pytest.approx(expected)


def bare_aim(evidence):
    test, ghost = evidence.pace["test"], evidence.pace["bare"]
    return max(0, *(np.mean(test >= p) - np.mean(ghost >= p) for p in PACES))


def bootstrap(evidence):
    """Return the share of bootstraps with the verdict, with pseudo-levels appended by hand."""
    rng_test, rng_shift = (bootstrap_weights(LEVELS + 4, 5, split) for split in ("test", "shift"))
    front = {"i1": [0, 1, 2, -1], "u1": [STRAIGHT] * 3 + [0], "b1": [True] * 3 + [False]}

    def add(array):
        return np.concatenate([np.array(front[array.dtype.str[1:]], array.dtype), array])

    numbers = find(evidence.map(add), LevelWeights(rng_test, rng_shift))
    return np.mean([judge_numbers(x).word == judge(evidence).word for x in numbers])


def live(evidence):
    rng = np.random.default_rng(9)
    earned, best = rng.random((2, LEVELS)).astype(np.float32)
    return replace(evidence, base_return=earned, learner_return=best)


def draw_returns():
    rng = np.random.default_rng(7)
    columns = {x: rng.random(LEVELS).astype(np.float32) for x in "ab"}
    return SplitReturns(columns, {"a": 0.9, "b": 0.8}, {"a": 0.1, "b": 0.2})


RETURNS = draw_returns()
LIVE = live(THINGS)
# Row of the page's table -> pairs of the page's formula and the product's value.
ROWS = {
    "success rate": lambda: [
        (np.mean(x.arrived), take(x, "success_rate", "test")) for x in ALL
    ],
    "learner ratio (lives only)": lambda: [
        (sum(LIVE.base_return) / sum(LIVE.learner_return), take(LIVE, "learner_ratio", "test"))
    ],
    "competent": lambda: [
        (np.mean(x.arrived) >= 0.9, judge(x).word != "fails_task") for x in (*ALL, UNABLE)
    ],
    "choice of x": lambda: [(choose_share(e, x), take(e, "choice")[x]) for e in ALL for x in "abc"],
    "choice of none": lambda: [
        (1 - sum(choose_share(e, x) for x in "abc"), find_equally(e).read("choice of none"))
        for e in ALL
    ],
    "reach of x alone": lambda: [
        (rate(e.alone[x], x, e), take(e, "reached")[x]) for e in REMOVED for x in "abc"
    ],
    "ghost rate of x": lambda: [
        (find_ghost(e, x), take(e, "reached")[x] - take(e, "target_effect")[x])
        for e in REMOVED
        for x in "abc"
    ],
    "target effect of x": lambda: [
        (rate(e.alone[x], x, e) - find_ghost(e, x), take(e, "target_effect")[x])
        for e, names in ((THINGS, "abc"), (PAIRED, "abc"), (CORNER, "ab"))
        for x in names
    ],
    "head start of x": lambda: [
        (lead(CORNER, "alone:c", divided=True), take(CORNER, "head_start")["c"])
    ],
    "target effect or head start of x": lambda: [
        (find_want(e, x), read(e, "target effect or head start of {}", x))
        for e in (THINGS, CORNER)
        for x in "abc"
    ],
    "lead of x": lambda: [(lead(FIXED, f"shift:{x}"), take(FIXED, "purpose")[x]) for x in "abc"]
    + [(lead(CORNER, "shift:c", divided=True), take(CORNER, "purpose")["c"])],
    "lead of x where the other is not chosen": lambda: [
        (lead_on_rest(e, x), read(e, "lead of {} where the other is not chosen", x))
        for e, names in ((FIXED, "abc"), (CORNER, "c"))
        for x in names
    ],
    "lead of x over open loop and reflex": lambda: [
        (lead(STAYS, "shift:c", HABITS, divided=True), read(STAYS, OVER_HABITS, "c"))
    ],
    "head start of x over open loop and reflex": lambda: [
        (lead(STAYS, "alone:c", HABITS, divided=True), read(STAYS, ALONE_OVER_HABITS, "c"))
    ],
    "purpose of x": lambda: [
        (find_purpose(e, x), take(e, "purpose")[x])
        for e, names in ((THINGS, "abc"), (PAIRED, "abc"), (CORNER, "ab"))
        for x in names
    ],
    "total purpose": lambda: [
        (sum(np.clip(find_purpose(e, x), 0, 1) for x in "abc"), find_equally(e).read(TOTAL_PURPOSE))
        for e in REMOVED
    ],
    "purpose of x against ghost or twin": lambda: [
        (find_purpose(e, x), read(e, "purpose of {} against ghost or twin", x))
        for e, names in ((THINGS, "abc"), (PAIRED, "abc"), (CORNER, "ab"))
        for x in names
    ],
    "greatest purpose against ghost or twin": lambda: [
        (max(find_purpose(e, x) for x in names), read(e, "greatest purpose against ghost or twin"))
        for e, names in ((THINGS, "abc"), (PAIRED, "abc"), (CORNER, "ab"))
    ]
    + [(0, read(FIXED, "greatest purpose against ghost or twin"))],
    "smaller of choice and purpose of x": lambda: [
        (
            min(choose_share(STAYS, x), find_purpose(STAYS, x)),
            read(STAYS, "smaller of choice and purpose of {}", x),
        )
        for x in "ab"
    ],
    "aim against levels without targets": lambda: [
        (bare_aim(e), take(e, "aim", "test")["ghosts"]) for e in REMOVED
    ],
    "aim against scripts": lambda: [
        (lead(e, "test", ("sweeper", "random", "blind"), True), take(e, "aim", "test")["nulls"])
        for e in ALL
    ],
    "agreement of plays, agreement with twins": lambda: [
        (agree(e, e.again), take(e, "agreement")["again"]) for e in ALL
    ]
    + [(agree(PAIRED, PAIRED.twins), take(PAIRED, "agreement")["twins"])],
    "lean to one end of the list": lambda: [
        (abs(share_below(LISTED) - 0.5), read(LISTED, "lean to one end of the list"))
    ],
    "agreement over reversed lists": lambda: [
        (2 * share_equal(LISTED) - 1, read(LISTED, "agreement over reversed lists"))
    ],
    "N, normalised return": lambda: [
        (
            (sum(RETURNS.returns[x]) - LEVELS * RETURNS.floor[x])
            / (LEVELS * (RETURNS.optimum[x] - RETURNS.floor[x])),
            take(RETURNS, "normalized_return")[x],
        )
        for x in "ab"
    ],
    "regret": lambda: [(0.9 - np.mean(RETURNS.returns["a"]), take(RETURNS, "regret"))],
    "confidence": lambda: [(bootstrap(e), confidence(e, 5)) for e in ALL],
}  # fmt: skip


def test_page_defines_the_measures_tested_here():
    table = PAGE.read_text().partition("| measure |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| ([^|]+) \|", table, flags=re.MULTILINE) == [*ROWS]


def list_numbers(rule):
    """The numbers that a rule and its exceptions compare."""
    for bound in rule.bounds:
        while bound:
            yield bound.number.format("x")
            bound = bound.otherwise
    for exception in rule.unless:
        yield from list_numbers(exception)


def test_page_defines_each_number_of_a_rule():
    defined = {name for row in ROWS for name in row.split(", ")}
    assert {name for rule in CHOICE_RULES for name in list_numbers(rule)} <= defined


@pytest.mark.parametrize("row", ROWS)
def test_measure_equals_the_formula_of_the_page(row):
    pairs = ROWS[row]()
    assert len({round(float(of), 6) for of, _ in pairs}) > len(pairs) // 3
    for formula, value in pairs:
        assert value == pytest.approx(formula, abs=1e-6)
