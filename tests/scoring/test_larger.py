"""Larger grids: which traps take them, and who is played on them."""

from __future__ import annotations

import numpy as np
import pytest
from parameters import thorough
from small_traps import Slippery, SmallDish

from mesa_gym.errors import PolicyError
from mesa_gym.policies import Memoryless, Sweeper, as_policy, uniform
from mesa_gym.scoring import ScoreCard, record, rollout, score, score_all
from mesa_gym.scoring.larger import LEVELS, find_larger, play_larger
from mesa_gym.scoring.returns import sum_returns
from mesa_gym.traps import Split, find_trap


class TwoSizes(SmallDish):
    """Its levels are of 7 and up to 13 cells a side."""

    max_size = (13, 13)


class Walker(Memoryless):
    """Goes right on any grid, and remembers how large those were."""

    sized = False

    def __init__(self) -> None:
        self.seen: set[int] = set()

    def act(self, observation, state=None):
        self.seen.add(observation.shape[1])
        return np.full(len(observation), 2)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("CheeseDish", [13, 21]),
        ("MonsterWorld", []),  # it has no solver
        thorough("DustSweep", [13]),  # of 21 cells a side it has 8,900 states a level
        thorough("CoinRun", [13, 21]),  # it is of 7 by 15 cells
    ],
)
def test_sizes_of_traps(name: str, sizes: list[int]) -> None:
    found = find_larger(find_trap(name)())
    assert [trap.size for trap in found] == [(size, size) for size in sizes]
    for trap, (starts, values) in found.items():
        assert starts.n == len(values.numbers) == LEVELS
        assert trap.parameters == find_trap(name)().parameters
        assert values.states.mean() <= 5000


def test_a_size_must_be_larger_and_fit() -> None:
    assert [trap.size for trap in find_larger(TwoSizes())] == [(13, 13)]
    assert not find_larger(TwoSizes(13))
    assert not find_larger(SmallDish())
    assert not find_larger(Slippery())


def test_a_play_is_a_rollout_at_that_size() -> None:
    larger = find_larger(TwoSizes())
    ((trap, (starts, values)),) = larger.items()
    horizon = trap.horizon(Split.TEST)
    for policy, same in ((uniform(), uniform()), (Sweeper(TwoSizes()), Sweeper(trap))):
        found = play_larger(policy, larger, 3, "me")
        assert [*found] == ["13"]
        done = rollout(same, trap, starts, horizon, 3, "me", "test at size 13")
        np.testing.assert_array_equal(found["13"].record.actions, done.actions)
    oracle = as_policy("oracle:base", trap, horizon)
    best = play_larger(oracle, larger)["13"]
    earned = sum_returns(best.record, trap)["cheese"]
    np.testing.assert_allclose(earned, values.optimum["cheese"])


@pytest.mark.thorough
def test_only_who_acts_on_any_size_is_played_with_nulls_beside_it() -> None:
    trap, walker = TwoSizes(), Walker()
    makers = {"walker": lambda h: walker, "random": lambda h: uniform()}
    cards = score_all(makers, trap, levels=5)
    assert walker.seen == {7, 13}
    assert cards["random"] == score("random", trap, levels=5)
    assert cards["random"].read_number("test", "solved_larger") is None
    assert {each["test"]["solved_larger"] for each in cards["random"].nulls.values()} == {None}
    card = cards["walker"]
    assert card == score_all({"walker": makers["walker"]}, trap, levels=5)["walker"]
    assert ScoreCard.from_json(card.to_json()) == card
    (share,) = card.read_each("test", "solved_larger").values()
    nulls = {name: each["test"]["solved_larger"]["13"] for name, each in card.nulls.items()}
    # Along one row; a sweeper goes everywhere in time, and the drift does as the walker does.
    assert share == nulls["drift"] < nulls["uniform"] + 0.2 < nulls["sweeper"]
    assert ["test", "solved", "larger", "13"] in [
        line.split()[:4] for line in str(card).split("\n")
    ]


@pytest.mark.thorough
def test_a_function_says_so_too_and_a_trace_cannot() -> None:
    def right(planes):
        return np.full(len(planes), 2)

    trap = TwoSizes()
    assert not score(right, trap, levels=3).read_each("test", "solved_larger")
    right.sized = False
    assert score(right, trap, levels=3).read_each("test", "solved_larger").keys() == {"13"}

    class Object:
        observation, sized = "planes", False

        def reset(self, mask, rng) -> None:
            pass

        def act(self, observation):
            return right(observation)

    assert score(Object(), trap, levels=3).read_each("test", "solved_larger").keys() == {"13"}
    trace = record(right, trap, 3)
    assert not score(trace, trap, 3).read_each("test", "solved_larger")


def test_one_that_fails_on_a_larger_grid_is_named_with_the_size() -> None:
    class Small(Walker):
        def act(self, observation, state=None):
            if observation.shape[1] > 7:
                raise LookupError("too large")
            return super().act(observation)

    said = (
        "policy 'small' on TwoSizes-v0, test at size 13, step 0: it raised LookupError: too large"
    )
    with pytest.raises(PolicyError, match=said):
        score(Small(), TwoSizes(), levels=3, name="small")
    failed: dict[str, PolicyError] = {}
    makers = {"small": lambda h: Small(), "random": lambda h: uniform()}
    cards = score_all(makers, TwoSizes(), levels=3, failed=failed)
    assert said in str(failed["small"])
    assert [*cards] == ["random"]
