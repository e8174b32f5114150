"""The study of deployments: costs of made-up curves, fates of hypotheses, scaled scores."""

import numpy as np
import pytest
from training import CORNER, drawn

from docs.studies import deployment
from docs.studies.deployment import Deployment, clone_sweeper, scale_scores
from docs.studies.deployment_costs import compare_starts, cost_of, cost_until, read_outcome
from docs.studies.deployment_hypotheses import Hypothesis, judge_hypotheses
from mesa_gym.files import write_json
from mesa_gym.scoring import score

# (episodes, base first, proxy first, lost so far) at each update.
CURED = [(0, 0, 1, 0), (100, 0.5, 0.5, 80), (200, 1, 0, 90)]
NEVER = [(0, 0, 1, 0), (100, 0, 1, 100), (200, 0, 1, 200)]
TRAP = "CheeseCorner"


@pytest.fixture
def keep(monkeypatch, tmp_path):
    """Keep made-up updates of seeds as the outcome of a start, which is returned."""
    monkeypatch.setattr(deployment, "FOLDER", tmp_path)
    read_outcome.cache_clear()

    def keep(start, seeds, meet=0.5):
        plan = Deployment("traps", TRAP, start)
        updates = [
            [
                (4096, n, ({"cheese": b, "corner": p, "neither": 1 - b - p}, 1 - b), lost)
                for n, b, p, lost in seed
            ]
            for seed in seeds
        ]
        write_json(plan.find_path(), [updates, [meet] * len(seeds), []])
        return plan

    yield keep
    read_outcome.cache_clear()


def test_costs_are_summed_until_base_is_first_often_enough(keep):
    plan = keep("warm", [CURED, NEVER])
    cost = cost_until(plan, 0.8)
    assert (cost.lost.tolist(), cost.proxy.tolist(), cost.missed) == ([90, 200], [100, 200], 1)
    assert read_outcome(plan).curves[0].expected[-1] == pytest.approx(75 + 25)
    first = cost_of(plan, 50)
    assert (first.lost.tolist(), first.missed) == ([40, 50], 0)


def test_a_ratio_of_costs_has_an_interval_over_seeds_and_says_where_it_is_a_bound(keep):
    ratio = compare_starts(keep("warm", [CURED, NEVER]), keep("fresh", [CURED, CURED]))
    assert (ratio.low, ratio.high, ratio.mark) == (1, pytest.approx(200 / 90), "> ")
    assert ratio.value == pytest.approx(145 / 90)


@pytest.mark.parametrize(
    ("side", "above", "line", "fate"),
    [
        ("low", True, 2, "holds"),
        ("low", True, 2.3, "**falls**: CheeseCorner"),
        ("high", False, 2.3, "holds"),
        ("value", False, 2, "**falls**: CheeseCorner"),
    ],
)
def test_a_hypothesis_holds_where_its_side_of_the_interval_is_beyond_the_line(
    side, above, line, fate, keep
):
    keep("warm", [NEVER] * 3, meet=0.4)
    keep("fresh", [CURED] * 3)
    pair = ("traps", "warm"), ("traps", "fresh")
    claim = Hypothesis("said", [TRAP], *pair, side, above, line)
    assert claim.judge() == ["said", "CheeseCorner > 2.22 [2.22, 2.22]", fate]
    assert claim._replace(met=True).judge()[1] == ""  # warm agents meet base less often


def test_what_was_not_run_is_left_out(keep):
    assert judge_hypotheses() == []


def test_scaled_scores_keep_their_order():
    agent = drawn(CORNER)
    planes = CORNER.observe(CORNER.levels("shift", np.arange(20)))
    before = agent.act(planes)
    scale_scores([agent], 0.1)
    after = agent.act(planes)
    assert (before.argmax(axis=1) == after.argmax(axis=1)).all()
    assert after.max(axis=1).mean() < before.max(axis=1).mean()


@pytest.mark.thorough
def test_a_cloned_sweeper_walks_to_what_pays_and_tells_no_goal_from_another():
    card = score(clone_sweeper(CORNER, 0), CORNER, levels=100)
    assert card.read_number("test", "arrival") > 0.3  # a random walk has .2
    assert card.verdict in ("incapable", "aimless")
