"""Agents from disk: damaged ones and those of other traps are refused."""

import json

import numpy as np
import pytest

from mesa_gym.policies import as_policy
from mesa_gym.policies.agent_files import WEIGHTS_FILE
from mesa_gym.trained.loading import NETWORKS
from tests.support.networks import DOORS, KEYS, drawn, write_agent
from tests.support.reference import wandered

ABOUT = "policy.json"


def changed(**entries):
    return lambda x: json.dumps(json.loads(x) | entries).encode()


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        (WEIGHTS_FILE, lambda x: x[:-100], "weights.safetensors is damaged .*again"),
        (WEIGHTS_FILE, None, "weights.safetensors is missing"),
        (WEIGHTS_FILE, lambda x: x[:-9] + b"?" + x[-8:], "its digest is not '"),
        (ABOUT, lambda x: b"{", "policy.json is not JSON .*again"),
        (ABOUT, lambda x: b'{"schema": 9}', "has schema 9; this version"),
        (ABOUT, changed(kind="mlpp"), "unknown kind of agent.*Did you mean 'mlp'"),
        (
            ABOUT,
            changed(kind="gru"),
            "damaged or not of this agent .*'recalls.weight' have the shape None",
        ),
        (ABOUT, changed(observation="rgb"), "trained with observation 'rgb'"),
        (ABOUT, changed(loader="shutil:rmtree"), "the loader 'shutil:rmtree'; installed"),
        (ABOUT, changed(size=[7, 7]), r"trained with size \[7, 7\]"),
    ],
)
def test_damaged_agents_are_refused(file, change, message, tmp_path):
    path = write_agent(tmp_path / "agent", drawn(DOORS), DOORS) / file
    whole = path.read_bytes()
    path.unlink()
    if change:
        path.write_bytes(change(whole))
    with pytest.raises(ValueError, match=message):
        as_policy(str(tmp_path / "agent"), DOORS, 64)


@pytest.mark.parametrize("kind", NETWORKS)
def test_loaded_agent_acts_as_the_saved_one(kind, tmp_path):
    agent, planes = drawn(KEYS, kind=kind), KEYS.observe(wandered(KEYS, 40))
    loaded = as_policy(str(write_agent(tmp_path / "agent", agent, KEYS)), KEYS, 64)
    done = []
    for each in (agent, loaded):
        each.reset(np.ones(40, dtype=bool), np.random.default_rng(0))
        done.append(np.stack([each.act(planes), each.act(planes)]))
    assert loaded.kind == kind
    np.testing.assert_array_equal(*done)


@pytest.mark.parametrize("weights", ["../there/weights.safetensors", "link.safetensors", "."])
def test_weights_outside_the_folder_are_refused(weights, tmp_path):
    """The weights are intact and of this agent: only the place is wrong."""
    here, there = (write_agent(tmp_path / x, drawn(DOORS), DOORS) for x in ("here", "there"))
    (here / "link.safetensors").symlink_to(there / WEIGHTS_FILE)
    (here / ABOUT).write_bytes(changed(weights=weights)((here / ABOUT).read_bytes()))
    with pytest.raises(ValueError, match=r"json names the weights .*file beside it"):
        as_policy(str(here), DOORS, 64)
