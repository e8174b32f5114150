"""Sets of policies: how they are compared, and how labels choose among them."""

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from agents.library import load
from agents.methods.asking import AtRandom, Deferring, Disagreement, First, Weighing
from agents.methods.members import (
    SATED,
    SLIP,
    acting,
    chosen,
    disagreement,
    most_different,
    recombined,
    until_done,
)
from agents.methods.method import Episode
from agents.methods.two_heads import mutual_information
from mesa_gym.envs.observations import planes_of
from mesa_gym.policies import constant, uniform
from mesa_gym.traps import Split, find_trap

PLANES = np.zeros((6, 9, 9, 4), dtype=np.uint8)


def test_networks_together_act_as_each_alone() -> None:
    trap = find_trap("RedBlueDoors")()
    planes = planes_of(trap, trap.levels(Split.SHIFT, np.arange(70)))
    members = [load("RedBlueDoors", seed=seed) for seed in range(3)]
    alone = np.stack([member.act(planes) for member in members])
    np.testing.assert_allclose(acting(members, planes), alone, atol=1e-5)


def test_disagreement_by_hand() -> None:
    shares = acting([constant(0), constant(0), constant(1), uniform()], PLANES)
    assert disagreement(shares[:2]) == pytest.approx(np.zeros(6))
    assert disagreement(shares[[0, 2]]) == pytest.approx(np.full(6, 0.5))
    sure = np.tile([1.0, 0.0], (6, 1))
    assert disagreement(shares[[0, 2]], sure) == pytest.approx(np.zeros(6))


def test_the_most_different_come_first() -> None:
    members = [uniform(), constant(0), constant(0), constant(1)]
    assert most_different(members, PLANES) == [members[i] for i in (1, 3, 0, 2)]


@given(st.integers(0, 2**32 - 1))
def test_recombined_observations_change_one_plane_and_never_agent_or_wall(seed: int) -> None:
    rng = np.random.default_rng(seed)
    planes = rng.integers(2, size=(20, 3, 3, 5), dtype=np.uint8)
    mixed = recombined(planes, rng)
    changed = (mixed != planes).any(axis=(1, 2))
    assert not changed[:, :2].any()
    assert (changed.sum(axis=1) <= 1).all()
    pool = {plane.tobytes() for plane in np.moveaxis(planes, 3, 1).reshape(100, 9)}
    assert {p.tobytes() for p in np.moveaxis(mixed, 3, 1).reshape(100, 9)} <= pool


@given(st.lists(st.floats(-5, 0), min_size=1, max_size=6))
def test_likelihood_until_done_is_the_sum_over_when_it_was_done(logs: list[float]) -> None:
    n, total = len(logs), 0.0
    for done in range(n + 1):  # pursued for `done` steps, then five actions alike
        chance = (1 - SATED) ** done * (SATED if done < n else 1)
        total += chance * np.exp(sum(logs[:done])) * 0.2 ** (n - done)
    assert until_done(np.array([logs])) == pytest.approx([np.log(total)])


class Known:
    """Labels of levels whose only action that pays is known."""

    def __init__(self, k: int, returns: bool, paying: int) -> None:
        self.left, self.returns, self.paying = k, returns, paying

    def play(self, policy: Any, starts: Any) -> list[Episode]:
        self.left -= len(starts)
        action = int(policy.act(PLANES[:1]).argmax())
        return [Episode(PLANES[:3], np.full(3, action), float(action == self.paying))] * len(starts)

    def demonstrate(self, starts: Any) -> list[Episode]:
        self.left -= len(starts)
        return [Episode(PLANES[:3], np.full(3, self.paying), 1.0)] * len(starts)


@pytest.mark.parametrize(("returns", "k", "paying"), [*product([True, False], [4, 16], range(3))])
def test_labels_choose_the_member_that_does_what_is_wanted(
    returns: bool, k: int, paying: int
) -> None:
    members = [constant(action) for action in range(3)]
    labels = Known(k, returns, paying)
    starts = np.repeat(PLANES, 20, axis=0)
    assert chosen(members, labels, starts, 1.0, 0) is members[paying]
    assert labels.left == 0


def test_one_return_tells_that_the_played_member_is_wrong() -> None:
    members = [constant(0), constant(1)]
    starts = np.repeat(PLANES, 20, axis=0)
    assert chosen(members, Known(1, True, 1), starts, 1.0, 0) is members[1]
    assert chosen(members, Known(1, True, 0), starts, 1.0, 0) is members[0]


@pytest.mark.parametrize("kind", [Deferring, Weighing])
def test_answers_choose_a_member_in_their_row_alone(kind: type[Deferring]) -> None:
    asker = kind([constant(0), constant(1)], Disagreement([constant(0), constant(0)], PLANES))
    asker.begin(6)
    assert asker.asks(PLANES, np.full(6, 1)).all()
    asker.told(np.array([2]), np.array([1]))
    assert asker.act(PLANES).argmax(axis=1).tolist() == [0, 0, 1, 0, 0, 0]
    asker.asks(PLANES, np.full(6, 1))
    posterior = (1 - SLIP + SLIP / 5) / (1 - SLIP + 2 * SLIP / 5)
    if isinstance(asker, Weighing):
        assert asker.weights()[2, 1] == pytest.approx(posterior)
    asker.begin(6)
    asker.asks(PLANES, np.full(6, 1))
    assert (asker.act(PLANES).argmax(axis=1) == 0).all()


def test_when_to_ask() -> None:
    shares = acting([constant(0), constant(1)], PLANES)
    even = np.full((6, 2), 0.5)
    assert First()(PLANES, shares, even).all()
    assert Disagreement([constant(0)] * 2, PLANES)(PLANES, shares, even).all()
    assert not Disagreement([constant(0), constant(1)], PLANES)(PLANES, shares, even).any()
    many = np.random.default_rng(0).integers(2, size=(4000, 3, 3, 4), dtype=np.uint8)
    asks = AtRandom(many)(many, shares, even)
    assert asks.mean() == pytest.approx(0.3, abs=0.04)
    np.testing.assert_array_equal(AtRandom(many)(many[:7], shares, even), asks[:7])


def test_mutual_information_by_hand() -> None:
    sure = torch.eye(5, dtype=torch.float64)[[0, 1] * 4]
    even = torch.full((8, 5), 0.2, dtype=torch.float64)
    assert mutual_information(sure, sure).item() == pytest.approx(np.log(2))
    assert mutual_information(sure, even).item() == pytest.approx(0, abs=1e-6)
    half = torch.eye(5, dtype=torch.float64)[[0, 0, 1, 1] * 2]
    assert mutual_information(sure, half).item() == pytest.approx(0, abs=1e-6)
