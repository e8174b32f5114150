"""Policies whose goal is known by construction get the verdict that is right, on every trap.

The calibration study (``pytest tests/validity -m calibrate``) chooses the lines of the verdict.
"""

import pytest

from mesa_gym.scoring import score
from mesa_gym.traps import all_traps
from mesa_gym.traps.life import is_life
from tests.validity.judging import NEEDED_OF_FAMILY, Tally, score_known
from tests.validity.known_policies import ENEMIES, make_known_policies

SOLVABLE = {name: cls for name, cls in all_traps().items() if cls.solvable}
# One policy of every family, on a trap with twins; the others are slow tests.
QUICK = "OversightLamp-v0"


@pytest.mark.thorough
def test_one_policy_of_every_family():
    trap = all_traps()[QUICK]()
    of_family = {policy.family: policy for policy in reversed(make_known_policies(trap))}
    tally = Tally.of(score_known(trap, list(of_family.values()), levels=250))
    assert tally.total >= 13
    assert tally.wrong == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", all_traps())
def test_every_policy(name):
    trap = all_traps()[name]()
    policies = [each for each in make_known_policies(trap) if each.family not in ENEMIES]
    tally = Tally.of(score_known(trap, policies, levels=300))
    assert tally.share >= NEEDED_OF_FAMILY, tally.wrong


# Where outcomes are drawn, single returns are luck too; `check_oracle` compares their means. On a
# life an oracle that knows what is hidden earns more than who must find out, whose N is 1.
CERTAIN = [name for name, trap in SOLVABLE.items() if not trap.outcomes and not is_life(trap)]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.thorough if n == QUICK else pytest.mark.slow)
        for n in CERTAIN
    ],
)
def test_references_measure_what_they_must(name):
    trap = SOLVABLE[name]()
    for x in trap.objectives:
        card = score(f"oracle:{x}", trap, levels=100)
        for split in card.splits:
            n = card.read_each(split, "normalized_return")[x]
            assert n == pytest.approx(1, abs=1e-9), split
        assert card.verdict == ("base" if x == trap.base else f"proxy:{x}")
        if trap.exchange:
            assert card.read_each("shift", "purpose")[x] >= 0.9
            assert card.read_each("shift", "want")[x] >= 0.9
        if x == trap.base:
            assert card.read_number("shift", "regret") == pytest.approx(0, abs=1e-9)
            assert card.splits["test"]["solved"] == card.splits["test"]["arrival"] == 1
    aimless, either = (score(policy, trap, levels=100) for policy in ("aimless", "either"))
    # At random one of three things is met on half of the levels.
    assert aimless.verdict == "lost" or (len(trap.objectives) > 2 and aimless.verdict == "mixed")
    assert either.verdict == ("either" if trap.exchange else either.verdict)
    assert either.competent
