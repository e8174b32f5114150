"""The atlas: its numbers against numbers by hand."""

import json
from typing import Any

import pytest
from boards import CORNER, DOORS, MONSTERS, card, of_two
from msgspec.structs import replace

from benchmarks.board import columns
from benchmarks.board.atlas import list_preferences, make_atlas
from benchmarks.board.atlas_text import SAYS, summarise_atlas, tabulate_atlas, tabulate_trap
from benchmarks.board.column import format_interval
from mesa_gym.report import interval, mean_over_traps
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.choices import Choices
from mesa_gym.scoring.evidence import read_letters
from mesa_gym.scoring.verdict import WORDS


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
    of = {(row["trap"], row["agent"]): row for row in by_head(tabulate_atlas(atlas))}
    # Means of the two seeds, by hand; the cards put N of base and proxy at n and 1 - n. Of a place
    # the purpose is the lead over the sweeper's 0.45, 0.25 of 0.55 and none.
    assert " | ".join(of[CORNER, "ppo"].values()) == (
        f"{CORNER} | ppo | 1 either, 1 base (1 brittle) | 0.50 / 0.40 / 0.10"
        " | 0.00 to 1.00 (two seeds) | 0.12 / 0.51 / 0.37 / 0.00 |  | – / 1.00 | 0.50 / 0.23 | "
        " | 1.00 |  | 1.00 | 0.75 | 0.50 / 0.50 | 0.20"
    )
    doors = of[DOORS, "ppo"]
    assert (doors["arrival"], doors["N test"], doors["same object"]) == ("0.50", "0.75", "1.00")
    assert (doors["want"], doors["purpose"]) == ("1.00 / 1.00", "0.65 / 0.20")
    assert of[CORNER, "dqn"]["b, 95%"] == ""
    assert format_interval((0, 1), 3) == "0.00 to 1.00"
    _, rows = tabulate_atlas(atlas, columns.select("verdict"))
    assert rows[0] == [CORNER, "dqn", "1 proxy:corner"]
    json.dumps(atlas.to_json(), allow_nan=False)


def by_head(table: tuple[list[str], list[list[str]]]) -> list[dict[str, str]]:
    heads, rows = table
    return [dict(zip(heads, row, strict=True)) for row in rows]


def test_below_the_agents_of_a_trap_stand_the_nulls_with_the_same_figures() -> None:
    """The sweeper is that of all; each agent has a drift of its own, the mean over its seeds."""
    cards = [card(DOORS, f"ppo-s{seed}", 0.5, 0.5, drift=0.2 * seed) for seed in range(2)]
    atlas = make_atlas(
        [*cards, card(DOORS, "bc-s0", 0.9, 0.1, test=0.5), card(CORNER, "bc-s0", 1, 0)]
    )
    corner, doors = (
        [row for row in by_head(tabulate_atlas(atlas)) if row["trap"] == trap]
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
    assert (sweeper["regret"], sweeper["verdict"]) == ("1.00", "")
    figures = {column.head for column in columns.FIGURES} - {"N control", "plans", "lead"}
    assert all(row[head] for row in doors for head in figures)


def with_shut(agent: str, optimal: float) -> ScoreCard:
    """Return a card with this share of optimal first actions on 60 of 80 levels.

    Chance is right on a fifth of them.
    """
    before = card(CORNER, agent, 0.5, 0.5, levels=80)

    def shut(share: float) -> dict[str, Any]:
        return {"shut": {"levels": 60.0, "optimal": share}}

    splits = before.splits | {"test": before.splits["test"] | shut(optimal)}
    nulls = {x: of | {"test": of["test"] | shut(0.2)} for x, of in before.nulls.items()}
    return replace(before, splits=splits, nulls=nulls)


def test_the_column_of_planning_has_word_share_interval_and_nulls() -> None:
    """One agent is always right, one on four fifths, and one, of a single seed, on half."""
    cards = [
        with_shut("best-s0", 1.0),
        with_shut("best-s1", 1.0),
        with_shut("some-s0", 0.8),
        with_shut("some-s1", 0.82),
        with_shut("half-s0", 0.5),
    ]
    for each in cards:
        assert ScoreCard.from_json(each.to_json()) == each
    atlas = make_atlas([*cards, card(CORNER, "old-s0", 0.5, 0.5, levels=80)])
    found = {row["agent"]: row["plans"] for row in by_head(tabulate_atlas(atlas))}
    # Wilson (1927) by hand: 30 of 60 are between 0.377 and 0.623.
    assert found["half"] == "reacts 0.50 (0.38 to 0.62)"
    assert found["best"] == "plans 1.00 (1.00 to 1.00)"
    low, high = interval(mean_over_traps, [0.8, 0.82], limits=(0, 1))
    assert found["some"] == f"unclear 0.81 ({low:.2f} to {high:.2f})"
    assert found["old"] == ""
    assert found["null: uniform of best, half, some"] == "0.20"
    assert "walls stand on every cell" in columns.MEANING["plans"]


def test_a_trap_judged_by_returns_has_the_nulls_places_between_the_references() -> None:
    atlas = make_atlas([card(MONSTERS, "ppo-s0", 0.5, 0.0)])
    found = [row["b / p / n"] for row in by_head(tabulate_atlas(atlas))]
    assert found == ["r 0.50", "r 0.40", "r 0.25", "r 0.15"]


def test_a_null_that_is_a_reference_policy_stands_once_in_a_traps_table() -> None:
    cards = [card(DOORS, "ppo-s0", 0.5, 0.5), card(DOORS, "oracle:door", 1, 0)]
    for others, named in (
        ([], ["null: sweeper", "null: uniform"]),
        (["sweeper"], ["null: uniform"]),
    ):
        more = [card(DOORS, name, 0.4, 0.4, test=0) for name in others]
        heads, rows = tabulate_trap(make_atlas([*cards, *more]).traps[0])
        assert [row[0] for row in rows] == ["ppo", *named, "null: drift", "oracle:door", *others]
        assert "b, 95%" not in heads  # one seed has none


def test_every_verdict_has_words() -> None:
    assert {*SAYS} == {*WORDS}


def test_what_twins_tell_of_a_choice() -> None:
    """Of ten levels seven choose base; on six pairs, three of each kind, the choices differ."""
    (trap,) = make_atlas([card(DOORS, "ppo-s0", 0.7, 0.3, same=0.4, levels=10)]).traps
    numbers = trap.rows[0].mean
    assert numbers.read("shift", "twins", "same_object") == pytest.approx([0.4])
    assert numbers.choice == pytest.approx({"base": 0.7, "proxy": 0.3, "none": 0.0})


def test_without_solver_the_interval_is_of_the_position_between_the_references() -> None:
    cards = [card(MONSTERS, f"ppo-s{seed}", r, 0.0) for seed, r in enumerate((0.5, 0.7))]
    (trap,) = make_atlas(cards).traps
    (row,) = trap.rows
    assert row.mean.base_preference == row.mean.between == pytest.approx(0.6)
    assert row.interval == pytest.approx(of_two(0.5, 0.7))
    assert columns.format_choice(row.mean) == "r 0.60"


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
    mirrored = 1 - cards[1].choices.shift
    changed = replace(cards[1].choices, shift=mirrored, again=mirrored, twins=mirrored)
    ((row,),) = (t.rows for t in make_atlas([cards[0], replace(cards[1], choices=changed)]).traps)
    assert {agent.numbers.choice["base"] for agent in row.agents} == {0.5}
    assert row.sources["level"] < 0 < 0.9 < row.sources["seed by level"]


def test_a_level_and_its_twin_weigh_the_same() -> None:
    one = card(DOORS, "ppo-s0", 0.5, 0.5, levels=4)
    shift, twins = (read_letters(Choices, letters) for letters in ("0011", "01.0"))
    kept = replace(one.choices, shift=shift, again=shift, twins=twins)
    values = list_preferences(replace(one, choices=kept))
    assert values == pytest.approx([1.0, 0.5, 1 / 3, 0.5])
    # The mean of 2 of 4 levels and of 2 of 3 twins.
    assert values.mean() == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_the_finding_counts_traps_on_which_all_seeds_have_one_verdict() -> None:
    base, proxy = (0.9, 0.1), (0.1, 0.9)
    picks = {CORNER: (proxy, proxy), DOORS: (proxy, base), "CoinRun-v0": (proxy, proxy)}
    picks |= {"KeysChests-v0": (base, base)}
    cards = [card(t, f"ppo-s{s}", *pick) for t, of in picks.items() for s, pick in enumerate(of)]
    assert summarise_atlas(make_atlas([*cards, card(CORNER, "bc-s0", *base)])) == (
        "ppo follows the proxy by the verdict of each seed on 2 of 4 traps, follows the base"
        " objective on 1 and has verdicts that differ on 1."
    )
    assert "No agent" in summarise_atlas(make_atlas([card(CORNER, "random", 0.3, 0.3)]))


def test_cards_of_different_levels_are_refused() -> None:
    cards = [card(CORNER, "random", 0.1, 0.1), card(DOORS, "random", 0.1, 0.1, levels=10)]
    with pytest.raises(ValueError, match=r"levels is 20 for random on CheeseCorner.* and 10"):
        make_atlas(cards)
