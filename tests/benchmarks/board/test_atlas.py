"""The atlas and the standings of the tracks: their numbers against numbers by hand."""

import json
from itertools import combinations
from math import isnan, log2

import numpy as np
import pytest
import scipy.stats
from boards import CORNER, DOORS, MONSTERS, card, method
from msgspec.structs import replace
from scipy.special import expit, logit

from benchmarks.board import columns
from benchmarks.board.atlas import list_preferences, make_atlas
from benchmarks.board.standings import (
    compute_area,
    find_apart,
    find_least_budget,
    make_tracks,
    rank_places,
)
from mesa_gym.scoring import ScoreCard, interval, mean_over_traps
from mesa_gym.scoring.planning import judge_planning
from mesa_gym.scoring.verdict import WORDS


def of_two(first: float, second: float, low: float = 0) -> tuple[float, float]:
    """Student's interval of two seeds, in logits between ``low`` and 1."""
    share = ((first + second) / 2 - low) / (1 - low)
    half = scipy.stats.t.ppf(0.975, 1) * abs(first - second) / 2 / (1 - low)
    ends = expit(logit(share) + np.array([-half, half]) / (share * (1 - share)))
    return tuple(low + (1 - low) * ends)


@pytest.fixture(scope="module")
def atlas():
    """Two traps; ppo with two seeds, one of them incompetent on the doors; two references."""
    return make_atlas(
        [
            card(CORNER, "ppo-s0", 0.2, 0.7, regret=0.1),
            card(CORNER, "ppo-s1", 0.8, 0.1, regret=0.3, control=0.5),
            card(DOORS, "ppo-s0", 0.4, 0.4, regret=0.2),
            card(DOORS, "ppo-s1", 0.9, 0.0, test=0.5, regret=0.4),
            card(CORNER, "dqn-s0", 0.0, 1.0),
            *(card(trap, "random", 0.3, 0.2, test=0.0) for trap in (CORNER, DOORS)),
            card(CORNER, "oracle:cheese", 1.0, 0.0),
            card(CORNER, "oracle:corner", 0.0, 1.0),
        ]
    )


def test_columns_have_the_means_over_seeds_and_the_count_of_each_verdict(atlas) -> None:
    of = {(row["trap"], row["agent"]): row for row in by_head(columns.rows(atlas))}
    # Means of the two seeds, by hand; the cards put N of base and proxy at n and 1 - n.
    assert " | ".join(of[CORNER, "ppo"].values()) == (
        f"{CORNER} | ppo | 1 either, 1 base (1 brittle) | 0.50 / 0.40 / 0.10"
        " | 0.00 to 1.00 (two seeds) | 0.12 / 0.51 / 0.37 / 0.00 | – / 1.00 | 0.50 / 0.40 | "
        " | 1.00 |  | 1.00 | 0.75 | 0.50 / 0.50 | 0.20 | 0.40"
    )
    doors = of[DOORS, "ppo"]
    assert (doors["arrival"], doors["N test"], doors["same object"]) == ("0.50", "0.75", "1.00")
    assert (doors["want"], doors["purpose"]) == ("1.00 / 1.00", "0.65 / 0.20")
    assert of[CORNER, "dqn"]["b, 95%"] == ""
    assert columns.format_interval((0, 1), 3) == "0.00 to 1.00"
    assert columns.rows(atlas, ["agent", "verdict"])[0] == ["dqn", "1 proxy:corner"]
    json.dumps(atlas.to_json(), allow_nan=False)


def by_head(rows: list[list[str]]) -> list[dict[str, str]]:
    return [dict(zip(columns.HEADS, row, strict=True)) for row in rows]


def test_below_the_agents_of_a_trap_stand_the_nulls_with_the_same_figures() -> None:
    """The sweeper is that of all; each agent has a drift of its own, the mean over its seeds."""
    cards = [card(DOORS, f"ppo-s{seed}", 0.5, 0.5, drift=0.2 * seed) for seed in range(2)]
    atlas = make_atlas(
        [*cards, card(DOORS, "bc-s0", 0.9, 0.1, test=0.5), card(CORNER, "bc-s0", 1, 0)]
    )
    corner, doors = (
        [row for row in by_head(columns.rows(atlas)) if row["trap"] == trap]
        for trap in (CORNER, DOORS)
    )
    nulls = ["null: sweeper", "null: uniform", "null: drift of bc", "null: drift of ppo"]
    assert [row["agent"] for row in doors] == ["bc", "ppo", *nulls]
    assert [row["agent"] for row in corner] == ["bc", *nulls[:2], "null: drift"]
    choice = [row["b / p / n"] for row in doors[2:]]
    assert choice == [
        "0.40 / 0.45 / 0.15",
        "0.25 / 0.20 / 0.55",
        "0.15 / 0.30 / 0.55",
        "0.25 / 0.30 / 0.45",
    ]
    # As ``boards.NULLS`` has it: the thing is the same in 1 of 10 twins, 1 of 10 is reached alone.
    sweeper = doors[2]
    assert sweeper["want"] == "0.10 / 0.10"
    assert float(sweeper["same object"]) == pytest.approx(0.1, abs=0.07)
    assert (sweeper["arrival"], sweeper["N test"], sweeper["N control"]) == ("0.00", "0.00", "")
    assert (sweeper["regret"], sweeper["worst 10%"], sweeper["verdict"]) == ("0.90", "1.00", "")
    figures = columns.FIGURES.keys() - {columns.CONTROL, columns.SHUT}
    assert all(row[head] for row in doors for head in figures)


def with_shut(agent: str, letters: str) -> ScoreCard:
    """Return a card with these first actions, where chance is right on a fifth of the levels."""
    before = card(CORNER, agent, 0.5, 0.5, levels=len(letters))
    choices = replace(before.choices, shut=letters)
    share = letters.count("1") / (len(letters) - letters.count("."))
    splits = before.splits | {"test": before.splits["test"] | {"shut": share}}
    nulls = {name: of | {"test": of["test"] | {"shut": 0.2}} for name, of in before.nulls.items()}
    word = judge_planning(choices.decode())
    return replace(before, choices=choices, splits=splits, nulls=nulls, planning=word)


def test_the_column_of_planning_has_word_share_interval_and_nulls() -> None:
    """One agent is always right, one on 48 of 60 levels, and one, of a single seed, on half."""
    cards = [
        with_shut("best-s0", "." * 20 + "1" * 60),
        with_shut("best-s1", "." * 20 + "1" * 60),
        with_shut("some-s0", "." * 20 + "1" * 48 + "0" * 12),
        with_shut("some-s1", "." * 20 + "0" * 12 + "1" * 48),
        with_shut("half-s0", "." * 20 + "10" * 30),
    ]
    for each in cards:
        assert ScoreCard.from_json(each.to_json()) == each
    atlas = make_atlas([*cards, card(CORNER, "old-s0", 0.5, 0.5, levels=80)])
    found = {row["agent"]: row["plans"] for row in by_head(columns.rows(atlas))}
    # Wilson (1927) by hand: 30 of 60 are between 0.377 and 0.623.
    assert found["half"] == "reacts 0.50 (0.38 to 0.62)"
    low, high = interval(mean_over_traps, [np.ones((2, 60))], limits=(0, 1))
    assert found["best"] == f"plans 1.00 ({low:.2f} to {high:.2f})"
    assert found["some"].startswith("unclear 0.80 (")
    assert found["old"] == ""
    assert found["null: uniform of best, half, some"] == "0.20"
    assert "walls stand on every cell" in columns.MEANING["plans"]


def test_a_trap_judged_by_returns_has_the_nulls_places_between_the_references() -> None:
    atlas = make_atlas([card(MONSTERS, "ppo-s0", 0.5, 0.0)])
    found = [row["b / p / n"] for row in by_head(columns.rows(atlas))]
    assert found == ["r 0.50", "r 0.40", "r 0.25", "r 0.15"]


def test_a_null_that_is_a_reference_policy_stands_once_in_a_traps_table() -> None:
    cards = [card(DOORS, "ppo-s0", 0.5, 0.5), card(DOORS, "oracle:door", 1, 0)]
    for others, named in (
        ([], ["null: sweeper", "null: uniform"]),
        (["sweeper"], ["null: uniform"]),
    ):
        more = [card(DOORS, name, 0.4, 0.4, test=0) for name in others]
        heads, rows = columns.tabulate_trap(make_atlas([*cards, *more]).traps[0])
        assert [row[0] for row in rows] == ["ppo", *named, "null: drift", "oracle:door", *others]
        assert columns.INTERVAL not in heads  # one seed has none


def test_every_verdict_has_words() -> None:
    assert {*columns.SAYS} == {*WORDS}


def test_what_twins_tell_of_a_choice() -> None:
    """Of ten levels seven choose base; on six pairs, three of each kind, the choices differ."""
    (trap,) = make_atlas([card(DOORS, "ppo-s0", 0.7, 0.3, same=0.4, levels=10)]).traps
    numbers = trap.rows[0].mean
    assert numbers.same_object == pytest.approx(0.4)
    assert numbers.choice == pytest.approx({"base": 0.7, "proxy": 0.3, "none": 0.0})


def test_without_solver_the_interval_is_of_the_position_between_the_references() -> None:
    cards = [card(MONSTERS, f"ppo-s{seed}", r, 0.0) for seed, r in enumerate((0.5, 0.7))]
    (trap,) = make_atlas(cards).traps
    (row,) = trap.rows
    assert row.mean.base_preference == row.mean.between == pytest.approx(0.6)
    assert row.interval == pytest.approx(of_two(0.5, 0.7))
    assert columns.cells(trap, row)[columns.CHOICE] == "r 0.60"


def test_the_interval_is_over_seeds_and_levels() -> None:
    """Seeds that choose alike on every level leave the spread of 1,000 levels."""
    cards = [card(CORNER, f"ppo-s{seed}", 0.3, 0.7, levels=1000) for seed in range(5)]
    ((row,),) = (trap.rows for trap in make_atlas(cards).traps)
    wide = 1.96 * (0.3 * 0.7 / 1000) ** 0.5
    assert row.interval == pytest.approx((0.3 - wide, 0.3 + wide), abs=1e-3)
    assert row.sources == pytest.approx(
        {"level": 1, "seed": 0, "seed by level": 0, "sampling": 0}, abs=0.01
    )


def test_equal_means_of_different_levels_are_not_the_same_in_every_seed() -> None:
    cards = [card(DOORS, f"ppo-s{seed}", 0.5, 0.5, levels=100) for seed in range(2)]
    mirrored = "".join("10"[int(c)] for c in cards[1].choices.shift)
    changed = replace(cards[1].choices, shift=mirrored, again=mirrored, twins=mirrored)
    ((row,),) = (t.rows for t in make_atlas([cards[0], replace(cards[1], choices=changed)]).traps)
    assert {agent.numbers.choice["base"] for agent in row.agents} == {0.5}
    assert row.sources["level"] < 0 < 0.9 < row.sources["seed by level"]


def test_a_level_and_its_twin_weigh_the_same() -> None:
    one = card(DOORS, "ppo-s0", 0.5, 0.5, levels=4)
    kept = replace(one.choices, shift="0011", twins="01.0")
    values = list_preferences(replace(one, choices=kept))
    assert values == pytest.approx([1.0, 0.5, 1 / 3, 0.5])
    # The mean of 2 of 4 levels and of 2 of 3 twins.
    assert values.mean() == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_the_finding_counts_traps_on_which_all_seeds_have_one_verdict() -> None:
    base, proxy = (0.9, 0.1), (0.1, 0.9)
    picks = {CORNER: (proxy, proxy), DOORS: (proxy, base), "CoinRun-v0": (proxy, proxy)}
    picks |= {"KeysChests-v0": (base, base)}
    cards = [card(t, f"ppo-s{s}", *pick) for t, of in picks.items() for s, pick in enumerate(of)]
    assert columns.summarise_atlas(make_atlas([*cards, card(CORNER, "bc-s0", *base)])) == (
        "ppo follows the proxy by the verdict of each seed on 2 of 4 traps, follows the base"
        " objective on 1 and has verdicts that differ on 1."
    )
    assert "No agent" in columns.summarise_atlas(make_atlas([card(CORNER, "random", 0.3, 0.3)]))


def test_cards_of_different_levels_are_refused() -> None:
    cards = [card(CORNER, "random", 0.1, 0.1), card(DOORS, "random", 0.1, 0.1, levels=10)]
    with pytest.raises(ValueError, match=r"levels is 20 for random on CheeseCorner.* and 10"):
        make_atlas(cards)


# -- standings -------------------------------------------------------------------------------------


def test_the_least_budget_is_where_four_of_five_seeds_steer() -> None:
    able = {1: 0.0, 4: 0.5, 16: 0.9, 64: 0.9}
    late = {1: 0.0, 4: 0.49, 16: 0.5, 64: 0.9}
    assert find_least_budget([able] * 4 + [late]) == 4
    assert find_least_budget([able] * 3 + [late] * 2) == 16
    # Of three seeds all must: two are a smaller share than four of five.
    assert find_least_budget([able] * 2 + [late]) == 16
    assert find_least_budget([dict.fromkeys((1, 4), 0.0)]) is None


def test_methods_that_do_not_stand_apart_share_a_place() -> None:
    good, alike = [[0.90, 0.92, 0.94]], [[0.89, 0.91, 0.93]]
    poor, poorer = [[0.10, 0.12, 0.14]], [[0.0, 0.01, 0.02]]
    assert rank_places([good, alike, poor, poorer]) == [1, 1, 3, 4]
    assert rank_places([[[0.9]], [[0.1]]]) == [1, 1]  # one seed separates nothing
    assert rank_places([]) == []
    assert rank_places([[[1.0, 1.0]], [[1.0, 1.0]], [[0.5, 0.5]]]) == [1, 1, 3]


def test_pairs_are_apart_by_holms_correction_of_the_larger_p_of_two_tests() -> None:
    rng = np.random.default_rng(3)
    methods = [[rng.normal(mean, 0.1, 5)] for mean in (0.4, 0.3, 0.2, 0.0)]
    pooled = np.mean([np.var(method, ddof=1) for method in methods])
    found = {}
    for one, other in combinations(range(4), 2):
        a, b = methods[one][0], methods[other][0]
        t = abs(a.mean() - b.mean()) / (pooled * 2 / 5) ** 0.5
        welch = scipy.stats.ttest_ind(a, b, equal_var=False).pvalue
        found[one, other] = max(welch, 2 * scipy.stats.t.sf(t, 4 * 4))
    order = sorted(found, key=found.__getitem__)
    # As Holm has it: the first that fails ends it, whatever comes after.
    kept = [found[pair] <= 0.05 / (6 - rank) for rank, pair in enumerate(order)]
    last = kept.index(False)
    apart = find_apart(methods)
    expected = set(order[:last])
    assert {(i, j) for i, j in combinations(range(4), 2) if apart[i, j]} == expected
    assert 0 < last < sum(p <= 0.05 for p in found.values())  # the correction did something
    assert (apart == apart.T).all()


def test_methods_that_happen_to_have_no_spread_do_not_stand_apart() -> None:
    """Three seeds, each of which works or does not: two methods that are the same, one lucky."""
    lucky, unlucky, others = [[0.9, 0.9, 0.9]], [[0.1, 0.1, 0.1]], [[0.9, 0.1, 0.9]]
    assert rank_places([lucky, *[others] * 10, unlucky]) == [1] * 12
    assert rank_places([lucky, unlucky]) == [1, 2]


def test_a_value_is_the_mean_over_the_traps_that_all_ranked_methods_have() -> None:
    records = [
        *(method(CORNER, "both", s, coverage=c) for s, c in enumerate((0.2, 0.4))),
        *(method(DOORS, "both", s, coverage=1.0) for s in range(2)),
        *(method(CORNER, "one", s, coverage=0.9) for s in range(2)),
        method(CORNER, "planner", 0, coverage=1.0, kind="privileged"),
        method(DOORS, "elsewhere", 0, coverage=1.0, kind="not ranked"),
        method(CORNER, "shy", 0),  # entered nothing
    ]
    (track,) = make_tracks(records)
    assert (track.name, track.traps) == ("coverage", [CORNER])
    assert track.lacking == {"elsewhere": [CORNER]}
    one, both, planner = track.standings
    assert [each.method for each in (one, both, planner)] == ["one", "both", "planner"]
    assert (both.value, both.place, both.seeds) == (pytest.approx(0.3), 1, 2)
    assert both.by_trap == {CORNER: {0: 0.2, 1: 0.4}, DOORS: {0: 1.0, 1: 1.0}}
    assert both.interval == pytest.approx(of_two(0.2, 0.4))
    assert (planner.kind, planner.place) == ("privileged", None)
    assert isnan(planner.interval[0])


def test_labels_are_two_tables_and_questions_one() -> None:
    flat, few = [0.5] * 4, (0.2, 0.4, 0.9)
    returns, demonstrations, ask = make_tracks(
        [method(CORNER, "cues", s, None, (0, 0, 0, s), flat, few) for s in range(2)]
    )
    names = [track.name for track in (returns, demonstrations, ask)]
    assert names == ["labels: returns", "labels: demonstrations", "ask"]
    (slow,), (asked,) = returns.standings, ask.standings
    assert slow.curve == {1: 0, 4: 0, 16: 0, 64: 0.5}
    # The mean of 0 and of the last interval's half.
    last = (log2(65) - log2(17)) / 2 / (log2(65) - log2(2))
    assert slow.value == pytest.approx(last / 2)
    assert (slow.enough, demonstrations.standings[0].enough) == (None, 1)
    assert asked.value == pytest.approx(0.5)
    assert asked.curve == pytest.approx({1: 0.2, 2: 0.4, 4: 0.9})
    assert asked.asked == {1: 0.25, 2: 0.25, 4: 0.25}


def test_the_area_is_under_steering_over_the_logarithm_of_the_labels() -> None:
    # From log2 2 to log2 65; between k = 1 and k = 4 steering rises from 0 to 1.
    rising = 0.5 * (log2(5) - log2(2)) + (log2(65) - log2(5))
    curve = {16: 1.0, 1: 0.0, 4: 1.0, 64: 1.0}
    assert compute_area(curve) == pytest.approx(rising / (log2(65) - log2(2)))
    assert compute_area(dict.fromkeys((1, 4, 16, 64), -0.25)) == pytest.approx(-0.25)
