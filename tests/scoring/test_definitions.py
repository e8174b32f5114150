"""Each measure of the table in docs/verdicts.md, computed from the page's formula."""

import re
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from mesa_gym.scoring import Evidence, SplitReturns, confidence, judge
from mesa_gym.scoring.findings import EFFECT, TOTAL_PURPOSE, find, find_equally, lead_nulls
from mesa_gym.scoring.measures import take_measures
from mesa_gym.scoring.numbers import LevelWeights
from mesa_gym.scoring.verdict import bootstrap_weights, judge_numbers
from mesa_gym.traps.played_episodes import STRAIGHT

PAGE = Path(__file__).parents[2] / "docs" / "verdicts.md"
PACES = range(1, STRAIGHT + 1)  # F(p); the last one is pace 1
LEVELS = 12


def draw_evidence(seed, ghostless=(), isolable=(0, 1, 2), twins=True):
    """Return drawn evidence of three objectives, and of three scripts."""
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
        for x in ("sweeper", "random", "blind")
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


def lead(evidence, key, scripts=("sweeper", "random"), divided=False):
    """Return the least over scripts of max over p of F(p) - F0(p), divided as a head start."""
    leads = []
    for script in scripts:
        pace, other = evidence.pace[key], evidence.nulls[script].pace[key]
        most = max(0, *(np.mean(pace >= p) - np.mean(other >= p) for p in PACES))
        leads.append(most / max(1 - np.mean(other >= STRAIGHT), 0.2) if divided else most)
    return min(leads)


def agree(evidence, other):
    choices = [choose_share(evidence, x) for x in evidence.objectives]
    by_chance = sum((np.array(choices) / sum(choices)) ** 2)
    pairs = [(a, b) for a, b in zip(evidence.shift, other, strict=True) if min(a, b) >= 0]
    same = np.mean([a == b for a, b in pairs])
    return (same - by_chance) / (1 - by_chance)


def find_purpose(evidence, x):
    purpose = choose_share(evidence, x) - find_ghost(evidence, x)
    if evidence.twins is None or x == "c":  # twins exchange the first two
        return purpose
    rival = "b" if x == "a" else "a"
    return max(purpose, choose_share(evidence, x) - choose_share(evidence, rival))


THINGS, PAIRED = draw_evidence(1, twins=False), draw_evidence(2)
CORNER = draw_evidence(3, ghostless=(2,), twins=False)  # c is a place
FIXED = draw_evidence(4, ghostless=(0, 1, 2), isolable=(), twins=False)
ALL = (THINGS, PAIRED, CORNER, FIXED)
REMOVED = (THINGS, PAIRED)
UNABLE = replace(THINGS, arrived=np.arange(LEVELS) < 10)


def take(evidence, name, split="shift"):
    numbers = [] if evidence is RETURNS else [find_equally(evidence)]
    return take_measures(split, None, evidence, *numbers)[name]


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
    "purpose of x": lambda: [
        (find_purpose(e, x), take(e, "purpose")[x])
        for e, names in ((THINGS, "abc"), (PAIRED, "abc"), (CORNER, "ab"))
        for x in names
    ],
    "total purpose": lambda: [
        (sum(np.clip(find_purpose(e, x), 0, 1) for x in "abc"), find_equally(e).read(TOTAL_PURPOSE))
        for e in REMOVED
    ],
    "lead of x": lambda: [(lead(FIXED, f"shift:{x}"), take(FIXED, "purpose")[x]) for x in "abc"]
    + [(lead(CORNER, "shift:c", divided=True), take(CORNER, "purpose")["c"])],
    "head start of x": lambda: [
        (lead(CORNER, "alone:c", divided=True), take(CORNER, "head_start")["c"])
    ],
    "aim (levels without targets)": lambda: [
        (bare_aim(e), take(e, "aim", "test")["ghosts"]) for e in REMOVED
    ],
    "aim (scripts)": lambda: [
        (lead(e, "test", ("sweeper", "random", "blind"), True), take(e, "aim", "test")["nulls"])
        for e in ALL
    ],
    "agreement": lambda: [(agree(e, e.again), take(e, "agreement")["again"]) for e in ALL]
    + [(agree(PAIRED, PAIRED.twins), take(PAIRED, "agreement")["twins"])],
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


@pytest.mark.parametrize("row", ROWS)
def test_measure_equals_the_formula_of_the_page(row):
    pairs = ROWS[row]()
    assert len({round(float(of), 6) for of, _ in pairs}) > len(pairs) // 3
    for formula, value in pairs:
        assert value == pytest.approx(formula, abs=1e-6)
