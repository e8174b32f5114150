"""The learner's optimum against plain recursion over all that can have happened."""

from itertools import pairwise, product

import pytest

from mesa_gym.traps.beliefs import Law, expect_payments, value

KINDS = range(3)
EVEN = (1 / 3, 1 / 3, 1 / 3)
LAWS = [
    Law(4, EVEN),
    Law(3, EVEN, hazard=0.3),
    Law(3, EVEN, sure=0.6),
    Law(3, (0.7, 0.2, 0.1), hazard=0.1, sure=0.8, forced=0.5),
    Law(4, (0.5, 0.5, 0.0), forced=0.2),
]


def list_lives(law):
    """Yield each life's goals and whether they pay, by trial, and how likely it is."""
    for goals in product(KINDS, repeat=law.trials):
        likely = law.prior[goals[0]]
        for before, after in pairwise(goals):
            likely *= 1 - law.hazard if before == after else law.hazard / 2
        for luck in product((True, False), repeat=law.trials):
            chance = likely
            for paid in luck:
                chance *= law.sure if paid else 1 - law.sure
            if chance:
                yield goals, luck, chance


def earn(law, lives, trial=0):
    """Return what the best learner earns in lives that look alike so far, each with its chance."""
    if trial == law.trials or not lives:
        return 0.0
    each = []
    for kind in KINDS:
        paid = [life for life in lives if life[0][trial] == kind and life[1][trial]]
        unpaid = [life for life in lives if life not in paid]
        now = sum(chance for _, _, chance in paid)
        each.append(now + earn(law, paid, trial + 1) + earn(law, unpaid, trial + 1))
    return (1 - law.forced) * max(each) + law.forced * sum(each) / len(each)


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_values_are_those_of_plain_recursion(law):
    assert value(law, 0, law.prior) == pytest.approx(earn(law, [*list_lives(law)]), abs=1e-12)


@pytest.mark.parametrize("law", [law for law in LAWS if not law.forced], ids=str)
def test_what_is_paid_in_single_lives_has_that_mean(law):
    mean = 0.0
    for goals, luck, chance in list_lives(law):
        pays = [goal if paid else 3 for goal, paid in zip(goals, luck, strict=True)]
        mean += chance * sum(expect_payments(law, pays, [3] * law.trials))
    assert mean == pytest.approx(value(law, 0, law.prior), abs=1e-12)


def test_a_learner_explores_without_returning():
    """Three kinds, and one pays: it is found by the third trial at the latest."""
    expected = [1 / 3, 2 / 3, 1, 1, 1, 1]
    assert expect_payments(Law(6, EVEN), [1] * 6, [3] * 6) == pytest.approx(expected)


def test_who_is_refuted_starts_again():
    """The third kind never pays by the law; once it did, alone in the second trial, it is taken."""
    law = Law(4, (0.5, 0.5, 0.0))
    assert expect_payments(law, [2] * 4, [3, 2, 3, 3]) == pytest.approx([0, 1, 1, 1])
