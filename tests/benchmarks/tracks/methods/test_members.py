"""Sets of policies: how they are compared, and how labels and answers choose among them."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.tracks.methods import members as sets
from benchmarks.tracks.methods.method import LabelledEpisode, Preference
from benchmarks.tracks.record import LABEL_KINDS
from mesa_gym.envs.observations import planes_of
from mesa_gym.policies import constant, uniform
from mesa_gym.policies.protocol import Memoryless
from mesa_gym.trained.library import FOLDER, load
from mesa_gym.traps import Split, find_trap

PLANES = np.zeros((6, 9, 9, 4), dtype=np.uint8)
MEMBERS = ZERO, ONE, TWO = [constant(action) for action in range(3)]


@pytest.mark.thorough
@pytest.mark.skipif(not FOLDER.exists(), reason="the library is a release file of its own")
def test_networks_together_act_as_each_alone():
    trap = find_trap("ColourShape")()
    planes = planes_of(trap, trap.levels(Split.SHIFT, np.arange(70)))
    members = [load("ColourShape", seed=seed) for seed in range(3)]
    alone = np.stack([member.act(planes) for member in members])
    np.testing.assert_allclose(sets.compute_shares(members, planes), alone, atol=1e-5)


def test_disagreement_by_hand_and_the_most_different_come_first():
    shares, sure = sets.compute_shares([ZERO, ZERO, ONE], PLANES), np.tile([1.0, 0.0], (6, 1))
    assert sets.measure_disagreement(shares[:2]) == pytest.approx(np.zeros(6))
    assert sets.measure_disagreement(shares[1:]) == pytest.approx(np.full(6, 0.5))
    assert sets.measure_disagreement(shares[1:], sure) == pytest.approx(np.zeros(6))
    members = [uniform(), ZERO, constant(0), ONE]
    assert sets.sort_by_difference(members, PLANES) == [members[i] for i in (1, 3, 0, 2)]


@given(st.integers(0, 2**32 - 1))
def test_recombined_observations_change_one_plane_and_never_agent_or_wall(seed):
    rng = np.random.default_rng(seed)
    planes = rng.integers(2, size=(20, 3, 3, 5), dtype=np.uint8)
    mixed = sets.recombine_planes(planes, rng)
    changed = (mixed != planes).any(axis=(1, 2))
    assert not changed[:, :2].any()
    assert (changed.sum(axis=1) <= 1).all()
    pool = {plane.tobytes() for plane in np.moveaxis(planes, 3, 1).reshape(100, 9)}
    assert {p.tobytes() for p in np.moveaxis(mixed, 3, 1).reshape(100, 9)} <= pool


@given(st.lists(st.floats(-5, 0), min_size=1, max_size=6))
def test_likelihood_until_done_is_the_sum_over_when_it_was_done(logs):
    n, total = len(logs), 0.0
    for done in range(n + 1):  # pursued for `done` steps, then five actions alike
        chance = (1 - sets.SATED) ** done * (sets.SATED if done < n else 1)
        total += chance * np.exp(sum(logs[:done])) * 0.2 ** (n - done)
    assert sets.sum_until_done(np.array([logs])) == pytest.approx([np.log(total)])


class FixedLabels:
    """Labels of levels whose only action that pays is known."""

    def __init__(self, kind, paying):
        self.left, self.kind, self.paying = 0, kind, paying

    def play(self, policy, starts):
        self.left -= len(starts)
        action = int(policy.act(PLANES[:1]).argmax())
        earned = float(action == self.paying)
        return [LabelledEpisode(PLANES[:4], np.full(3, action), earned)] * len(starts)

    def demonstrate(self, starts):
        return self.play(constant(self.paying), starts)

    def compare(self, first, second, starts):
        pairs = zip(self.play(first, starts), self.play(second, starts), strict=True)
        self.left += len(starts)
        return [Preference(a, b, int(np.sign(a.earned - b.earned))) for a, b in pairs]


STARTS = np.repeat(PLANES, 20, axis=0)
CHOICES = [*product(LABEL_KINDS, (4, 16), range(3), (3,)), ("returns", 1, 1, 2)]


@pytest.mark.parametrize(("kind", "k", "paying", "members"), [*CHOICES, ("returns", 1, 0, 2)])
def test_labels_choose_the_member_that_does_what_is_wanted(kind, k, paying, members):
    """A return of one of two members tells whether it is the wrong one."""
    labels = FixedLabels(kind, paying)
    choice = sets.MemberChoice(MEMBERS[:members], STARTS, 1.0, 0)
    choice.take_labels(labels)  # there are none
    assert choice.weigh() == pytest.approx(np.full(members, 1 / members))
    labels.left = k
    choice.take_labels(labels)
    assert labels.left == 0
    assert choice.weigh().argmax() == paying


@pytest.mark.parametrize(("kind", "paying"), [*product(LABEL_KINDS, range(3))])
def test_more_labels_never_take_back_what_fewer_said(kind, paying):
    labels, choice = FixedLabels(kind, paying), sets.MemberChoice(MEMBERS, STARTS, 1.0, 0)
    weights = []
    for more in (4, 4, 8):
        labels.left += more
        choice.take_labels(labels)
        weights.append(choice.weigh()[paying])
    assert weights == sorted(weights)


def test_a_level_is_labelled_once_and_the_telling_ones_first():
    planes = np.zeros((4, 3, 3, 3), np.uint8)
    planes[2, 1, 1, 2] = 1  # where the two members differ

    class Seeing(Memoryless):
        def act(self, observation, state=None):
            return np.eye(5)[observation[:, 1, 1, 2]]

    choice = sets.MemberChoice([Seeing(), constant(0)], planes, 1.0, 0)
    picked = [choice._pick(2, choice.weigh()), choice._pick(2, choice.weigh())]
    assert picked[0][0] == 2
    assert sorted(picked[0] + picked[1]) == [0, 1, 2, 3]
