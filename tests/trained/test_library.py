"""The library of trained agents; networks on other array libraries."""

import shutil
from collections import Counter
from pathlib import Path

import array_api_strict as strict
import numpy as np
import pytest
import torch
from jax import numpy as jnp

from agents.jobs.agents import list_agent_jobs, name_result
from agents.jobs.job import do_job
from agents.run import Run
from benchmarks.make_library import WORK, enter_agents, find_lacking, write_entries
from benchmarks.plan import list_lives, list_single_traps, plan_runs
from mesa_gym.policies.agent_files import digest_weights
from mesa_gym.trained.library import (
    EVERY_SEED,
    MANIFEST,
    WEIGHTS,
    list_agents,
    load,
    read_manifest,
)
from mesa_gym.trained.loading import NETWORKS
from mesa_gym.traps import find_trap
from tests.support.networks import KEYS, drawn
from tests.support.reference import wandered
from tests.support.refusals import refusals
from tests.support.training import CORNER, train_weights

pytestmark = pytest.mark.thorough

OWN = "CheeseCorner-v0/ppo-s1.safetensors"
BOTH = [Run("CheeseCorner-v0", seed=seed, steps=10_000) for seed in (0, 1)]
NAMES = ["ppo-s0", "ppo-s1"]
LEVELS = 10


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A library of two agents, not to be changed."""
    folder = tmp_path_factory.mktemp("whole")
    for job in list_agent_jobs(BOTH, LEVELS):
        do_job(job, folder / WORK)
    enter_agents(folder, folder / WORK, BOTH, LEVELS)
    return folder


@pytest.fixture
def folder(library, tmp_path):
    """A copy."""
    return Path(shutil.copytree(library, tmp_path / "library"))


def test_committed_weights_match_training_plan_and_size():
    """Weights that were trained in this checkout are ignored."""
    agents, runs = read_manifest(), plan_runs([*list_single_traps(), *list_lives()], False)
    assert {*map(name_result, runs)} == {f"{entry.trap}/{entry.name}" for entry in agents}
    sizes = Counter()
    for entry in agents:
        if entry.kind != "planner" and entry.seed > 0 and entry.trap not in EVERY_SEED:
            continue
        weights = (WEIGHTS / entry.weights).read_bytes()
        assert digest_weights(weights) == entry.weights_digest
        sizes[entry.kind] += len(weights)
    assert sizes["planner"] <= 0.5e6
    assert sizes["mlp"] <= 10e6
    assert sizes["gru"] <= 2e6


def read_damaged(folder, file, change=None):
    """Load an agent of a library, a file of which is changed or deleted."""
    data = (folder / file).read_bytes()
    (folder / file).unlink()
    if change:
        (folder / file).write_bytes(change(data))
    return load(CORNER, "ppo:1", folder)


test_absent_and_damaged_agents_are_refused = refusals(
    "trained", "library", globals(), "folder", find_trap=find_trap
)


def test_library_agents_equal_trained_agents(folder):
    both = train_weights(*BOTH[0].repeat((0, 1)))
    for seed, (entry, name, trained) in enumerate(
        zip(read_manifest(folder), NAMES, both, strict=True)
    ):
        assert (folder / entry.weights).read_bytes() == trained
        assert (entry.name, entry.seed) == (name, seed)
        assert entry.curve[-1][0] == entry.steps == 12_288  # three whole rollouts
        assert load("CheeseCorner", f"ppo:{seed}", folder).kind == "mlp"


def test_library_make_trains_missing_agents_only(folder):
    more = Run("CheeseCorner-v0", seed=2, steps=10_000)
    assert find_lacking([*BOTH, more], folder) == [more]
    (folder / OWN).unlink()
    assert find_lacking(BOTH, folder) == BOTH[1:]


def test_manifest_keeps_other_entries(folder):
    before = read_manifest(folder)
    write_entries(folder, before[:1])
    assert read_manifest(folder) == before
    assert read_manifest(folder / "nowhere") == []
    assert len((folder / MANIFEST).read_text().splitlines()) == 4  # a line an agent


# -- array libraries -------------------------------------------------------------------------------
MAKERS = {"torch": lambda x: torch.from_numpy(np.array(x)), "jax": jnp.asarray}


@pytest.mark.parametrize("library", MAKERS)
@pytest.mark.parametrize("kind", NETWORKS)
def test_layers_agree_with_those_of_numpy(kind, library):
    agent, planes = drawn(KEYS, kind=kind), KEYS.observe(wandered(KEYS, 70))
    weights = {name: MAKERS[library](array) for name, array in agent.weights.items()}
    other = agent.replaced(weights)
    layers, expected = other.layers(planes), agent.layers(planes)
    assert {type(array) for array in layers.values()} == {type(next(iter(weights.values())))}
    for name, array in expected.items():
        largest = max(1, np.abs(array).max())
        np.testing.assert_allclose(layers[name], array, atol=1e-5 * largest, err_msg=name)
    for array in (agent, other):
        array.reset(np.ones(70, dtype=bool), np.random.default_rng(0))
    np.testing.assert_allclose(other.act(planes), agent.act(planes), atol=1e-5)


@pytest.mark.parametrize("kind", NETWORKS)
def test_functions_keep_to_the_array_standard(kind):
    agent, planes = drawn(KEYS, kind=kind), KEYS.observe(wandered(KEYS, 5))
    weights = {name: strict.asarray(np.array(array)) for name, array in agent.weights.items()}
    inputs, memory = agent.net.see(planes), np.zeros((5, 20), np.float32)
    layers = agent.net.compute(strict, weights, strict.asarray(inputs), strict.asarray(memory))
    scores = agent.layers(planes)["scores"]
    np.testing.assert_allclose(np.asarray(layers["scores"]), scores, atol=0.001)


def test_agents_that_met_the_shift_are_last():
    met = ["met the shift" in text for text in list_agents("CheeseCorner-v0").values()]
    assert met == sorted(met)
    assert {*met} == {False, True}
