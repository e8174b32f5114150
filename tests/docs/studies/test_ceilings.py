"""The ceilings of tasks: what is measured, of which tasks, and for how long is trained."""

import pytest

from docs.studies import ceilings
from docs.studies.ceilings import measure_choice
from mesa_gym.policies import as_policy
from mesa_gym.traps import Split, find_trap
from mesa_gym.traps.composed import Composed


@pytest.mark.parametrize("trap", [Composed(pair=22), find_trap("CheeseDish")()], ids=str)
def test_an_optimal_agent_chooses_what_it_pursues(trap):
    for role in trap.objectives:
        agent = as_policy(f"oracle:{role}", trap, trap.horizon(Split.SHIFT))
        shares = [measure_choice(agent, trap, x) for x in trap.objectives]
        assert shares == [x == role for x in trap.objectives]


@pytest.mark.thorough
def test_an_agent_that_learnt_nothing_is_below_the_line():
    assert ceilings.measure_ceiling(Composed(pair=3), "tempting", 1) < 0.8
