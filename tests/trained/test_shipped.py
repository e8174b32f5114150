"""The agents that every installation has: one network a trap, and planners; they need the core."""

import subprocess
import sys

import numpy as np
import pytest

from mesa_gym.policies import as_policy
from mesa_gym.policies.names import list_trained
from mesa_gym.trained import Agent, Planner, load
from mesa_gym.trained.library import WEIGHTS, name_usual_agent, read_manifest
from mesa_gym.traps import Split, find_trap, package_traps
from tests.support.parameters import few

OWN = sorted({entry.trap for entry in read_manifest()})
PLANNED = sorted({entry.trap for entry in read_manifest() if entry.kind == "planner"})


def test_library_has_a_network_of_each_trap():
    assert {*package_traps()} - {*OWN} == {"Composed-v0"}
    for name in OWN:
        assert (WEIGHTS / name / f"{name_usual_agent(find_trap(name))}-s0.safetensors").exists()


@pytest.mark.parametrize("name", few(OWN, "CheeseCorner-v0", "FlashOrPay-v0", thorough=OWN))
def test_library_names_load_their_agents(name):
    trap = find_trap(name)()
    planes = trap.observe(trap.levels(Split.TEST, np.arange(20)))
    offered = list_trained(trap)
    specs = [f"{name_usual_agent(trap)}:0", *(["ppo-planner:0"] if name in PLANNED else [])]
    assert {*specs} <= {*offered}
    for spec in specs:
        agent = as_policy(spec, trap, 64)
        agent.reset(np.ones(20, dtype=bool), np.random.default_rng(0))
        chances = agent.act(planes)
        assert isinstance(agent, Planner if "planner" in spec else Agent)
        np.testing.assert_allclose(chances.sum(axis=1), np.ones(20), atol=1e-12)
        assert chances.max(axis=1).mean() > 0.6  # it learnt something


def test_library_agent_acts_where_its_planes_are():
    assert load(find_trap("Probation")(pear=0.5)).kind == "gru"
    loud = "ppo-gru-flash_planes=16-pillars=0.2"
    assert load(find_trap("FlashOrPay")(flash_planes=16), loud).kind == "gru"
    with pytest.raises(ValueError, match=r"ppo-gru-.* cannot act .* of FlashOrPay.*planes=3"):
        load(find_trap("FlashOrPay")(flash_planes=3))


def test_loading_imports_no_library_of_arrays():
    said = "import sys, mesa_gym.trained as t; t.load('CheeseCorner'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert not {"torch", "jax", "safetensors"} & {*done.stdout.split()}


def test_planner_of_the_library_reads_its_goal():
    agent = load("CheeseCorner", "ppo-planner")
    found = agent.reading("cheese", "corner")
    assert 0.9 < found.share <= 1
    assert found.difference > 1
