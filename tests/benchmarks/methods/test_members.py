"""Sets of policies: how they are compared, and how labels and answers choose among them."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.methods import LabelledEpisode, Preference
from benchmarks.methods import members as sets
from benchmarks.methods.record import LABEL_KINDS
from mesa_gym.policies import constant
from mesa_gym.policies.protocol import Memoryless

PLANES = np.zeros((6, 9, 9, 4), dtype=np.uint8)
MEMBERS = [constant(action) for action in range(3)]
ZERO, ONE = MEMBERS[:2]


def test_disagreement_equals_hand_values():
    shares, half = sets.compute_shares([ZERO, ZERO, ONE], PLANES), np.full(2, 0.5)
    assert sets.measure_disagreement(shares[:2], half) == pytest.approx(np.zeros(6))
    assert sets.measure_disagreement(shares[1:], half) == pytest.approx(np.full(6, 0.5))
    assert sets.measure_disagreement(shares[1:], np.eye(2)[0]) == pytest.approx(np.zeros(6))


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
def test_labelled_levels_choose_the_wanted_member(kind, k, paying, members):
    """The return of one of two members shows whether that member is the wrong one."""
    labels = FixedLabels(kind, paying)
    choice = sets.MemberChoice(MEMBERS[:members], STARTS, 1.0, 0)
    choice.take_labels(labels)  # there are none
    assert choice.weigh() == pytest.approx(np.full(members, 1 / members))
    labels.left = k
    choice.take_labels(labels)
    assert labels.left == 0
    assert choice.weigh().argmax() == paying


@given(st.lists(st.floats(-5, 0), min_size=1, max_size=6))
def test_likelihood_sums_over_stopping_times(logs):
    n, total = len(logs), 0.0
    for done in range(n + 1):  # pursued for `done` steps, then five actions alike
        chance = (1 - sets.SATED) ** done * (sets.SATED if done < n else 1)
        total += chance * np.exp(sum(logs[:done])) * 0.2 ** (n - done)
    assert sets.sum_until_done(np.array([logs])) == pytest.approx([np.log(total)])


def test_levels_where_members_differ_are_labelled_first():
    planes = np.zeros((4, 3, 3, 3), np.uint8)
    planes[2, 1, 1, 2] = 1  # where the two members differ

    class Seeing(Memoryless):
        def act(self, observation, state=None):
            return np.eye(5)[observation[:, 1, 1, 2]]

    choice = sets.MemberChoice([Seeing(), constant(0)], planes, 1.0, 0)
    picked = [choice._pick(2, choice.weigh()), choice._pick(2, choice.weigh())]
    assert picked[0][0] == 2
    assert sorted(picked[0] + picked[1]) == [0, 1, 2, 3]
