"""The study of Attributes: rows of agents whose choices are known."""

import pytest

from agents.run import Run
from docs.studies.attributes import LEADS, judge_agents, tabulate_leads
from docs.studies.seeds import SeedGroup
from mesa_gym.policies import as_policy
from mesa_gym.traps import Split, find_trap


@pytest.mark.thorough
def test_what_is_nearest_is_chosen_for_its_lead_and_twins_do_not_count():
    """An agent that wants anything takes the shape that is nearest; in its twins it is behind."""
    trap = find_trap("Attributes")()
    run = Run("Attributes-v0", steps=1)
    agents = {0: as_policy("either", trap, trap.horizon(Split.TEST))}
    group = SeedGroup({"rho": 1}, run, range(1))
    (plain, *led) = judge_agents(group, {1: agents}, 60, ["shape"])
    assert sum(plain.matrix["shift"].values()) == pytest.approx(1)
    shares = [row.matrix["shift"]["shape"] for row in led]
    assert shares[0] < 0.05
    assert shares == sorted(shares)
    assert shares[-1] > 0.95
    assert tabulate_leads(led).count("|") > len(LEADS)
